package api

import (
	"context"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// APIToken is an API token as lists show it: never the token itself.
type APIToken struct { //nolint:revive // the document names it, too, and there is more than one kind of token
	ID         string     `json:"id" format:"uuid"`
	Name       string     `json:"name"`
	Hint       string     `json:"hint" doc:"How the token starts and ends."`
	Scopes     []string   `json:"scopes" nullable:"false"`
	CreatedBy  *string    `json:"created_by" nullable:"true" format:"uuid" doc:"The agent who made it; null: the command line."`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at" nullable:"true" doc:"null: never."`
	LastUsedAt *time.Time `json:"last_used_at" nullable:"true" doc:"To about a minute; null: never."`
}

// NewAPIToken is an API token that was just made.
type NewAPIToken struct {
	APIToken
	Token string `json:"token" doc:"The token. It is shown this once: only its hash is kept."`
}

func showAPIToken(t *chat.APIToken) APIToken {
	return APIToken{
		ID: t.ID.String(), Name: t.Name, Hint: t.Hint, Scopes: t.Scopes.Names(), CreatedBy: idOrNull(t.CreatedBy),
		CreatedAt: t.CreatedAt.UTC(), ExpiresAt: timeOrNull(t.ExpiresAt), LastUsedAt: timeOrNull(t.LastUsedAt),
	}
}

func (a *API) listAPITokens(ctx context.Context, c *call, in *listInput) (*answer[List[APIToken]], error) {
	page, next, err := a.cfg.Store.APITokens(ctx, c.actor().Tenant, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[APIToken]{Data: make([]APIToken, len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i] = showAPIToken(&page[i])
	}
	return ok(out)
}

type createAPITokenInput struct {
	Body struct {
		Name      string     `json:"name" minLength:"1" maxLength:"100" doc:"What it is for."`
		Scopes    []string   `json:"scopes" minItems:"1" maxItems:"20" nullable:"false" enum:"conversations:read,conversations:write,messages:write,visitors:read,visitors:write,agents:read,agents:write,settings:read,settings:write,webhooks:write,reports:read,knowledge:write,audit:read,ai:read,ai:write,ai:ask,*"`
		ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Leave it away for a token that does not expire."`
	}
}

func (a *API) createAPIToken(ctx context.Context, c *call, in *createAPITokenInput) (*answer[NewAPIToken], error) {
	now := a.cfg.Now().UTC().Truncate(time.Microsecond)
	t := chat.APIToken{
		Tenant: c.actor().Tenant, Name: strings.TrimSpace(in.Body.Name), CreatedBy: chat.AgentID(c.actor().User), CreatedAt: now,
	}
	if t.Name == "" {
		return nil, errBlankName
	}
	var err error
	if t.Scopes, err = chat.ParseScopes(in.Body.Scopes); err != nil {
		return nil, err
	}
	if at := in.Body.ExpiresAt; at != nil {
		if !at.After(now) {
			return nil, chat.Errorf(chat.Malformed, "expires_at: is in the past")
		}
		t.ExpiresAt = at.UTC().Truncate(time.Microsecond)
	}
	token := auth.NewAPIToken(&t)
	if err := a.cfg.Store.SaveAPIToken(ctx, t); err != nil {
		return nil, err
	}
	return ok(NewAPIToken{showAPIToken(&t), token})
}

func (a *API) getAPIToken(ctx context.Context, c *call, in *Target) (*answer[APIToken], error) {
	id, err := pathID[chat.APIToken](in.ID)
	if err != nil {
		return nil, err
	}
	for cursor := ""; ; {
		page, next, err := a.cfg.Store.APITokens(ctx, c.actor().Tenant, cursor, 200)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if page[i].ID == id {
				return ok(showAPIToken(&page[i]))
			}
		}
		if cursor = next; cursor == "" {
			return nil, chat.Errorf(chat.NotFound, "there is no such API token")
		}
	}
}

func (a *API) revokeAPIToken(ctx context.Context, c *call, in *Target) (*none, error) {
	id, err := pathID[chat.APIToken](in.ID)
	if err != nil {
		return nil, err
	}
	return &none{}, a.cfg.Auth.RevokeAPIToken(ctx, c.actor().Tenant, id)
}
