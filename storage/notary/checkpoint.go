package notary

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/chat"
)

// line is one line of a checkpoint: a head as it was signed.
type line struct {
	Chain     string    `json:"chain"` // a tenant's id, or platform
	Seq       uint64    `json:"seq"`
	Hash      string    `json:"hash"`
	At        time.Time `json:"at"` // of the entry
	Key       string    `json:"key"`
	Signature string    `json:"signature"`
}

// Platform is how the platform's chain is called.
const Platform = "platform"

// ChainName is how a chain is called.
func ChainName(tenant chat.TenantID) string {
	if tenant.IsZero() {
		return Platform
	}
	return tenant.String()
}

func lineOf(h *chat.AuditHead) line {
	return line{ChainName(h.Tenant), h.Seq, hex.EncodeToString(h.Hash[:]), h.At, h.Key, base64.StdEncoding.EncodeToString(h.Signature)}
}

// mark reads a line; an error says that it is none, or that none of the trusted keys signed it.
func (l *line) mark(keys chat.AuditVerifier) (m chat.AuditMark, err error) {
	if l.Chain != Platform {
		if m.Tenant, err = chat.ParseID[chat.Tenant](l.Chain); err != nil {
			return m, err
		}
	}
	hash, err := hex.DecodeString(l.Hash)
	if err != nil || len(hash) != len(m.Hash) {
		return m, errors.New("the hash is no SHA-256")
	}
	m.Seq, m.Hash, m.At = l.Seq, [32]byte(hash), l.At
	signature, err := base64.StdEncoding.DecodeString(l.Signature)
	if err != nil {
		return m, err
	}
	known, ok := keys.Verify(l.Key, chat.AuditStatement(m.Tenant, m.Seq, m.Hash), signature)
	switch {
	case !known:
		return m, fmt.Errorf("it is signed by the key %q, which is not trusted", l.Key)
	case !ok:
		return m, errors.New("the signature does not fit")
	}
	return m, nil
}

// appendHeads writes heads behind what is there, on the disk when it returns. Several processes may do so at once.
func appendHeads(path string, heads []chat.AuditHead) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for i := range heads {
		if err := enc.Encode(lineOf(&heads[i])); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil { // it ends with the file
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if size := info.Size(); size == 0 {
		if err := syncDir(filepath.Dir(path)); err != nil {
			return err
		}
	} else {
		last := []byte{0}
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' { // a writer was killed in the middle of a line
			if _, err := f.WriteString("\n"); err != nil {
				return err
			}
		}
	}
	if _, err := f.Write(text.Bytes()); err != nil {
		return err
	}
	return f.Sync()
}

// maxLine bounds a line of a checkpoint, in bytes.
const maxLine = 4 << 10

// ReadMarks reads a checkpoint: of each chain what it saw, in the order of Seq. A line that is none, or that nobody signed who is
// trusted, is told to bad, and does not count. os.ErrNotExist if there is no file.
func ReadMarks(path string, keys chat.AuditVerifier, bad func(line int, reason string)) (map[chat.TenantID][]chat.AuditMark, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("audit.checkpoint: %w", err)
	}
	defer f.Close()
	out := map[chat.TenantID][]chat.AuditMark{}
	r := bufio.NewReaderSize(f, maxLine)
	for n := 1; ; n++ {
		raw, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(raw) == 0:
			return ordered(out), nil
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("audit.checkpoint: line %d of %s is too long", n, path)
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("audit.checkpoint: %w", err)
		}
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			bad(n, "it is not a line of a checkpoint")
			continue
		}
		m, err := l.mark(keys)
		if err != nil {
			bad(n, err.Error())
			continue
		}
		out[m.Tenant] = append(out[m.Tenant], m)
	}
}
