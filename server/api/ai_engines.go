package api

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// AIEngine is a server that questions may be sent to. Its key is taken and never shown.
type AIEngine struct {
	ID              string    `json:"id" format:"uuid"`
	Name            string    `json:"name"`
	BaseURL         string    `json:"base_url"`
	Model           string    `json:"model"`
	KeySet          bool      `json:"key_set" doc:"Whether it has a key. The key itself is shown to nobody."`
	Enabled         bool      `json:"enabled"`
	Health          *string   `json:"health,omitempty" enum:"closed,open,half-open" doc:"Whether this node asks it: open if it is left alone for a while because it failed, half-open if one question tries it. Not there if it is not in use."`
	Position        int       `json:"position" doc:"Engines are in the order of this, then of their names."`
	PromptPrice     float64   `json:"prompt_price" doc:"What a million tokens of a question cost."`
	CompletionPrice float64   `json:"completion_price" doc:"What a million tokens of an answer cost."`
	FirstToken      int64     `json:"first_token_ms" doc:"How long is waited for the first token; 0: as long as by default, 4 s."`
	Total           int64     `json:"total_ms" doc:"How long is waited for all of an answer; 0: as long as by default, 20 s, which is also the longest: so long an answer may take over all engines."`
	CreatedAt       time.Time `json:"created_at"`
	UpdatedAt       time.Time `json:"updated_at"`
}

func showEngine(e *chat.AIEngine) AIEngine {
	return AIEngine{
		ID: e.ID.String(), Name: e.Name, BaseURL: e.BaseURL, Model: e.Model, KeySet: e.HasKey, Enabled: e.Enabled, Position: e.Position,
		PromptPrice: e.PromptPrice, CompletionPrice: e.CompletionPrice, FirstToken: e.FirstToken.Milliseconds(), Total: e.Total.Milliseconds(),
		CreatedAt: e.CreatedAt.UTC(), UpdatedAt: e.UpdatedAt.UTC(),
	}
}

func (a *API) listEngines(ctx context.Context, c *call, in *listInput) (*answer[List[AIEngine]], error) {
	all, err := a.cfg.Store.AIEngines(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	health := a.health(ctx, c.actor().Tenant)
	return pageOf(all, in, func(e *chat.AIEngine) string { return fmt.Sprintf("%04d %s", e.Position, e.Name) }, func(e *chat.AIEngine) AIEngine {
		out := showEngine(e)
		out.Health = orNull(health[e.ID])
		return out
	})
}

// health is what this node has seen of a tenant's engines; nil if it can't be told.
func (a *API) health(ctx context.Context, tenant chat.TenantID) map[chat.AIEngineID]string {
	if a.cfg.AI.Answerer == nil {
		return nil
	}
	out, err := a.cfg.AI.Answerer.EngineHealth(ctx, tenant)
	if err != nil {
		a.cfg.Logger.Debug("the health of engines can't be told", "err", err)
	}
	return out
}

// enginesChanged tells all nodes.
func (a *API) enginesChanged(ctx context.Context, tenant chat.TenantID) {
	if a.cfg.AI.Answerer != nil {
		a.cfg.AI.Answerer.EnginesChanged(ctx, tenant)
	}
}

func (a *API) getEngine(ctx context.Context, c *call, in *Target) (*answer[AIEngine], error) {
	id, err := pathID[chat.AIEngine](in.ID)
	if err != nil {
		return nil, err
	}
	e, err := a.cfg.Store.AIEngine(ctx, c.actor().Tenant, id)
	if err != nil {
		return nil, err
	}
	out := showEngine(&e)
	out.Health = orNull(a.health(ctx, e.Tenant)[id])
	return ok(out)
}

type createEngineInput struct {
	Body struct {
		Name            string  `json:"name" minLength:"1" maxLength:"100" doc:"No two engines have the same."`
		BaseURL         string  `json:"base_url" minLength:"1" maxLength:"500" doc:"Such as https://api.openai.com/v1: /chat/completions is put behind it. It must be a public address over https, unless the operator allows others."`
		Model           string  `json:"model" minLength:"1" maxLength:"200" doc:"As the server calls it."`
		Key             string  `json:"key,omitempty" maxLength:"2000" doc:"What the server wants as Authorization: Bearer. It is shown to nobody again."`
		Enabled         *bool   `json:"enabled,omitempty" doc:"Defaults to true."`
		Position        int     `json:"position,omitempty" minimum:"0" maximum:"1000"`
		PromptPrice     float64 `json:"prompt_price,omitempty" minimum:"0" maximum:"1000000" doc:"What a million tokens of a question cost. Without prices a budget of money is never used up."`
		CompletionPrice float64 `json:"completion_price,omitempty" minimum:"0" maximum:"1000000" doc:"What a million tokens of an answer cost."`
		FirstToken      int64   `json:"first_token_ms,omitempty" minimum:"0" maximum:"20000" doc:"How long is waited for the first token. 0: as long as by default, 4 s."`
		Total           int64   `json:"total_ms,omitempty" minimum:"0" maximum:"20000" doc:"How long is waited for all of an answer. 0: as long as by default, 20 s, which is also the longest: so long an answer may take over all engines."`
	}
}

func (a *API) createEngine(ctx context.Context, c *call, in *createEngineInput) (*answer[AIEngine], error) {
	b, now := &in.Body, a.now()
	e := chat.AIEngine{
		ID: chat.NewID[chat.AIEngine](), Tenant: c.actor().Tenant, Name: b.Name, BaseURL: b.BaseURL, Model: b.Model, Key: b.Key, HasKey: b.Key != "",
		Enabled: b.Enabled == nil || *b.Enabled, Position: b.Position, PromptPrice: b.PromptPrice, CompletionPrice: b.CompletionPrice,
		FirstToken: milliseconds(b.FirstToken), Total: milliseconds(b.Total), CreatedAt: now, UpdatedAt: now,
	}
	if err := a.checkEngine(&e); err != nil {
		return nil, err
	}
	if err := a.cfg.Store.AddAIEngine(ctx, e); err != nil {
		return nil, err
	}
	a.enginesChanged(ctx, e.Tenant)
	return ok(showEngine(&e))
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

var (
	errPlainEngine  = &chat.Error{Code: chat.Malformed, Name: "base_url_not_allowed", Message: "base_url: must begin with https://; http is only for addresses inside of networks that the operator allows"}
	errInnerEngine  = &chat.Error{Code: chat.Malformed, Name: "base_url_not_allowed", Message: "base_url: the address is not a public one, and the operator does not allow it"}
	errKeyElsewhere = &chat.Error{Code: chat.Malformed, Name: "key_needed", Message: "base_url: names another server, which does not get the key of the one before: give its key, or an empty one"}
)

// checkEngine judges what a caller has set. What a name resolves to is judged when it is dialled, each time.
func (a *API) checkEngine(e *chat.AIEngine) error {
	if err := e.Check(); err != nil {
		return err
	}
	u, err := url.Parse(e.BaseURL)
	if err != nil {
		return err // Check has parsed it
	}
	allowed := a.cfg.AI.TLS
	if u.Scheme != "https" {
		if allowed = a.cfg.AI.Plain; allowed == nil {
			return errPlainEngine
		}
	}
	addr, isAddr := literal(u.Hostname())
	switch {
	case !isAddr || allowed == nil || allowed(addr):
		return nil
	case u.Scheme != "https" && (a.cfg.AI.TLS == nil || a.cfg.AI.TLS(addr)):
		return errPlainEngine
	}
	return errInnerEngine
}

// literal reads a host that is an address and no name.
func literal(host string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(host)
	return addr, err == nil
}

type updateEngineInput struct {
	Target
	Body struct {
		Name            *string  `json:"name,omitempty" minLength:"1" maxLength:"100"`
		BaseURL         *string  `json:"base_url,omitempty" minLength:"1" maxLength:"500" doc:"Another server does not get the key: then key must be given, too."`
		Model           *string  `json:"model,omitempty" minLength:"1" maxLength:"200"`
		Key             *string  `json:"key,omitempty" maxLength:"2000" doc:"Another one; an empty text takes it away. It stays if this is left out."`
		Enabled         *bool    `json:"enabled,omitempty"`
		Position        *int     `json:"position,omitempty" minimum:"0" maximum:"1000"`
		PromptPrice     *float64 `json:"prompt_price,omitempty" minimum:"0" maximum:"1000000"`
		CompletionPrice *float64 `json:"completion_price,omitempty" minimum:"0" maximum:"1000000"`
		FirstToken      *int64   `json:"first_token_ms,omitempty" minimum:"0" maximum:"20000"`
		Total           *int64   `json:"total_ms,omitempty" minimum:"0" maximum:"20000"`
	}
}

func (a *API) updateEngine(ctx context.Context, c *call, in *updateEngineInput) (*answer[AIEngine], error) {
	id, err := pathID[chat.AIEngine](in.ID)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	e, err := a.cfg.Store.ChangeAIEngine(ctx, c.actor().Tenant, id, func(e *chat.AIEngine) error {
		server := serverOf(e.BaseURL)
		e.FirstToken, e.Total = min(e.FirstToken, chat.MaxAIWait), min(e.Total, chat.MaxAIWait) // of before there was this bound: nobody waited longer
		set(&e.Name, b.Name)
		set(&e.BaseURL, b.BaseURL)
		set(&e.Model, b.Model)
		set(&e.Enabled, b.Enabled)
		set(&e.Position, b.Position)
		set(&e.PromptPrice, b.PromptPrice)
		set(&e.CompletionPrice, b.CompletionPrice)
		if b.FirstToken != nil {
			e.FirstToken = milliseconds(*b.FirstToken)
		}
		if b.Total != nil {
			e.Total = milliseconds(*b.Total)
		}
		if b.Key != nil {
			e.Key, e.HasKey = *b.Key, *b.Key != ""
		}
		e.UpdatedAt = a.now()
		if err := a.checkEngine(e); err != nil {
			return err
		}
		if b.Key == nil && e.HasKey && serverOf(e.BaseURL) != server {
			return errKeyElsewhere
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.enginesChanged(ctx, e.Tenant)
	return ok(showEngine(&e))
}

// serverOf is whom a key is given to.
func serverOf(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil {
		return baseURL
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

func (a *API) deleteEngine(ctx context.Context, c *call, in *Target) (*none, error) {
	id, err := pathID[chat.AIEngine](in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Store.DeleteAIEngine(ctx, c.actor().Tenant, id); err != nil {
		return nil, err
	}
	a.enginesChanged(ctx, c.actor().Tenant)
	return nil, nil
}
