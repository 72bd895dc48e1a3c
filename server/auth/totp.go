package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/uniqchat/uniqchat/chat"
)

// A second factor is a code of an authenticator app (RFC 6238). A code counts for 30 s, and one step earlier or later for
// clocks that disagree (5.2); each is taken once.
const (
	challengeLife = 5 * time.Minute
	step          = 30 // seconds
	skew          = 1  // steps
	recoveryCodes = 10
)

var (
	errBadChallenge = &chat.Error{Code: chat.Unauthenticated, Name: "challenge_invalid", Message: "the challenge is not valid (any more); log in again"}
	errWrongCode    = &chat.Error{Code: chat.Unauthenticated, Name: "totp_invalid", Message: "the code is wrong or was used already"}
	errNotCode      = &chat.Error{Code: chat.Forbidden, Name: "totp_invalid", Message: "the code is wrong or was used already"}
	errHasFactor    = &chat.Error{Code: chat.Conflict, Name: "totp_enabled", Message: "the second factor is on already; turn it off first"}
	errNoFactor     = &chat.Error{Code: chat.Conflict, Name: "totp_not_enabled", Message: "there is no second factor that this could be for"}
)

// ChallengeError says that the password was right, and that a code is needed with Challenge.
type ChallengeError struct{ Challenge string }

func (e *ChallengeError) Error() string { return "a code of the second factor is needed" }

// Unwrap makes it a failure for people.
func (e *ChallengeError) Unwrap() error {
	return &chat.Error{Code: chat.Unauthenticated, Name: "totp_required", Message: e.Error()}
}

// Enrolment is a second factor that waits to be confirmed.
type Enrolment struct {
	Secret string // base32, to be typed
	URL    string // otpauth://, to be shown as a picture
}

// challenge returns a ChallengeError if the agent, as it was at seen, has a second factor, and otherwise nil. A challenge is
// signed and not stored, so any node can complete it.
func (s *Service) challenge(ctx context.Context, a *chat.Agent, seen time.Time) error {
	f, err := s.cfg.Store.SecondFactor(ctx, a.Tenant, a.ID)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) || err == nil && f.ConfirmedAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	family := newFamily()
	token, _, err := s.sign(&claims{
		Tenant: a.Tenant, Subject: chat.UserID(a.ID), Role: "challenge", Family: hex.EncodeToString(family[:]), IssuedMs: seen.UnixMilli(),
	}, challengeLife)
	if err != nil {
		return err
	}
	return &ChallengeError{token}
}

// CheckChallenge returns Unauthenticated unless a challenge is one that may still be completed, as far as its signature says.
func (s *Service) CheckChallenge(ctx context.Context, challenge string) error {
	_, err := s.parseChallenge(ctx, challenge)
	return err
}

func (s *Service) parseChallenge(ctx context.Context, challenge string) (*claims, error) {
	c, err := s.parse(ctx, challenge)
	switch {
	case err != nil && chat.CodeOf(err) != chat.Unauthenticated:
		return nil, err
	case err != nil, c.Role != "challenge":
		return nil, errBadChallenge
	}
	return c, nil
}

// CompleteChallenge gives the tokens of a log-in whose password was right to who has the code, or a recovery code.
func (s *Service) CompleteChallenge(ctx context.Context, challenge, code string) (Tokens, error) {
	c, err := s.parseChallenge(ctx, challenge)
	if err != nil {
		return Tokens{}, err
	}
	seen := s.cfg.Now()
	a, err := s.cfg.Store.Agent(ctx, c.Tenant, chat.AgentID(c.Subject))
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return Tokens{}, errBadChallenge
	}
	if err != nil {
		return Tokens{}, err
	}
	if a.Disabled || s.endedBefore(&a, c.IssuedMs) {
		return Tokens{}, errBadChallenge
	}
	// Counted before the look, so that many at once are bounded, too.
	n, err := s.cfg.Store.CountAttempt(ctx, attemptOf("challenge", c.Family), s.cfg.Now(), 2*challengeLife)
	if err != nil {
		return Tokens{}, err
	}
	if n > perChallenge {
		return Tokens{}, errBadChallenge
	}
	ok, err := s.tryCode(ctx, &a, code)
	if err != nil {
		return Tokens{}, err
	}
	if !ok {
		if err := s.failed(ctx, &a, "code"); err != nil {
			return Tokens{}, err
		}
		return Tokens{}, errWrongCode
	}
	n, err = s.cfg.Store.CountAttempt(ctx, attemptOf("challenged", c.Family), s.cfg.Now(), 2*challengeLife)
	if err != nil {
		return Tokens{}, err
	}
	if n > 1 { // it has completed its log-in
		return Tokens{}, errBadChallenge
	}
	return s.issue(ctx, &a, newFamily(), seen, nil)
}

// tryCode takes a code or recovery code of an agent, a bounded number of wrong ones.
func (s *Service) tryCode(ctx context.Context, a *chat.Agent, code string) (bool, error) {
	f, err := s.cfg.Store.SecondFactor(ctx, a.Tenant, a.ID)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) || err == nil && f.ConfirmedAt.IsZero() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := s.countCode(ctx, a.Tenant, a.ID); err != nil {
		return false, err
	}
	code = strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
	var ok bool
	if len(code) == 6 {
		var at int64
		if at, err = s.stepOf(f.Secret, code); err == nil && at > 0 {
			ok, err = s.cfg.Store.SpendStep(ctx, a.Tenant, a.ID, f.Secret, at)
		}
	} else {
		ok, err = s.cfg.Store.SpendRecoveryCode(ctx, a.Tenant, a.ID, recoveryHash(a, code))
	}
	if err != nil || !ok {
		return false, err
	}
	return true, s.cfg.Store.ForgetAttempts(ctx, codesOf(a.Tenant, a.ID)) // only the owner can be right
}

// codesOf names the codes that are tried of an account.
func codesOf(t chat.TenantID, id chat.AgentID) [32]byte {
	return attemptOf("code", t.String(), id.String())
}

// countCode counts a code that is about to be tried, so that many at once are bounded, too.
func (s *Service) countCode(ctx context.Context, t chat.TenantID, id chat.AgentID) error {
	n, err := s.cfg.Store.CountAttempt(ctx, codesOf(t, id), s.cfg.Now(), codeWindow)
	if err == nil && n > codeMost {
		err = tooManyTries(codeWindow)
	}
	return err
}

// stepOf returns the step that a code is of, among those that count now; 0 if it is of none.
func (s *Service) stepOf(secret, code string) (found int64, err error) {
	now := s.cfg.Now().Unix() / step
	for at := now - skew; at <= now+skew; at++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(at), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("code of a second factor: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = at
		}
	}
	return found, nil
}

// Enrol makes the caller a second factor that counts once it is confirmed. It needs the password: a found token must not
// be enough to lock its owner out.
func (s *Service) Enrol(ctx context.Context, c Credential, password string) (Enrolment, error) {
	a, err := s.own(ctx, c, password)
	if err != nil {
		return Enrolment{}, err
	}
	f, err := s.cfg.Store.SecondFactor(ctx, a.Tenant, a.ID)
	if err == nil && !f.ConfirmedAt.IsZero() {
		return Enrolment{}, errHasFactor
	}
	if err != nil && !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return Enrolment{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "uniqchat", AccountName: a.Email, Period: step, SecretSize: 20})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make a second factor: %w", err)
	}
	err = s.cfg.Store.SaveSecondFactor(ctx, chat.SecondFactor{Tenant: a.Tenant, Agent: a.ID, Secret: key.Secret(), CreatedAt: s.cfg.Now().UTC()})
	return Enrolment{Secret: key.Secret(), URL: key.URL()}, err
}

// ConfirmEnrolment turns the caller's second factor on, and returns its recovery codes, which are told this once.
func (s *Service) ConfirmEnrolment(ctx context.Context, c Credential, code string) ([]string, error) {
	t, id := c.Actor.Tenant, chat.AgentID(c.Actor.User)
	f, err := s.cfg.Store.SecondFactor(ctx, t, id)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) || err == nil && !f.ConfirmedAt.IsZero() {
		return nil, errNoFactor
	}
	if err != nil {
		return nil, err
	}
	if err := s.countCode(ctx, t, id); err != nil {
		return nil, err
	}
	at, err := s.stepOf(f.Secret, strings.ReplaceAll(code, " ", ""))
	if err != nil {
		return nil, err
	}
	if at == 0 {
		return nil, errNotCode
	}
	ok, err := s.cfg.Store.SpendStep(ctx, t, id, f.Secret, at)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errNotCode
	}
	f.ConfirmedAt, f.LastStep = s.cfg.Now().UTC(), at
	codes, hashes := newRecoveryCodes(&chat.Agent{Tenant: t, ID: id})
	if err := s.cfg.Store.SaveSecondFactor(ctx, f, hashes...); err != nil {
		return nil, err
	}
	return codes, s.cfg.Store.ForgetAttempts(ctx, codesOf(t, id))
}

// EndSecondFactor turns the caller's second factor off. It needs the password and a code.
func (s *Service) EndSecondFactor(ctx context.Context, c Credential, password, code string) error {
	a, err := s.own(ctx, c, password)
	if err != nil {
		return err
	}
	if on, _, err := s.SecondFactor(ctx, c); err != nil || !on {
		if err == nil {
			err = errNoFactor
		}
		return err
	}
	ok, err := s.tryCode(ctx, &a, code)
	if err != nil {
		return err
	}
	if !ok {
		return errNotCode
	}
	return s.cfg.Store.DeleteSecondFactor(ctx, a.Tenant, a.ID)
}

// SecondFactor reports whether the caller's second factor is on, and how many recovery codes are left.
func (s *Service) SecondFactor(ctx context.Context, c Credential) (on bool, left int, err error) {
	t, id := c.Actor.Tenant, chat.AgentID(c.Actor.User)
	f, err := s.cfg.Store.SecondFactor(ctx, t, id)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) || err == nil && f.ConfirmedAt.IsZero() {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	left, err = s.cfg.Store.RecoveryCodes(ctx, t, id)
	return err == nil, left, err
}

// newRecoveryCodes makes codes of 80 random bits, which no one guesses, and their hashes.
func newRecoveryCodes(a *chat.Agent) (codes []string, hashes [][32]byte) {
	for range recoveryCodes {
		var b [10]byte
		_, _ = rand.Read(b[:])
		c := strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:12]+"-"+c[12:])
		hashes = append(hashes, recoveryHash(a, c))
	}
	return codes, hashes
}

// recoveryHash is what is kept of a code: of the same code, another for each agent.
func recoveryHash(a *chat.Agent, code string) [32]byte {
	h := sha256.New()
	h.Write(a.Tenant[:])
	h.Write(a.ID[:])
	h.Write([]byte(code))
	return [32]byte(h.Sum(nil))
}

func newFamily() (family [16]byte) {
	_, _ = rand.Read(family[:])
	return family
}
