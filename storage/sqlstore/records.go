package sqlstore

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

const recordColumns = `tenant, kind, id, name, body, version, created_at, updated_at`

func scanRecord(scan row) (r chat.Record, err error) {
	var body string
	var created, updated int64
	err = scan(&r.Tenant, &r.Kind, &r.ID, &r.Name, &body, &r.Version, &created, &updated)
	r.Body, r.CreatedAt, r.UpdatedAt = []byte(body), FromMicros(created), FromMicros(updated)
	return r, err
}

// Record implements chat.Records.
func (s *Store) Record(ctx context.Context, tenant chat.TenantID, kind chat.RecordKind, id chat.RecordID) (chat.Record, error) {
	return readOne(ctx, s, Of(tenant), "record", scanRecord, `SELECT `+recordColumns+` FROM records WHERE tenant = $1 AND kind = $2 AND id = $3`,
		tenant, string(kind), id)
}

// Records implements chat.Records.
func (s *Store) Records(ctx context.Context, tenant chat.TenantID, kind chat.RecordKind, cursor string, limit int) ([]chat.Record, string, error) {
	if limit < 1 || limit > 1000 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 1000")
	}
	after, err := decodeCursor[chat.RecordID](cursor)
	if err != nil {
		return nil, "", err
	}
	page, err := readAll(ctx, s, Of(tenant), scanRecord, `SELECT `+recordColumns+` FROM records WHERE tenant = $1 AND kind = $2 AND id > $3
		ORDER BY id LIMIT $4`, tenant, string(kind), after[:], limit+1)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], encodeCursor(page[limit-1].ID), nil
}

// RecordsOf implements chat.Records.
func (s *Store) RecordsOf(ctx context.Context, tenant chat.TenantID, kinds ...chat.RecordKind) ([]chat.Record, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	args := []any{tenant}
	in := make([]string, len(kinds))
	for i, k := range kinds {
		args = append(args, string(k))
		in[i] = "$" + strconv.Itoa(len(args))
	}
	return readAll(ctx, s, Of(tenant), scanRecord, `SELECT `+recordColumns+` FROM records WHERE tenant = $1 AND kind IN (`+
		strings.Join(in, ", ")+`) ORDER BY id`, args...)
}

var (
	errNameTaken = &chat.Error{Code: chat.Conflict, Name: "name_taken", Message: "there is one like it already"}
	errTooMany   = &chat.Error{Code: chat.Conflict, Name: "too_many", Message: "there are as many as there may be; delete some first"}
	errOldRecord = &chat.Error{Code: chat.Conflict, Name: "stale", Message: "it has changed in the meantime; read it again"}
)

// AddRecord implements chat.Records. Several at once may exceed most by a few.
func (s *Store) AddRecord(ctx context.Context, r chat.Record, most int) error {
	err := s.audited(ctx, Of(r.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		var n int
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM records WHERE tenant = $1 AND kind = $2`, r.Tenant, string(r.Kind)).Scan(&n)
		if err != nil {
			return err
		}
		if n >= most {
			return errTooMany
		}
		_, err = q.ExecContext(ctx, `INSERT INTO records (`+recordColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.Tenant, string(r.Kind), r.ID, r.Name, string(r.Body), int64(r.Version), Micros(r.CreatedAt), Micros(r.UpdatedAt))
		a.recordSaved(&r, nil)
		if err != nil {
			return err
		}
		return botSet(ctx, q, r.Kind)
	})
	return nameTaken(err)
}

func nameTaken(err error) error {
	if isDuplicate(err) {
		return errNameTaken
	}
	return err
}

// ReplaceRecord implements chat.Records.
func (s *Store) ReplaceRecord(ctx context.Context, r chat.Record) error {
	missed := false
	err := s.audited(ctx, Of(r.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		missed = true
		old, err := before(ctx, q, scanRecord, `SELECT `+recordColumns+` FROM records WHERE tenant = $1 AND kind = $2 AND id = $3 AND version = $4`,
			r.Tenant, string(r.Kind), r.ID, int64(r.Version)-1)
		if err != nil || old == nil {
			return err
		}
		res, err := q.ExecContext(ctx, `UPDATE records SET name = $4, body = $5, version = $6, updated_at = $7
			WHERE tenant = $1 AND kind = $2 AND id = $3 AND version = $8`,
			r.Tenant, string(r.Kind), r.ID, r.Name, string(r.Body), int64(r.Version), Micros(r.UpdatedAt), int64(r.Version)-1)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if missed = n == 0; missed || err != nil {
			return err
		}
		a.recordSaved(&r, old)
		return nil
	})
	if err != nil || !missed {
		return nameTaken(err)
	}
	if _, err := s.Record(ctx, r.Tenant, r.Kind, r.ID); err != nil {
		return err
	}
	return errOldRecord
}

var errNoRecord = errors.New("no such record")

// DeleteRecord implements chat.Records.
func (s *Store) DeleteRecord(ctx context.Context, tenant chat.TenantID, kind chat.RecordKind, id chat.RecordID) error {
	err := s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		old, err := before(ctx, q, scanRecord, `SELECT `+recordColumns+` FROM records WHERE tenant = $1 AND kind = $2 AND id = $3`,
			tenant, string(kind), id)
		if err != nil {
			return err
		}
		res, err := q.ExecContext(ctx, `DELETE FROM records WHERE tenant = $1 AND kind = $2 AND id = $3`, tenant, string(kind), id)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			err = errNoRecord
		}
		if old != nil {
			a.add(tenant, chat.AuditNote{Action: string(kind) + ".deleted", TargetKind: string(kind), TargetID: id.String(), TargetName: old.Name})
		}
		if err != nil {
			return err
		}
		return botSet(ctx, q, kind)
	})
	if errors.Is(err, errNoRecord) {
		return chat.Errorf(chat.NotFound, "there is no such record")
	}
	return err
}
