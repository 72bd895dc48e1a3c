package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/uniqchat/uniqchat/chat"
)

var be = binary.BigEndian

// A sealed value is
//
//	version 1, key id 4, nonce 24, ciphertext and tag 16
//
// and bound to the version, the key, the tenant, and its Place. In a column of text it is textMark and base64 of that, in one of
// JSON a string of base64, where a plain value is an object.
const (
	version  = 1
	headLen  = 5 + chacha20poly1305.NonceSizeX
	overhead = headLen + chacha20poly1305.Overhead
)

// textMark begins a sealed text. People's text that begins with it by chance can't be told from one; it is a control character.
var textMark = []byte{0x01}

var encoding = base64.RawURLEncoding

// Place says where a value stands: it opens nowhere else.
type Place struct {
	Column string // table.column, or another fixed name
	Row    [16]byte
	Sub    [16]byte // zero where Row is enough
}

// What becomes of values that can't be opened.
var (
	// ErrUnreadable says that a value was changed, or stands where it does not belong.
	ErrUnreadable = errors.New("a sealed value can't be opened: it was changed, or stands where it does not belong")
	// ErrErased says that a tenant's keys were erased: nothing that was sealed with them can ever be read again.
	ErrErased = errors.New("the tenant's keys were erased, and its data with them")
	// errNoKey says that the key is not there, or not yet.
	errNoKey = errors.New("there is no such key")
)

// Tenant is a tenant's keys as they were when it was asked for. A nil Tenant seals nothing and opens nothing. Safe for concurrent use.
type Tenant struct {
	id     chat.TenantID
	live   map[uint32]cipher.AEAD
	newest uint32
	since  time.Time // when that was made
	macs   words
	seals  bool // false: what is written is plain
	erased bool
	mixed  bool
}

// Seals reports whether what is written is sealed.
func (t *Tenant) Seals() bool { return t != nil && t.seals }

// Mixed reports whether some of the rows may still be in another form than what is written now: plain, or sealed.
func (t *Tenant) Mixed() bool { return t != nil && t.mixed }

// Erased reports whether the tenant's keys were erased.
func (t *Tenant) Erased() bool { return t != nil && t.erased }

// Newest is the id of the key that seals; 0 if nothing is sealed.
func (t *Tenant) Newest() uint32 {
	if !t.Seals() {
		return 0
	}
	return t.newest
}

// Since is when the key was made that seals.
func (t *Tenant) Since() time.Time { return t.since }

// bound is the associated data of a value: it is written where the value is going to be, in spare capacity, to allocate nothing.
func (t *Tenant) bound(dst []byte, key uint32, p *Place) []byte {
	dst = append(dst, version)
	dst = be.AppendUint32(dst, key)
	dst = append(dst, t.id[:]...)
	dst = append(append(dst, byte(len(p.Column))), p.Column...)
	dst = append(dst, p.Row[:]...)
	return append(dst, p.Sub[:]...)
}

// Append seals a value and appends it. Only if Seals.
func (t *Tenant) Append(dst, plain []byte, p Place) []byte {
	dst = append(dst, version)
	dst = be.AppendUint32(dst, t.newest)
	at := len(dst)
	dst = append(dst, make([]byte, chacha20poly1305.NonceSizeX)...)
	nonce := dst[at:]
	_, _ = rand.Read(nonce) // never fails
	var buf [128]byte
	return t.live[t.newest].Seal(dst, nonce, plain, t.bound(buf[:0], t.newest, &p))
}

// Same is Append for what is to become the same value each time, with a key that lasts: the nonce is made of the value, as in
// SIV (RFC 5297).
func (t *Tenant) Same(plain []byte, p Place) []byte {
	var buf [128]byte
	h := t.macs.mac()
	_, _ = h.Write([]byte{macNonce})
	_, _ = h.Write(t.bound(buf[:0], WordsKey, &p))
	_, _ = h.Write(plain)
	dst := append(be.AppendUint32([]byte{version}, WordsKey), h.Sum(nil)[:chacha20poly1305.NonceSizeX]...)
	return t.live[WordsKey].Seal(dst, dst[5:headLen], plain, t.bound(buf[:0], WordsKey, &p))
}

// Open opens a value that Append made.
func (t *Tenant) Open(sealed []byte, p Place) ([]byte, error) {
	if t == nil {
		return nil, errNoKey
	}
	if t.erased {
		return nil, ErrErased
	}
	if len(sealed) < overhead || sealed[0] != version {
		return nil, ErrUnreadable
	}
	key := be.Uint32(sealed[1:])
	aead := t.live[key]
	if aead == nil {
		return nil, fmt.Errorf("key %d of tenant %s: %w", key, t.id, errNoKey)
	}
	var buf [128]byte
	plain, err := aead.Open(nil, sealed[5:headLen], sealed[headLen:], t.bound(buf[:0], key, &p))
	if err != nil {
		return nil, ErrUnreadable
	}
	return plain, nil
}

// Is reports whether bytes begin as those of a sealed value do, which Append and Same make. JSON does not.
func Is(b []byte) bool { return len(b) >= overhead && b[0] == version }

// Text is a text as it is kept: sealed, if the tenant's are. An empty text stays empty, and of an erased tenant nothing is kept.
func (t *Tenant) Text(plain string, p Place) string {
	if t.Erased() {
		return ""
	}
	if !t.Seals() || plain == "" {
		return plain
	}
	return string(t.encode(textMark, []byte(plain), nil, p))
}

// Body is Text for a message's body.
func (t *Tenant) Body(plain []byte, p Place) string {
	if t.Erased() {
		return string(Unreadable)
	}
	if !t.Seals() || len(plain) == 0 {
		return string(plain)
	}
	return string(t.encode(textMark, plain, nil, p))
}

// JSON is a JSON object as it is kept: as a string, if the tenant's are sealed. An empty object stays one, as does none.
func (t *Tenant) JSON(plain string, p Place) string {
	if t.Erased() {
		return "{}"
	}
	if !t.Seals() || plain == "" || plain == "{}" {
		return plain
	}
	return string(t.encode(quote, []byte(plain), quote, p))
}

var quote = []byte{'"'}

func (t *Tenant) encode(before, plain, after []byte, p Place) []byte {
	raw := t.Append(make([]byte, 0, len(plain)+overhead), plain, p)
	out := make([]byte, 0, len(before)+encoding.EncodedLen(len(raw))+len(after))
	return append(encoding.AppendEncode(append(out, before...), raw), after...)
}

// KeyOf returns the id of the key that a text is sealed with; false if it is plain.
func KeyOf(kept string) (key uint32, sealed bool) {
	if len(kept) == 0 || kept[0] != textMark[0] {
		return 0, false
	}
	return keyOf(kept[len(textMark):]), true
}

// KeyOfJSON is KeyOf for what JSON made.
func KeyOfJSON(kept string) (key uint32, sealed bool) {
	if len(kept) < 2 || kept[0] != '"' {
		return 0, false
	}
	return keyOf(kept[1 : len(kept)-1]), true
}

// keyOf reads the id of the key; 0, which is none, if that can't be done.
func keyOf(code string) uint32 {
	const codes = 8 // characters that hold version and key
	var head [6]byte
	if len(code) < codes {
		return 0
	}
	if _, err := encoding.Decode(head[:], []byte(code[:codes])); err != nil {
		return 0
	}
	return be.Uint32(head[1:])
}

// OpenText opens a text that Text made; a plain one is returned as it is.
func (t *Tenant) OpenText(kept string, p Place) (string, error) {
	if len(kept) == 0 || kept[0] != textMark[0] {
		return kept, nil
	}
	plain, err := t.decode([]byte(kept)[len(textMark):], p)
	return string(plain), err
}

// OpenBody is OpenText for bytes.
func (t *Tenant) OpenBody(kept []byte, p Place) ([]byte, error) {
	if !isText(kept) {
		return kept, nil
	}
	return t.decode(kept[len(textMark):], p)
}

// OpenJSON opens what JSON made; a plain object is returned as it is.
func (t *Tenant) OpenJSON(kept []byte, p Place) ([]byte, error) {
	if len(kept) < 2 || kept[0] != '"' {
		return kept, nil
	}
	return t.decode(kept[1:len(kept)-1], p)
}

func (t *Tenant) decode(b []byte, p Place) ([]byte, error) {
	raw := make([]byte, encoding.DecodedLen(len(b)))
	n, err := encoding.Decode(raw, b)
	if err != nil {
		return nil, ErrUnreadable
	}
	return t.Open(raw[:n], p)
}
