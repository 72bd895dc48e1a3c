package chat

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// AuditMark is what a checkpoint says of a chain: its head at a time.
type AuditMark struct {
	Tenant TenantID
	Seq    uint64
	Hash   [32]byte
	At     time.Time
}

// AuditFault is one thing that is wrong with a chain.
type AuditFault struct {
	Tenant TenantID `json:"tenant"`
	Seq    uint64   `json:"seq"`          // of the entry; 0: the chain's as a whole
	To     uint64   `json:"to,omitempty"` // the last of several
	Kind   string   `json:"kind"`         // edited, moved, forged, deleted, truncated, inserted, rewritten, unlinked, head, base
	Text   string   `json:"text"`         // for people
}

// AuditReport is what was found of one chain.
type AuditReport struct {
	Tenant  TenantID
	Entries uint64 // that were read
	First   uint64 // Seq of the oldest one that is there; what is before it was removed by retention
	Last    uint64
	LastAt  time.Time
	// Behind is how many entries are newer than the last checkpoint: if they were cut off, nobody could tell.
	Behind uint64
	Faults uint64
}

// auditPage is how many entries are in memory at once.
const auditPage = 500

// VerifyAudit reads a chain and holds it against its signatures and marks, which must be in the order of Seq and read before the
// store is. Everything that is wrong is told to fault. It returns an error only if it could not read. The chain may grow,
// and be pruned, meanwhile.
func VerifyAudit(ctx context.Context, src AuditSource, keys AuditVerifier, tenant TenantID, marks []AuditMark, fault func(AuditFault)) (AuditReport, error) {
	v := &auditRun{src: src, keys: keys, marks: marks, report: AuditReport{Tenant: tenant}, tell: fault}
	err := v.run(ctx)
	return v.report, err
}

// auditRun is one VerifyAudit.
type auditRun struct {
	src    AuditSource
	keys   AuditVerifier
	marks  []AuditMark
	report AuditReport
	tell   func(AuditFault)

	newest uint64   // Seq of the head
	next   uint64   // Seq of the entry that must come
	prev   [32]byte // Hash of the one before it
	linked bool     // prev is known
	last   AuditEntry
}

func (v *auditRun) fault(seq, to uint64, kind, format string, args ...any) {
	v.report.Faults++
	v.tell(AuditFault{v.report.Tenant, seq, to, kind, fmt.Sprintf(format, args...)})
}

func (v *auditRun) run(ctx context.Context) error {
	head, err := v.src.AuditHead(ctx, v.report.Tenant)
	there := err == nil
	if err != nil && !errors.Is(err, &Error{Code: NotFound}) {
		return err
	}
	if there {
		v.begin(&head)
	} else {
		v.fault(0, 0, "head", "the chain has no head")
		v.next, v.linked = 1, true
	}
	for {
		page, err := v.src.AuditRange(ctx, v.report.Tenant, v.next-1, auditPage)
		if err != nil {
			return err
		}
		for i := range page {
			if page[i].Seq > v.next && there { // it may have been pruned since the head was read
				if head, err = v.src.AuditHead(ctx, v.report.Tenant); err != nil {
					return err
				}
				v.rebase(&head)
			}
			v.entry(&page[i])
		}
		if len(page) < auditPage {
			break
		}
	}
	if there {
		if head, err = v.src.AuditHead(ctx, v.report.Tenant); err != nil {
			return err
		}
		if err := v.catchUp(ctx, &head); err != nil {
			return err
		}
		v.end(&head)
	}
	v.cut()
	return nil
}

// catchUp reads what was appended between the last page and a head that was read after it.
func (v *auditRun) catchUp(ctx context.Context, head *AuditHead) error {
	for v.next <= head.Seq {
		page, err := v.src.AuditRange(ctx, v.report.Tenant, v.next-1, auditPage)
		if err != nil {
			return err
		}
		for i := range page {
			if page[i].Seq <= head.Seq {
				v.entry(&page[i])
			}
		}
		if len(page) < auditPage {
			return nil
		}
	}
	return nil
}

// begin takes in where the chain begins.
func (v *auditRun) begin(head *AuditHead) {
	v.next, v.prev, v.linked, v.newest = head.Base+1, head.BaseHash, true, head.Seq
	v.report.First = v.next
	if head.Base == 0 {
		if head.BaseHash != ([32]byte{}) || head.BaseKey != "" || len(head.BaseSignature) > 0 {
			v.fault(0, 0, "base", "nothing was pruned, but the head says with what hash")
			v.prev = [32]byte{}
		}
		return
	}
	if why := v.unsigned(head.BaseKey, BaseStatement(head.Tenant, head.Base, head.BaseHash), head.BaseSignature); why != "" {
		v.fault(head.Base, 0, "base", "entries up to %d are gone, and that retention removed them is not proven: %s", head.Base, why)
		v.linked = false
	}
}

// rebase goes on from a newer base.
func (v *auditRun) rebase(head *AuditHead) {
	if head.Base >= v.next && v.unsigned(head.BaseKey, BaseStatement(head.Tenant, head.Base, head.BaseHash), head.BaseSignature) == "" {
		v.next, v.prev, v.linked = head.Base+1, head.BaseHash, true
	}
}

// unsigned says why a statement is not proven; "" if it is.
func (v *auditRun) unsigned(key string, statement, signature []byte) string {
	known, ok := v.keys.Verify(key, statement, signature)
	switch {
	case ok:
		return ""
	case len(signature) == 0:
		return "it is not signed"
	case !known:
		return fmt.Sprintf("it is signed by the key %q, which is not trusted", key)
	default:
		return "the signature does not fit"
	}
}

// entry holds one entry against the one before it, its own hash, its signature and the marks.
func (v *auditRun) entry(e *AuditEntry) {
	if e.Seq > v.next {
		v.fault(v.next, e.Seq-1, "deleted", "%s missing", entries(v.next, e.Seq-1))
		v.linked = false
	}
	v.report.Entries++
	sound := v.content(e)
	if sound && v.linked && e.Prev != v.prev {
		v.fault(e.Seq, 0, "unlinked", "entry %d does not follow the one before it: both are signed, but of different histories", e.Seq)
	}
	v.mark(e)
	v.next, v.prev, v.linked, v.last = e.Seq+1, e.Hash, sound, *e
	v.report.Last, v.report.LastAt = e.Seq, e.At
}

// content reports whether an entry is what was signed; what is not is told.
func (v *auditRun) content(e *AuditEntry) bool {
	sum := e.Sum()
	stored := v.unsigned(e.Key, AuditStatement(e.Tenant, e.Seq, e.Hash), e.Signature)
	switch {
	case sum == e.Hash && stored == "":
		return true
	case sum == e.Hash:
		v.fault(e.Seq, 0, "forged", "entry %d agrees with its hash, but the hash is not proven: %s", e.Seq, stored)
	case stored == "":
		v.fault(e.Seq, 0, "edited", "entry %d was edited: it no longer has the hash that was signed", e.Seq)
	case v.unsigned(e.Key, AuditStatement(e.Tenant, e.Seq, sum), e.Signature) == "":
		v.fault(e.Seq, 0, "edited", "entry %d has another hash than the one that was signed; the rest of it is as it was", e.Seq)
	default:
		if was := v.movedFrom(e); was > 0 {
			v.fault(e.Seq, 0, "moved", "entry %d is the one that was number %d", e.Seq, was)
		} else {
			v.fault(e.Seq, 0, "forged", "entry %d is not one that was signed: neither content, hash nor signature fit", e.Seq)
		}
	}
	return false
}

// movedFar is how far from its place an entry is looked for, and movedMost how often: who has spoiled a whole chain has moved nothing.
const (
	movedFar  = 10_000
	movedMost = 100
)

// movedFrom returns the number that an entry had when it was hashed; 0 if there is none near.
func (v *auditRun) movedFrom(e *AuditEntry) uint64 {
	if v.report.Faults >= movedMost {
		return 0
	}
	moved := *e
	from, to := uint64(1), min(e.Seq+movedFar, v.newest)
	if e.Seq > movedFar {
		from = e.Seq - movedFar
	}
	for moved.Seq = from; moved.Seq <= to; moved.Seq++ {
		if moved.Sum() == e.Hash && v.unsigned(e.Key, AuditStatement(e.Tenant, moved.Seq, e.Hash), e.Signature) == "" {
			return moved.Seq
		}
	}
	return 0
}

// mark holds an entry against the checkpoints that saw it.
func (v *auditRun) mark(e *AuditEntry) {
	seen := false
	for len(v.marks) > 0 && v.marks[0].Seq <= e.Seq {
		m := v.marks[0]
		v.marks = v.marks[1:]
		if m.Seq == e.Seq && m.Hash != e.Hash {
			v.fault(e.Seq, 0, "rewritten", "entry %d is another one than a checkpoint of %s saw", e.Seq, m.At.Format(time.RFC3339))
		}
		seen = seen || m.Seq == e.Seq
	}
	if v.report.Behind++; seen {
		v.report.Behind = 0
	}
}

// end holds the newest entry against the head.
func (v *auditRun) end(head *AuditHead) {
	if last := v.report.Last; last > head.Seq {
		v.fault(head.Seq+1, last, "inserted", "%s behind the head: nobody signed for more than %d", entries(head.Seq+1, last), head.Seq)
		return
	}
	if v.next <= head.Seq {
		v.fault(v.next, head.Seq, "truncated", "%s missing at the end", entries(v.next, head.Seq))
	}
	if why := v.unsigned(head.Key, AuditStatement(head.Tenant, head.Seq, head.Hash), head.Signature); why != "" {
		v.fault(0, 0, "head", "the head is not proven: %s", why)
		return
	}
	if v.report.Last == head.Seq && (head.Hash != v.last.Hash || !head.At.Equal(v.last.At) || head.Key != v.last.Key) {
		v.fault(0, 0, "head", "the head is another one than the newest entry")
	}
}

// cut tells of what a checkpoint saw and is no longer there.
func (v *auditRun) cut() {
	if len(v.marks) == 0 {
		return
	}
	m := v.marks[len(v.marks)-1]
	if m.Seq > v.report.Last {
		v.fault(v.report.Last+1, m.Seq, "truncated", "%s missing at the end: a checkpoint of %s saw %d",
			entries(v.report.Last+1, m.Seq), m.At.Format(time.RFC3339), m.Seq)
	}
}

func entries(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("entry %d is", from)
	}
	return fmt.Sprintf("entries %d to %d are", from, to)
}
