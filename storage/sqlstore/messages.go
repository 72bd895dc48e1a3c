package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/uniqchat/uniqchat/chat"
)

const messageColumns = `tenant, conv, seq, prev, prev_public, id, cmid, sender, role, kind, visibility, sent_at, reply_to, body`

// selectShown reads messages m as they are shown, withRevision what was said of them later.
const (
	selectShown = `SELECT m.tenant, m.conv, m.seq, m.prev, m.prev_public, m.id, m.cmid, m.sender, m.role, m.kind, m.visibility, m.sent_at, m.reply_to,
	CASE WHEN r.seq IS NULL THEN m.body ELSE COALESCE(r.body, '{}') END`
	withRevision = ` LEFT JOIN revisions r ON r.tenant = m.tenant AND r.conv = m.conv AND r.seq = m.seq `
)

func scanMessage(scan row) (m chat.Message, err error) {
	var at int64
	err = scan(&m.Tenant, &m.Conversation, &m.Seq, &m.Prev, &m.PrevPublic, &m.ID, &m.CMID, &m.Sender, &m.Role, &m.Kind, &m.Visibility,
		&at, &m.ReplyTo, &m.Body)
	m.Time = FromMicros(at)
	return m, err
}

// Message implements chat.Store.
func (s *Store) Message(ctx context.Context, key chat.Key, id chat.MessageID) (chat.Message, error) {
	m, err := readOne(ctx, s, Of(key.Tenant), "message", scanMessage, `SELECT `+messageColumns+` FROM messages
		WHERE tenant = $1 AND conv = $2 AND id = $3`, key.Tenant, key.Conversation, id)
	if err == nil {
		err = s.keys.Message(ctx, &m)
	}
	return m, err
}

const (
	ascending  = `SELECT ` + messageColumns + ` FROM messages WHERE tenant = $1 AND conv = $2 AND seq > $3 AND seq < $4 AND visibility <= $5 ORDER BY seq LIMIT $6`
	descending = `SELECT ` + messageColumns + ` FROM messages WHERE tenant = $1 AND conv = $2 AND seq > $3 AND seq < $4 AND visibility <= $5 ORDER BY seq DESC LIMIT $6`
)

// Messages implements chat.Store.
func (s *Store) Messages(ctx context.Context, key chat.Key, p chat.Page) ([]chat.Message, bool, error) {
	const end = chat.Seq(1 << 62) // what is beyond it would be negative to SQL, and before everything
	query, before, limit := ascending, end, max(p.Limit, 1)
	newest := p.Newest || p.Before > 0
	if newest {
		query = descending
	}
	if p.Before > 0 {
		before = min(p.Before, end)
	}
	most := chat.InternalOnly
	if p.Audience == chat.AudiencePublic {
		most = chat.Public
	}
	out, err := readAll(ctx, s, Of(key.Tenant), scanMessage, query, key.Tenant, key.Conversation, int64(min(p.After, end)), int64(before), int(most), limit+1)
	if err != nil {
		return nil, false, err
	}
	if out == nil {
		out = []chat.Message{}
	}
	complete := len(out) <= limit
	out = out[:min(len(out), limit)]
	if newest {
		slices.Reverse(out)
	}
	return out, complete, s.keys.Messages(ctx, out)
}

// MarkRead implements chat.Store.
func (s *Store) MarkRead(ctx context.Context, key chat.Key, m chat.Mark) (got chat.Mark, moved bool, err error) {
	err = s.write(ctx, Of(key.Tenant), func(ctx context.Context, q Querier) (err error) {
		got, moved, err = writeMark(ctx, q, key, m)
		return err
	})
	return got, moved, err
}

// writeMark moves a mark forward and returns it, and whether it moved.
func writeMark(ctx context.Context, q Querier, key chat.Key, m chat.Mark) (chat.Mark, bool, error) {
	got := chat.Mark{User: m.User, Role: m.Role}
	err := q.QueryRowContext(ctx, `INSERT INTO marks (tenant, conv, user_id, role, delivered, read_seq) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant, conv, user_id) DO UPDATE SET
			delivered = CASE WHEN excluded.delivered > marks.delivered THEN excluded.delivered ELSE marks.delivered END,
			read_seq = CASE WHEN excluded.read_seq > marks.read_seq THEN excluded.read_seq ELSE marks.read_seq END
		WHERE excluded.delivered > marks.delivered OR excluded.read_seq > marks.read_seq
		RETURNING delivered, read_seq`, key.Tenant, key.Conversation, m.User, m.Role, m.Delivered, m.Read).Scan(&got.Delivered, &got.Read)
	if err == nil {
		return got, true, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return got, false, err
	}
	err = q.QueryRowContext(ctx, `SELECT delivered, read_seq FROM marks WHERE tenant = $1 AND conv = $2 AND user_id = $3`,
		key.Tenant, key.Conversation, m.User).Scan(&got.Delivered, &got.Read)
	return got, false, err
}

func scanMark(scan row) (m chat.Mark, err error) {
	err = scan(&m.User, &m.Role, &m.Delivered, &m.Read)
	return m, err
}

// Marks implements chat.Store.
func (s *Store) Marks(ctx context.Context, key chat.Key) ([]chat.Mark, error) {
	return readAll(ctx, s, Of(key.Tenant), scanMark, `SELECT user_id, role, delivered, read_seq FROM marks
		WHERE tenant = $1 AND conv = $2 ORDER BY user_id LIMIT 500`, key.Tenant, key.Conversation)
}
