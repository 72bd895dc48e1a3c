package auth

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Guessing is bounded three times: by address in each node's memory (package api), and here, over all nodes, by account.
// The bound of an account must not lock its owner out while somebody else guesses, so it does not hold for addresses from
// which the account was logged in to lately: those have only the bound of their address. It counts names that nobody has in
// the same way, so it tells nothing.
const (
	loginMost    = 100 // wrong passwords of one name from anywhere
	loginWindow  = 15 * time.Minute
	knownFor     = 30 * 24 * time.Hour // an address counts as the owner's after a log-in
	ownMost      = 10                  // wrong passwords of somebody who is logged in
	codeMost     = 20                  // wrong codes of an account
	codeWindow   = 15 * time.Minute
	perChallenge = 5 // wrong codes for one log-in
)

// attemptOf names what is counted.
func attemptOf(what ...string) [32]byte { return sha256.Sum256([]byte(strings.Join(what, "\x00"))) }

// attemptsLeft returns TooMany if something was tried most times.
func (s *Service) attemptsLeft(ctx context.Context, what [32]byte, most int) error {
	now := s.cfg.Now()
	n, until, err := s.cfg.Store.Attempts(ctx, what, now)
	if err != nil || n < most {
		return err
	}
	return tooManyTries(until.Sub(now))
}

func tooManyTries(wait time.Duration) error {
	return &chat.Error{Code: chat.TooMany, Name: "too_many_attempts", Message: "too many wrong attempts; try again later", RetryAfter: max(wait, time.Second)}
}

// mayTry returns TooMany if an account was guessed at too often, unless from is known to be its owner's.
func (s *Service) mayTry(ctx context.Context, email, from string) error {
	slow := s.attemptsLeft(ctx, attemptOf("login", email), loginMost)
	if slow == nil || chat.CodeOf(slow) != chat.TooMany || from == "" {
		return slow
	}
	known, _, err := s.cfg.Store.Attempts(ctx, attemptOf("known", email, from), s.cfg.Now())
	if err != nil {
		return err
	}
	if known > 0 {
		return nil
	}
	return slow
}

// wasRight notes that from is the owner's of an account.
func (s *Service) wasRight(ctx context.Context, email, from string) error {
	if from == "" {
		return nil
	}
	what := attemptOf("known", email, from)
	now := s.cfg.Now()
	n, until, err := s.cfg.Store.Attempts(ctx, what, now)
	if err != nil || n > 0 && until.Sub(now) > knownFor/2 {
		return err
	}
	if err := s.cfg.Store.ForgetAttempts(ctx, what); err != nil { // the window begins anew
		return err
	}
	_, err = s.cfg.Store.CountAttempt(ctx, what, now, knownFor)
	return err
}
