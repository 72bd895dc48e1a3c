package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Tokens is what a log-in gives.
type Tokens struct {
	Access    string
	Refresh   string
	ExpiresIn time.Duration // of the access token
	Agent     chat.Agent
}

var (
	errWrongPassword  = &chat.Error{Code: chat.Unauthenticated, Name: "wrong_password", Message: "the e-mail address or password is wrong"}
	errTenantRequired = &chat.Error{Code: chat.Conflict, Name: "tenant_required", Message: "this address belongs to several tenants; say which: tenant"}
	errBadRefresh     = &chat.Error{Code: chat.Unauthenticated, Name: "refresh_invalid", Message: "the refresh token is not valid; log in again"}
)

// maxAccounts bounds how many accounts of one address are tried: each costs a hash.
const maxAccounts = 8

// LoginRequest is what somebody says who wants to log in.
type LoginRequest struct {
	Email    string
	Password string
	// Tenant is its slug. It may be empty.
	Tenant string
	// From is the address, or the network, that the request came from. Empty: unknown.
	From string
}

// Login proves an agent by password. An address that is in several tenants answers Conflict "tenant_required" if r names
// none, but only to somebody who knows a password. An account with a second factor answers a *ChallengeError, to the same.
// An unknown address costs as much time as a wrong password, and is told the same.
func (s *Service) Login(ctx context.Context, r LoginRequest) (Tokens, error) {
	began, seen := time.Now(), s.cfg.Now()
	email := NormalEmail(r.Email)
	if err := s.mayTry(ctx, email, r.From); err != nil {
		return Tokens{}, err
	}
	accounts, err := s.accounts(ctx, email, r.Tenant)
	if err != nil {
		return Tokens{}, err
	}
	right, err := s.rightOne(ctx, accounts, r.Password)
	if err != nil {
		return Tokens{}, err
	}
	if right == nil {
		if _, err := s.cfg.Store.CountAttempt(ctx, attemptOf("login", email), s.cfg.Now(), loginWindow); err != nil {
			return Tokens{}, err
		}
		for i := range accounts {
			if err := s.failed(ctx, &accounts[i], "password"); err != nil {
				return Tokens{}, err
			}
		}
		s.hasher.even(ctx, began)
		return Tokens{}, errWrongPassword
	}
	if len(accounts) > 1 {
		return Tokens{}, errTenantRequired
	}
	if err := s.wasRight(ctx, email, r.From); err != nil {
		return Tokens{}, err
	}
	s.upgrade(ctx, right, r.Password)
	if err := s.challenge(ctx, right, seen); err != nil {
		return Tokens{}, err
	}
	return s.issue(ctx, right, newFamily(), seen, nil)
}

// failed has the audit log tell that somebody could not prove to be an agent. How often that may be is bounded by attempts; addresses
// of nobody are not told of, or anybody could make the log grow.
func (s *Service) failed(ctx context.Context, a *chat.Agent, proof string) error {
	return s.cfg.Store.Audit(ctx, a.Tenant, chat.AuditNote{
		Action: "auth.failed", TargetKind: "agent", TargetID: a.ID.String(), TargetName: a.Email, Outcome: chat.OutcomeFailed,
		Details: []byte(`{"proof":"` + proof + `"}`),
	})
}

// rightOne returns the account that a password is of, or nil. No account costs as much as one.
func (s *Service) rightOne(ctx context.Context, accounts []chat.Agent, password string) (right *chat.Agent, err error) {
	for i := range accounts {
		ok, err := s.hasher.matches(ctx, password, accounts[i].PasswordHash)
		if err != nil {
			return nil, err
		}
		if ok {
			right = &accounts[i]
		}
	}
	if len(accounts) == 0 {
		_, err = s.hasher.matches(ctx, password, "")
	}
	return right, err
}

// accounts returns the accounts of an address that may log in.
func (s *Service) accounts(ctx context.Context, email, slug string) ([]chat.Agent, error) {
	found, err := s.cfg.Store.AgentsByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	var tenant chat.TenantID
	if slug != "" {
		t, err := s.cfg.Store.TenantBySlug(ctx, strings.ToLower(slug))
		if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		tenant = t.ID
	}
	kept := found[:0]
	for _, a := range found {
		if !a.Disabled && (slug == "" || a.Tenant == tenant) && len(kept) < maxAccounts {
			kept = append(kept, a)
		}
	}
	return kept, nil
}

// issue gives an agent the next tokens of a log-in. They count as issued at seen, which was before the account was read: a
// password change or a lock since then ends them, however long the hash took. taken is what they are exchanged for; nil: a log-in.
func (s *Service) issue(ctx context.Context, a *chat.Agent, family [16]byte, seen time.Time, taken *chat.RefreshToken) (Tokens, error) {
	access, _, err := s.sign(&claims{
		Tenant: a.Tenant, Subject: chat.UserID(a.ID), Role: "agent", Family: hex.EncodeToString(family[:]), IssuedMs: seen.UnixMilli(),
	}, s.cfg.AccessLife)
	if err != nil {
		return Tokens{}, err
	}
	var opaque [32]byte
	_, _ = rand.Read(opaque[:])
	refresh := base64.RawURLEncoding.EncodeToString(opaque[:])
	now := s.cfg.Now().UTC()
	row := chat.RefreshToken{
		Hash: sha256.Sum256([]byte(refresh)), Family: family, Tenant: a.Tenant, Agent: a.ID,
		IssuedAt: seen.UTC(), ExpiresAt: now.Add(s.cfg.RefreshLife),
	}
	if taken == nil {
		err = s.cfg.Store.SaveRefreshToken(ctx, row)
	} else {
		err = s.cfg.Store.GiveRefreshToken(ctx, *taken, row)
	}
	if err != nil {
		return Tokens{}, err
	}
	s.ended.remember(family, member{tenant: a.Tenant, user: chat.UserID(a.ID), role: chat.RoleAgent, issuedMs: seen.UnixMilli()})
	return Tokens{Access: access, Refresh: refresh, ExpiresIn: s.cfg.AccessLife, Agent: *a}, nil
}

// Refresh exchanges a refresh token for new tokens. Each works once: one that comes a second time was stolen or replayed,
// and ends its whole log-in (RFC 9700 4.14.2). attempt may be empty. It is what the client made up for this exchange: who did not
// get the answer asks again with the same, see chat.Credentials.
func (s *Service) Refresh(ctx context.Context, token, attempt string) (Tokens, error) {
	if token == "" || len(token) > 128 {
		return Tokens{}, errBadRefresh
	}
	seen := s.cfg.Now()
	var by [32]byte
	if attempt != "" {
		by = sha256.Sum256([]byte(attempt))
	}
	row, err := s.cfg.Store.TakeRefreshToken(ctx, sha256.Sum256([]byte(token)), by, seen)
	if errors.Is(err, &chat.Error{Code: chat.Unauthenticated}) {
		return Tokens{}, errBadRefresh
	}
	if err != nil {
		return Tokens{}, err
	}
	a, err := s.cfg.Store.Agent(ctx, row.Tenant, row.Agent)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return Tokens{}, errBadRefresh
	}
	if err != nil {
		return Tokens{}, err
	}
	if a.Disabled || s.endedBefore(&a, row.IssuedAt.UnixMilli()) || s.ended.has(row.Family) {
		return Tokens{}, errBadRefresh
	}
	return s.issue(ctx, &a, row.Family, seen, &row)
}

// Logout ends the log-in that a credential belongs to: its tokens and its live connections.
func (s *Service) Logout(ctx context.Context, c Credential) error {
	if c.Family == ([16]byte{}) {
		return nil
	}
	if err := s.cfg.Store.EndRefreshFamily(ctx, c.Family); err != nil {
		return err
	}
	s.endFamily(c.Family, s.cfg.Now().Add(s.memory()))
	return s.tellRevoked(ctx, member{tenant: c.Actor.Tenant, user: c.Actor.User, role: c.Actor.Role}, c.Family[:])
}

// NormalEmail is the form in which addresses are stored and compared.
func NormalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// MintAgent returns an access token of its own for an agent, for scripts and load tests. It belongs to no log-in: only
// disabling the agent or changing its password ends it.
func (s *Service) MintAgent(t chat.TenantID, agent chat.AgentID, life time.Duration) (string, error) {
	token, _, err := s.sign(&claims{Tenant: t, Subject: chat.UserID(agent), Role: "agent"}, life)
	return token, err
}

// MintVisitor returns a token of a visitor that nobody has seen yet, for load tests.
func (s *Service) MintVisitor(k chat.SiteKey, v chat.VisitorID, life time.Duration) (string, error) {
	token, _, err := s.sign(&claims{Tenant: k.Tenant, Subject: chat.UserID(v), Role: "visitor", SiteKey: k.Key}, life)
	return token, err
}
