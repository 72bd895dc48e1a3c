package auth

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// mailLinkPrefix is what the token of every link in a mail starts with. No other credential does.
const mailLinkPrefix = "uqm_"

// mailLinkLength is such a token's: the prefix, and 256 bits in base64url.
const mailLinkLength = len(mailLinkPrefix) + 43

// How long links work.
const (
	InviteLife = 7 * 24 * time.Hour
	ResetLife  = time.Hour
)

// resetsMost is how many resets of one address are sent in resetWindow: who asks for somebody else's does not fill a mailbox.
const (
	resetsMost  = 3
	resetWindow = time.Hour
)

var errDeadLink = &chat.Error{Code: chat.Unauthenticated, Name: "link_invalid", Message: "the link is not valid (any more); ask for another"}

// IsMailLink reports whether a credential is a token of a link in a mail, to go by its looks.
func IsMailLink(token string) bool { return strings.HasPrefix(token, mailLinkPrefix) }

// NewMailLink returns a link for an agent, and its token.
func (s *Service) NewMailLink(p chat.LinkPurpose, tenant chat.TenantID, agent chat.AgentID, life time.Duration) (l chat.MailLink, token string, err error) {
	key := s.keys.keys.Load().newest
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	l = chat.MailLink{
		ID: chat.NewID[chat.MailLink](), Tenant: tenant, Agent: agent, Purpose: p, Key: key.ID, CreatedAt: now, ExpiresAt: now.Add(life),
	}
	if token, err = mailToken(key.Secret, &l); err != nil {
		return l, "", err
	}
	l.Hash = sha256.Sum256([]byte(token))
	return l, token, nil
}

// MailLinkToken makes a link's token anew. Unauthenticated if the link has ended, or its key is gone.
func (s *Service) MailLinkToken(ctx context.Context, l *chat.MailLink) (string, error) {
	if !l.UsedAt.IsZero() || !s.cfg.Now().Before(l.ExpiresAt) {
		return "", errDeadLink
	}
	secret, err := s.keys.secret(ctx, l.Key)
	if errors.Is(err, errNoKey) {
		return "", errDeadLink
	}
	if err != nil {
		return "", err
	}
	return mailToken(secret, l)
}

// mailToken is a MAC of what the link is, under a key that is for nothing else. Whoever reads the links' table has only its hash.
func mailToken(secret []byte, l *chat.MailLink) (string, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "uniqchat mail link "+l.Key, sha256.Size)
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, key)
	for _, id := range [][16]byte{l.ID, l.Tenant, l.Agent} {
		h.Write(id[:])
	}
	h.Write([]byte(l.Purpose))
	return mailLinkPrefix + base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// CheckMailLink returns the link of a token. Unauthenticated if it proves nothing, or no more.
func (s *Service) CheckMailLink(ctx context.Context, token string, p chat.LinkPurpose) (chat.MailLink, error) {
	if len(token) != mailLinkLength || !IsMailLink(token) {
		return chat.MailLink{}, errDeadLink
	}
	l, err := s.cfg.Store.MailLink(ctx, sha256.Sum256([]byte(token)))
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return l, errDeadLink
	}
	if err != nil {
		return l, err
	}
	if l.Purpose != p || !l.UsedAt.IsZero() || !s.cfg.Now().Before(l.ExpiresAt) {
		return chat.MailLink{}, errDeadLink
	}
	return l, nil
}

// SpendMailLink sets a password with a link's token, and ends everything that was issued to the agent before, on every node.
func (s *Service) SpendMailLink(ctx context.Context, l *chat.MailLink, password string) error {
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	a, err := s.cfg.Store.Agent(ctx, l.Tenant, l.Agent)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return errDeadLink
	}
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	a.EndTokens(now)
	spent, err := s.cfg.Store.SpendMailLink(ctx, l.Hash, now, hash, a.TokensAfter)
	if err != nil {
		return err
	}
	if !spent {
		return errDeadLink
	}
	return s.Revoked(ctx, l.Tenant, l.Agent)
}

// MailResets makes links and mails for the accounts of an address: none if there is none, or if too many were asked for.
func (s *Service) MailResets(ctx context.Context, r *chat.MailRequest) (links []chat.MailLink, mails []chat.Mail, err error) {
	accounts, err := s.accounts(ctx, r.Email, r.Slug)
	if err != nil || len(accounts) == 0 {
		return nil, nil, err
	}
	n, err := s.cfg.Store.CountAttempt(ctx, attemptOf("mail reset", r.Email), s.cfg.Now(), resetWindow)
	if err != nil || n > resetsMost {
		return nil, nil, err
	}
	for i := range accounts {
		a := &accounts[i]
		to, err := chat.CleanAddress("email", a.Email)
		if err != nil {
			continue // nothing can be sent there
		}
		l, _, err := s.NewMailLink(chat.LinkReset, a.Tenant, a.ID, ResetLife)
		if err != nil {
			return nil, nil, err
		}
		links = append(links, l)
		mails = append(mails, chat.Mail{
			ID: chat.NewID[chat.Mail](), Tenant: a.Tenant, Kind: chat.MailReset, To: to, Locale: r.Locale, Link: l.ID, CreatedAt: l.CreatedAt, DueAt: l.CreatedAt,
		})
	}
	return links, mails, nil
}
