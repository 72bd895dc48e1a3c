package api

import (
	"context"
	"net/http"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// retentionRoutes are the one document that says how long a tenant keeps what it has.
func (a *API) retentionRoutes() []row {
	return []row{
		{http.MethodGet, "/api/v1/retention", managers.with(chat.SettingsRead), "getRetention", "retention", "How long things are kept", 200, bind(a, a.getRetention)},
		{http.MethodPatch, "/api/v1/retention", managers.with(chat.SettingsWrite), "updateRetention", "retention", "Change how long things are kept; what is older goes within the hour", 200, bind(a, a.updateRetention)},
		{http.MethodDelete, "/api/v1/retention", managers.with(chat.SettingsWrite), "resetRetention", "retention", "Keep everything", 204, bind(a, a.resetRetention)},
	}
}

// Retention is a tenant's one document of retention. Days; 0 is for ever.
type Retention struct {
	Conversations int        `json:"conversations_days"`
	Uploads       int        `json:"uploads_days"`
	Deliveries    int        `json:"deliveries_days"`
	Events        int        `json:"events_days"`
	Mails         int        `json:"mails_days"`
	Audit         int        `json:"audit_days"`
	Version       uint64     `json:"version" doc:"Counts changes; 0 while everything is kept by default."`
	UpdatedAt     *time.Time `json:"updated_at" nullable:"true"`
}

func (a *API) retentionDocument() *single[chat.Retention, *chat.Retention] {
	return &single[chat.Retention, *chat.Retention]{collection[chat.Retention, *chat.Retention]{a, chat.RecordRetention, 1, nil}}
}

func showRetention(b *chat.Retention, r *chat.Record) (*answer[Retention], error) {
	return ok(Retention{b.Conversations, b.Uploads, b.Deliveries, b.Steps, b.Mails, b.Audit, r.Version, timeOrNull(r.UpdatedAt)})
}

func (a *API) getRetention(ctx context.Context, c *call, _ *none) (*answer[Retention], error) {
	r, b, err := a.retentionDocument().read(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	return showRetention(&b, &r)
}

type updateRetentionInput struct {
	Body Patch[chat.Retention]
}

func (a *API) updateRetention(ctx context.Context, c *call, in *updateRetentionInput) (*answer[Retention], error) {
	r, b, err := a.retentionDocument().patch(ctx, c.actor().Tenant, &in.Body)
	if err != nil {
		return nil, err
	}
	return showRetention(&b, &r)
}

func (a *API) resetRetention(ctx context.Context, c *call, _ *none) (*none, error) {
	return &none{}, a.retentionDocument().reset(ctx, c.actor().Tenant)
}
