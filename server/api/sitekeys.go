package api

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// liveSecrets is how many secrets of a site key sign identities: the newest, and the one before, for the time that a
// shop's servers need to change over.
const liveSecrets = 2

// SiteKey is what a shop's page is known by.
type SiteKey struct {
	ID        string     `json:"id" doc:"The same as key."`
	Key       string     `json:"key"`
	Name      string     `json:"name"`
	Origins   []string   `json:"origins" nullable:"false" doc:"The pages that may use it; empty: every page."`
	Secrets   int        `json:"secrets" doc:"How many secrets sign identities now. They are not shown again."`
	CreatedAt *time.Time `json:"created_at" nullable:"true"`

	Widget chat.Widget `json:"widget" doc:"How the site wants its widget. Everybody may read it."`
}

// NewSiteKey is a site key with a secret that was just made.
type NewSiteKey struct {
	SiteKey
	Secret string `json:"secret" doc:"Signs identities, on the shop's server. It is shown this once."`
}

func showSiteKey(k *chat.SiteKey) SiteKey {
	out := SiteKey{ID: k.Key, Key: k.Key, Name: k.Name, Origins: k.Origins, Secrets: len(k.Secrets), CreatedAt: timeOrNull(k.CreatedAt), Widget: k.Widget}
	if out.Origins == nil {
		out.Origins = []string{}
	}
	return out
}

// SiteKeyTarget is the {id} of a site key's route: the key itself.
type SiteKeyTarget struct {
	ID string `path:"id" maxLength:"100" doc:"The site key."`
}

func (a *API) listSiteKeys(ctx context.Context, c *call, in *listInput) (*answer[List[SiteKey]], error) {
	keys, err := a.cfg.Store.SiteKeys(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	return pageOf(keys, in, func(k *chat.SiteKey) string { return k.Key }, showSiteKey)
}

func (a *API) getSiteKey(ctx context.Context, c *call, in *SiteKeyTarget) (*answer[SiteKey], error) {
	k, err := a.cfg.Store.SiteKey(ctx, in.ID)
	if err == nil && k.Tenant != c.actor().Tenant {
		err = chat.Errorf(chat.NotFound, "there is no such site key")
	}
	if err != nil {
		return nil, err
	}
	return ok(showSiteKey(&k))
}

type createSiteKeyInput struct {
	Body struct {
		Name    string       `json:"name" minLength:"1" maxLength:"100"`
		Origins []string     `json:"origins,omitempty" maxItems:"100" doc:"Exact origins, e.g. https://shop.example.com; leave it away for every page."`
		Widget  *chat.Widget `json:"widget,omitempty"`
	}
}

func (a *API) createSiteKey(ctx context.Context, c *call, in *createSiteKeyInput) (*answer[NewSiteKey], error) {
	var w chat.Widget
	if in.Body.Widget != nil {
		w = *in.Body.Widget
	}
	k, err := a.makeSiteKey(ctx, c.actor().Tenant, in.Body.Name, in.Body.Origins, w)
	if err != nil {
		return nil, err
	}
	return ok(NewSiteKey{showSiteKey(&k), k.Secrets[0]})
}

func (a *API) makeSiteKey(ctx context.Context, t chat.TenantID, name string, origins []string, w chat.Widget) (chat.SiteKey, error) {
	k, err := a.newSiteKey(t, name, origins, w)
	if err != nil {
		return k, err
	}
	return k, a.cfg.Store.SaveSiteKey(ctx, k)
}

// newSiteKey returns a key with a secret, which nobody has written yet.
func (a *API) newSiteKey(t chat.TenantID, name string, origins []string, w chat.Widget) (chat.SiteKey, error) {
	k := chat.SiteKey{
		Tenant: t, Key: "sk_" + strings.ToLower(rand.Text()), Name: strings.TrimSpace(name), Secrets: []string{rand.Text()}, Origins: origins,
		Widget: w, CreatedAt: a.cfg.Now().UTC().Truncate(time.Microsecond),
	}
	if k.Name == "" {
		return k, errBlankName
	}
	if err := validOrigins(origins); err != nil {
		return k, err
	}
	return k, k.Widget.Check()
}

func validOrigins(origins []string) error {
	for _, o := range origins {
		if err := auth.ValidOrigin(o); err != nil {
			return err
		}
	}
	return nil
}

type updateSiteKeyInput struct {
	SiteKeyTarget
	Body struct {
		Name    *string      `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Origins *[]string    `json:"origins,omitempty" maxItems:"100"`
		Widget  *chat.Widget `json:"widget,omitempty" doc:"As a whole: what it does not name is as the widget has it by default."`
	}
}

func (a *API) updateSiteKey(ctx context.Context, c *call, in *updateSiteKeyInput) (*answer[SiteKey], error) {
	if in.Body.Name != nil && strings.TrimSpace(*in.Body.Name) == "" {
		return nil, errBlankName
	}
	if in.Body.Origins != nil {
		if err := validOrigins(*in.Body.Origins); err != nil {
			return nil, err
		}
	}
	if in.Body.Widget != nil {
		if err := in.Body.Widget.Check(); err != nil {
			return nil, err
		}
	}
	k, err := a.changeSiteKey(ctx, c, in.ID, func(k *chat.SiteKey) {
		if in.Body.Name != nil {
			k.Name = strings.TrimSpace(*in.Body.Name)
		}
		if in.Body.Origins != nil {
			k.Origins = *in.Body.Origins
		}
		if in.Body.Widget != nil {
			k.Widget = *in.Body.Widget
		}
	})
	if err != nil {
		return nil, err
	}
	return ok(showSiteKey(&k))
}

// changeSiteKey changes a site key as it is at this moment, so that a secret which was ended does not come back, and tells every node.
func (a *API) changeSiteKey(ctx context.Context, c *call, key string, change func(*chat.SiteKey)) (chat.SiteKey, error) {
	ends := false
	k, err := a.cfg.Store.ChangeSiteKey(ctx, c.actor().Tenant, key, func(k *chat.SiteKey) error {
		was := *k
		was.Secrets, was.Origins = slices.Clone(k.Secrets), slices.Clone(k.Origins)
		change(k)
		ends = less(was.Secrets, k.Secrets) || len(k.Origins) > 0 && (len(was.Origins) == 0 || less(was.Origins, k.Origins))
		return nil
	})
	if err != nil {
		return k, err
	}
	if err := a.settingsChanged(ctx, k.Tenant); err != nil || !ends {
		return k, err
	}
	return k, a.proveAgain(ctx, k.Tenant)
}

// less reports whether something of a is not in b.
func less(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// proveAgain has the visitors who are connected come in again, on every node: what some of their tokens stand on is gone.
func (a *API) proveAgain(ctx context.Context, t chat.TenantID) error {
	return a.cfg.Broker.Publish(ctx, chat.Signal{Kind: chat.SignalRevoked, Tenant: t, Role: chat.RoleVisitor})
}

// settingsChanged has every node look up a tenant's keys and people anew: this one before the caller has its answer, the others a moment later.
func (a *API) settingsChanged(ctx context.Context, t chat.TenantID) error {
	s := chat.Signal{Kind: chat.SignalSettings, Tenant: t}
	a.cfg.Auth.Heard(s)
	a.cfg.Desk.Heard(s)
	return a.cfg.Broker.Publish(ctx, s)
}

func (a *API) deleteSiteKey(ctx context.Context, c *call, in *SiteKeyTarget) (*none, error) {
	if err := a.cfg.Store.DeleteSiteKey(ctx, c.actor().Tenant, in.ID); err != nil {
		return nil, err
	}
	if err := a.settingsChanged(ctx, c.actor().Tenant); err != nil {
		return nil, err
	}
	return &none{}, a.proveAgain(ctx, c.actor().Tenant)
}

type rotateInput struct {
	SiteKeyTarget
	Body *struct {
		EndOld bool `json:"end_old,omitempty" doc:"true if the old secrets leaked: only the new one is good then, at once."`
	}
}

func (a *API) rotateSecret(ctx context.Context, c *call, in *rotateInput) (*answer[NewSiteKey], error) {
	fresh := rand.Text()
	k, err := a.changeSiteKey(ctx, c, in.ID, func(k *chat.SiteKey) {
		secrets := append([]string{fresh}, k.Secrets...)
		if in.Body != nil && in.Body.EndOld {
			secrets = secrets[:1]
		}
		k.Secrets = secrets[:min(len(secrets), liveSecrets)]
	})
	if err != nil {
		return nil, err
	}
	return ok(NewSiteKey{showSiteKey(&k), fresh})
}
