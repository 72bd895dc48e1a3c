package auth

import (
	"context"
	"fmt"
	"strings"
	"time"
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
	takes  time.Duration
}

// evenFor is how many comparisons a refused log-in takes at least: one address may be in several tenants, each of which costs
// one, and hashes of an older cost take another time. Nobody should learn of either.
const evenFor = 5

func newHasher(p *argon2id.Params, atOnce int) (*hasher, error) {
	began := time.Now()
	dummy, err := argon2id.CreateHash("nobody has this password", p)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return &hasher{params: p, slots: make(chan struct{}, atOnce), dummy: dummy, takes: min(time.Since(began), time.Second)}, nil
}

// even waits until a refusal has taken as long as any.
func (h *hasher) even(ctx context.Context, began time.Time) {
	wait := time.NewTimer(evenFor*h.takes - time.Since(began))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// hash hashes a password, whatever it is.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer func() { <-h.slots }()
	return argon2id.CreateHash(password, h.params)
}

// outdated reports whether a hash is of another cost than what is made today.
func (h *hasher) outdated(hash string) bool {
	p, _, _, err := argon2id.DecodeHash(hash)
	return err == nil && (p.Memory != h.params.Memory || p.Iterations != h.params.Iterations || p.Parallelism != h.params.Parallelism ||
		p.KeyLength != h.params.KeyLength || p.SaltLength != h.params.SaltLength)
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
	return s.hasher.hash(ctx, password)
}

// CheckPassword returns Malformed for a password that can't be taken.
func CheckPassword(password string) error {
	switch {
	case len(password) < minPassword:
		return &chat.Error{Code: chat.Malformed, Name: "password_too_short", Message: fmt.Sprintf("a password needs at least %d characters", minPassword)}
	case len(password) > maxPassword:
		return &chat.Error{Code: chat.Malformed, Name: "password_too_long", Message: fmt.Sprintf("a password has at most %d bytes", maxPassword)}
	case isCommon(password):
		return &chat.Error{Code: chat.Malformed, Name: "password_common", Message: "this password is among the first that anyone tries; take another"}
	case !utf8.ValidString(password):
		return &chat.Error{Code: chat.Malformed, Name: "password_invalid", Message: "a password must be UTF-8"}
	}
	return nil
}

// isCommon reports whether a password is one that everybody has, or one character again and again (NIST SP 800-63B 5.1.1.2).
func isCommon(password string) bool {
	return common[strings.ToLower(password)] || strings.Count(password, password[:1]) == len(password)
}

// common are the passwords of installation guides and of the tops of leaked lists, as far as they are long enough.
var common = func() map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(`password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword mypassword 12345678 123456789
		1234567890 12345678910 0123456789 87654321 987654321 0987654321 123123123 12341234 11223344 112233445566 123456abc abc12345 abcd1234 a1234567
		a12345678 a123456789 qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwer1234 asdf1234 asdfghjk asdfghjkl zxcvbnm1 zxcvbnm123 1q2w3e4r
		1q2w3e4r5t 1qaz2wsx q1w2e3r4 iloveyou iloveyou1 sunshine princess football baseball superman trustno1 starwars whatever dragon123 monkey123
		letmein1 letmein123 welcome1 welcome123 changeme changeme1 changeme123 changeit changethis default1 default123 secret123 supersecret
		administrator adminadmin admin123 admin1234 admin12345 admin@123 root1234 rootroot toor1234 test1234 testtest demo1234 demodemo guest123
		user1234 uniqchat uniqchat1 uniqchat123 5201314520 woaini520 woaini1314 woaini123 postgres redis123`) {
		set[w] = true
	}
	return set
}()
