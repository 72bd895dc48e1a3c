package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// query asks across tenants in one round trip: each row of one statement, which may be asked again, goes to scan.
func (d *DB) query(ctx context.Context, scan func(row pgx.CollectableRow) error, text string, args ...any) (err error) {
	if err := d.gate.enter(); err != nil {
		return err
	}
	defer func() { d.gate.leave(err) }()
	for range maxDead {
		if err = d.queryOnce(ctx, scan, text, args...); ctx.Err() != nil || !isStale(err) {
			break
		}
		d.pool.Reset()
	}
	return unavailable(err)
}

func (d *DB) queryOnce(ctx context.Context, scan func(row pgx.CollectableRow) error, text string, args ...any) error {
	batch := &pgx.Batch{}
	batch.Queue(`BEGIN`) // without it, every SET LOCAL is a warning in the server's log
	batch.Queue(asSystem)
	batch.Queue(text, args...).Query(func(rows pgx.Rows) error {
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	batch.Queue(`COMMIT`)
	return d.pool.SendBatch(ctx, batch).Close()
}

// Heads implements project.Database.
func (d *DB) Heads(ctx context.Context, keys ...chat.Key) ([]chat.Head, error) {
	out := make([]chat.Head, len(keys))
	var tenants, convs [][]byte
	for i := range keys {
		tenants, convs = append(tenants, keys[i].Tenant[:]), append(convs, keys[i].Conversation[:])
	}
	err := d.query(ctx, func(row pgx.CollectableRow) error {
		var i, version, last, public, queued, wakes int64
		var h chat.Head
		if err := row.Scan(&i, &h.Visitor, &h.Status, &h.Assignee, &h.Team, &version, &last, &public, &queued, &wakes); err != nil {
			return err
		}
		h.Version, h.Last, h.LastPublic = uint64(version), chat.Seq(last), chat.Seq(public)
		h.Queued, h.Wakes = sqlstore.FromMicros(queued), sqlstore.FromMicros(wakes)
		out[i-1] = h
		return nil
	}, `SELECT k.i, c.visitor, c.status, c.assignee, c.team, c.version, c.last_seq, c.last_public, c.queued_at, c.wakes_at
		FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS k(tenant, conv, i)
		JOIN conversations c ON c.tenant = k.tenant AND c.id = k.conv`, tenants, convs)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	return out, nil
}

// Find implements project.Database.
func (d *DB) Find(ctx context.Context, refs ...project.Ref) ([]chat.Message, error) {
	out := make([]chat.Message, len(refs))
	var tenants, convs, ids [][]byte
	for i := range refs {
		tenants, convs = append(tenants, refs[i].Tenant[:]), append(convs, refs[i].Conversation[:])
		ids = append(ids, refs[i].Message[:])
	}
	err := d.query(ctx, func(row pgx.CollectableRow) error {
		var i, seq, prev, public, at int64
		var m chat.Message
		var role, kind, visibility int16
		if err := row.Scan(&i, &m.Tenant, &m.Conversation, &seq, &prev, &public, &m.ID, &m.CMID, &m.Sender, &role, &kind, &visibility,
			&at, &m.ReplyTo, &m.Body); err != nil {
			return err
		}
		m.Seq, m.Prev, m.PrevPublic, m.Time = chat.Seq(seq), chat.Seq(prev), chat.Seq(public), sqlstore.FromMicros(at)
		m.Role, m.Kind, m.Visibility = chat.Role(role), chat.Kind(kind), chat.Visibility(visibility)
		out[i-1] = m
		return nil
	}, `SELECT k.i, m.tenant, m.conv, m.seq, m.prev, m.prev_public, m.id, m.cmid, m.sender, m.role, m.kind, m.visibility, m.sent_at,
		m.reply_to, m.body FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS k(tenant, conv, id, i)
		JOIN messages m ON m.tenant = k.tenant AND m.conv = k.conv AND m.id = k.id`, tenants, convs, ids)
	if err != nil {
		return nil, fmt.Errorf("find messages: %w", err)
	}
	return out, d.store.Keyring().Messages(ctx, out)
}

// OpenConversations implements project.Database. The log sees to it that a visitor has one at most; its rows may come in
// another order: the newest counts.
func (d *DB) OpenConversations(ctx context.Context, visitors ...chat.VisitorKey) ([]chat.ConversationID, error) {
	out := make([]chat.ConversationID, len(visitors))
	var tenants, ids [][]byte
	for i := range visitors {
		tenants, ids = append(tenants, visitors[i].Tenant[:]), append(ids, visitors[i].Visitor[:])
	}
	err := d.query(ctx, func(row pgx.CollectableRow) error {
		var i int64
		var id chat.ConversationID
		if err := row.Scan(&i, &id); err != nil {
			return err
		}
		out[i-1] = id
		return nil
	}, `SELECT k.i, c.id FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS k(tenant, visitor, i),
		LATERAL (SELECT id FROM conversations WHERE tenant = k.tenant AND visitor = k.visitor AND status <> 4
			ORDER BY created_at DESC, id DESC LIMIT 1) AS c`, tenants, ids)
	if err != nil {
		return nil, fmt.Errorf("read open conversations: %w", err)
	}
	return out, nil
}

// Messages implements project.Database.
func (d *DB) Messages(ctx context.Context, key chat.Key, p chat.Page) ([]chat.Message, bool, error) {
	return d.store.Messages(ctx, key, p)
}

// Cursors implements project.Database. After a fork that the rows have not got past, it is the beginning of the fork's epoch.
func (d *DB) Cursors(ctx context.Context) (out [project.Partitions]project.Cursor, err error) {
	err = d.query(ctx, func(row pgx.CollectableRow) error {
		p, err := scanPosition(row)
		if err != nil {
			return err
		}
		if p.partition < 0 || p.partition >= project.Partitions {
			return fmt.Errorf("partition %d is none of %d", p.partition, project.Partitions)
		}
		out[p.partition] = p.cursor
		if p.cursor.Epoch < p.floor {
			out[p.partition] = project.Cursor{Epoch: p.floor}
		}
		return nil
	}, selectPositions+`FROM log_partitions ORDER BY partition`)
	if err != nil {
		return out, fmt.Errorf("read cursors: %w", err)
	}
	return out, nil
}

// Fork implements project.Database. The partition is projected anew from the start, whoever does it.
func (d *DB) Fork(ctx context.Context, partition int, atLeast uint64) (epoch uint64, err error) {
	found := false
	err = d.query(ctx, func(row pgx.CollectableRow) error {
		var e int64
		found = true
		err := row.Scan(&e)
		epoch = uint64(e)
		return err
	}, `UPDATE log_partitions SET floor = GREATEST($2, floor + 1, epoch + 1), epoch = 0, n = 0, tag = '\x0000000000000000'
		WHERE partition = $1 RETURNING floor`, partition, int64(atLeast))
	if err == nil && !found {
		err = fmt.Errorf("there is no partition %d", partition)
	}
	if err != nil {
		return 0, fmt.Errorf("begin a new epoch: %w", err)
	}
	return epoch, nil
}

// position is how far a partition is in the rows, and what moving it on takes.
type position struct {
	partition int
	fence     int64
	floor     uint64
	cursor    project.Cursor
}

const selectPositions = `SELECT partition, fence, floor, epoch, n, tag `

func scanPosition(row pgx.CollectableRow) (p position, err error) {
	var floor, epoch, n int64
	var tag []byte
	if err := row.Scan(&p.partition, &p.fence, &floor, &epoch, &n, &tag); err != nil {
		return p, err
	}
	if len(tag) != len(p.cursor.Tag) {
		return p, errors.New("a tag is 8 bytes")
	}
	p.floor, p.cursor = uint64(floor), project.Cursor{Epoch: uint64(epoch), N: uint64(n), Tag: project.Tag(tag)}
	return p, nil
}
