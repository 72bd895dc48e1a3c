package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"
)

// What is hashed and signed, as docs/audit.md describes it: a name of the form, then the fields in order, each with its length in
// front (4 bytes, big-endian), so that no two entries have the same bytes. Numbers are 8 bytes, big-endian.
const (
	formEntry = "uniqchat/audit/entry/1"
	formHead  = "uniqchat/audit/head/1"
	formBase  = "uniqchat/audit/base/1"
)

func appendField(dst []byte, f string) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(f))), f...)
}

func appendNumber(dst []byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(dst, 8), n)
}

// AppendCanonical appends the bytes that Hash is the SHA-256 of.
func (e *AuditEntry) AppendCanonical(dst []byte) []byte {
	dst = appendField(dst, formEntry)
	dst = appendField(dst, string(e.Tenant[:]))
	dst = appendNumber(dst, e.Seq)
	dst = appendField(dst, string(e.Prev[:]))
	dst = appendField(dst, string(e.ID[:]))
	dst = appendNumber(dst, uint64(e.At.UnixMicro()))
	for _, s := range [...]string{
		e.ActorKind, e.ActorID, e.ActorName, e.Address, e.Request, e.Action, e.TargetKind, e.TargetID, e.TargetName, e.Outcome, string(e.Details),
	} {
		dst = appendField(dst, s)
	}
	return dst
}

// Sum is what Hash must be.
func (e *AuditEntry) Sum() [32]byte { return sha256.Sum256(e.AppendCanonical(make([]byte, 0, 1024))) }

// AuditStatement is what is signed of an entry, and of the head that it becomes: that the entry of a chain with a number has a hash.
func AuditStatement(tenant TenantID, seq uint64, hash [32]byte) []byte {
	return statement(formHead, tenant, seq, hash)
}

// BaseStatement is what is signed when entries are removed: those up to a number, whose last one had a hash, may be missing.
func BaseStatement(tenant TenantID, seq uint64, hash [32]byte) []byte {
	return statement(formBase, tenant, seq, hash)
}

func statement(form string, tenant TenantID, seq uint64, hash [32]byte) []byte {
	dst := appendField(make([]byte, 0, 128), form)
	dst = appendField(dst, string(tenant[:]))
	dst = appendNumber(dst, seq)
	return appendField(dst, string(hash[:]))
}

// NextAudit returns the entry that follows a head, hashed and signed, and makes it the head.
func NextAudit(h *AuditHead, at time.Time, by Act, n AuditNote, signer AuditSigner) AuditEntry {
	n.clean()
	for _, s := range []*string{&by.ActorKind, &by.ActorID, &by.ActorName, &by.Address, &by.Request} {
		*s = auditLine(*s)
	}
	e := AuditEntry{
		Tenant: h.Tenant, Seq: h.Seq + 1, ID: NewID[AuditEntry](), At: at.UTC().Truncate(time.Microsecond), Act: by, AuditNote: n, Prev: h.Hash,
	}
	e.Hash = e.Sum()
	if signer != nil {
		e.Key, e.Signature = signer.Sign(AuditStatement(e.Tenant, e.Seq, e.Hash))
	}
	h.Seq, h.Hash, h.Key, h.Signature, h.At = e.Seq, e.Hash, e.Key, e.Signature, e.At
	return e
}

// auditLine makes a text one that every database gives back as it was: valid UTF-8 without NUL, and not endless.
func auditLine(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) <= auditText {
		return s
	}
	return strings.ToValidUTF8(s[:auditText], "") + "…"
}
