package postgres

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// bucket is a row of search_buckets: what was sent from since on, up to the tenant's next bucket.
type bucket struct {
	tenant      chat.TenantID
	since       int64
	number      int32
	docs, upto  int64
	fresh, used bool
}

// place gives every message its bucket. A tenant's newest one that is full is followed by another.
func (w *indexing) place() error {
	// In the order of time within a tenant, so that a new bucket begins behind everything that was placed. What was queued twice
	// is written once.
	order := func(a, b said) int {
		return cmp.Or(bytes.Compare(a.key.Tenant[:], b.key.Tenant[:]), cmp.Compare(a.doc, b.doc),
			bytes.Compare(a.key.Conversation[:], b.key.Conversation[:]), cmp.Compare(a.seq, b.seq))
	}
	slices.SortFunc(w.said, order)
	w.said = slices.CompactFunc(w.said, func(a, b said) bool { return order(a, b) == 0 })
	all, err := w.buckets()
	if err != nil {
		return err
	}
	for i := range w.said {
		m := &w.said[i]
		own := all[m.key.Tenant]
		at := sort.Search(len(own), func(i int) bool { return own[i].since > m.doc }) - 1
		if at < 0 {
			return errNoBucket
		}
		b := own[at]
		if at == len(own)-1 && b.docs >= w.full && m.doc > b.upto {
			number, err := w.number()
			if err != nil {
				return err
			}
			b = &bucket{tenant: m.key.Tenant, since: m.doc, number: number, fresh: true}
			all[m.key.Tenant] = append(own, b)
		}
		b.docs++
		b.upto = max(b.upto, m.doc)
		b.used = true
		m.bucket = b.number
	}
	return w.saveBuckets(all)
}

// buckets reads the buckets of all tenants of this transaction, each tenant's in their order. A tenant without any gets its first.
func (w *indexing) buckets() (map[chat.TenantID][]*bucket, error) {
	out := make(map[chat.TenantID][]*bucket)
	var tenants [][]byte
	for i := range w.said {
		if i == 0 || w.said[i].key.Tenant != w.said[i-1].key.Tenant {
			tenants = append(tenants, w.said[i].key.Tenant[:])
		}
	}
	rows, err := w.tx.Query(w.ctx, `SELECT tenant, since, bucket, docs, upto FROM search_buckets WHERE tenant = ANY($1) ORDER BY tenant, since`, tenants)
	if err != nil {
		return nil, fmt.Errorf("read buckets: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b bucket, err error) {
		err = row.Scan(&b.tenant, &b.since, &b.number, &b.docs, &b.upto)
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("read buckets: %w", err)
	}
	for i := range found {
		out[found[i].tenant] = append(out[found[i].tenant], &found[i])
	}
	for _, t := range tenants {
		tenant := chat.TenantID(t)
		if out[tenant] == nil {
			if out[tenant], err = w.firstBuckets(tenant); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// firstBuckets makes a tenant's first buckets. Where there are messages from before the index, which come in no order of time, the
// bounds of all of theirs are fixed now.
func (w *indexing) firstBuckets(tenant chat.TenantID) (out []*bucket, err error) {
	bounds := []int64{0}
	rows, err := w.tx.Query(w.ctx, `WITH old AS (SELECT b.conv, c.created_at FROM search_backlog b JOIN conversations c ON c.tenant = b.tenant AND c.id = b.conv
			WHERE b.tenant = $1),
		size AS (SELECT count(*) AS messages FROM messages WHERE tenant = $1 AND EXISTS (SELECT FROM old))
		SELECT created_at FROM (SELECT created_at, row_number() OVER (ORDER BY created_at) AS n, count(*) OVER () AS all FROM old) x, size
		WHERE n % GREATEST(1, x.all * $2::bigint / GREATEST(1, messages)) = 0 ORDER BY created_at`, tenant, w.full)
	if err != nil {
		return nil, fmt.Errorf("plan buckets: %w", err)
	}
	began, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("plan buckets: %w", err)
	}
	for _, at := range began {
		if since := sqlstore.Doc(sqlstore.FromMicros(at), chat.ConversationID{}, 0); since > bounds[len(bounds)-1] {
			bounds = append(bounds, since)
		}
	}
	for _, since := range bounds {
		number, err := w.number()
		if err != nil {
			return nil, err
		}
		out = append(out, &bucket{tenant: tenant, since: since, number: number, fresh: true})
	}
	return out, nil
}

// number is that of a new bucket.
func (w *indexing) number() (n int32, err error) {
	if err := w.tx.QueryRow(w.ctx, `SELECT nextval('search_bucket')`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number a bucket: %w", err)
	}
	return n, nil
}

func (w *indexing) saveBuckets(all map[chat.TenantID][]*bucket) error {
	var changed []*bucket
	for _, own := range all {
		for _, b := range own {
			if b.fresh || b.used {
				changed = append(changed, b)
			}
		}
	}
	_, err := w.tx.Exec(w.ctx, `INSERT INTO search_buckets (tenant, since, bucket, docs, upto)
		SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[])
		ON CONFLICT (tenant, since) DO UPDATE SET docs = excluded.docs, upto = excluded.upto`,
		column(changed, func(b **bucket) []byte { return (*b).tenant[:] }), column(changed, func(b **bucket) int64 { return (*b).since }),
		column(changed, func(b **bucket) int32 { return (*b).number }), column(changed, func(b **bucket) int64 { return (*b).docs }),
		column(changed, func(b **bucket) int64 { return (*b).upto }))
	if err != nil {
		return fmt.Errorf("save buckets: %w", err)
	}
	return nil
}
