package sqlstore

import (
	"context"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// deadPart is the part of rows that could not be written. Only PostgreSQL has such a table.
const deadPart = "dead_letter"

// deadRow is a row that could not be written, as it is kept.
type deadRow struct {
	id, seq int64
	conv    []byte
	payload []byte
}

// place is where the payload stands.
func (d *deadRow) place() seal.Place {
	var conv chat.ConversationID
	copy(conv[:], d.conv)
	return seal.OfDead(conv, chat.Seq(d.seq))
}

func deadRows(ctx context.Context, q Querier, tenant chat.TenantID, after int64, most int) ([]deadRow, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, seq, conv, payload FROM dead_letter WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`, tenant, after, most)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(scan row) (d deadRow, err error) {
		err = scan(&d.id, &d.seq, &d.conv, &d.payload)
		return d, err
	})
}

// resealDead brings a row into the form that is wanted. All are sealed with the lasting key, so that what fails again is there once.
func resealDead(ctx context.Context, q Querier, d *deadRow, f *form, lost func(seal.Place, error)) error {
	if seal.Is(d.payload) == (f.target > 0) {
		return nil
	}
	place := d.place()
	var next []byte
	if f.target > 0 {
		next = f.keys.Same(d.payload, place)
	} else {
		var err error
		if next, err = f.keys.Open(d.payload, place); err != nil {
			lost(place, err)
			return nil
		}
	}
	// The same may have failed since, and be there in its new form.
	res, err := q.ExecContext(ctx, `DELETE FROM dead_letter d WHERE d.id = $1 AND EXISTS (SELECT 1 FROM dead_letter o WHERE o.tenant = d.tenant
		AND o.what = d.what AND COALESCE(o.conv, '') = COALESCE(d.conv, '') AND o.seq = d.seq AND o.payload = $2)`, d.id, next)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = q.ExecContext(ctx, `UPDATE dead_letter SET payload = $2 WHERE id = $1 AND payload = $3`, d.id, next, d.payload)
	return err
}
