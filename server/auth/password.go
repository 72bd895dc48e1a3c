package auth

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/uniqchat/uniqchat/chat"
)

// UnusableHash is the password hash of an account that nobody can log in to with a password.
const UnusableHash = "!"

// Passwords are 8 to 256 bytes: short ones are guessed, long ones only cost time (NIST SP 800-63B 5.1.1).
const (
	minPassword = 8
	maxPassword = 256
)

// hasher hashes passwords with argon2id (RFC 9106), a bounded number at a time, because each takes tens of megabytes.
// Safe for concurrent use.
type hasher struct {
	params *argon2id.Params
	slots  chan struct{}
	dummy  string // compared with when there is no account, so that the answer takes as long
}

func newHasher(p *argon2id.Params, atOnce int) (*hasher, error) {
	dummy, err := argon2id.CreateHash("nobody has this password", p)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return &hasher{params: p, slots: make(chan struct{}, atOnce), dummy: dummy}, nil
}

func (h *hasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &chat.Error{Code: chat.Busy, Message: "too many log-ins at once; try again"}
	}
}

// matches compares a password with a hash; an unusable or empty hash matches nothing and costs the same.
func (h *hasher) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer func() { <-h.slots }()
	usable := hash != "" && hash != UnusableHash && len(password) <= maxPassword
	if !usable {
		hash = h.dummy
	}
	ok, err := argon2id.ComparePasswordAndHash(shorten(password, maxPassword), hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok && usable, nil
}

// HashPassword checks a new password and returns its hash in the PHC string format.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	if err := s.hasher.enter(ctx); err != nil {
		return "", err
	}
	defer func() { <-s.hasher.slots }()
	return argon2id.CreateHash(password, s.hasher.params)
}

// CheckPassword returns Malformed for a password that can't be taken.
func CheckPassword(password string) error {
	switch {
	case len(password) < minPassword:
		return &chat.Error{Code: chat.Malformed, Name: "password_too_short", Message: fmt.Sprintf("a password needs at least %d characters", minPassword)}
	case len(password) > maxPassword:
		return &chat.Error{Code: chat.Malformed, Name: "password_too_long", Message: fmt.Sprintf("a password has at most %d bytes", maxPassword)}
	case !utf8.ValidString(password):
		return &chat.Error{Code: chat.Malformed, Name: "password_invalid", Message: "a password must be UTF-8"}
	}
	return nil
}
