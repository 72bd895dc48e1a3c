package api

import (
	"context"
	"encoding/json"
	"errors"
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

func showRetention(r *chat.Record) (*answer[Retention], error) {
	b, err := chat.RetentionOf(r)
	if err != nil {
		return nil, err
	}
	return ok(Retention{b.Conversations, b.Uploads, b.Deliveries, b.Steps, b.Mails, b.Audit, r.Version, timeOrNull(r.UpdatedAt)})
}

// retention reads the document; a zero Version if the tenant never changed it.
func (a *API) retention(ctx context.Context, t chat.TenantID) (chat.Record, error) {
	all, err := a.cfg.Store.RecordsOf(ctx, t, chat.RecordRetention)
	if err != nil || len(all) == 0 {
		return chat.Record{Tenant: t, Kind: chat.RecordRetention, Body: json.RawMessage(`{}`)}, err
	}
	return all[0], nil
}

func (a *API) getRetention(ctx context.Context, c *call, _ *none) (*answer[Retention], error) {
	r, err := a.retention(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	return showRetention(&r)
}

type updateRetentionInput struct {
	Body Patch[chat.Retention]
}

func (a *API) updateRetention(ctx context.Context, c *call, in *updateRetentionInput) (*answer[Retention], error) {
	r, err := a.retention(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	if v := in.Body.version; v != 0 && v != r.Version {
		return nil, errOldVersion
	}
	k := &collection[chat.Retention, *chat.Retention]{a, chat.RecordRetention, 1, nil}
	if r.Version > 0 {
		err = k.replace(ctx, &r, &in.Body)
	} else {
		err = k.first(ctx, &r, &in.Body)
	}
	if err != nil {
		return nil, err
	}
	return showRetention(&r)
}

func (a *API) resetRetention(ctx context.Context, c *call, _ *none) (*none, error) {
	r, err := a.retention(ctx, c.actor().Tenant)
	if err != nil || r.Version == 0 {
		return &none{}, err
	}
	err = a.cfg.Store.DeleteRecord(ctx, r.Tenant, r.Kind, r.ID)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		err = nil // somebody else was faster
	}
	return &none{}, err
}
