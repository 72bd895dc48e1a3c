package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
)

// ErrNotSealed is returned where something can't be opened: it was not sealed here, not with this, or its signing key is gone.
var ErrNotSealed = errors.New("the seal can't be opened")

// Seal encrypts what is kept for one client, under a key that takes both the server's newest signing key and something that only
// the client has: neither the rows alone nor the server can open it. About is what it belongs to, and must be the same again.
func (s *Service) Seal(plain []byte, with string, about []byte) ([]byte, error) {
	key := s.keys.keys.Load().newest
	if len(key.ID) > 255 {
		return nil, errors.New("the signing key's id is too long")
	}
	aead, err := sealer(key.Secret, key.ID, with)
	if err != nil {
		return nil, err
	}
	out := append([]byte{byte(len(key.ID))}, key.ID...)
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // crypto/rand never fails: it ends the process instead
	return aead.Seal(append(out, nonce...), nonce, plain, about), nil
}

// Unseal is the reverse of Seal. It returns ErrNotSealed for what can't be opened.
func (s *Service) Unseal(ctx context.Context, sealed []byte, with string, about []byte) ([]byte, error) {
	if len(sealed) < 1 || len(sealed) < 1+int(sealed[0]) {
		return nil, ErrNotSealed
	}
	id, rest := string(sealed[1:1+sealed[0]]), sealed[1+sealed[0]:]
	secret, err := s.keys.secret(ctx, id)
	if errors.Is(err, errNoKey) {
		return nil, ErrNotSealed
	}
	if err != nil {
		return nil, err
	}
	aead, err := sealer(secret, id, with)
	if err != nil {
		return nil, err
	}
	if len(rest) < aead.NonceSize() {
		return nil, ErrNotSealed
	}
	plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], about)
	if err != nil {
		return nil, ErrNotSealed
	}
	return plain, nil
}

// sealer is AES-256-GCM (NIST SP 800-38D) under a key that is for nothing else.
func sealer(secret []byte, id, with string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, []byte(with), "uniqchat sealed answer "+id, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
