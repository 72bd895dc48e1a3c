package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// SetAudit says who signs the audit log, and what is called when entries are committed. Before the Store is used.
func (s *Store) SetAudit(signer chat.AuditSigner, appended func()) {
	s.signer, s.appended = signer, appended
}

// acts is what a transaction does that the audit log must hold.
type acts struct {
	by  chat.Act
	all []act
}

type act struct {
	tenant chat.TenantID // zero: the platform's chain
	by     chat.Act
	note   chat.AuditNote
}

// add notes something on behalf of whoever the context is of.
func (a *acts) add(tenant chat.TenantID, n chat.AuditNote) {
	a.all = append(a.all, act{tenant, a.by, n})
}

// addBy is add for what somebody does who becomes known by it: an agent who logs in.
func (a *acts) addBy(tenant chat.TenantID, by chat.Act, n chat.AuditNote) {
	by.Address, by.Request = a.by.Address, a.by.Request
	a.all = append(a.all, act{tenant, by, n})
}

// audited is write for what the audit log must hold: fn says what it does, and that is appended in the same transaction.
func (s *Store) audited(ctx context.Context, in Scope, fn func(ctx context.Context, q Querier, a *acts) error) error {
	by, wrote := chat.ActOf(ctx), false
	err := s.write(ctx, in, func(ctx context.Context, q Querier) error {
		a := acts{by: by}
		if err := fn(ctx, q, &a); err != nil {
			return err
		}
		wrote = len(a.all) > 0
		return s.appendAudit(ctx, q, a.all)
	})
	if err == nil && wrote && s.appended != nil {
		s.appended()
	}
	return err
}

// Audit implements chat.AuditLog.
func (s *Store) Audit(ctx context.Context, tenant chat.TenantID, notes ...chat.AuditNote) error {
	return s.audited(ctx, tokenScope(tenant), func(_ context.Context, _ Querier, a *acts) error {
		for _, n := range notes {
			a.add(tenant, n)
		}
		return nil
	})
}

// appendAudit appends to the chains. It is the last thing that a transaction does, and takes chains in order: who holds a head
// waits for nothing else any more, so that no two can wait for one another.
func (s *Store) appendAudit(ctx context.Context, q Querier, all []act) error {
	slices.SortStableFunc(all, func(a, b act) int { return bytes.Compare(a.tenant[:], b.tenant[:]) })
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].tenant == all[from].tenant {
			to++
		}
		if err := s.appendChain(ctx, q, all[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

const headColumns = `tenant, seq, hash, sign_key, signature, at, base_seq, base_hash, base_key, base_signature`

func scanHead(scan row) (h chat.AuditHead, err error) {
	var tenant, hash, base []byte
	var seq, baseSeq, at int64
	err = scan(&tenant, &seq, &hash, &h.Key, &h.Signature, &at, &baseSeq, &base, &h.BaseKey, &h.BaseSignature)
	copy(h.Tenant[:], tenant)
	copy(h.Hash[:], hash)
	copy(h.BaseHash[:], base)
	h.Seq, h.Base, h.At = uint64(seq), uint64(baseSeq), FromMicros(at)
	return h, err
}

const insertEntry = `INSERT INTO audit_entries (` + entryColumns + `)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`

// appendChain appends acts of one chain. The first statement makes the head if need be, and holds it until the transaction ends.
func (s *Store) appendChain(ctx context.Context, q Querier, acts []act) error {
	h, err := s.holdHead(ctx, q, acts[0].tenant)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, a := range acts {
		e := chat.NextAudit(&h, now, a.by, a.note, s.signer)
		if _, err := q.ExecContext(ctx, insertEntry, e.Tenant[:], int64(e.Seq), e.ID, Micros(e.At), e.ActorKind, e.ActorID, e.ActorName,
			e.Address, e.Request, e.Action, e.TargetKind, e.TargetID, e.TargetName, e.Outcome, string(e.Details), e.Prev[:], e.Hash[:], e.Key,
			orEmpty(e.Signature)); err != nil {
			return err
		}
	}
	_, err = q.ExecContext(ctx, `UPDATE audit_heads SET seq = $2, hash = $3, sign_key = $4, signature = $5, at = $6 WHERE tenant = $1`,
		h.Tenant[:], int64(h.Seq), h.Hash[:], h.Key, orEmpty(h.Signature), Micros(h.At))
	return err
}

// holdHead returns a chain's head, made if it is missing, which nobody else gets before this transaction has ended.
func (s *Store) holdHead(ctx context.Context, q Querier, tenant chat.TenantID) (chat.AuditHead, error) {
	zeros := make([]byte, 32)
	return scanHead(q.QueryRowContext(ctx, `INSERT INTO audit_heads (`+headColumns+`) VALUES ($1, 0, $2, '', $3, 0, 0, $2, '', $3)
		ON CONFLICT (tenant) DO UPDATE SET seq = audit_heads.seq RETURNING `+headColumns, tenant[:], zeros, []byte{}).Scan)
}

// orEmpty is a slice that is not stored as NULL.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

const entryColumns = `tenant, seq, id, at, actor_kind, actor_id, actor_name, address, request, action, target_kind, target_id, target_name,
	outcome, details, prev, hash, sign_key, signature`

func scanEntry(scan row) (e chat.AuditEntry, err error) {
	var tenant, prev, hash []byte
	var seq, at int64
	var details string
	err = scan(&tenant, &seq, &e.ID, &at, &e.ActorKind, &e.ActorID, &e.ActorName, &e.Address, &e.Request, &e.Action, &e.TargetKind,
		&e.TargetID, &e.TargetName, &e.Outcome, &details, &prev, &hash, &e.Key, &e.Signature)
	copy(e.Tenant[:], tenant)
	copy(e.Prev[:], prev)
	copy(e.Hash[:], hash)
	e.Seq, e.At, e.Details = uint64(seq), FromMicros(at), []byte(details)
	return e, err
}

// AuditHeads implements chat.AuditSource.
func (s *Store) AuditHeads(ctx context.Context, since time.Time) ([]chat.AuditHead, error) {
	return readAll(ctx, s, System, scanHead, `SELECT `+headColumns+` FROM audit_heads WHERE at >= $1 ORDER BY tenant`, Micros(since))
}

// AuditHead implements chat.AuditSource.
func (s *Store) AuditHead(ctx context.Context, tenant chat.TenantID) (chat.AuditHead, error) {
	return readOne(ctx, s, tokenScope(tenant), "chain", scanHead, `SELECT `+headColumns+` FROM audit_heads WHERE tenant = $1`, tenant[:])
}

// AuditRange implements chat.AuditSource.
func (s *Store) AuditRange(ctx context.Context, tenant chat.TenantID, after uint64, limit int) ([]chat.AuditEntry, error) {
	return readAll(ctx, s, tokenScope(tenant), scanEntry, `SELECT `+entryColumns+` FROM audit_entries WHERE tenant = $1 AND seq > $2
		ORDER BY seq LIMIT $3`, tenant[:], int64(after), limit)
}

// AuditEntries implements chat.AuditLog.
func (s *Store) AuditEntries(ctx context.Context, tenant chat.TenantID, f chat.AuditFilter) ([]chat.AuditEntry, string, error) {
	if f.Limit < 1 || f.Limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	query, args := `SELECT `+entryColumns+` FROM audit_entries WHERE tenant = $1`, []any{tenant[:]}
	also := func(condition string, arg any) {
		args = append(args, arg)
		query += ` AND ` + condition + strconv.Itoa(len(args))
	}
	if f.Cursor != "" {
		before, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil || before < 1 {
			return nil, "", chat.Errorf(chat.Malformed, "cursor: is none of this list")
		}
		also(`seq < $`, before)
	}
	if f.Actor != "" {
		also(`actor_id = $`, f.Actor)
	}
	if f.Target != "" {
		also(`target_id = $`, f.Target)
	}
	switch n := len(f.Action); {
	case n > 0 && f.Action[n-1] == '.': // no range: how texts compare is the database's choice
		also(`substr(action, 1, `+strconv.Itoa(n)+`) = $`, f.Action)
	case n > 0:
		also(`action = $`, f.Action)
	}
	if !f.Since.IsZero() {
		also(`at >= $`, Micros(f.Since))
	}
	if !f.Until.IsZero() {
		also(`at < $`, Micros(f.Until))
	}
	page, err := readAll(ctx, s, tokenScope(tenant), scanEntry, query+` ORDER BY seq DESC LIMIT `+strconv.Itoa(f.Limit+1), args...)
	if err != nil || len(page) <= f.Limit {
		return page, "", err
	}
	return page[:f.Limit], strconv.FormatUint(page[f.Limit-1].Seq, 10), nil
}

var errPruneEmpty = errors.New("nothing to prune")

// PruneAudit implements chat.AuditLog. What was removed is itself an entry, in the same transaction.
func (s *Store) PruneAudit(ctx context.Context, tenant chat.TenantID, before time.Time, most int) (removed int, err error) {
	err = s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error {
		removed = 0
		h, err := s.holdHead(ctx, q, tenant) // here, too, nothing else is waited for afterwards: nobody else touches what is pruned
		if err != nil {
			return err
		}
		last, err := s.prunable(ctx, q, &h, before, most)
		if err != nil {
			return err
		}
		var hash []byte
		if err := q.QueryRowContext(ctx, `SELECT hash FROM audit_entries WHERE tenant = $1 AND seq = $2`, tenant[:], int64(last)).Scan(&hash); err != nil {
			return err
		}
		from := h.Base + 1
		h.Base = last
		copy(h.BaseHash[:], hash)
		h.BaseKey, h.BaseSignature = "", nil
		if s.signer != nil {
			h.BaseKey, h.BaseSignature = s.signer.Sign(chat.BaseStatement(tenant, h.Base, h.BaseHash))
		}
		res, err := q.ExecContext(ctx, `DELETE FROM audit_entries WHERE tenant = $1 AND seq <= $2`, tenant[:], int64(last))
		if err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `UPDATE audit_heads SET base_seq = $2, base_hash = $3, base_key = $4, base_signature = $5 WHERE tenant = $1`,
			tenant[:], int64(h.Base), h.BaseHash[:], h.BaseKey, orEmpty(h.BaseSignature)); err != nil {
			return err
		}
		n, err := res.RowsAffected()
		removed = int(n)
		a.add(tenant, chat.AuditNote{Action: "audit.pruned", TargetKind: "audit_log", Details: details("from", from, "to", last)})
		return err
	})
	if errors.Is(err, errPruneEmpty) {
		return 0, nil
	}
	return removed, err
}

// prunable returns the last entry that may go. Only whole beginnings go, so that one which is too new keeps those behind it.
func (s *Store) prunable(ctx context.Context, q Querier, h *chat.AuditHead, before time.Time, most int) (uint64, error) {
	var keep *int64
	if err := q.QueryRowContext(ctx, `SELECT MIN(seq) FROM (SELECT seq, at FROM audit_entries WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3) AS oldest
		WHERE at >= $4`, h.Tenant[:], int64(h.Base), most, Micros(before)).Scan(&keep); err != nil {
		return 0, err
	}
	last := min(h.Base+uint64(most), h.Seq-1)
	if h.Seq == 0 {
		last = 0
	}
	if keep != nil {
		last = min(last, uint64(*keep)-1)
	}
	if last <= h.Base {
		return 0, errPruneEmpty
	}
	return last, nil
}
