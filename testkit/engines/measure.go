package engines

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/ai/eval"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

// Measure measures what broken engines do to answers. Zeros are as docs/ai.md says.
type Measure struct {
	Rate         int           // questions a second. Defaults to 200.
	Peace, Fault time.Duration // how long it asks before and while an engine fails. Default to 3s and 5s.
	Faults       []llm.Fault   // Defaults to all.
	Log          func(format string, args ...any)
}

// Sets are what uniqeval measures of it.
func (m Measure) Sets() []eval.Set {
	m.Rate, m.Peace, m.Fault = cmp.Or(m.Rate, 200), cmp.Or(m.Peace, 3*time.Second), cmp.Or(m.Fault, 5*time.Second)
	if m.Faults == nil {
		m.Faults = llm.Faults
	}
	return []eval.Set{{Name: "faults", Run: m.faults}, {Name: "down", Run: m.down}, {Name: "budget", Run: m.budget}}
}

// kind is one of the figures of a fault.
type kind struct {
	name, unit, goal string
	low              bool // the lowest is the worst
}

var kinds = []kind{
	{"answered or handed off", "%", ">= 100", true},
	{"by a remote engine", "%", "", true},
	{"p99 in peace", "ms", "", false}, // far above a third of a second: the machine is too busy for the others to mean much
	{"p99 later by", "ms", "<= 500", false},
	{"p99 of the first piece", "ms", "<= 4000", false},
	{"more calls", "%", "<= 5", false},
	{"messages that changed engine", "", "<= 0", false},
}

// worst is the worst of a figure, and which fault it was.
type worst struct {
	value float64
	n     int
	where string
}

func (w *worst) take(k kind, value float64, n int, where string) {
	if w.n += n; w.where == "" || k.low && value < w.value || !k.low && value > w.value {
		w.value, w.where = value, where
	}
}

// faults has each engine fail in each way. A row is the worst of the three engines; the last ones are the worst of all.
func (m Measure) faults(ctx context.Context) (out []eval.Metric, err error) {
	all := make([]worst, len(kinds))
	row := func(name string, k kind, w worst) {
		out = append(out, eval.Metric{Set: "faults", Name: name + ": " + k.name, Value: w.value, Unit: k.unit, N: w.n, Goal: k.goal, Note: w.where})
	}
	for _, f := range m.Faults {
		ways := make([]worst, len(kinds))
		for which := range Texts {
			values, n, err := m.one(ctx, which, f)
			if err != nil {
				return out, err
			}
			where := fmt.Sprintf("engine %d of 3, the cheapest first", which+1)
			m.Log("faults: %s, %s: %.4g", f, where, values)
			for i, k := range kinds {
				ways[i].take(k, values[i], n, where)
				all[i].take(k, values[i], n, fmt.Sprintf("%s, %s", f, where))
			}
		}
		for i, k := range kinds {
			row(string(f), k, ways[i])
		}
	}
	for i, k := range kinds {
		row("worst of all", k, all[i])
	}
	return out, nil
}

// one has one engine fail in one way, and returns a value for each of kinds and how many questions were asked meanwhile.
func (m Measure) one(ctx context.Context, which int, f llm.Fault) ([]float64, int, error) {
	b, err := New(router.Config{})
	if err != nil {
		return nil, 0, err
	}
	defer b.Close()
	peace := b.Load(ctx, m.Rate, m.Peace)
	before := b.Calls()
	b.Break(which, f)
	fault := b.Load(ctx, m.Rate, m.Fault)
	during := b.Calls() - before
	if ctx.Err() != nil {
		return nil, 0, context.Cause(ctx)
	}
	quiet, _ := peace.At(99)
	whole, first := fault.At(99)
	usual := float64(before) / float64(peace.N)
	return []float64{
		share(fault.Answered+fault.HandedOff, fault.N), share(fault.ByEngine, fault.N), eval.Milliseconds(quiet), eval.Milliseconds(whole - quiet), eval.Milliseconds(first),
		100 * (float64(during)/float64(fault.N)/usual - 1), float64(fault.Changed),
	}, fault.N, nil
}

func share(n, of int) float64 { return 100 * float64(n) / float64(of) }

// down has all engines fail at once, in each way.
func (m Measure) down(ctx context.Context) ([]eval.Metric, error) {
	var n, lost, handed, changed int
	var slowest time.Duration
	where := ""
	for _, f := range m.Faults {
		b, err := New(router.Config{})
		if err != nil {
			return nil, err
		}
		for i := range Texts {
			b.Break(i, f)
		}
		got := b.Load(ctx, m.Rate, m.Peace)
		b.Close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		m.Log("down: %s: %d answered, %d handed off of %d: %v", f, got.Answered, got.HandedOff, got.N, got.Reasons)
		n, lost, handed, changed = n+got.N, lost+got.N-got.Answered-got.HandedOff, handed+got.HandedOff, changed+got.Changed
		if whole, _ := got.At(99); whole > slowest {
			slowest, where = whole, string(f)
		}
	}
	return []eval.Metric{
		{Set: "down", Name: "all engines down: errors", Value: float64(lost), N: n, Goal: "<= 0", Note: fmt.Sprintf("%d ways; %d handed off, the others answered", len(m.Faults), handed)},
		{Set: "down", Name: "all engines down: messages that changed engine", Value: float64(changed), N: n, Goal: "<= 0"},
		{Set: "down", Name: "all engines down: p99, slowest way", Value: eval.Milliseconds(slowest), Unit: "ms", N: n, Goal: "<= 20000", Note: where},
	}, nil
}

// budget has a tenant's tokens used up by its first questions: a few of the day's are left when it begins.
func (m Measure) budget(ctx context.Context) ([]eval.Metric, error) {
	const tokens = 100_000
	var meter router.Memory
	tenant, left := eval.Returns(eval.Sure).Tenant, 800+3*int(m.Peace.Seconds()*float64(m.Rate)) // a call reserves 733 and uses 128
	if _, err := meter.Reserve(ctx, tenant, router.Budget{}, router.Amount{Tokens: tokens - left}, time.Now()); err != nil {
		return nil, err
	}
	b, err := New(router.Config{Budget: router.Budget{Tokens: tokens}, Meter: &meter})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	within := b.Load(ctx, m.Rate, m.Peace)
	before := b.Calls()
	after := b.Load(ctx, m.Rate, m.Peace)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	n := within.N + after.N
	answered := within.Answered + within.HandedOff + after.Answered + after.HandedOff
	used := meter.Used(tenant).Tokens
	return []eval.Metric{
		{
			Set: "budget", Name: "budget used up: answered or handed off", Value: share(answered, n), Unit: "%", N: n, Goal: ">= 100",
			Note: fmt.Sprintf("%d by an engine before", within.ByEngine),
		},
		{Set: "budget", Name: "budget used up: the tenant sees why", Value: share(after.Reasons[router.BecauseBudget], after.N), Unit: "%", N: after.N, Goal: ">= 100"},
		{Set: "budget", Name: "budget used up: calls after that", Value: float64(b.Calls() - before), N: after.N, Goal: "<= 0"},
		{Set: "budget", Name: "budget used up: tokens over it", Value: float64(max(0, used-tokens)), N: n, Goal: "<= 0", Note: fmt.Sprintf("%d of %d used", used, tokens)},
	}, nil
}
