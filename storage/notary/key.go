// Package notary is what of the audit log is not in the database: the key that signs it, and the checkpoint, a file that says how
// long each chain was.
//
// It owns both files. It never writes to the database, and never removes a line of the checkpoint.
package notary

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Keys are those of one key file: one that signs, and all that are trusted. Safe for concurrent use.
type Keys struct {
	name   string
	sign   ed25519.PrivateKey // nil: these only verify
	public map[string]ed25519.PublicKey
}

var (
	_ chat.AuditSigner   = (*Keys)(nil)
	_ chat.AuditVerifier = (*Keys)(nil)
)

// keyHead is what a new key file begins with.
const keyHead = `# Signs the audit log of uniqchat (docs/audit.md). Keep it out of the database and its backups, and keep a copy.
# The first private key signs; every key in this file is trusted: those of other nodes, and those that signed before.
`

// nameOf is how a key is called in the log: the start of its hash.
func nameOf(k ed25519.PublicKey) string {
	sum := sha256.Sum256(k)
	return hex.EncodeToString(sum[:8])
}

// OpenKeys reads a key file, and makes it if it is missing. Several processes that do so at once get the same keys.
func OpenKeys(path string) (*Keys, error) {
	k, err := ReadKeys(path)
	if !errors.Is(err, os.ErrNotExist) {
		return signing(k, path, err)
	}
	if err := makeKey(path); err != nil {
		return nil, fmt.Errorf("make audit.key: %w", err)
	}
	k, err = ReadKeys(path)
	return signing(k, path, err)
}

func signing(k *Keys, path string, err error) (*Keys, error) {
	if err == nil && k.sign == nil {
		err = fmt.Errorf("audit.key: %s has no private key to sign with", path)
	}
	return k, err
}

// makeKey writes a fresh key, unless somebody else does first. Nobody ever sees half of it.
func makeKey(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".audit-key-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	text := fmt.Sprintf("%sprivate %s # %s, public %s, made %s\n", keyHead, base64.StdEncoding.EncodeToString(private.Seed()), nameOf(public),
		base64.StdEncoding.EncodeToString(public), time.Now().UTC().Format(time.DateOnly))
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadKeys reads a key file, which may hold public keys only: an auditor needs no more.
func ReadKeys(path string) (*Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("audit.key: %w", err)
	}
	k := &Keys{public: map[string]ed25519.PublicKey{}}
	for s, n := bufio.NewScanner(bytes.NewReader(text)), 1; s.Scan(); n++ {
		line, _, _ := strings.Cut(s.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 || k.add(fields[0], fields[1]) != nil { // what stands there is not told: it may be a key
			return nil, fmt.Errorf("audit.key: line %d of %s is neither private KEY nor public KEY, in base64", n, path)
		}
	}
	if len(k.public) == 0 {
		return nil, fmt.Errorf("audit.key: %s has no key", path)
	}
	return k, nil
}

var errBadKey = errors.New("no key")

func (k *Keys) add(kind, text string) error {
	raw, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil || len(raw) != 32:
		return errBadKey
	case kind == "public":
		k.public[nameOf(raw)] = raw
		return nil
	case kind != "private":
		return errBadKey
	}
	private := ed25519.NewKeyFromSeed(raw)
	public, ok := private.Public().(ed25519.PublicKey)
	if !ok {
		return errBadKey
	}
	k.public[nameOf(public)] = public
	if k.sign == nil {
		k.sign, k.name = private, nameOf(public)
	}
	return nil
}

// Name is the signing key's; empty if these only verify.
func (k *Keys) Name() string { return k.name }

// Public is the signing key's public half, as a key file has it.
func (k *Keys) Public() string {
	return "public " + base64.StdEncoding.EncodeToString(k.public[k.name]) + " # " + k.name
}

// Sign implements chat.AuditSigner.
func (k *Keys) Sign(statement []byte) (key string, signature []byte) {
	return k.name, ed25519.Sign(k.sign, statement)
}

// Verify implements chat.AuditVerifier.
func (k *Keys) Verify(key string, statement, signature []byte) (known, ok bool) {
	public := k.public[key]
	return public != nil, public != nil && ed25519.Verify(public, statement, signature)
}
