package auth

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/uniqchat/uniqchat/chat"
)

// maxToken is how long a token may be in bytes: a visitor token with the largest profile fits.
const maxToken = 12 << 10

// claims is what our own tokens say (RFC 7519). Times are seconds since the epoch, except IssuedMs.
type claims struct {
	Tenant  chat.TenantID `json:"tid"`
	Subject chat.UserID   `json:"sub"`
	Role    string        `json:"role"` // visitor or agent
	Issued  int64         `json:"iat"`
	Expires int64         `json:"exp"`
	// IssuedMs is iat in milliseconds, so that a token issued right after a password change is told from one before it. An
	// agent's is when the account was read that it stands on.
	IssuedMs int64 `json:"ims"`

	Family string `json:"fam,omitempty"` // agent: the log-in, hexadecimal

	SiteKey    string          `json:"sk,omitempty"` // visitor: where it came from, and who it is
	ExternalID string          `json:"xid,omitempty"`
	Verified   bool            `json:"ver,omitempty"`
	Proof      string          `json:"prf,omitempty"` // with Verified: see proofOf
	Name       string          `json:"name,omitempty"`
	Email      string          `json:"email,omitempty"`
	Locale     string          `json:"loc,omitempty"`
	Attributes json.RawMessage `json:"attr,omitempty"`
	Print      chat.Print      `json:"fp,omitempty"`
}

func numeric(sec int64) (*jwt.NumericDate, error) { return jwt.NewNumericDate(time.Unix(sec, 0)), nil }

// GetExpirationTime and the other getters make claims a jwt.Claims.
func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return numeric(c.Expires) }

// GetIssuedAt returns iat.
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error) { return numeric(c.Issued) }

// GetNotBefore returns nil: our tokens are valid at once.
func (c *claims) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }

// GetIssuer returns nothing: the key says who issued it.
func (c *claims) GetIssuer() (string, error) { return "", nil }

// GetSubject returns the user's id.
func (c *claims) GetSubject() (string, error) { return c.Subject.String(), nil }

// GetAudience returns nothing.
func (c *claims) GetAudience() (jwt.ClaimStrings, error) { return nil, nil }

// sign makes a token of c, valid for life from now on. It counts as issued at c.IssuedMs, if that is set.
func (s *Service) sign(c *claims, life time.Duration) (token string, expires time.Time, err error) {
	now := s.cfg.Now()
	expires = now.Add(life).UTC().Truncate(time.Second)
	c.Issued, c.Expires = now.Unix(), expires.Unix()
	if c.IssuedMs == 0 {
		c.IssuedMs = now.UnixMilli()
	}
	key := s.keys.keys.Load().newest
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	t.Header["kid"] = key.ID
	token, err = t.SignedString(key.Secret)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	return token, expires, nil
}

var (
	errBadToken     = &chat.Error{Code: chat.Unauthenticated, Name: "token_invalid", Message: "the token is not valid"}
	errExpired      = &chat.Error{Code: chat.Unauthenticated, Name: "token_expired", Message: "the token has expired"}
	errRevoked      = &chat.Error{Code: chat.Unauthenticated, Name: "token_revoked", Message: "the token was revoked; log in again"}
	errNoCredential = &chat.Error{Code: chat.Unauthenticated, Name: "credential_missing", Message: "this needs a credential: a Bearer token in Authorization, or X-API-Token"}
)

// parse verifies a token's signature and times. It does not ask whether it was revoked.
func (s *Service) parse(ctx context.Context, token string) (*claims, error) {
	if token == "" {
		return nil, errNoCredential
	}
	if len(token) > maxToken {
		return nil, errBadToken
	}
	var storage error // a key that can't be looked up is no proof that the token is bad
	c := new(claims)
	_, err := s.parser.ParseWithClaims(token, c, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		secret, err := s.keys.secret(ctx, id)
		if err != nil && !errors.Is(err, errNoKey) {
			storage = err
		}
		return secret, err
	})
	switch {
	case err == nil:
		return c, nil
	case storage != nil:
		return nil, storage
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, errExpired
	default:
		return nil, errBadToken
	}
}

func (c *claims) family() (f [16]byte) {
	if len(c.Family) == 32 {
		_, _ = hex.Decode(f[:], []byte(c.Family)) // signed by us: it is hexadecimal
	}
	return f
}

// profile returns the visitor that a visitor's token describes.
func (c *claims) profile() *chat.Visitor {
	return &chat.Visitor{
		ID: chat.VisitorID(c.Subject), Tenant: c.Tenant, ExternalID: c.ExternalID, Verified: c.Verified,
		Name: c.Name, Email: c.Email, Locale: c.Locale, Attributes: c.Attributes,
	}
}
