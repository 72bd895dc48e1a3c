package seal

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/uniqchat/uniqchat/chat"
)

// A sealed file is
//
//	mark 8, salt 32, size 8, then chunks of 64 KiB, the last one shorter, each with a tag of 16 bytes
//
// Its key is made of the tenant's lasting key, the name, the salt and the size, so that every file has a key of its own, a chunk's number
// can be its nonce, and a file that was cut off, or another one's, is told from the right one.
const (
	fileMark  = "\x89uqseal\x01"
	fileSalt  = 32
	fileHead  = len(fileMark) + fileSalt + 8
	fileChunk = 64 << 10
	fullChunk = fileChunk + chacha20poly1305.Overhead
)

// Files seals what another chat.Files keeps. What was kept before as it is can still be read. Safe for concurrent use.
type Files struct {
	under chat.Files
	keys  *Keyring
}

// NewFiles returns Files that seal with a keyring; under itself if there is none.
func NewFiles(under chat.Files, k *Keyring) chat.Files {
	if k == nil {
		return under
	}
	return &Files{under, k}
}

// Close closes what it is over.
func (f *Files) Close() error {
	if c, ok := f.under.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// ownerOf is the tenant in whose folder a file is: the first one that is called as a tenant.
func ownerOf(name string) (chat.TenantID, error) {
	for folder := range strings.SplitSeq(name, "/") {
		if id, err := chat.ParseID[chat.Tenant](folder); err == nil && !id.IsZero() {
			return id, nil
		}
	}
	return chat.TenantID{}, fmt.Errorf("seal: the file %.80q is in no tenant's folder", name)
}

// fileKey is the key of the file of a name and head.
func (t *Tenant) fileKey(name string, head []byte) (cipher.AEAD, error) {
	h := t.macs.mac()
	_, _ = h.Write([]byte{macFile})
	_, _ = h.Write(head)
	_, _ = h.Write([]byte(name))
	return chacha20poly1305.New(h.Sum(nil))
}

// chunkNonce is a chunk's: its number.
func chunkNonce(n int64) []byte {
	return be.AppendUint64(make([]byte, 4, chacha20poly1305.NonceSize), uint64(n))
}

// sealedSize is how long a sealed file of so many bytes is.
func sealedSize(size int64) int64 {
	return int64(fileHead) + size + (size+fileChunk-1)/fileChunk*chacha20poly1305.Overhead
}

// Put implements chat.Files.
func (f *Files) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	owner, err := ownerOf(name)
	if err != nil {
		return err
	}
	t, err := f.keys.Ready(ctx, owner)
	if err != nil {
		return err
	}
	if !t.Seals() {
		return f.under.Put(ctx, name, r, size)
	}
	head := append([]byte(fileMark), make([]byte, fileSalt, fileSalt+8)...)
	_, _ = rand.Read(head[len(fileMark):]) // never fails
	head = be.AppendUint64(head, uint64(size))
	aead, err := t.fileKey(name, head)
	if err != nil {
		return err
	}
	return f.under.Put(ctx, name, &sealing{from: r, aead: aead, out: head, left: size}, sealedSize(size))
}

// sealing reads a file's bytes sealed.
type sealing struct {
	from io.Reader
	aead cipher.AEAD
	out  []byte // sealed, and not read yet
	n    int64  // chunks so far
	left int64  // bytes that are still to come
	buf  [fileChunk]byte
}

func (s *sealing) Read(p []byte) (int, error) {
	if len(s.out) == 0 {
		if s.left == 0 {
			return s.end()
		}
		n, err := io.ReadFull(s.from, s.buf[:min(int64(fileChunk), s.left)])
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		s.left -= int64(n)
		s.out = s.aead.Seal(s.out[:0], chunkNonce(s.n), s.buf[:n], nil)
		s.n++
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// end makes sure that nothing follows: a byte more than was said makes the file one that is not kept.
func (s *sealing) end() (int, error) {
	n, err := io.ReadFull(s.from, s.buf[:1])
	switch {
	case n > 0:
		return 0, fmt.Errorf("put a file: %w", io.ErrUnexpectedEOF)
	case errors.Is(err, io.EOF):
		return 0, io.EOF
	}
	return 0, err
}

// Open implements chat.Files. What can't be opened is an error where it is read.
func (f *Files) Open(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	owner, err := ownerOf(name)
	if err != nil {
		return nil, err
	}
	head, err := f.head(ctx, name)
	if err != nil {
		return nil, err
	}
	if head == nil {
		return f.plain(ctx, name, offset, length)
	}
	size := int64(be.Uint64(head[fileHead-8:]))
	if offset < 0 || length < 0 || size < 0 || offset+length > size {
		return nil, fmt.Errorf("open a file: bytes %d to %d of %d", offset, offset+length, size)
	}
	t, err := f.keys.Of(ctx, owner)
	if err != nil {
		return nil, err
	}
	if t.erased {
		return nil, errTenantErased
	}
	aead, err := t.fileKey(name, head)
	if err != nil || length == 0 {
		return io.NopCloser(strings.NewReader("")), err
	}
	from := offset / fileChunk
	end := (offset + length + fileChunk - 1) / fileChunk * fileChunk // of the last chunk that is needed
	last := sealedSize(min(end, size))
	under, err := f.under.Open(ctx, name, int64(fileHead)+from*fullChunk, last-int64(fileHead)-from*fullChunk)
	if err != nil {
		return nil, err
	}
	return &opening{under: under, aead: aead, n: from, skip: offset % fileChunk, left: length, rest: size - from*fileChunk}, nil
}

// plain opens a file that was no sealed one, unless it has become one meanwhile.
func (f *Files) plain(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	r, err := f.under.Open(ctx, name, offset, length)
	if err != nil {
		return nil, err
	}
	head, err := f.head(ctx, name)
	if err != nil || head == nil {
		return r, err
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return f.Open(ctx, name, offset, length)
}

// Again brings a file of a size into the form that is written now: sealed, or plain. It reports whether it was in the other one.
func (f *Files) Again(ctx context.Context, name string, size int64) (changed bool, err error) {
	owner, err := ownerOf(name)
	if err != nil {
		return false, err
	}
	t, err := f.keys.Ready(ctx, owner)
	if err != nil {
		return false, err
	}
	head, err := f.head(ctx, name)
	if err != nil || (head != nil) == t.Seals() {
		return false, err
	}
	r, err := f.Open(ctx, name, 0, size)
	if err != nil {
		return false, err
	}
	if err = f.Put(ctx, name, r, size); err == nil {
		changed = true
	}
	return changed, errors.Join(err, r.Close())
}

// head reads the beginning of a file; nil if it is no sealed one.
func (f *Files) head(ctx context.Context, name string) ([]byte, error) {
	b := make([]byte, fileHead)
	r, err := f.under.Open(ctx, name, 0, int64(len(b)))
	if err != nil {
		if chat.CodeOf(err) != chat.Internal || ctx.Err() != nil {
			return nil, err
		}
		return nil, nil // shorter than any sealed file
	}
	_, err = io.ReadFull(r, b)
	if err = errors.Join(err, r.Close()); err != nil || string(b[:len(fileMark)]) != fileMark {
		return nil, err
	}
	return b, nil
}

// opening reads a part of a sealed file.
type opening struct {
	under io.ReadCloser
	aead  cipher.AEAD
	n     int64 // the next chunk
	skip  int64 // bytes of it that nobody wants
	left  int64 // bytes that are wanted
	rest  int64 // bytes of the file from the next chunk on
	plain []byte
	buf   [fullChunk]byte
}

func (o *opening) Read(p []byte) (int, error) {
	if len(o.plain) == 0 {
		if o.left == 0 {
			return 0, io.EOF
		}
		chunk := o.buf[:min(o.rest, fileChunk)+chacha20poly1305.Overhead]
		if _, err := io.ReadFull(o.under, chunk); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		plain, err := o.aead.Open(chunk[:0], chunkNonce(o.n), chunk, nil)
		if err != nil {
			return 0, fmt.Errorf("open a file: %w", ErrUnreadable)
		}
		o.n++
		o.rest -= int64(len(plain))
		o.plain = plain[o.skip:]
		o.plain = o.plain[:min(int64(len(o.plain)), o.left)]
		o.left -= int64(len(o.plain))
		o.skip = 0
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// Close implements io.Closer.
func (o *opening) Close() error { return o.under.Close() }

// Delete implements chat.Files.
func (f *Files) Delete(ctx context.Context, name string) error { return f.under.Delete(ctx, name) }
