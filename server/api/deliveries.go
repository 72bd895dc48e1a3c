package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Delivery is one event on its way to a webhook, and what became of it.
type Delivery struct {
	ID            string            `json:"id" format:"uuid"`
	WebhookID     string            `json:"webhook_id" format:"uuid"`
	EventID       string            `json:"event_id" format:"uuid" doc:"The same in every attempt: webhook-id, and id in the body."`
	Type          string            `json:"type"`
	Sequence      int64             `json:"sequence"`
	State         string            `json:"state" enum:"pending,delivered,failed"`
	Attempt       int               `json:"attempt" doc:"How many attempts were begun."`
	CreatedAt     time.Time         `json:"created_at" doc:"When it happened."`
	NextAttemptAt *time.Time        `json:"next_attempt_at" nullable:"true" doc:"null unless pending."`
	Request       *DeliveryRequest  `json:"request" doc:"The last attempt's; null before the first, and where what it was about is gone."`
	Attempts      []DeliveryAttempt `json:"attempts" nullable:"false" doc:"Those that ended, oldest first."`
}

// DeliveryRequest is what was sent.
type DeliveryRequest struct {
	URL       string          `json:"url"`
	Timestamp int64           `json:"webhook_timestamp" doc:"Seconds since 1970, as in webhook-timestamp."`
	Body      json.RawMessage `json:"body"`
}

// DeliveryAttempt is what one attempt came to.
type DeliveryAttempt struct {
	Attempt    int       `json:"attempt"`
	At         time.Time `json:"at"`
	DurationMS float64   `json:"duration_ms"`
	Status     *int      `json:"status" nullable:"true" doc:"Of the answer; null if there was none."`
	Answer     string    `json:"answer" doc:"The first bytes of its body."`
	Error      *string   `json:"error" nullable:"true" doc:"Why it failed."`
}

type listDeliveriesInput struct {
	Target
	State  string `query:"state" enum:"pending,delivered,failed"`
	Cursor string `query:"cursor" maxLength:"500"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *API) listDeliveries(ctx context.Context, c *call, in *listDeliveriesInput) (*answer[List[Delivery]], error) {
	id, err := pathID[chat.Webhook](in.ID)
	if err != nil {
		return nil, err
	}
	f := chat.DeliveryFilter{Cursor: in.Cursor, Limit: in.Limit}
	if in.State != "" {
		s, err := chat.ParseDeliveryState(in.State)
		if err != nil {
			return nil, err
		}
		f.State = &s
	}
	page, next, err := a.cfg.Store.Deliveries(ctx, c.actor().Tenant, id, f)
	if err != nil {
		return nil, err
	}
	out := List[Delivery]{Data: make([]Delivery, len(page)), NextCursor: orNull(next)}
	for i := range page {
		if out.Data[i], err = a.showDelivery(ctx, &page[i]); err != nil {
			return nil, err
		}
	}
	return ok(out)
}

func (a *API) replayDelivery(ctx context.Context, c *call, in *Target) (*answer[Delivery], error) {
	id, err := pathID[chat.Delivery](in.ID)
	if err != nil {
		return nil, err
	}
	d, err := a.cfg.Store.Replay(ctx, c.actor().Tenant, id, a.now())
	if err != nil {
		return nil, err
	}
	return a.delivery(ctx, &d)
}

// delivery answers with a delivery that has just begun.
func (a *API) delivery(ctx context.Context, d *chat.Delivery) (*answer[Delivery], error) {
	out, err := a.showDelivery(ctx, d)
	if err != nil {
		return nil, err
	}
	return ok(out)
}

func (a *API) showDelivery(ctx context.Context, d *chat.Delivery) (Delivery, error) {
	out := Delivery{
		ID: d.ID.String(), WebhookID: d.Webhook.String(), EventID: d.Event.ID.String(), Type: d.Event.Type, Sequence: d.Event.Sequence,
		State: d.State.String(), Attempt: d.Attempt, CreatedAt: d.Event.CreatedAt.UTC(), Attempts: make([]DeliveryAttempt, len(d.Attempts)),
	}
	if d.State == chat.DeliveryPending {
		out.NextAttemptAt = timeOrNull(d.DueAt)
	}
	for i := range d.Attempts {
		at := &d.Attempts[i]
		out.Attempts[i] = DeliveryAttempt{
			Attempt: at.Attempt, At: at.At.UTC(), DurationMS: float64(at.Took.Microseconds()) / 1000, Status: orNull(at.Status), Answer: at.Answer,
			Error: orNull(at.Error),
		}
	}
	if len(d.Attempts) == 0 || d.Event.Data == nil && !d.Event.Settled() {
		return out, nil
	}
	last := &d.Attempts[len(d.Attempts)-1]
	data, err := WebhookData(a.cfg.Store, a.cfg.Desk)(ctx, &d.Event)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	body, err := d.Event.Envelope(last.Attempt, data)
	if err != nil {
		return out, err
	}
	out.Request = &DeliveryRequest{URL: last.URL, Timestamp: last.At.Unix(), Body: body}
	return out, nil
}
