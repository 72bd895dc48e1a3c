package api

import (
	"context"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// maxMailed bounds a transcript in a mail, in messages.
const maxMailed = 2000

// MailData looks up what a mail's text is made of. NotFound if what it is about is no more, Unauthenticated if its link has ended.
func (a *API) MailData(ctx context.Context, m *chat.Mail) (d chat.MailData, err error) {
	t, err := a.cfg.Store.Tenant(ctx, m.Tenant)
	if err != nil {
		return d, err
	}
	d.Tenant = t.Name
	switch m.Kind {
	case chat.MailInvite, chat.MailReset:
		return d, a.linkData(ctx, m, &d)
	case chat.MailOffline:
		return d, a.offlineData(ctx, m, &d)
	case chat.MailTranscript:
		return d, a.transcriptData(ctx, m, &d)
	}
	return d, chat.Errorf(chat.Malformed, "there is no mail %q", string(m.Kind))
}

func (a *API) linkData(ctx context.Context, m *chat.Mail, d *chat.MailData) error {
	l, err := a.cfg.Store.LinkOf(ctx, m.Tenant, m.Link)
	if err != nil {
		return err
	}
	g, err := a.cfg.Store.Agent(ctx, l.Tenant, l.Agent)
	if err != nil {
		return err
	}
	token, err := a.cfg.Auth.MailLinkToken(ctx, &l)
	if err != nil {
		return err
	}
	d.Name, d.Expires, d.URL = g.Name, l.ExpiresAt, a.linkURL(a.cfg.Mail.BaseURL, l.Purpose, token)
	return nil
}

func (a *API) offlineData(ctx context.Context, m *chat.Mail, d *chat.MailData) error {
	o, err := a.cfg.Store.OfflineMessage(ctx, m.Tenant, m.Offline)
	if err != nil {
		return err
	}
	if len(o.Body) == 0 {
		return &chat.Error{Code: chat.Busy, Message: "the message's row is not there yet", RetryAfter: time.Second}
	}
	shown := showOffline(&o)
	d.Name, d.ReplyTo, d.Text, d.URL = o.Name, o.Email, shown.Text, a.cfg.Mail.BaseURL+"/console/"
	return nil
}

// transcriptData is a conversation as its visitor sees it.
func (a *API) transcriptData(ctx context.Context, m *chat.Mail, d *chat.MailData) error {
	c, err := a.cfg.Store.Conversation(ctx, chat.Key{Tenant: m.Tenant, Conversation: m.Conversation})
	if err != nil {
		return err
	}
	visitor := &chat.Actor{Tenant: m.Tenant, User: chat.UserID(c.Visitor), Role: chat.RoleVisitor}
	t, err := a.transcriptOf(ctx, visitor, m.Conversation, m.Locale, maxMailed)
	if err != nil {
		return err
	}
	d.Name, d.Lines = c.VisitorName, strings.Split(strings.TrimSpace(string(t.text(m.Conversation))), "\n")
	return nil
}

// MailResets makes links and mails of a wish for a new password.
func (a *API) MailResets(ctx context.Context, r *chat.MailRequest) ([]chat.MailLink, []chat.Mail, error) {
	return a.cfg.Auth.MailResets(ctx, r)
}
