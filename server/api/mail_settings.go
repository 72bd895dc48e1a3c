package api

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

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
