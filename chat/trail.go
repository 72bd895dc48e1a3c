package chat

import (
	"context"
	"encoding/json"
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
