package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Replay plays real dialogues: each is a conversation, the visitor's turns sent by a connection of its own and the agent's
// by an agent who joined. A turn is sent when its side has seen the one before it. Both sides must receive all of it, in
// order, live and once more when read from the log.
type Replay struct {
	Concurrency int // dialogues at the same time. Defaults to 100.
	Agents      int // accounts that share them. Defaults to 10, or as many as there are.
	// Speed makes people read and type: 1 is life, 10 ten times as fast. 0: everyone answers at once.
	Speed float64
	// GiveUp ends a run in which nothing arrives any more. Defaults to 60s.
	GiveUp time.Duration
}

func (s *Replay) defaults() {
	if s.Concurrency <= 0 {
		s.Concurrency = 100
	}
	if s.Agents <= 0 {
		s.Agents = 10
	}
	if s.GiveUp <= 0 {
		s.GiveUp = 60 * time.Second
	}
}

type replayRun struct {
	*runner
	s       *Replay
	corpus  *Corpus
	homes   []*replayLoop
	ended   atomic.Int64 // dialogues, good or bad
	good    atomic.Int64
	arrived atomic.Int64 // turns
	sources []netip.Addr
	spares  chan *Identity // visitors beyond those who are needed
}

// replayLoop is one loop's share. Event loop only.
type replayLoop struct {
	run     *replayRun
	loop    *Loop
	agents  []*replayAgent
	plays   []*play
	ramp    ramp
	deliver *Histogram
	ack     *Histogram
	whole   *Histogram
}

// RunReplay runs the scenario.
func RunReplay(ctx context.Context, cfg Config, s Replay, corpus *Corpus, source map[string]any) (*Result, error) {
	s.defaults()
	cfg.defaults()
	params := map[string]any{
		"dialogues": len(corpus.Dialogues), "turns": corpus.Turns, "skipped": corpus.Skipped, "concurrency": s.Concurrency,
		"agents": s.Agents, "speed": s.Speed, "mode": cfg.Mode, "loops": cfg.Loops,
	}
	for k, v := range source {
		params[k] = v
	}
	r, err := newRunner(ctx, cfg, "replay", params)
	if err != nil {
		return nil, err
	}
	run := &replayRun{runner: r, s: &s, corpus: corpus, sources: r.sources()}
	return r.finish(run.run())
}

func (r *replayRun) run() error {
	r.res.Server = r.api.version(r.ctx)
	n := len(r.corpus.Dialogues)
	who, err := r.people(n, r.s.Agents)
	if err != nil {
		return err
	}
	r.res.Figures["agents"] = float64(len(who.agents))
	r.cast(who)
	begin := time.Now()
	measured := r.window("measure")
	stop := r.sample(time.Second, r.arrived.Load)
	for _, h := range r.homes {
		if err := h.loop.Call(r.ctx, h.start); err != nil {
			return r.why(err)
		}
	}
	end := r.cfg.Progress.phase("dialogues", int64(n), func() (int64, string) {
		return r.ended.Load(), fmt.Sprintf("%d of %d turns", r.arrived.Load(), r.corpus.Turns)
	})
	whole, err := r.await(r.s.GiveUp, func() bool { return r.ended.Load() >= int64(n) },
		func() int64 { return r.ended.Load() + r.arrived.Load() })
	end()
	stop()
	if err != nil {
		return err
	}
	if !whole {
		r.problem("%d dialogues never came to their end", int64(n)-r.ended.Load())
	}
	return r.report(time.Since(begin), measured())
}

// cast gives every dialogue its visitor and its agent.
func (r *replayRun) cast(who *people) {
	r.spares = make(chan *Identity, len(who.spares))
	for _, id := range who.spares {
		r.spares <- id
	}
	nl := min(len(r.loops), len(who.agents))
	for i := range nl {
		r.homes = append(r.homes, &replayLoop{
			run: r, loop: r.loops[i], deliver: NewHistogram(), ack: NewHistogram(), whole: NewHistogram(),
		})
	}
	agents := make([]*replayAgent, len(who.agents))
	for i, id := range who.agents {
		h := r.homes[i%nl]
		agents[i] = &replayAgent{home: h}
		agents[i].Who = id
		h.agents = append(h.agents, agents[i])
	}
	for i := range r.corpus.Dialogues {
		a := agents[i%len(agents)]
		p := &play{home: a.home, agent: a, d: &r.corpus.Dialogues[i]}
		p.visitor = &playVisitor{play: p}
		p.visitor.Who = who.visitors[i]
		if len(r.sources) > 0 {
			p.visitor.Source = r.sources[i%len(r.sources)]
		}
		a.home.plays = append(a.home.plays, p)
	}
}

func (r *replayRun) report(took time.Duration, span Span) error {
	deliver, ack, whole := NewHistogram(), NewHistogram(), NewHistogram()
	for _, h := range r.homes {
		err := h.loop.Call(r.ctx, func() {
			deliver.Merge(h.deliver)
			ack.Merge(h.ack)
			whole.Merge(h.whole)
		})
		if err != nil {
			return r.why(err)
		}
	}
	r.res.Latencies["deliver"], r.res.Latencies["ack"] = deliver.Summary(), ack.Summary()
	r.res.Latencies["dialogue"] = whole.Summary()
	f := r.res.Figures
	turns := float64(r.arrived.Load())
	f["dialogues"], f["dialogues_complete"] = float64(len(r.corpus.Dialogues)), float64(r.good.Load())
	f["turns"], f["turns_delivered"] = float64(r.corpus.Turns), turns
	f["turns_per_second"] = turns / took.Seconds()
	f["server_cpu_us_per_turn"] = span.CPUSeconds * 1e6 / max(turns, 1)
	f["steal_percent"] = span.Steal
	if bad := int64(len(r.corpus.Dialogues)) - r.good.Load(); bad > 0 {
		r.problem("%d of %d dialogues did not pass", bad, len(r.corpus.Dialogues))
	}
	return nil
}

// textBody is the body of a text message.
func textBody(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(struct {
		Text string `json:"text"`
	}{text})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// bodyText reads it back.
func bodyText(m *codec.Message) (string, bool) {
	if m.Kind != codec.KindText {
		return "", false
	}
	var t struct {
		Text string `json:"text"`
	}
	return t.Text, json.Unmarshal(m.Body, &t) == nil
}
