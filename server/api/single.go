package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// single is a document of which a tenant has one, that holds by default while nobody has changed it: a collection of one.
type single[T any, B recordBody[T]] struct{ collection[T, B] }

// read returns the document; a zero Version if the tenant never changed it.
func (k *single[T, B]) read(ctx context.Context, t chat.TenantID) (r chat.Record, b T, err error) {
	all, err := k.api.cfg.Store.RecordsOf(ctx, t, k.kind)
	if err != nil {
		return r, b, err
	}
	r = chat.Record{Tenant: t, Kind: k.kind, Body: json.RawMessage(`{}`)}
	if len(all) > 0 {
		r = all[0]
	}
	return r, b, errors.Join(json.Unmarshal(r.Body, &b), B(&b).Check())
}

// patch changes the document and returns what it is then.
func (k *single[T, B]) patch(ctx context.Context, t chat.TenantID, p *Patch[T]) (r chat.Record, b T, err error) {
	if r, b, err = k.read(ctx, t); err != nil {
		return r, b, err
	}
	if p.version != 0 && p.version != r.Version {
		return r, b, errOldVersion
	}
	if r.Version > 0 {
		err = k.replace(ctx, &r, p)
	} else {
		err = k.first(ctx, &r, p)
	}
	if err != nil {
		return r, b, err
	}
	b = *new(T)
	if err := json.Unmarshal(r.Body, &b); err != nil {
		return r, b, err
	}
	return r, b, k.api.cfg.Desk.SettingsChanged(ctx, t, k.kind)
}

// first writes the document for the first time.
func (k *single[T, B]) first(ctx context.Context, r *chat.Record, p *Patch[T]) error {
	merged, err := p.apply(r.Body)
	if err != nil {
		return err
	}
	b := new(T)
	if err := json.Unmarshal(merged, b); err != nil {
		return chat.Errorf(chat.Malformed, "body: %s", err)
	}
	if err := k.fill(ctx, r, b); err != nil {
		return err
	}
	r.ID, r.Version = chat.NewID[chat.Record](), 1
	r.CreatedAt = k.api.cfg.Now().UTC().Truncate(time.Microsecond)
	r.UpdatedAt = r.CreatedAt
	err = k.api.cfg.Store.AddRecord(ctx, *r, 1)
	if errors.Is(err, &chat.Error{Code: chat.Conflict}) {
		return errOldVersion // somebody else has just written it
	}
	return err
}

// reset removes the document.
func (k *single[T, B]) reset(ctx context.Context, t chat.TenantID) error {
	r, _, err := k.read(ctx, t)
	if err != nil || r.Version == 0 {
		return err
	}
	err = k.api.cfg.Store.DeleteRecord(ctx, t, k.kind, r.ID)
	if err != nil && !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return err
	}
	return k.api.cfg.Desk.SettingsChanged(ctx, t, k.kind)
}

// MailSettings is whom a tenant's mails to the team go to.
type MailSettings struct {
	OfflineTo []string   `json:"offline_to" nullable:"false"`
	Locale    string     `json:"locale" enum:"zh,en"`
	Version   uint64     `json:"version" doc:"Counts changes; 0 while it is what holds by default."`
	UpdatedAt *time.Time `json:"updated_at" nullable:"true"`
}

func (a *API) mailDocument() *single[chat.MailSettings, *chat.MailSettings] {
	return &single[chat.MailSettings, *chat.MailSettings]{collection[chat.MailSettings, *chat.MailSettings]{a, chat.RecordMail, 1, nil}}
}

// mailSettings returns a tenant's, and the record that they are.
func (a *API) mailSettings(ctx context.Context, t chat.TenantID) (chat.MailSettings, chat.Record, error) {
	r, b, err := a.mailDocument().read(ctx, t)
	return b, r, err
}

func showMailSettings(b *chat.MailSettings, r *chat.Record) (*answer[MailSettings], error) {
	to := b.OfflineTo
	if to == nil {
		to = []string{}
	}
	return ok(MailSettings{to, b.Locale, r.Version, timeOrNull(r.UpdatedAt)})
}

func (a *API) getMailSettings(ctx context.Context, c *call, _ *none) (*answer[MailSettings], error) {
	b, r, err := a.mailSettings(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	return showMailSettings(&b, &r)
}

type updateMailSettingsInput struct {
	Body Patch[chat.MailSettings]
}

func (a *API) updateMailSettings(ctx context.Context, c *call, in *updateMailSettingsInput) (*answer[MailSettings], error) {
	r, b, err := a.mailDocument().patch(ctx, c.actor().Tenant, &in.Body)
	if err != nil {
		return nil, err
	}
	return showMailSettings(&b, &r)
}

func (a *API) resetMailSettings(ctx context.Context, c *call, _ *none) (*none, error) {
	return &none{}, a.mailDocument().reset(ctx, c.actor().Tenant)
}
