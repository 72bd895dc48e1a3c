package chat

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// StepID names a Step.
type StepID = ID[Step]

// Step is something that a visitor did on the site: a page that it looked at, its cart, an order.
type Step struct {
	ID      StepID // time-ordered
	Tenant  TenantID
	Visitor VisitorID
	Name    string          // page_view, cart_updated, order_placed, custom
	Data    json.RawMessage // a JSON object
	At      time.Time
}

// The names of steps, which are the protocol's.
const (
	StepPage   = "page_view"
	StepCart   = "cart_updated"
	StepOrder  = "order_placed"
	StepCustom = "custom"
)

// MaxStep is how large a step's Data may be, in bytes, and TrailKept how many of a visitor's steps rows keep: the newest.
const (
	MaxStep   = 4 << 10
	TrailKept = 200
)

// CheckStep returns a step's data compacted, or Malformed for what can't be one.
func CheckStep(name string, data []byte) (json.RawMessage, error) {
	switch name {
	case StepPage, StepCart, StepOrder, StepCustom:
	default:
		return nil, Errorf(Malformed, "%.40q is none of page_view, cart_updated, order_placed, custom", name)
	}
	if len(data) == 0 {
		return json.RawMessage("{}"), nil
	}
	if len(data) > MaxStep {
		return nil, Errorf(TooLarge, "data has %d bytes; the limit is %d", len(data), MaxStep)
	}
	object, ok := decodeJSON(data).(map[string]any)
	if !ok || !storable(object, 0) {
		return nil, Errorf(Malformed, "data must be a JSON object without U+0000, with no number beyond 1e308, at most %d levels deep", maxDepth)
	}
	return json.Marshal(object)
}

// Trails keep the steps of visitors who have a row.
type Trails interface {
	// AddSteps writes the steps of those visitors who have a row, each once, and lets go of each one's oldest beyond TrailKept. It
	// returns the visitors who have a row.
	AddSteps(ctx context.Context, steps ...Step) (known []VisitorKey, err error)
	// Steps returns a visitor's steps, the newest first; next is empty at the end.
	Steps(ctx context.Context, tenant TenantID, visitor VisitorID, cursor string, limit int) (page []Step, next string, err error)
	// Seen notes when visitors who have a row were last here.
	Seen(ctx context.Context, at time.Time, visitors ...VisitorKey) error
}

const (
	maxSteps   = 8192 // that wait to be written; further ones are dropped
	stepBatch  = 500
	stepsEvery = time.Second
	stepsCall  = 5 * time.Second
)

// stepWriter writes steps, many at once. Safe for concurrent use.
type stepWriter struct {
	store   Store
	queue   chan Step
	dropped atomic.Uint64

	mu    sync.Mutex
	heard func(asked, known []VisitorKey)
}

// Track queues a step to be written, if its visitor has a row. It never waits: what there is no room for is dropped and counted.
func (d *Desk) Track(s Step) {
	select {
	case d.steps.queue <- s:
	default:
		d.steps.dropped.Add(1)
	}
}

// StepsDropped is how many steps could not be written.
func (d *Desk) StepsDropped() uint64 { return d.steps.dropped.Load() }

// SetTracked says who is told for which visitors steps were to be written, and which of them have a row. Before Run.
func (d *Desk) SetTracked(fn func(asked, known []VisitorKey)) {
	d.steps.mu.Lock()
	defer d.steps.mu.Unlock()
	d.steps.heard = fn
}

// run writes until ctx ends, and then what is left.
func (w *stepWriter) run(ctx context.Context, logger *slog.Logger) {
	tick := time.NewTicker(stepsEvery)
	defer tick.Stop()
	failing := false
	for over := false; !over; {
		select {
		case <-ctx.Done():
			over = true
		case <-tick.C:
		}
		for len(w.queue) > 0 {
			err := w.write(context.WithoutCancel(ctx))
			if err != nil && !failing && !over { // once, however long the database is away
				logger.Warn("visitors' steps can't be written", "err", err)
			}
			if failing = err != nil; failing {
				break
			}
		}
	}
}

// write writes a batch. What fails is dropped: newer steps wait.
func (w *stepWriter) write(ctx context.Context) error {
	var batch []Step
	for len(batch) < stepBatch && len(w.queue) > 0 {
		batch = append(batch, <-w.queue)
	}
	ctx, cancel := context.WithTimeout(ctx, stepsCall)
	defer cancel()
	known, err := w.store.AddSteps(ctx, batch...)
	if err != nil {
		w.dropped.Add(uint64(len(batch)))
		return err
	}
	var asked []VisitorKey
	for i := range batch {
		if k := (VisitorKey{batch[i].Tenant, batch[i].Visitor}); i == 0 || asked[len(asked)-1] != k {
			asked = append(asked, k)
		}
	}
	w.mu.Lock()
	heard := w.heard
	w.mu.Unlock()
	if heard != nil {
		heard(asked, known)
	}
	return nil
}
