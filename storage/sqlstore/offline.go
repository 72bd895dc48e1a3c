package sqlstore

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

const selectOffline = `SELECT o.tenant, o.id, o.conv, o.message, o.visitor, o.name, o.email, m.body, o.created_at, o.done_at, o.done_by
	FROM offline_messages o LEFT JOIN messages m ON m.tenant = o.tenant AND m.conv = o.conv AND m.id = o.message `

func scanOffline(scan row) (o chat.OfflineMessage, err error) {
	var created, done int64
	err = scan(&o.Tenant, &o.ID, &o.Conversation, &o.Message, &o.Visitor, &o.Name, &o.Email, &o.Body, &created, &done, &o.DoneBy)
	o.CreatedAt, o.DoneAt = FromMicros(created), FromMicros(done)
	return o, err
}

// AddOfflineMessage implements chat.OfflineMessages.
func (s *Store) AddOfflineMessage(ctx context.Context, o chat.OfflineMessage, mails ...chat.Mail) (kept chat.OfflineMessage, err error) {
	keys, err := s.keys.Ready(ctx, o.Tenant)
	if err != nil {
		return kept, err
	}
	err = s.write(ctx, Of(o.Tenant), func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, `INSERT INTO offline_messages (tenant, id, conv, message, visitor, name, email, created_at, done_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) ON CONFLICT (tenant, conv, message) DO NOTHING`,
			o.Tenant, o.ID, o.Conversation, o.Message, o.Visitor, keys.Text(o.Name, seal.OfOffline("name", o.ID)), keys.Text(o.Email, seal.OfOffline("email", o.ID)), Micros(o.CreatedAt))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		for i := range mails {
			if n == 0 {
				break
			}
			if err := addMail(ctx, q, keys, &mails[i]); err != nil {
				return err
			}
		}
		kept, err = scanOffline(q.QueryRowContext(ctx, selectOffline+`WHERE o.tenant = $1 AND o.conv = $2 AND o.message = $3`,
			o.Tenant, o.Conversation, o.Message).Scan)
		return err
	})
	if err == nil {
		err = s.keys.Offline(ctx, &kept)
	}
	return kept, err
}

// OfflineMessage implements chat.OfflineMessages.
func (s *Store) OfflineMessage(ctx context.Context, tenant chat.TenantID, id chat.OfflineID) (chat.OfflineMessage, error) {
	o, err := readOne(ctx, s, Of(tenant), "offline message", scanOffline, selectOffline+`WHERE o.tenant = $1 AND o.id = $2`, tenant, id)
	if err == nil {
		err = s.keys.Offline(ctx, &o)
	}
	return o, err
}

// OfflineMessages implements chat.OfflineMessages.
func (s *Store) OfflineMessages(ctx context.Context, tenant chat.TenantID, f chat.OfflineFilter) ([]chat.OfflineMessage, string, error) {
	if f.Limit < 1 || f.Limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	before, err := beforeCursor[chat.OfflineID](f.Cursor)
	if err != nil {
		return nil, "", err
	}
	where := `WHERE o.tenant = $1 AND o.id < $2 `
	switch {
	case f.Done == nil:
	case *f.Done:
		where += `AND o.done_at <> 0 `
	default:
		where += `AND o.done_at = 0 `
	}
	page, err := readAll(ctx, s, Of(tenant), scanOffline, selectOffline+where+`ORDER BY o.id DESC LIMIT $3`, tenant, before[:], f.Limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(page) > f.Limit {
		page, next = page[:f.Limit], encodeCursor(page[f.Limit-1].ID)
	}
	for i := range page {
		if err := s.keys.Offline(ctx, &page[i]); err != nil {
			return nil, "", err
		}
	}
	return page, next, nil
}

// FinishOfflineMessage implements chat.OfflineMessages.
func (s *Store) FinishOfflineMessage(ctx context.Context, tenant chat.TenantID, id chat.OfflineID, by chat.UserID, at time.Time) (chat.OfflineMessage, error) {
	err := s.exec(ctx, Of(tenant), `UPDATE offline_messages SET done_at = $3, done_by = $4 WHERE tenant = $1 AND id = $2 AND done_at = 0`,
		tenant, id, Micros(at), by)
	if err != nil {
		return chat.OfflineMessage{}, err
	}
	return s.OfflineMessage(ctx, tenant, id)
}
