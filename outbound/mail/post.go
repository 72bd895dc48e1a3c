package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/uniqchat/uniqchat/chat"
)

// How a connection to the server is protected.
const (
	StartTLS = "starttls" // the server must offer STARTTLS, with a certificate of its name
	Implicit = "implicit" // TLS from the first byte
	None     = "none"     // in the clear
)

// Server is an operator's SMTP server.
type Server struct {
	Host string
	Port int
	TLS  string // StartTLS, Implicit or None
	// Username and Password log in; empty: nobody does.
	Username, Password string
	// From is the sender of every mail, with or without a name: Support <support@x.example>.
	From string
	// Timeout bounds one attempt. Defaults to 30s.
	Timeout time.Duration
	// Roots are whose certificates are believed. Defaults to the system's.
	Roots *x509.CertPool
}

// post writes mails and hands them to the server.
type post struct {
	from    *netmail.Address
	host    string // of Message-ID
	timeout time.Duration
	client  func() (*mail.Client, error)
}

// ParseFrom reads the sender of mails.
func ParseFrom(s string) (*netmail.Address, error) {
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return nil, fmt.Errorf("%.80q is no mail address: %w", s, err)
	}
	if a.Address, err = chat.CleanAddress("from", a.Address); err != nil {
		return nil, err
	}
	a.Name = oneLine(a.Name)
	return a, nil
}

func newPost(s Server) (*post, error) {
	from, err := ParseFrom(s.From)
	if err != nil {
		return nil, err
	}
	p := &post{from: from, timeout: s.Timeout}
	if p.timeout <= 0 {
		p.timeout = 30 * time.Second
	}
	_, p.host, _ = strings.Cut(from.Address, "@")
	options := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(p.timeout), mail.WithHELO(p.host),
		mail.WithTLSConfig(&tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12, RootCAs: s.Roots}),
	}
	switch s.TLS {
	case StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case Implicit:
		options = append(options, mail.WithSSL())
	case None:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("tls %q is none of starttls, implicit and none", s.TLS)
	}
	if s.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.Username), mail.WithPassword(s.Password))
	}
	p.client = func() (*mail.Client, error) { return mail.NewClient(s.Host, options...) }
	_, err = p.client()
	return p, err
}

// write makes a mail. Nothing in it that came from people can become more than text: addresses are plain, and headers are one
// line each.
func (p *post) write(m *chat.Mail, data *chat.MailData) (*mail.Msg, error) {
	to, err := chat.CleanAddress("to", m.To)
	if err != nil {
		return nil, err
	}
	text, err := compose(m.Kind, m.Locale, data)
	if err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(p.from)
	msg.ToMailAddress(&netmail.Address{Address: to})
	if data.ReplyTo != "" {
		reply, err := chat.CleanAddress("reply_to", data.ReplyTo)
		if err != nil {
			return nil, err
		}
		msg.ReplyToMailAddress(&netmail.Address{Address: reply})
	}
	msg.Subject(text.subject)
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetMessageIDWithValue(m.MessageID(p.host))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday answers it
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(mail.TypeTextPlain, text.plain)
	msg.AddAlternativeString(mail.TypeTextHTML, text.html)
	return msg, nil
}

// send hands a mail to the server, on a connection of its own.
func (p *post) send(ctx context.Context, m *mail.Msg) error {
	c, err := p.client()
	if err != nil {
		return err
	}
	return c.DialAndSendWithContext(ctx, m)
}

// logged is an error as it may stand in a log: what was said about a recipient may name it, so only how far it came and the server's code
// do. The list of mails has all of it.
func logged(err error) string {
	var e *mail.SendError
	if !errors.As(err, &e) {
		return err.Error()
	}
	return fmt.Sprintf("%s: %d %s", e.Reason, e.ErrorCode(), e.EnhancedStatusCode())
}

// isRefused reports whether the server said for good that it doesn't take a mail for this recipient, or this mail. That it
// takes nothing at all from us (a wrong password, say) is the operator's to mend: such a mail is tried again.
func isRefused(err error) bool {
	var e *mail.SendError
	return errors.As(err, &e) && !e.IsTemp() && e.ErrorCode() >= 500 &&
		(e.Reason == mail.ErrSMTPRcptTo || e.Reason == mail.ErrSMTPData || e.Reason == mail.ErrSMTPDataClose)
}
