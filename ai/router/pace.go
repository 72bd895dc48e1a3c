package router

import (
	"slices"
	"sync"
	"time"
)

// pace remembers how long the last calls of an engine took, to know what is slow for it.
//
// Safe for concurrent use.
type pace struct {
	mu    sync.Mutex
	first ring // to the first sign
	gap   ring // the longest silence of each answer
	well  ring // 1 for a success, 0 for a failure
}

type ring struct {
	n      int
	values [128]time.Duration
}

func (r *ring) add(d time.Duration) {
	r.values[r.n%len(r.values)] = d
	r.n++
}

// quantile is the q-th of what is remembered, or 0 with fewer than few values.
func (r *ring) quantile(q float64) time.Duration {
	const few = 10
	n := min(r.n, len(r.values))
	if n < few {
		return 0
	}
	s := slices.Clone(r.values[:n])
	slices.Sort(s)
	return s[min(n-1, int(q*float64(n)))]
}

// How long an engine is waited for: between these, by what is usual for it.
const (
	minHedge, newHedge     = 80 * time.Millisecond, time.Second
	minSilence, newSilence = 400 * time.Millisecond, 2 * time.Second
	manySilences           = 4               // times the usual longest silence
	minShownSilence        = 2 * time.Second // of an answer that somebody reads: a short rest is no reason to break it off
)

// hedge is after which time without a sign another engine is asked, too: a little after 95 of 100 have given one, so that engines which are
// always about as fast are not asked twice for nothing.
func (p *pace) hedge(most time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.first.quantile(.95) * 11 / 10
	if d == 0 {
		d = newHedge
	}
	return min(max(d, minHedge), most)
}

// silence is after which time without a further piece an answer has broken off.
func (p *pace) silence(most time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := manySilences * p.gap.quantile(.95)
	if d == 0 {
		d = newSilence
	}
	return min(max(d, minSilence), most)
}

// timed remembers how long an answer's first sign and its longest silence took.
func (p *pace) timed(first, gap time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.first.add(first)
	p.gap.add(gap)
}

// went remembers whether a call went well.
func (p *pace) went(well bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if well {
		p.well.add(1)
		return
	}
	p.well.add(0)
}

// history is the share of calls that went well lately; without any it is assumed that most do.
func (p *pace) history() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	const before, weight = .95, 10
	n, sum := min(p.well.n, len(p.well.values)), time.Duration(0)
	for _, v := range p.well.values[:n] {
		sum += v
	}
	return (float64(sum) + before*weight) / (float64(n) + weight)
}
