package chat

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// The identifiers of mail.
type (
	MailID        = ID[Mail]
	MailLinkID    = ID[MailLink]
	MailRequestID = ID[MailRequest]
)

// MailKind says what a Mail is about. Each has its texts in package outbound/mail.
type MailKind string

// The mails that there are.
const (
	MailInvite     MailKind = "invite"
	MailReset      MailKind = "password_reset"
	MailOffline    MailKind = "offline_message"
	MailTranscript MailKind = "transcript"
)

// MailState is what became of a Mail.
type MailState uint8

// A mail waits, also between attempts; the server at the other end has taken it; or it was given up.
const (
	MailQueued MailState = iota
	MailSent
	MailFailed
)

var mailStateNames = [...]string{"queued", "sent", "failed"}

// String returns the API's name of the state.
func (s MailState) String() string {
	if int(s) < len(mailStateNames) {
		return mailStateNames[s]
	}
	return "unknown"
}

// Mail is a mail on its way to one person. It says what the mail is about, never what is in it: that is looked up when it is
// sent, so that no text, name or key waits in a queue.
type Mail struct {
	ID     MailID
	Tenant TenantID
	Kind   MailKind
	To     string // one address, as CleanAddress leaves it
	Locale string // zh or en
	// What it is about: an invite's and a reset's link, the conversation of the others, and the message of MailOffline.
	Link         MailLinkID
	Conversation ConversationID
	Offline      OfflineID

	State     MailState
	Attempt   int // how often it was tried
	CreatedAt time.Time
	DueAt     time.Time // when it is tried next
	DoneAt    time.Time // when it was sent or given up; zero before
	Error     string    // why the last attempt failed; empty if none did
}

// LinkPurpose is what a MailLink is good for.
type LinkPurpose string

// The purposes.
const (
	LinkInvite LinkPurpose = "invite"
	LinkReset  LinkPurpose = "password_reset"
)

// MailLink lets whoever holds its token set an agent's password, once, for a while. Only the token's hash is stored: the token
// is made of the id and a signing key, each time a mail with it is sent.
type MailLink struct {
	ID        MailLinkID
	Tenant    TenantID
	Agent     AgentID
	Purpose   LinkPurpose
	Hash      [32]byte // SHA-256 of the token
	Key       string   // the signing key that the token is made with
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: it was not, nor ended otherwise
}

// MailRequest is somebody's wish to be sent links for resetting passwords. It is kept the same whether or not anybody has the
// address, so that whoever asks learns nothing; a worker finds out later.
type MailRequest struct {
	ID        MailRequestID
	Email     string // as people write it, in lower case
	Slug      string // of a tenant; empty: of all
	Locale    string
	CreatedAt time.Time
}

// Mails are the rows of mail. Methods that find one return NotFound if there is none.
type Mails interface {
	// AddMail queues a mail. One that is there already is no error, and stays as it is.
	AddMail(ctx context.Context, m Mail) error
	// Mails lists a tenant's, the newest first; next is empty at the end.
	Mails(ctx context.Context, tenant TenantID, cursor string, limit int) (page []Mail, next string, err error)

	// Invite writes an agent, if there is one to be written (as SaveAgents does), the link that lets it choose a password, and the
	// mail with the link, if there is one: all or nothing. Earlier invites of the agent end.
	Invite(ctx context.Context, a *Agent, link MailLink, m *Mail) error
	// MailLink finds a link by its token's hash, used and expired ones too; LinkOf by its id.
	MailLink(ctx context.Context, hash [32]byte) (MailLink, error)
	LinkOf(ctx context.Context, tenant TenantID, id MailLinkID) (MailLink, error)
	// SpendMailLink sets a password and ends what was issued to the agent before tokensAfter, all of its links included, and
	// reports whether it did: it does not if the link was used, has expired at now or is older than the agent's TokensAfter, or if
	// the agent is disabled.
	SpendMailLink(ctx context.Context, hash [32]byte, now time.Time, passwordHash string, tokensAfter time.Time) (bool, error)

	AddMailRequest(ctx context.Context, r MailRequest) error

	MailQueue
}

// MailQueue is what those work on who send mail.
type MailQueue interface {
	// ClaimMails takes up to most queued mails that are due at now, of all tenants: nobody else gets them before until. Each is
	// another attempt. What was claimed and never finished is due again.
	ClaimMails(ctx context.Context, now, until time.Time, most int) ([]Mail, error)
	// FinishMail writes what an attempt came to: State, DueAt, DoneAt and Error. Nothing happens if another attempt has begun since.
	FinishMail(ctx context.Context, m Mail) error
	// ClaimMailRequests takes requests as ClaimMails takes mails, and FinishMailRequest replaces one, if it is still there, by links
	// and mails: all or nothing.
	ClaimMailRequests(ctx context.Context, now, until time.Time, most int) ([]MailRequest, error)
	FinishMailRequest(ctx context.Context, id MailRequestID, links []MailLink, mails []Mail) error
	// ForgetMails removes up to limit mails that were done before a time, and links that expired before it. It returns how many.
	ForgetMails(ctx context.Context, before time.Time, limit int) (int, error)
}

// MailData is what a mail's text is made of. Texts may hold anything: whoever writes them into a mail makes them harmless.
type MailData struct {
	Tenant  string // its name
	Name    string // of whom the mail is for, or is about
	URL     string // where it leads; empty: nowhere
	Expires time.Time
	ReplyTo string // an address, as CleanAddress leaves it; empty: the usual one
	Text    string // what was written
	Lines   []string
}

// maxAddress is how long an address may be (RFC 5321, 4.5.3.1.3, without the brackets).
const maxAddress = 254

// CleanAddress brings a mail address into the form that mail is sent to: a name and a host of plain ASCII, without quotes,
// comments, brackets and line ends. It returns Malformed, naming the field, for anything else.
func CleanAddress(field, s string) (string, error) {
	s = strings.TrimSpace(s)
	local, host, _ := strings.Cut(s, "@")
	bad := Errorf(Malformed, "%s: %.80q is not an address that mail can be sent to", field, s)
	if len(s) > maxAddress || local == "" || len(local) > 64 || !isHostName(host) {
		return "", bad
	}
	for _, r := range local {
		if !isAlphanumeric(r) && !strings.ContainsRune(".!#$%&'*+/=?^_`{|}~-", r) {
			return "", bad
		}
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return "", bad
	}
	return local + "@" + strings.ToLower(host), nil
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// isHostName reports whether a name is labels of letters, digits and hyphens, two at least.
func isHostName(host string) bool {
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, r := range l {
			if !isAlphanumeric(r) && r != '-' {
				return false
			}
		}
	}
	return len(labels) > 1
}

// MailLocale is the language of mails for somebody whose locale this is.
func MailLocale(locale string) string {
	if strings.HasPrefix(strings.ToLower(locale), "en") {
		return "en"
	}
	if locale == "" || strings.HasPrefix(strings.ToLower(locale), "zh") {
		return "zh"
	}
	return "en"
}

// ErrNoMail is what a feature answers that needs mail, where none is set up.
var ErrNoMail = &Error{Code: Conflict, Name: "mail_not_configured", Message: "no mail is sent here: the operator must set smtp.host first"}

// MessageID is the id of the mail for mail programs, the same for every attempt.
func (m *Mail) MessageID(host string) string { return fmt.Sprintf("%s@%s", m.ID, host) }
