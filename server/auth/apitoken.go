package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// tokenPrefix is what every API token starts with, so that one which leaked is recognised for what it is.
const tokenPrefix = "uq_"

// tokenLength is an API token's: the prefix and 256 random bits in hexadecimal.
const tokenLength = len(tokenPrefix) + 64

// usedEvery is how often at most a token's last use is written.
const usedEvery = time.Minute

// NewAPIToken makes t a token of its own: its id, hash and hint. The token itself is told here and never again.
func NewAPIToken(t *chat.APIToken) (token string) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // crypto/rand never fails: it ends the process instead
	token = tokenPrefix + hex.EncodeToString(secret[:])
	t.ID, t.Hash = chat.NewID[chat.APIToken](), sha256.Sum256([]byte(token))
	t.Hint = token[:len(tokenPrefix)+4] + "…" + token[len(token)-4:]
	return token
}

// isAPIToken reports whether a credential is an API token, to go by its looks. No JWT starts like one.
func isAPIToken(token string) bool { return strings.HasPrefix(token, tokenPrefix) }

// verifyAPIToken proves an API token. It costs one look-up in CacheLife.
func (s *Service) verifyAPIToken(ctx context.Context, token string) (Credential, error) {
	if len(token) != tokenLength {
		return Credential{}, errBadToken
	}
	hash := sha256.Sum256([]byte(token))
	t, err := s.apiToken(ctx, hash)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return Credential{}, errBadToken
	}
	if err != nil {
		return Credential{}, err
	}
	now := s.cfg.Now()
	switch {
	case !t.RevokedAt.IsZero(), s.ended.has([16]byte(t.ID)):
		return Credential{}, errRevoked
	case !t.Live(now):
		return Credential{}, errExpired
	}
	s.ended.remember([16]byte(t.ID), member{tenant: t.Tenant, user: chat.UserID(t.ID), role: chat.RoleAPI, hash: hash, issuedMs: t.CreatedAt.UnixMilli()})
	if now.Sub(t.LastUsedAt) >= usedEvery {
		s.noteUse(hash)
	}
	return Credential{
		Family: [16]byte(t.ID), Expires: t.ExpiresAt, Platform: t.Tenant.IsZero(),
		Actor: &chat.Actor{Tenant: t.Tenant, User: chat.UserID(t.ID), Role: chat.RoleAPI, Name: t.Name, Scopes: t.Scopes},
	}, nil
}

// apiToken returns a token as it was at most CacheLife ago.
func (s *Service) apiToken(ctx context.Context, hash [32]byte) (chat.APIToken, error) {
	return cached(ctx, s, s.tokens, hash, func(ctx context.Context) (chat.APIToken, error) { return s.cfg.Store.APIToken(ctx, hash) })
}

// noteUse has a token's use written by the next poll.
func (s *Service) noteUse(hash [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.used) < cacheMost {
		s.used[hash] = struct{}{}
	}
}

// writeUses writes which tokens were used. What can't be written is forgotten: it is told to about a minute anyway.
func (s *Service) writeUses(ctx context.Context) error {
	s.mu.Lock()
	hashes := make([][32]byte, 0, len(s.used))
	for h := range s.used {
		hashes = append(hashes, h)
	}
	clear(s.used)
	s.mu.Unlock()
	if len(hashes) == 0 {
		return nil
	}
	return s.cfg.Store.APITokensUsed(ctx, s.cfg.Now(), hashes...)
}

// tokenEnded reports whether an API token that was let in may not be used any more.
func (s *Service) tokenEnded(ctx context.Context, hash [32]byte) (bool, error) {
	t, err := s.cfg.Store.APIToken(ctx, hash)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return true, nil
	}
	return err == nil && !t.Live(s.cfg.Now()), err
}

// RevokeAPIToken ends a token and the connections that it opened, on every node.
func (s *Service) RevokeAPIToken(ctx context.Context, tenant chat.TenantID, id chat.APITokenID) error {
	if err := s.cfg.Store.RevokeAPIToken(ctx, tenant, id, s.cfg.Now()); err != nil {
		return err
	}
	s.endFamily([16]byte(id), s.cfg.Now().Add(s.memory()))
	return s.tellRevoked(ctx, member{tenant: tenant, user: chat.UserID(id), role: chat.RoleAPI}, id[:])
}
