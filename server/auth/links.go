package auth

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// FileLink lets whoever holds it load one file, without any other credential, for a while: it is what an <img> can use.
type FileLink struct {
	Tenant chat.TenantID
	Upload chat.UploadID
	Thumb  bool // the small picture
	// Who was given it: the file must still be there for that audience, or for its uploader.
	Audience chat.Audience
	Own      bool
	Expires  time.Time // whole seconds
}

// A link is the signing key's id, a dot, and in base64url: flags, tenant, upload, when it expires, and a MAC of all that.
const (
	linkThumb = 1 << iota
	linkPublic
	linkOwn

	linkSaid = 1 + 16 + 16 + 8
	linkSize = linkSaid + sha256.Size
	linkMost = 200
)

var (
	errBadLink     = &chat.Error{Code: chat.Unauthenticated, Name: "link_invalid", Message: "the link is not valid"}
	errExpiredLink = &chat.Error{Code: chat.Unauthenticated, Name: "link_expired", Message: "the link has expired; ask for another"}
)

// SignLink makes a link a token, with the newest signing key.
func (s *Service) SignLink(l FileLink) (string, error) {
	said := make([]byte, 1, linkSize)
	for flag, set := range map[byte]bool{linkThumb: l.Thumb, linkPublic: l.Audience == chat.AudiencePublic, linkOwn: l.Own} {
		if set {
			said[0] |= flag
		}
	}
	said = append(append(said, l.Tenant[:]...), l.Upload[:]...)
	said = binary.BigEndian.AppendUint64(said, uint64(l.Expires.Unix()))
	key := s.keys.keys.Load().newest
	mac, err := linkMAC(key.Secret, key.ID, said)
	if err != nil {
		return "", err
	}
	return key.ID + "." + base64.RawURLEncoding.EncodeToString(append(said, mac...)), nil
}

// VerifyLink reads a token of SignLink's. Unauthenticated if it proves nothing, or no more.
func (s *Service) VerifyLink(ctx context.Context, token string) (l FileLink, err error) {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 || len(token) > linkMost {
		return l, errBadLink
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token[dot+1:])
	if err != nil || len(b) != linkSize {
		return l, errBadLink
	}
	secret, err := s.keys.secret(ctx, token[:dot])
	if errors.Is(err, errNoKey) {
		return l, errBadLink
	}
	if err != nil {
		return l, err
	}
	want, err := linkMAC(secret, token[:dot], b[:linkSaid])
	if err != nil {
		return l, err
	}
	if !hmac.Equal(want, b[linkSaid:]) {
		return l, errBadLink
	}
	l.Thumb, l.Own = b[0]&linkThumb != 0, b[0]&linkOwn != 0
	if b[0]&linkPublic != 0 {
		l.Audience = chat.AudiencePublic
	}
	copy(l.Tenant[:], b[1:])
	copy(l.Upload[:], b[17:])
	l.Expires = time.Unix(int64(binary.BigEndian.Uint64(b[33:])), 0).UTC()
	if !s.cfg.Now().Before(l.Expires) {
		return FileLink{}, errExpiredLink
	}
	return l, nil
}

// linkMAC is the MAC of what a link says, under a key that is for nothing else.
func linkMAC(secret []byte, id string, said []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "uniqchat file link "+id, sha256.Size)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	h.Write(said)
	return h.Sum(nil), nil
}
