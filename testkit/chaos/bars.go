package chaos

import (
	"fmt"
	"strings"
	"time"
)

// underLoad is what rows that kill something must hold beside everything else.
const underLoad = ">= 2,000 messages/s outside the outages, with client retries"

// goOn lets everybody talk for a while between two faults, so that the rate outside of outages is that of a day, and not only of the
// moments in which the nodes make up for what the outage left behind.
func (r *Run) goOn() { r.Last(8 * time.Second) }

// warmUp lets the nodes and the database come to speed; the load is counted from then on.
func (r *Run) warmUp() {
	r.Last(5 * time.Second)
	r.begin = r.C.rec.Now()
}

// within checks how long acknowledgements took after the heals.
func (r *Run) within(what string, limit time.Duration) {
	r.afterwards = append(r.afterwards, func() {
		r.Check(what+" within "+limit.String(), r.result.Again >= 0 && r.result.Again <= float64(limit.Milliseconds()), "%s", millis(r.result.Again))
	})
}

// drained checks how long the projection took after the heals.
func (r *Run) drained(limit time.Duration) {
	r.afterwards = append(r.afterwards, func() {
		r.Check("projected within "+limit.String(), r.result.Projected >= 0 && r.result.Projected <= float64(limit.Milliseconds()), "%s", millis(r.result.Projected))
	})
}

// acksGoOn checks that nobody's faults kept everybody from being acknowledged.
func (r *Run) acksGoOn(limit time.Duration) {
	r.afterwards = append(r.afterwards, func() {
		r.Check("acknowledgements go on, the longest gap within "+limit.String(), r.result.Gap <= float64(limit.Milliseconds()), "%s", millis(r.result.Gap))
	})
}

// back checks that nobody was without a connection for longer than a time, however often it was lost.
func (r *Run) back(limit time.Duration) {
	r.afterwards = append(r.afterwards, func() {
		longest, times := r.C.without()
		r.Check("clients are back within "+limit.String(), times > 0 && longest <= limit, "%d reconnects, the slowest took %s", times, millis(r.result.Without))
	})
}

// underLoad checks that the row ran under load: busyRate on average over all the time in which people wrote since warmUp, the outages aside
// (each until the first acknowledgement after it), and that clients had to send some messages again.
func (r *Run) underLoad() {
	r.afterwards = append(r.afterwards, func() {
		tl := newTimeline(r.C.rec.Entries())
		var outages []window
		for _, f := range r.faults {
			outages = append(outages, window{f.from, f.healed + max(tl.after(f.healed), 0).Microseconds()})
		}
		n, d := tl.outside(r.begin, r.end, outages)
		var spans []string
		for at, rest := r.begin, append(outages, window{r.end, r.end}); len(rest) > 0; at, rest = rest[0].healed, rest[1:] {
			spans = append(spans, fmt.Sprintf("%.0f", float64(tl.before(rest[0].from)-tl.before(at))/micros(rest[0].from-at).Seconds()))
		}
		r.Note("messages a second before, between and after the outages: %s", strings.Join(spans, ", "))
		rate := float64(n) / d.Seconds()
		if r.row.People.Rate > busyRate { // a short run for a test offers less, and proves nothing of speed
			r.Check(fmt.Sprintf("at least %d messages a second are acknowledged outside the outages", busyRate), rate >= busyRate, "%d in %.1f s: %.0f a second", n, d.Seconds(), rate)
		}
		r.Check("clients had to send again", r.result.Retries > 0, "%d retries", r.result.Retries)
	})
}

// worse is how much longer others may wait at the 99th percentile while somebody misbehaves or something is away.
const worse = 1.5

// unharmed compares how long everybody waited for acknowledgements while something went on, and in the quiet stretches before
// it and, if there are any, after it. Tables and files grow during a run; with quiet on both sides that cancels out.
func (r *Run) unharmed(what string, during window, quiet ...window) {
	tl := newTimeline(r.C.rec.Entries())
	a, b := tl.pooled(quiet, .5, .99), tl.waits(during.from, during.healed, .5, .99)
	var long int64
	var steps []string
	for _, w := range quiet {
		long += w.healed - w.from
		steps = append(steps, tl.steps(w.from, w.healed))
	}
	r.Check(fmt.Sprintf("%s within %.1fx", what, worse), float64(b[1]) <= worse*float64(a[1]),
		"p50 %s, p99 %s in %.0f quiet s; p50 %s, p99 %s in the %.0f s meanwhile (%.2fx)",
		round(a[0]), round(a[1]), micros(long).Seconds(), round(b[0]), round(b[1]), micros(during.healed-during.from).Seconds(), float64(b[1])/float64(max(a[1], 1)))
	r.Note("p99 in steps of 5 s: %s when quiet; %s meanwhile", strings.Join(steps, " and later "), tl.steps(during.from, during.healed))
}

// steps is the p99 of every 5 s between two times.
func (tl *timeline) steps(from, to int64) string {
	step := (5 * time.Second).Microseconds()
	var all []string
	for at := from; at+step/2 < to; at += step { // the rest of a step is no step
		all = append(all, round(tl.waits(at, min(at+step, to), .99)[0]).String())
	}
	return strings.Join(all, ", ")
}
