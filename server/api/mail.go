package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/cloudwego/hertz/pkg/app"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// MailConfig is what the API knows of mail. Who sends it is elsewhere.
type MailConfig struct {
	// Enabled is whether mail is sent. Without it, what needs mail answers 409 mail_not_configured.
	Enabled bool
	// BaseURL is what links in mails begin with: a scheme and a host. Needed if Enabled.
	BaseURL string
	// PerTenant and PerRecipient are how many mails an hour a tenant may have sent, and one address may be sent on a tenant's
	// behalf. Default to 1000 and 30.
	PerTenant, PerRecipient int
}

func (c MailConfig) withDefaults() MailConfig {
	c.PerTenant, c.PerRecipient = cmp.Or(c.PerTenant, 1000), cmp.Or(c.PerRecipient, 30)
	return c
}

// resetPath is where a reset is asked for. It lies outside of /api/v1, where nothing is told without a credential: who has
// forgotten a password has none. See docs/adr/0022.
const resetPath = "/auth/reset"

// The paths that the token of a link in a mail is good for.
const (
	acceptPath  = "/api/v1/auth/invite/accept"
	confirmPath = "/api/v1/auth/password/reset/confirm"
)

var linkPaths = map[string]chat.LinkPurpose{acceptPath: chat.LinkInvite, confirmPath: chat.LinkReset}

// mailRoutes are what mail is for.
func (a *API) mailRoutes() []row {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	return []row{
		{post, resetPath, anyone, "requestPasswordReset", "auth", "Be sent a link for a new password, if there is an account: the answer doesn't tell", 202, bind(a, a.requestReset)},
		{post, confirmPath, forgetful, "confirmPasswordReset", "auth", "Choose a new password; every earlier log-in ends", 204, bind(a, a.spendLink)},
		{post, acceptPath, invited, "acceptInvite", "auth", "Choose the password of an account that was made for you", 204, bind(a, a.spendLink)},
		{post, "/api/v1/agents/{id}/invite", managers.with(chat.AgentsWrite), "inviteAgent", "agents", "Invite an agent again; the link before ends", 200, bind(a, a.inviteAgain)},

		{post, "/api/v1/conversations/{id}/transcript", workersVisitor.with(chat.ConversationsWrite), "mailTranscript", "conversations", "Send the visitor all of a conversation by mail", 202, bind(a, a.mailTranscript)},

		{post, "/api/v1/offline-messages", visitorOnly, "leaveOfflineMessage", "offline messages", "Leave a message when nobody is there", 201, bind(a, a.leaveOffline)},
		{get, "/api/v1/offline-messages", readers.with(chat.ConversationsRead), "listOfflineMessages", "offline messages", "List them, the newest first", 200, bind(a, a.listOffline)},
		{get, "/api/v1/offline-messages/{id}", readers.with(chat.ConversationsRead), "getOfflineMessage", "offline messages", "One of them", 200, bind(a, a.getOffline)},
		{post, "/api/v1/offline-messages/{id}/done", workers.with(chat.ConversationsWrite), "finishOfflineMessage", "offline messages", "Note that somebody has seen to it", 200, bind(a, a.finishOffline)},

		{get, "/api/v1/mails", managers.with(chat.SettingsRead), "listMails", "mail", "List mails and what became of them, the newest first", 200, bind(a, a.listMails)},
		{get, "/api/v1/mail-settings", managers.with(chat.SettingsRead), "getMailSettings", "mail", "Whom mails to the team go to", 200, bind(a, a.getMailSettings)},
		{patch, "/api/v1/mail-settings", managers.with(chat.SettingsWrite), "updateMailSettings", "mail", "Change whom mails to the team go to", 200, bind(a, a.updateMailSettings)},
		{del, "/api/v1/mail-settings", managers.with(chat.SettingsWrite), "resetMailSettings", "mail", "Go back to what holds by default", 204, bind(a, a.resetMailSettings)},
	}
}

// takeLink lets a request with a link's token as far as routing.
func (a *API) takeLink(ctx context.Context, h *app.RequestContext, p chat.LinkPurpose) error {
	c := callOf(ctx)
	if err := a.logins.Allow(addressKey(c.addr)); err != nil {
		return err
	}
	l, err := a.cfg.Auth.CheckMailLink(ctx, c.bearer, p)
	if err != nil {
		return err
	}
	c.link = &l
	return a.takeBody(h, c, maxBody)
}

// admitMail counts a mail to an address on a tenant's behalf, for all nodes. TooMany if there are enough.
func (a *API) admitMail(ctx context.Context, tenant chat.TenantID, to string) error {
	now := a.cfg.Now()
	for _, limit := range []struct {
		what string
		most int
	}{{"mail\x00" + tenant.String(), a.cfg.Mail.PerTenant}, {"mail\x00" + tenant.String() + "\x00" + auth.NormalEmail(to), a.cfg.Mail.PerRecipient}} {
		n, err := a.cfg.Store.CountAttempt(ctx, sha256.Sum256([]byte(limit.what)), now, time.Hour)
		if err != nil {
			return err
		}
		if n > limit.most {
			return &chat.Error{Code: chat.TooMany, Name: "too_many_mails", Message: "too many mails were sent; try again later", RetryAfter: time.Hour}
		}
	}
	return nil
}

// newMail is a mail to be queued now.
func (a *API) newMail(tenant chat.TenantID, kind chat.MailKind, to, locale string) chat.Mail {
	now := a.cfg.Now().UTC().Truncate(time.Microsecond)
	return chat.Mail{ID: chat.NewID[chat.Mail](), Tenant: tenant, Kind: kind, To: to, Locale: locale, CreatedAt: now, DueAt: now}
}

// Mail is a mail, and what became of it.
type Mail struct {
	ID             string     `json:"id" format:"uuid"`
	Kind           string     `json:"kind" enum:"invite,password_reset,offline_message,transcript"`
	To             string     `json:"to"`
	State          string     `json:"state" enum:"queued,sent,failed" doc:"failed: it was given up."`
	Attempts       int        `json:"attempts"`
	Error          string     `json:"error,omitempty" doc:"Why the last attempt failed."`
	ConversationID *string    `json:"conversation_id" nullable:"true" format:"uuid"`
	CreatedAt      time.Time  `json:"created_at"`
	NextAt         *time.Time `json:"next_attempt_at" nullable:"true" doc:"When it is tried next; null once it was sent or given up."`
	DoneAt         *time.Time `json:"done_at" nullable:"true"`
}

func (a *API) listMails(ctx context.Context, c *call, in *listInput) (*answer[List[Mail]], error) {
	page, next, err := a.cfg.Store.Mails(ctx, c.actor().Tenant, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[Mail]{Data: make([]Mail, len(page)), NextCursor: orNull(next)}
	for i := range page {
		m := &page[i]
		shown := Mail{
			ID: m.ID.String(), Kind: string(m.Kind), To: m.To, State: m.State.String(), Attempts: m.Attempt, Error: m.Error,
			ConversationID: idOrNull(m.Conversation), CreatedAt: m.CreatedAt, DoneAt: timeOrNull(m.DoneAt),
		}
		if m.State == chat.MailQueued {
			shown.NextAt = timeOrNull(m.DueAt)
		}
		out.Data[i] = shown
	}
	return ok(out)
}

func (a *API) mailTranscript(ctx context.Context, c *call, in *Target) (*none, error) {
	id, err := pathID[chat.Conversation](in.ID)
	if err != nil {
		return nil, err
	}
	actor := c.actor()
	conv, err := a.cfg.Desk.Conversation(ctx, actor, id) // its visitor's row is there with its own
	if err != nil {
		return nil, err
	}
	if !a.cfg.Mail.Enabled {
		return nil, chat.ErrNoMail
	}
	v, err := a.cfg.Store.Visitor(ctx, actor.Tenant, conv.Visitor)
	if err != nil {
		return nil, err
	}
	to, err := chat.CleanAddress("email", v.Email)
	if err != nil {
		return nil, &chat.Error{Code: chat.Conflict, Name: "no_address", Message: "nobody knows an address of the visitor that mail can be sent to"}
	}
	if err := a.admitSend(actor, 0); err != nil {
		return nil, err
	}
	if err := a.admitMail(ctx, actor.Tenant, to); err != nil {
		return nil, err
	}
	m := a.newMail(actor.Tenant, chat.MailTranscript, to, chat.MailLocale(v.Locale))
	m.Conversation = id
	return &none{}, a.cfg.Store.AddMail(ctx, m)
}
