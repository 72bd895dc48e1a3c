package api

import (
	"context"
	"net/url"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// NewAgent is an agent that was just made.
type NewAgent struct {
	Agent
	Invite *Invite `json:"invite,omitempty" doc:"If the agent is to choose a password."`
}

// Invite is how somebody gets a first password.
type Invite struct {
	Mailed    bool      `json:"mailed" doc:"The link is on its way by mail."`
	URL       string    `json:"url,omitempty" doc:"The link, where no mail is sent: hand it over yourself. It is not shown again, and works once."`
	ExpiresAt time.Time `json:"expires_at"`
}

// invite makes a link for an agent, who is written with it if new, and queues it as a mail. Where no mail is sent, the answer has
// the link.
func (a *API) invite(ctx context.Context, c *call, g *chat.Agent, fresh bool, locale string) (*Invite, error) {
	if locale == "" {
		locale = c.lang
	}
	l, token, err := a.cfg.Auth.NewMailLink(chat.LinkInvite, g.Tenant, g.ID, auth.InviteLife)
	if err != nil {
		return nil, err
	}
	out := &Invite{Mailed: a.cfg.Mail.Enabled, ExpiresAt: l.ExpiresAt}
	var m *chat.Mail
	if a.cfg.Mail.Enabled {
		to, err := chat.CleanAddress("email", g.Email)
		if err != nil {
			return nil, err
		}
		if err := a.admitMail(ctx, g.Tenant, to); err != nil {
			return nil, err
		}
		queued := a.newMail(g.Tenant, chat.MailInvite, to, locale)
		queued.Link, m = l.ID, &queued
	} else {
		out.URL = a.linkURL(a.baseURL(c), chat.LinkInvite, token)
	}
	var save *chat.Agent
	if fresh {
		save = g
	}
	return out, a.cfg.Store.Invite(ctx, save, l, m)
}

type inviteInput struct {
	Target
	Body *struct {
		Locale string `json:"locale,omitempty" enum:"zh,en" doc:"Of the mail. Defaults to the caller's."`
	}
}

func (a *API) inviteAgain(ctx context.Context, c *call, in *inviteInput) (*answer[Invite], error) {
	g, err := a.agent(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if err := mayGrant(c.actor(), g.Role); err != nil {
		return nil, err
	}
	if g.Disabled {
		return nil, &chat.Error{Code: chat.Conflict, Name: "agent_disabled", Message: "the agent is disabled"}
	}
	if g.PasswordHash != auth.UnusableHash {
		return nil, &chat.Error{Code: chat.Conflict, Name: "already_accepted", Message: "the agent has a password; a new one is asked for at " + resetPath}
	}
	locale := ""
	if in.Body != nil {
		locale = in.Body.Locale
	}
	out, err := a.invite(ctx, c, &g, false, locale)
	if err != nil {
		return nil, err
	}
	return ok(*out)
}

// baseURL is where the caller's browser finds the console: as the operator says, or else where the caller is.
func (a *API) baseURL(c *call) string {
	if a.cfg.Mail.BaseURL != "" {
		return a.cfg.Mail.BaseURL
	}
	return "http://" + c.host
}

// linkURL is a link for people. The token stands behind the #: it reaches no server's log, and no other page.
func (a *API) linkURL(base string, p chat.LinkPurpose, token string) string {
	return base + "/auth/link#" + url.Values{string(p): {token}}.Encode()
}

type resetInput struct {
	Body struct {
		Email  string `json:"email" minLength:"3" maxLength:"320"`
		Tenant string `json:"tenant,omitempty" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" doc:"The tenant's slug; without it, every account of the address gets a mail."`
	}
}

// requestReset writes down that somebody wants a new password. Whether there is an account is looked up later, by another: the
// answer, and how long it takes, is the same.
func (a *API) requestReset(ctx context.Context, c *call, in *resetInput) (*none, error) {
	if !a.cfg.Mail.Enabled {
		return nil, chat.ErrNoMail
	}
	if err := a.logins.Allow(addressKey(c.addr)); err != nil {
		return nil, err
	}
	email := auth.NormalEmail(in.Body.Email)
	if err := validEmail(email); err != nil {
		return nil, err
	}
	if err := a.accounts.Allow("reset\x00" + addressKey(c.addr)); err != nil {
		return nil, err
	}
	return &none{}, a.cfg.Store.AddMailRequest(ctx, chat.MailRequest{
		ID: chat.NewID[chat.MailRequest](), Email: email, Slug: in.Body.Tenant, Locale: c.lang, CreatedAt: a.cfg.Now().UTC().Truncate(time.Microsecond),
	})
}

type choosePasswordInput struct {
	Body struct {
		Password string `json:"password" minLength:"8" maxLength:"256"`
	}
}

func (a *API) spendLink(ctx context.Context, c *call, in *choosePasswordInput) (*none, error) {
	return &none{}, a.cfg.Auth.SpendMailLink(ctx, c.link, in.Body.Password)
}
