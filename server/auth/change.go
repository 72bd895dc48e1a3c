package auth

import (
	"context"
	"errors"

	"github.com/uniqchat/uniqchat/chat"
)

var (
	errNotYours = &chat.Error{Code: chat.Forbidden, Name: "wrong_password", Message: "the current password is wrong"}
	errRaced    = &chat.Error{Code: chat.Conflict, Name: "password_changed", Message: "the password was changed by somebody else just now"}
	errSame     = &chat.Error{Code: chat.Malformed, Name: "password_same", Message: "the new password is the old one"}
)

// ChangePassword replaces the caller's password and ends everything that was issued to the caller before, on every node. The
// tokens that it returns are of a new log-in.
func (s *Service) ChangePassword(ctx context.Context, c Credential, current, next string) (Tokens, error) {
	a, err := s.own(ctx, c, current)
	if err != nil {
		return Tokens{}, err
	}
	if next == current {
		return Tokens{}, errSame
	}
	hash, err := s.HashPassword(ctx, next)
	if err != nil {
		return Tokens{}, err
	}
	old := a.PasswordHash
	a.PasswordHash = hash
	a.EndTokens(s.cfg.Now())
	swapped, err := s.cfg.Store.SetPassword(ctx, a.Tenant, a.ID, old, hash, a.TokensAfter)
	if err != nil {
		return Tokens{}, err
	}
	if !swapped {
		return Tokens{}, errRaced
	}
	if err := s.Revoked(ctx, a.Tenant, a.ID); err != nil {
		return Tokens{}, err
	}
	return s.issue(ctx, &a, newFamily(), a.TokensAfter, nil)
}

// own returns the caller's account if the caller knows its password, too. Somebody who found a screen unlocked, or a token,
// gets few guesses.
func (s *Service) own(ctx context.Context, c Credential, password string) (chat.Agent, error) {
	if c.Actor.Role != chat.RoleAgent {
		return chat.Agent{}, &chat.Error{Code: chat.Forbidden, Name: "role_not_allowed", Message: "only an agent has a password"}
	}
	what := attemptOf("own", c.Actor.Tenant.String(), c.Actor.User.String())
	if err := s.attemptsLeft(ctx, what, ownMost); err != nil {
		return chat.Agent{}, err
	}
	a, err := s.cfg.Store.Agent(ctx, c.Actor.Tenant, chat.AgentID(c.Actor.User))
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return chat.Agent{}, errRevoked
	}
	if err != nil {
		return chat.Agent{}, err
	}
	ok, err := s.hasher.matches(ctx, password, a.PasswordHash)
	if err != nil {
		return chat.Agent{}, err
	}
	if !ok {
		if _, err := s.cfg.Store.CountAttempt(ctx, what, s.cfg.Now(), loginWindow); err != nil {
			return chat.Agent{}, err
		}
		if err := s.failed(ctx, &a, "password"); err != nil {
			return chat.Agent{}, err
		}
		return chat.Agent{}, errNotYours
	}
	return a, nil
}

// upgrade hashes a password that was just proven anew, if its hash is of another cost than today's. That it may fail costs
// nothing: the next log-in tries again.
func (s *Service) upgrade(ctx context.Context, a *chat.Agent, password string) {
	if !s.hasher.outdated(a.PasswordHash) {
		return
	}
	hash, err := s.hasher.hash(ctx, password)
	if err == nil {
		_, err = s.cfg.Store.SetPassword(ctx, a.Tenant, a.ID, a.PasswordHash, hash, a.TokensAfter)
	}
	if err != nil {
		s.cfg.Logger.Warn("a password could not be hashed anew", "err", err)
	}
}
