package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// byVisitor is the order in which visitors' rows are written: the same everywhere, so that two transactions wait for one another in turn.
func byVisitor(a, b chat.VisitorKey) int {
	if c := bytes.Compare(a.Tenant[:], b.Tenant[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.Visitor[:], b.Visitor[:])
}

// AddSteps implements chat.Trails.
func (s *Store) AddSteps(ctx context.Context, steps ...chat.Step) (known []chat.VisitorKey, err error) {
	of := make(map[chat.VisitorKey][]chat.Step)
	for i := range steps {
		k := chat.VisitorKey{Tenant: steps[i].Tenant, Visitor: steps[i].Visitor}
		of[k] = append(of[k], steps[i])
	}
	visitors := make([]chat.VisitorKey, 0, len(of))
	for k := range of {
		visitors = append(visitors, k)
	}
	slices.SortFunc(visitors, byVisitor)
	keys := make(seal.All)
	for _, k := range visitors {
		if keys[k.Tenant], err = s.keys.Background(ctx, k.Tenant); err != nil {
			return nil, err
		}
	}
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		known = known[:0]
		for _, k := range visitors {
			there, err := addSteps(ctx, q, keys[k.Tenant], k, of[k])
			if err != nil {
				return err
			}
			if there {
				known = append(known, k)
			}
		}
		return nil
	})
	return known, err
}

func addSteps(ctx context.Context, q Querier, keys *seal.Tenant, k chat.VisitorKey, steps []chat.Step) (there bool, err error) {
	last := int64(0)
	for i := range steps {
		last = max(last, Micros(steps[i].At))
	}
	// Locks the row: whoever erases the person stands in line.
	res, err := q.ExecContext(ctx, `UPDATE visitors SET seen_at = CASE WHEN seen_at < $3 THEN $3 ELSE seen_at END
		WHERE tenant = $1 AND id = $2 AND erased_at = 0`, k.Tenant, k.Visitor, last)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	for i := range steps {
		st := &steps[i]
		if _, err := q.ExecContext(ctx, `INSERT INTO trail (tenant, visitor, id, at, name, data) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (tenant, visitor, id) DO NOTHING`, st.Tenant, st.Visitor, st.ID, Micros(st.At), st.Name, keys.Text(string(st.Data), seal.OfStep(st.ID))); err != nil {
			return false, err
		}
	}
	var oldest chat.StepID
	err = q.QueryRowContext(ctx, `SELECT id FROM trail WHERE tenant = $1 AND visitor = $2 ORDER BY id DESC LIMIT 1 OFFSET $3`,
		k.Tenant, k.Visitor, chat.TrailKept-1).Scan(&oldest)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	_, err = q.ExecContext(ctx, `DELETE FROM trail WHERE tenant = $1 AND visitor = $2 AND id < $3`, k.Tenant, k.Visitor, oldest)
	return true, err
}

func scanStep(scan row) (st chat.Step, err error) {
	var at int64
	var data string
	err = scan(&st.Tenant, &st.Visitor, &st.ID, &at, &st.Name, &data)
	st.At, st.Data = FromMicros(at), []byte(data)
	return st, err
}

// Steps implements chat.Trails.
func (s *Store) Steps(ctx context.Context, tenant chat.TenantID, visitor chat.VisitorID, cursor string, limit int) ([]chat.Step, string, error) {
	if limit < 1 || limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	before, err := decodeCursor[chat.StepID](cursor)
	if err != nil {
		return nil, "", err
	}
	if cursor == "" {
		before = chat.StepID(bytes.Repeat([]byte{0xFF}, 16))
	}
	page, err := readAll(ctx, s, Of(tenant), scanStep, `SELECT tenant, visitor, id, at, name, data FROM trail
		WHERE tenant = $1 AND visitor = $2 AND id < $3 ORDER BY id DESC LIMIT $4`, tenant, visitor, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(page) > limit {
		page, next = page[:limit], encodeCursor(page[limit-1].ID)
	}
	for i := range page {
		if err := s.keys.Step(ctx, &page[i]); err != nil {
			return nil, "", err
		}
	}
	return page, next, nil
}

// Seen implements chat.Trails.
func (s *Store) Seen(ctx context.Context, at time.Time, visitors ...chat.VisitorKey) error {
	visitors = slices.Clone(visitors)
	slices.SortFunc(visitors, byVisitor)
	return s.write(ctx, System, func(ctx context.Context, q Querier) error {
		for _, k := range visitors {
			if _, err := q.ExecContext(ctx, `UPDATE visitors SET seen_at = $3 WHERE tenant = $1 AND id = $2 AND seen_at < $3 AND erased_at = 0`,
				k.Tenant, k.Visitor, Micros(at)); err != nil {
				return err
			}
		}
		return nil
	})
}
