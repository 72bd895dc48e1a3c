package chat

import (
	"context"
	"time"
)

// APITokenID names an API token; it is also the user that acts with it.
type APITokenID = ID[APIToken]

// APIToken lets a program act for a tenant, or, if it is of no tenant, for the platform: it may manage tenants then, and
// nothing inside of one. Only its hash is stored.
type APIToken struct {
	ID     APITokenID
	Tenant TenantID // zero: the platform's
	Hash   [32]byte // SHA-256 of the token: it has 256 random bits, so nothing slower is needed
	Name   string
	Hint   string // its first and last characters, to tell it from others
	Scopes Scopes
	// CreatedBy is the agent that made it; zero: the command line.
	CreatedBy  AgentID
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	LastUsedAt time.Time // to about a minute; zero: never
	RevokedAt  time.Time // zero: it was not
}

// Live reports whether the token may be used at now.
func (t *APIToken) Live(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// APITokens keeps API tokens. A tenant of zero is the platform.
type APITokens interface {
	SaveAPIToken(ctx context.Context, t APIToken) error // inserts
	// APIToken finds a token by its hash, ended ones too.
	APIToken(ctx context.Context, hash [32]byte) (APIToken, error)
	// APITokens lists the tokens that were not revoked, oldest first; next is empty at the end.
	APITokens(ctx context.Context, tenant TenantID, cursor string, limit int) (page []APIToken, next string, err error)
	// RevokeAPIToken ends a token, and lists it among EndedFamilies under its id. NotFound if there is no such live one.
	RevokeAPIToken(ctx context.Context, tenant TenantID, id APITokenID, now time.Time) error
	// APITokensUsed notes that tokens, by their hashes, were used.
	APITokensUsed(ctx context.Context, at time.Time, hashes ...[32]byte) error
}

// SecondFactor is an agent's second factor: codes of an authenticator app (RFC 6238, SHA-1, six digits, 30 s).
type SecondFactor struct {
	Tenant      TenantID
	Agent       AgentID
	Secret      string // base32
	CreatedAt   time.Time
	ConfirmedAt time.Time // zero: it does not count yet
	LastStep    int64     // the step of the last code that was taken: it and those before are spent
}

// SecondFactors keeps second factors and the recovery codes beside them, of which only hashes are stored.
type SecondFactors interface {
	SecondFactor(ctx context.Context, tenant TenantID, agent AgentID) (SecondFactor, error)
	// SaveSecondFactor inserts or replaces it and all of its recovery codes.
	SaveSecondFactor(ctx context.Context, f SecondFactor, recovery ...[32]byte) error
	// DeleteSecondFactor removes both. None is no error.
	DeleteSecondFactor(ctx context.Context, tenant TenantID, agent AgentID) error
	// SpendStep takes a step of a secret, and reports whether it was still to be had: each is, once, and none before it afterwards.
	SpendStep(ctx context.Context, tenant TenantID, agent AgentID, secret string, step int64) (bool, error)
	// SpendRecoveryCode takes a recovery code, and reports whether there was one.
	SpendRecoveryCode(ctx context.Context, tenant TenantID, agent AgentID, hash [32]byte) (bool, error)
	// RecoveryCodes returns how many are left.
	RecoveryCodes(ctx context.Context, tenant TenantID, agent AgentID) (int, error)
}

// Attempts counts what must not be tried often, for all nodes. What is counted is named by a hash: no name of anybody.
type Attempts interface {
	// CountAttempt counts one, and returns how many there were in this window, which began with the first.
	CountAttempt(ctx context.Context, what [32]byte, now time.Time, window time.Duration) (int, error)
	// Attempts returns how many there were in the window at now, and when it ends.
	Attempts(ctx context.Context, what [32]byte, now time.Time) (n int, until time.Time, err error)
	ForgetAttempts(ctx context.Context, what [32]byte) error
}
