package api

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// Tenant is one of those that share a deployment.
type Tenant struct {
	ID        string    `json:"id" format:"uuid"`
	Slug      string    `json:"slug"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// NewTenant is a tenant that was just made.
type NewTenant struct {
	Tenant
	SiteKey NewSiteKey `json:"site_key"`
	Owner   *Agent     `json:"owner,omitempty"`
}

func showTenant(t *chat.Tenant) Tenant {
	return Tenant{t.ID.String(), t.Slug, t.Name, t.CreatedAt.UTC()}
}

func (a *API) listTenants(ctx context.Context, _ *call, in *listInput) (*answer[List[Tenant]], error) {
	tenants, err := a.cfg.Store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(tenants, in, func(t *chat.Tenant) string { return t.Slug }, showTenant)
}

type ownerInput struct {
	Email    string `json:"email" minLength:"3" maxLength:"320"`
	Name     string `json:"name" minLength:"1" maxLength:"100"`
	Password string `json:"password" minLength:"8" maxLength:"256"`
}

type createTenantInput struct {
	Body struct {
		Slug    string      `json:"slug" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
		Name    string      `json:"name" minLength:"1" maxLength:"100"`
		Origins []string    `json:"origins,omitempty" maxItems:"100"`
		Owner   *ownerInput `json:"owner,omitempty" doc:"The first agent; otherwise uniqchat user create makes it."`
	}
}

func (a *API) createTenant(ctx context.Context, c *call, in *createTenantInput) (*answer[NewTenant], error) {
	b := &in.Body
	t := chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: b.Slug, Name: strings.TrimSpace(b.Name), CreatedAt: a.cfg.Now().UTC().Truncate(time.Microsecond)}
	if t.Name == "" {
		return nil, errBlankName
	}
	if err := validOrigins(b.Origins); err != nil {
		return nil, err
	}
	var owners []chat.Agent
	if b.Owner != nil { // everything that can be wrong is judged before anything is written
		g, err := a.newOwner(ctx, t.ID, b.Owner)
		if err != nil {
			return nil, err
		}
		owners = append(owners, g)
	}
	k, err := a.newSiteKey(t.ID, t.Name, b.Origins, chat.Widget{})
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Store.CreateTenant(ctx, t, k, owners...); err != nil {
		if errors.Is(err, &chat.Error{Code: chat.Conflict}) {
			err = &chat.Error{Code: chat.Conflict, Name: "slug_taken", Message: "another tenant has this slug"}
		}
		return nil, err
	}
	out := NewTenant{Tenant: showTenant(&t), SiteKey: NewSiteKey{showSiteKey(&k), k.Secrets[0]}}
	if len(owners) > 0 {
		shown := a.showAgent(&owners[0])
		out.Owner = &shown
	}
	return ok(out)
}

func (a *API) newOwner(ctx context.Context, t chat.TenantID, in *ownerInput) (chat.Agent, error) {
	g := chat.Agent{
		ID: chat.NewID[chat.Agent](), Tenant: t, Email: auth.NormalEmail(in.Email), Name: strings.TrimSpace(in.Name), Role: chat.Owner,
		Capacity: defaultCapacity, CreatedAt: a.cfg.Now().UTC().Truncate(time.Microsecond),
	}
	if g.Name == "" {
		return g, errBlankName
	}
	if err := validEmail(g.Email); err != nil {
		return g, err
	}
	var err error
	g.PasswordHash, err = a.cfg.Auth.HashPassword(ctx, in.Password)
	return g, err
}

func (a *API) tenant(ctx context.Context, rawID string) (chat.Tenant, error) {
	id, err := pathID[chat.Tenant](rawID)
	if err != nil {
		return chat.Tenant{}, err
	}
	return a.cfg.Store.Tenant(ctx, id)
}

func (a *API) getTenant(ctx context.Context, _ *call, in *Target) (*answer[Tenant], error) {
	t, err := a.tenant(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(showTenant(&t))
}

type renameInput struct {
	Target
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100"`
	}
}

func (a *API) updateTenant(ctx context.Context, _ *call, in *renameInput) (*answer[Tenant], error) {
	t, err := a.tenant(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if t.Name = strings.TrimSpace(in.Body.Name); t.Name == "" {
		return nil, errBlankName
	}
	if err := a.cfg.Store.SaveTenant(ctx, t); err != nil {
		return nil, err
	}
	return ok(showTenant(&t))
}
