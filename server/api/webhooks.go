package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Webhook is an endpoint that events are sent to.
type Webhook struct {
	ID          string     `json:"id" format:"uuid"`
	URL         string     `json:"url"`
	Description string     `json:"description"`
	Events      []string   `json:"events" nullable:"false" doc:"What it is sent; * stands for everything."`
	State       string     `json:"state" enum:"active,paused,disabled" doc:"Events for a paused one are kept until it is active again; for a disabled one they are not."`
	Why         *string    `json:"why" nullable:"true" doc:"Why it is disabled."`
	Failures    int        `json:"failures" doc:"Attempts that failed in a row."`
	RetryAt     *time.Time `json:"retry_at" nullable:"true" doc:"It failed too often: nothing is sent to it before this time."`
	SecretHints []string   `json:"secret_hints" nullable:"false" doc:"The last characters of the live secrets, newest first."`
	Secret      string     `json:"secret,omitempty" doc:"The newest secret, only where it was made just now."`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

// webhookRoutes are the routes of webhooks and their deliveries.
func (a *API) webhookRoutes() []row {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	who := managers.with(chat.WebhooksWrite)
	return []row{
		{get, "/api/v1/webhooks", who, "listWebhooks", "webhooks", "List webhooks", 200, bind(a, a.listWebhooks)},
		{post, "/api/v1/webhooks", who, "createWebhook", "webhooks", "Create a webhook; its secret is shown once", 201, bind(a, a.createWebhook)},
		{get, "/api/v1/webhooks/{id}", who, "getWebhook", "webhooks", "One webhook", 200, bind(a, a.getWebhook)},
		{patch, "/api/v1/webhooks/{id}", who, "updateWebhook", "webhooks", "Change, pause or resume a webhook", 200, bind(a, a.updateWebhook)},
		{del, "/api/v1/webhooks/{id}", who, "deleteWebhook", "webhooks", "Delete a webhook and what is on its way to it", 204, bind(a, a.deleteWebhook)},
		{post, "/api/v1/webhooks/{id}/rotate-secret", who, "rotateWebhookSecret", "webhooks", "Make a new secret; the one before signs too, until the next", 200, bind(a, a.rotateWebhookSecret)},
		{post, "/api/v1/webhooks/{id}/test", who, "testWebhook", "webhooks", "Send the event webhook.ping", 202, bind(a, a.testWebhook)},
		{get, "/api/v1/webhooks/{id}/deliveries", who, "listDeliveries", "webhooks", "What was sent and answered, newest first", 200, bind(a, a.listDeliveries)},
		{post, "/api/v1/webhooks/deliveries/{id}/replay", who, "replayDelivery", "webhooks", "Send the same event again", 202, bind(a, a.replayDelivery)},
	}
}

func (a *API) showWebhook(w *chat.Webhook) Webhook {
	out := Webhook{
		ID: w.ID.String(), URL: w.URL, Description: w.Description, Events: w.Events, State: w.State.String(), Why: orNull(w.Why), Failures: w.Failures,
		SecretHints: make([]string, len(w.Secrets)), CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC(),
	}
	if w.OpenUntil.After(a.cfg.Now()) {
		out.RetryAt = timeOrNull(w.OpenUntil)
	}
	for i, s := range w.Secrets {
		out.SecretHints[i] = "…" + s[max(len(s)-4, 0):]
	}
	return out
}

func (a *API) listWebhooks(ctx context.Context, c *call, in *listInput) (*answer[List[Webhook]], error) {
	page, next, err := a.cfg.Store.Webhooks(ctx, c.actor().Tenant, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[Webhook]{Data: make([]Webhook, len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i] = a.showWebhook(&page[i])
	}
	return ok(out)
}

func (a *API) getWebhook(ctx context.Context, c *call, in *Target) (*answer[Webhook], error) {
	id, err := pathID[chat.Webhook](in.ID)
	if err != nil {
		return nil, err
	}
	w, err := a.cfg.Store.Webhook(ctx, c.actor().Tenant, id)
	if err != nil {
		return nil, err
	}
	return ok(a.showWebhook(&w))
}

type createWebhookInput struct {
	Body struct {
		URL         string   `json:"url" maxLength:"2048" doc:"http or https. It must resolve to a public address, unless the operator allows others."`
		Events      []string `json:"events" minItems:"1" maxItems:"50" doc:"Names of events, or *."`
		Description string   `json:"description,omitempty" maxLength:"500"`
	}
}

func (a *API) createWebhook(ctx context.Context, c *call, in *createWebhookInput) (*answer[Webhook], error) {
	b := &in.Body
	now := a.now()
	w := chat.Webhook{
		ID: chat.NewID[chat.Webhook](), Tenant: c.actor().Tenant, URL: b.URL, Description: b.Description, Events: b.Events, CreatedAt: now, UpdatedAt: now,
		Secrets: []string{newWebhookSecret()},
	}
	if err := checkWebhook(&w); err != nil {
		return nil, err
	}
	if err := a.cfg.Store.AddWebhook(ctx, w); err != nil {
		return nil, err
	}
	out := a.showWebhook(&w)
	out.Secret = w.Secrets[0]
	return ok(out)
}

// now is the time as rows keep it.
func (a *API) now() time.Time { return a.cfg.Now().UTC().Truncate(time.Microsecond) }

// newWebhookSecret is 256 random bits, as Standard Webhooks writes them.
func newWebhookSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return "whsec_" + base64.StdEncoding.EncodeToString(b[:])
}

// checkWebhook judges what a caller has set.
func checkWebhook(w *chat.Webhook) error {
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return chat.Errorf(chat.Malformed, "url: must be an absolute http or https address")
	case u.User != nil:
		return chat.Errorf(chat.Malformed, "url: must not hold a user or password; requests are signed")
	case u.Fragment != "":
		return chat.Errorf(chat.Malformed, "url: must not have a fragment")
	}
	_, err = chat.Subscribe(w.Events)
	return err
}

type updateWebhookInput struct {
	Target
	Body struct {
		URL         *string   `json:"url,omitempty" maxLength:"2048"`
		Events      *[]string `json:"events,omitempty" minItems:"1" maxItems:"50"`
		Description *string   `json:"description,omitempty" maxLength:"500"`
		State       *string   `json:"state,omitempty" enum:"active,paused" doc:"active also enables one that was disabled, and tries it at once."`
	}
}

func (a *API) updateWebhook(ctx context.Context, c *call, in *updateWebhookInput) (*answer[Webhook], error) {
	b := &in.Body
	return a.changeWebhook(ctx, c, in.ID, func(w *chat.Webhook) error {
		if b.URL != nil {
			w.URL = *b.URL
		}
		if b.Events != nil {
			w.Events = *b.Events
		}
		if b.Description != nil {
			w.Description = *b.Description
		}
		if b.State != nil {
			w.State, w.Why = chat.WebhookPaused, ""
			if *b.State == chat.WebhookActive.String() {
				w.State, w.Failures, w.Opened, w.OpenUntil = chat.WebhookActive, 0, 0, time.Time{}
			}
		}
		return checkWebhook(w)
	})
}

func (a *API) changeWebhook(ctx context.Context, c *call, rawID string, change func(*chat.Webhook) error) (*answer[Webhook], error) {
	id, err := pathID[chat.Webhook](rawID)
	if err != nil {
		return nil, err
	}
	w, err := a.cfg.Store.ChangeWebhook(ctx, c.actor().Tenant, id, func(w *chat.Webhook) error {
		w.UpdatedAt = a.now()
		return change(w)
	})
	if err != nil {
		return nil, err
	}
	return ok(a.showWebhook(&w))
}

func (a *API) deleteWebhook(ctx context.Context, c *call, in *Target) (*none, error) {
	id, err := pathID[chat.Webhook](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Store.DeleteWebhook(ctx, c.actor().Tenant, id)
}

type rotateWebhookInput struct {
	Target
	Body *struct {
		KeepOld *bool `json:"keep_old,omitempty" doc:"false ends the secret before it at once; otherwise both sign until the next rotation."`
	}
}

func (a *API) rotateWebhookSecret(ctx context.Context, c *call, in *rotateWebhookInput) (*answer[Webhook], error) {
	secret := newWebhookSecret()
	keep := in.Body == nil || in.Body.KeepOld == nil || *in.Body.KeepOld
	out, err := a.changeWebhook(ctx, c, in.ID, func(w *chat.Webhook) error {
		secrets := []string{secret}
		if keep {
			secrets = append(secrets, w.Secrets...)
		}
		w.Secrets = secrets[:min(len(secrets), chat.MaxSecrets)]
		return nil
	})
	if err == nil {
		out.Body.Secret = secret
	}
	return out, err
}

func (a *API) testWebhook(ctx context.Context, c *call, in *Target) (*answer[Delivery], error) {
	id, err := pathID[chat.Webhook](in.ID)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(map[string]any{"webhook_id": id, "by": c.actor().User})
	if err != nil {
		return nil, err
	}
	d, err := a.cfg.Store.Ping(ctx, c.actor().Tenant, id, data, a.now())
	if err != nil {
		return nil, err
	}
	return a.delivery(ctx, &d)
}
