package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/uniqchat/uniqchat/chat"
)

// SessionRequest is what a visitor's page says of its visitor.
type SessionRequest struct {
	SiteKey string
	Origin  string // the page's, as the browser names it; empty if it did not
	// ExternalID is the shop's id of the person. It counts as proven only with IdentityToken or IdentityHMAC.
	ExternalID string
	// IdentityToken is a JWT (HS256) signed with one of the site's secrets: sub or external_id, exp, and any of name, email.
	IdentityToken string
	// IdentityHMAC is the hexadecimal HMAC-SHA256 of ExternalID under one of the site's secrets.
	IdentityHMAC string
	Name         string
	Email        string
	Locale       string
	Attributes   json.RawMessage // a JSON object
	Print        chat.Print      // of the page; 0: the renewed token's, if any
	// Renew is the live visitor token of the same page, proven; nil if there is none.
	Renew *Credential
}

// VisitorSession is a visitor's fresh token.
type VisitorSession struct {
	Site    chat.SiteKey
	Token   string
	Expires time.Time
	Actor   *chat.Actor
	// New is true if the visitor can't have a conversation yet.
	New   bool
	Print chat.Print
}

// Bounds of what a visitor's token carries, in bytes.
const (
	maxName       = 200
	maxEmail      = 320
	maxLocale     = 35
	maxExternalID = 200
	maxAttributes = 4 << 10
	maxIdentity   = 8 << 10
)

var (
	errBadIdentity  = &chat.Error{Code: chat.Unauthenticated, Name: "identity_invalid", Message: "the signature of the identity is wrong"}
	errIdentityTime = &chat.Error{Code: chat.Unauthenticated, Name: "identity_expired", Message: "the identity token has expired or has no exp"}
	errNoSite       = &chat.Error{Code: chat.NotFound, Name: "site_key_unknown", Message: "there is no such site key"}
)

// OpenSession gives a visitor a token. A proven identity is the same visitor on every device; an unproven one is kept as
// a note on a visitor of its own, never merged. Nothing is written.
func (s *Service) OpenSession(ctx context.Context, r *SessionRequest) (VisitorSession, error) {
	if err := r.check(); err != nil {
		return VisitorSession{}, err
	}
	site, err := s.Site(ctx, r.SiteKey, r.Origin)
	if err != nil {
		return VisitorSession{}, err
	}
	v := chat.Visitor{Tenant: site.Tenant}
	isNew, print, proof := true, r.Print, ""
	if r.Renew != nil {
		a := r.Renew.Actor
		if a.Role != chat.RoleVisitor || a.Tenant != site.Tenant {
			return VisitorSession{}, &chat.Error{Code: chat.Forbidden, Name: "token_foreign", Message: "this token is not a visitor's of this site"}
		}
		v, isNew, proof = *a.Profile, false, r.Renew.proof
		if print == 0 {
			print = r.Renew.Print
		}
	}
	if err := s.identify(&v, &isNew, &proof, r, &site); err != nil {
		return VisitorSession{}, err
	}
	if v.Verified && !proven(&site, proof, v.ExternalID) {
		return VisitorSession{}, errRevoked // it was proven to another site
	}
	if v.ID.IsZero() {
		v.ID = chat.NewID[chat.Visitor]()
	}
	if err := s.mayReturn(&v); err != nil {
		return VisitorSession{}, err
	}
	token, expires, err := s.sign(&claims{
		Tenant: v.Tenant, Subject: chat.UserID(v.ID), Role: "visitor", SiteKey: site.Key, ExternalID: v.ExternalID,
		Verified: v.Verified, Proof: proof, Name: v.Name, Email: v.Email, Locale: v.Locale, Attributes: v.Attributes, Print: print,
	}, s.cfg.VisitorLife)
	if err != nil {
		return VisitorSession{}, err
	}
	return VisitorSession{
		Token: token, Expires: expires, New: isNew, Print: print, Site: site,
		Actor: &chat.Actor{Tenant: v.Tenant, User: chat.UserID(v.ID), Role: chat.RoleVisitor, Name: v.Name, Profile: &v},
	}, nil
}

// identify fills in who the visitor is, and what proves it.
func (s *Service) identify(v *chat.Visitor, isNew *bool, proof *string, r *SessionRequest, site *chat.SiteKey) error {
	set(&v.Name, r.Name)
	if !v.Verified || r.IdentityToken != "" || r.IdentityHMAC != "" { // whose address a site has signed, a page can't give another one
		set(&v.Email, NormalEmail(r.Email))
	}
	set(&v.Locale, r.Locale)
	if len(r.Attributes) > 0 {
		v.Attributes = r.Attributes
	}
	external := r.ExternalID
	var secret string
	switch {
	case r.IdentityToken != "":
		id, by, err := s.checkIdentityToken(r.IdentityToken, site.Secrets)
		if err != nil {
			return err
		}
		secret = by
		if external != "" && external != id.external() {
			return errBadIdentity
		}
		external = id.external()
		set(&v.Name, shorten(id.Name, maxName))
		set(&v.Email, NormalEmail(shorten(id.Email, maxEmail)))
	case r.IdentityHMAC != "":
		if secret = checkIdentityHMAC(r.IdentityHMAC, external, site.Secrets); secret == "" {
			return errBadIdentity
		}
	default:
		if external != "" && !v.Verified {
			v.ExternalID = external
		}
		return nil
	}
	v.ExternalID, v.Verified, *proof = external, true, proofOf(secret, external)
	v.ID = chat.DeriveVisitorID(site.Tenant, external)
	*isNew = false // the same person may have been here on another device
	return nil
}

func set(dst *string, v string) {
	if v != "" {
		*dst = v
	}
}

// identity is what a shop's server says of its customer.
type identity struct {
	jwt.RegisteredClaims
	ExternalID string `json:"external_id"`
	Name       string `json:"name"`
	Email      string `json:"email"`
}

func (i *identity) external() string {
	if i.ExternalID != "" {
		return i.ExternalID
	}
	return i.Subject
}

// checkIdentityToken tries every live secret, and returns the one that signed, too.
func (s *Service) checkIdentityToken(token string, secrets []string) (*identity, string, error) {
	if len(token) > maxIdentity {
		return nil, "", errBadIdentity
	}
	err := error(errBadIdentity)
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		id := new(identity)
		_, perr := s.shops.ParseWithClaims(token, id, func(t *jwt.Token) (any, error) {
			if _, is := t.Header["crit"]; is { // RFC 7515, 4.1.11: whoever does not know an extension must refuse it
				return nil, errBadIdentity
			}
			return []byte(secret), nil
		})
		switch {
		case perr == nil && id.external() != "" && len(id.external()) <= maxExternalID && !strings.ContainsRune(id.external()+id.Name+id.Email, 0):
			return id, secret, nil
		case errors.Is(perr, jwt.ErrTokenExpired):
			err = errIdentityTime
		}
	}
	return nil, "", err
}

// checkIdentityHMAC tries every live secret, in constant time each, and returns the one that it was made with; "" if none.
func checkIdentityHMAC(mac, external string, secrets []string) (by string) {
	got, err := hex.DecodeString(mac)
	if err != nil || external == "" {
		return ""
	}
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(external))
		if hmac.Equal(got, h.Sum(nil)) {
			by = secret
		}
	}
	return by
}

// proofOf is what the token of a verified visitor carries of the secret that its identity was signed with: it is good as long as that
// secret is. It tells no more of the secret than an identity_hmac does, which is in the visitor's page.
func proofOf(secret, external string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("uniqchat proof\x00" + external))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// standsOn checks what a visitor's token stands on: its site key is there, and the secret that its identity was signed with is still
// live. While the database can't be asked, what we have signed counts.
func (s *Service) standsOn(ctx context.Context, c *claims) error {
	if c.SiteKey == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, cacheCall)
	defer cancel()
	site, err := s.site(ctx, c.SiteKey)
	switch {
	case errors.Is(err, &chat.Error{Code: chat.NotFound}):
		return errRevoked
	case err != nil || !c.Verified || proven(&site, c.Proof, c.ExternalID):
		return nil
	}
	return errRevoked
}

// proven reports whether a proof was made with a secret that is still live.
func proven(site *chat.SiteKey, proof, external string) bool {
	return slices.ContainsFunc(site.Secrets, func(secret string) bool {
		return secret != "" && hmac.Equal([]byte(proof), []byte(proofOf(secret, external)))
	})
}

// check judges the request's sizes and shapes, and compacts its attributes.
func (r *SessionRequest) check() error {
	for _, f := range []struct {
		name, value string
		most        int
	}{
		{"site_key", r.SiteKey, 100},
		{"external_id", r.ExternalID, maxExternalID},
		{"name", r.Name, maxName},
		{"email", r.Email, maxEmail},
		{"locale", r.Locale, maxLocale},
	} {
		if len(f.value) > f.most || !utf8.ValidString(f.value) || strings.ContainsRune(f.value, 0) {
			return chat.Errorf(chat.Malformed, "%s must be UTF-8 without U+0000, of at most %d bytes", f.name, f.most)
		}
	}
	if r.IdentityToken != "" && r.IdentityHMAC != "" {
		return chat.Errorf(chat.Malformed, "give identity_token or identity_hmac, not both")
	}
	if len(r.Attributes) == 0 || string(r.Attributes) == "null" {
		r.Attributes = nil
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, r.Attributes); err != nil || compact.Bytes()[0] != '{' || compact.Len() > maxAttributes {
		return chat.Errorf(chat.Malformed, "attributes must be a JSON object of at most %d bytes", maxAttributes)
	}
	if !chat.Storable(compact.Bytes()) {
		return chat.Errorf(chat.Malformed, "attributes must have no U+0000, no number beyond 1e308, and be at most 32 levels deep")
	}
	r.Attributes = compact.Bytes()
	return nil
}
