package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/uniqchat/uniqchat/chat"
)

// keyLen is how long every key is, in bytes.
const keyLen = chacha20poly1305.KeySize

// NewMasterKey returns a random master key as it is written: the base64 of 32 bytes.
func NewMasterKey() string {
	var b [keyLen]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// Masters are the master keys: the first one seals data keys, all open them. Safe for concurrent use.
type Masters struct {
	source func() (string, error)

	mu   sync.RWMutex
	keys []master
}

type master struct {
	name string // what data keys call it: a part of its hash
	aead cipher.AEAD
}

// MastersOf returns the keys of a text: one a line, the newest first; blank lines and what follows a # count for nothing.
func MastersOf(text string) (*Masters, error) {
	m := &Masters{source: func() (string, error) { return text, nil }}
	return m, m.Reload()
}

// ReadMasters returns the keys of a file, which is read again when a key is asked for that is not among them.
func ReadMasters(path string) (*Masters, error) {
	m := &Masters{source: func() (string, error) {
		b, err := os.ReadFile(path)
		return string(b), err
	}}
	return m, m.Reload()
}

var errNoMaster = errors.New("there is no key: write the base64 of 32 random bytes, as `uniqchat keys generate` prints it")

// Reload reads the keys again. What was known stays if they can't be read.
func (m *Masters) Reload() error {
	text, err := m.source()
	if err != nil {
		return fmt.Errorf("read the master keys: %w", err)
	}
	var keys []master
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != keyLen {
			return fmt.Errorf("master key in line %d: must be the base64 of %d bytes, as `uniqchat keys generate` prints it", n, keyLen)
		}
		aead, err := chacha20poly1305.NewX(raw)
		if err != nil {
			return fmt.Errorf("master key in line %d: %w", n, err)
		}
		sum := sha256.Sum256(append([]byte("uniqchat master key "), raw...))
		keys = append(keys, master{hex.EncodeToString(sum[:8]), aead})
	}
	if len(keys) == 0 {
		return errNoMaster
	}
	m.mu.Lock()
	m.keys = keys
	m.mu.Unlock()
	return nil
}

// Newest is the name of the key that seals data keys.
func (m *Masters) Newest() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.keys[0].name
}

func (m *Masters) find(name string) cipher.AEAD {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, k := range m.keys {
		if k.name == name {
			return k.aead
		}
	}
	return nil
}

// keyPlace is what a data key is bound to.
func keyPlace(tenant chat.TenantID, id int64) []byte {
	b := append([]byte("uniqchat data key"), tenant[:]...)
	return be.AppendUint64(b, uint64(id))
}

// wrap seals a data key with the newest master key.
func (m *Masters) wrap(tenant chat.TenantID, id int64, key []byte) (name string, wrapped []byte) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+keyLen+chacha20poly1305.Overhead)
	_, _ = rand.Read(nonce) // never fails
	return m.keys[0].name, m.keys[0].aead.Seal(nonce, nonce, key, keyPlace(tenant, id))
}

// unwrap opens a data key.
func (m *Masters) unwrap(tenant chat.TenantID, r Row) ([]byte, error) {
	aead := m.find(r.Master)
	if aead == nil { // it may have come into the file since
		if err := m.Reload(); err != nil {
			return nil, err
		}
		if aead = m.find(r.Master); aead == nil {
			return nil, fmt.Errorf("the master key %s, which key %d of tenant %s is sealed with, is not among those that are configured", r.Master, r.ID, tenant)
		}
	}
	if len(r.Wrapped) < chacha20poly1305.NonceSizeX {
		return nil, errBadKey(tenant, r.ID)
	}
	key, err := aead.Open(nil, r.Wrapped[:chacha20poly1305.NonceSizeX], r.Wrapped[chacha20poly1305.NonceSizeX:], keyPlace(tenant, r.ID))
	if err != nil || len(key) != keyLen {
		return nil, errBadKey(tenant, r.ID)
	}
	return key, nil
}

func errBadKey(tenant chat.TenantID, id int64) error {
	return fmt.Errorf("key %d of tenant %s can't be opened: its row was changed", id, tenant)
}

// Rewrap seals a data key's row with the newest master key; false if it is already.
func (m *Masters) Rewrap(tenant chat.TenantID, r Row) (Row, bool, error) {
	if r.Master == m.Newest() {
		return r, false, nil
	}
	key, err := m.unwrap(tenant, r)
	if err != nil {
		return r, false, err
	}
	defer clear(key)
	r.Master, r.Wrapped = m.wrap(tenant, r.ID, key)
	return r, true, nil
}

// Check reports whether every key of a tenant can be opened with these master keys.
func (m *Masters) Check(tenant chat.TenantID, rows []Row) error {
	for _, r := range rows {
		if r.ID == Erased {
			continue
		}
		if _, err := m.unwrap(tenant, r); err != nil {
			return err
		}
	}
	return nil
}

// isText reports whether b begins as a sealed text does.
func isText(b []byte) bool { return bytes.HasPrefix(b, textMark) }
