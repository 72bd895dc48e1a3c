package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"hash"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/chat/text"
)

// words is a tenant's key of search words and fingerprints. It is not rotated: everything would have to be indexed anew.
type words [keyLen]byte

// derive makes another lasting key of it.
func (w *words) derive(what string) []byte {
	h := w.mac()
	_, _ = h.Write([]byte{macKey})
	_, _ = h.Write([]byte(what))
	return h.Sum(nil)
}

// What an HMAC stands for: one of a kind says nothing of another.
const (
	macToken  = 't' // a whole token
	macPrefix = 'p' // what tokens begin with
	macPrint  = 'f' // a message's kind and body
	macKey    = 'k' // another key
	macFile   = 'u' // a file's key
	macNonce  = 'n' // a value that must be the same each time it is sealed
	macBlind  = 'b' // a value that must be found by equality
)

func (w *words) mac() hash.Hash { return hmac.New(sha256.New, w[:]) }

// tokenCode makes tokens of letters and digits, which no index takes apart.
var tokenCode = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// tokenLen is how long a sealed token is: 64 bits.
const tokenLen = 13

// Tokens is the sealed tokens of texts: of every token, and of everything that tokens begin with, in an order that says nothing.
// Used again it allocates little. Not safe for concurrent use.
type Tokens struct {
	sums []uint64
	buf  [tokenLen]byte
	hash hashing
}

// Fill makes it hold what a bag's tokens are to a tenant.
func (k *Tokens) Fill(t *Tenant, b *text.Bag) {
	k.sums = k.sums[:0]
	if b.Len() == 0 {
		return
	}
	h := &k.hash
	h.Hash = t.macs.mac()
	for i := range b.Len() {
		token := b.At(i)
		k.sums = append(k.sums, h.sum(macToken, token))
		runes := utf8.RuneCount(token)
		n := 0
		for at := 0; at < len(token); {
			_, size := utf8.DecodeRune(token[at:])
			at += size
			// One letter of a word is asked for by nobody (text.Parse); of a pair of characters it is.
			if n++; n > 1 || runes <= 2 {
				k.sums = append(k.sums, h.sum(macPrefix, token[:at]))
			}
		}
	}
	slices.Sort(k.sums)
	k.sums = slices.Compact(k.sums)
}

// Len is how many there are.
func (k *Tokens) Len() int { return len(k.sums) }

// At is the i-th. It holds until the next call of At.
func (k *Tokens) At(i int) []byte {
	encodeToken(&k.buf, k.sums[i])
	return k.buf[:]
}

// String is all of them with spaces between.
func (k *Tokens) String() string {
	var out strings.Builder
	out.Grow(k.Len() * (tokenLen + 1))
	for i := range k.Len() {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.Write(k.At(i))
	}
	return out.String()
}

func encodeToken(dst *[tokenLen]byte, v uint64) {
	var b [8]byte
	be.PutUint64(b[:], v)
	tokenCode.Encode(dst[:], b[:])
}

// Terms are what a query's terms are to a tenant: whole tokens, all of them.
func (t *Tenant) Terms(terms []text.Term) []text.Term {
	out := make([]text.Term, len(terms))
	h := hashing{Hash: t.macs.mac()}
	for i, term := range terms {
		kind := byte(macToken)
		if term.Prefix {
			kind = macPrefix
		}
		var b [tokenLen]byte
		encodeToken(&b, h.sum(kind, []byte(term.Text)))
		out[i].Text = string(b[:])
	}
	return out
}

// hashing is an HMAC that is used again and again.
type hashing struct {
	hash.Hash
	in  []byte
	out [sha256.Size]byte
}

func (h *hashing) sum(kind byte, b []byte) uint64 {
	h.in = append(append(h.in[:0], kind), b...)
	h.Reset()
	_, _ = h.Write(h.in)
	return be.Uint64(h.Sum(h.out[:0]))
}

// Print tells messages with the same id apart. Only if Seals.
func (t *Tenant) Print(kind byte, body []byte) uint64 {
	h := t.macs.mac()
	_, _ = h.Write([]byte{macPrint, kind})
	_, _ = h.Write(body)
	var out [sha256.Size]byte
	return be.Uint64(h.Sum(out[:0]))
}

// Blind is what a value of a column is found by: the same for the same value. Only if Seals.
func (t *Tenant) Blind(column, value string) string {
	h := t.macs.mac()
	_, _ = h.Write([]byte{macBlind, byte(len(column))})
	_, _ = h.Write([]byte(column))
	_, _ = h.Write([]byte(value))
	return tokenCode.EncodeToString(h.Sum(nil)[:20])
}
