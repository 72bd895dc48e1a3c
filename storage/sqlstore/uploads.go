package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// useGone is the state of a note whose message no longer names the upload; the states stand in 00006_uploads.sql.
const useGone = 2

const uploadColumns = `tenant, id, conv, uploader, role, name, mime, size, sha256, width, height, object, thumb, thumb_size, named, created_at`

const shown = `EXISTS (SELECT 1 FROM upload_uses x WHERE x.tenant = uploads.tenant AND x.upload = uploads.id AND x.public = 1 AND x.state < 2)`

func scanUpload(scan row) (u chat.Upload, err error) {
	var sum []byte
	var created int64
	err = scan(&u.Tenant, &u.ID, &u.Conversation, &u.Uploader, &u.Role, &u.Name, &u.Mime, &u.Size, &sum, &u.Width, &u.Height, &u.Object,
		&u.Thumb, &u.ThumbSize, &u.Named, &created, &u.Shown)
	copy(u.SHA256[:], sum)
	u.CreatedAt = FromMicros(created)
	return u, err
}

func scanTotal(scan row) (n int64, err error) {
	err = scan(&n)
	return n, err
}

func scanUploadID(scan row) (id chat.UploadID, err error) {
	err = scan(&id)
	return id, err
}

func scanUse(scan row) (u chat.UploadUse, err error) {
	err = scan(&u.Key.Tenant, &u.Key.Conversation, &u.Upload, &u.Message)
	return u, err
}

// Upload implements chat.Uploads.
func (s *Store) Upload(ctx context.Context, tenant chat.TenantID, id chat.UploadID) (chat.Upload, error) {
	u, err := readOne(ctx, s, Of(tenant), "upload", scanUpload, `SELECT `+uploadColumns+`, `+shown+` FROM uploads
		WHERE tenant = $1 AND id = $2 AND state = 1`, tenant, id)
	if err == nil {
		err = s.keys.Upload(ctx, &u)
	}
	return u, err
}

// UploadTotal implements chat.Uploads.
func (s *Store) UploadTotal(ctx context.Context, tenant chat.TenantID) (total int64, err error) {
	total, err = readOne(ctx, s, Of(tenant), "total", scanTotal,
		`SELECT bytes FROM upload_totals WHERE tenant = $1`, tenant)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return 0, nil
	}
	return total, err
}

// quotaPause is what somebody whose tenant has no room is told to wait: it takes people to make some.
const quotaPause = time.Hour

// ReserveUpload implements chat.Uploads.
func (s *Store) ReserveUpload(ctx context.Context, u chat.Upload, quota int64, unsent int) error {
	keys, err := s.keys.Ready(ctx, u.Tenant)
	if err != nil {
		return err
	}
	return s.write(ctx, Of(u.Tenant), func(ctx context.Context, q Querier) error {
		// First the total: uploads of one tenant stand in line here.
		var total, loose int64
		err := q.QueryRowContext(ctx, `INSERT INTO upload_totals (tenant, bytes) VALUES ($1, $2)
			ON CONFLICT (tenant) DO UPDATE SET bytes = upload_totals.bytes + excluded.bytes RETURNING bytes`, u.Tenant, u.Size+u.ThumbSize).Scan(&total)
		if err != nil {
			return err
		}
		if quota > 0 && total > quota {
			return &chat.Error{Code: chat.Full, Name: "quota_exceeded", Message: "there is no room left for files", RetryAfter: quotaPause}
		}
		err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM uploads WHERE tenant = $1 AND uploader = $2 AND named = 0`, u.Tenant, u.Uploader).Scan(&loose)
		if err != nil {
			return err
		}
		if loose >= int64(unsent) {
			return &chat.Error{Code: chat.TooMany, Name: "uploads_unsent", Message: "too many files that no message names; send or delete some", RetryAfter: time.Minute}
		}
		given := 0
		if !u.Conversation.IsZero() {
			given = 1
		}
		_, err = q.ExecContext(ctx, `INSERT INTO uploads (`+uploadColumns+`, given, state)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $16, 0)`,
			u.Tenant, u.ID, u.Conversation, u.Uploader, u.Role, keys.Text(u.Name, seal.OfUpload(u.ID)), u.Mime, u.Size, u.SHA256[:], u.Width, u.Height, u.Object, u.Thumb,
			u.ThumbSize, Micros(u.CreatedAt), given)
		return err
	})
}

// KeepUpload implements chat.Uploads.
func (s *Store) KeepUpload(ctx context.Context, tenant chat.TenantID, id chat.UploadID) error {
	return s.one(ctx, Of(tenant), errNoUpload, `UPDATE uploads SET state = 1 WHERE tenant = $1 AND id = $2 AND state = 0`, tenant, id)
}

var errNoUpload = chat.Errorf(chat.NotFound, "there is no such upload")

// one writes with a statement that must change a row; otherwise it fails with missing.
func (s *Store) one(ctx context.Context, in Scope, missing error, query string, args ...any) error {
	return s.write(ctx, in, func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return missing
	})
}

// UseUpload implements chat.Uploads.
func (s *Store) UseUpload(ctx context.Context, use chat.UploadUse) (fresh bool, err error) {
	t := use.Key.Tenant
	err = s.write(ctx, Of(t), func(ctx context.Context, q Querier) error {
		fresh = false
		var state int
		err := q.QueryRowContext(ctx, `SELECT state FROM upload_uses WHERE tenant = $1 AND upload = $2 AND message = $3`,
			t, use.Upload, use.Message).Scan(&state)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case state != useGone || !use.Edited:
			return nil
		}
		// Locks the row, so that who releases or drops the upload at the same time stands in line.
		res, err := q.ExecContext(ctx, `UPDATE uploads SET named = 1, conv = $3 WHERE tenant = $1 AND id = $2 AND state = 1
			AND (conv = $3 OR conv IS NULL AND uploader = $4 AND role = $5)
			AND ($6 = 0 OR uploader = $4 OR `+shown+`)`, t, use.Upload, use.Key.Conversation, use.Sender, use.Role, flag(use.Role == chat.RoleVisitor))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errNoUpload
		}
		res, err = q.ExecContext(ctx, `INSERT INTO upload_uses (tenant, upload, message, conv, public, state, noted_at) VALUES ($1, $2, $3, $4, $5, 0, $6)
			ON CONFLICT (tenant, upload, message) DO UPDATE SET state = 0, public = excluded.public, noted_at = excluded.noted_at
			WHERE upload_uses.state = 2`, t, use.Upload, use.Message, use.Key.Conversation, flag(use.Public), Micros(use.At))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		fresh = n > 0
		return err
	})
	return fresh, err
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ReleaseUpload implements chat.Uploads.
func (s *Store) ReleaseUpload(ctx context.Context, use chat.UploadUse) error {
	t := use.Key.Tenant
	return s.write(ctx, Of(t), func(ctx context.Context, q Querier) error {
		return unname(ctx, q, t, use.Upload, `DELETE FROM upload_uses WHERE tenant = $1 AND upload = $2 AND message = $3`, use.Message)
	})
}

// ReleaseUploads implements chat.Uploads.
func (s *Store) ReleaseUploads(ctx context.Context, key chat.Key, message chat.MessageID, but chat.UploadID) error {
	return s.write(ctx, Of(key.Tenant), func(ctx context.Context, q Querier) error {
		rows, err := q.QueryContext(ctx, `SELECT upload FROM upload_uses WHERE tenant = $1 AND conv = $2 AND message = $3 AND state < 2 AND upload <> $4
			ORDER BY upload`, key.Tenant, key.Conversation, message, but[:])
		if err != nil {
			return err
		}
		ids, err := collect(rows, scanUploadID)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := unname(ctx, q, key.Tenant, id, `UPDATE upload_uses SET state = 2 WHERE tenant = $1 AND upload = $2 AND message = $3`, message); err != nil {
				return err
			}
		}
		return nil
	})
}

// unname changes a message's note by a statement, and gives the upload back to its uploader if no message names it any more.
func unname(ctx context.Context, q Querier, t chat.TenantID, id chat.UploadID, change string, message chat.MessageID) error {
	// Three statements, each of which sees what was committed before it: the first waits for who is using the upload right now.
	if _, err := q.ExecContext(ctx, `UPDATE uploads SET named = named WHERE tenant = $1 AND id = $2`, t, id); err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, change, t, id, message); err != nil {
		return err
	}
	_, err := q.ExecContext(ctx, `UPDATE uploads SET named = 0, conv = CASE WHEN given = 1 THEN conv END WHERE tenant = $1 AND id = $2
		AND NOT EXISTS (SELECT 1 FROM upload_uses x WHERE x.tenant = $1 AND x.upload = $2 AND x.state < 2)`, t, id)
	return err
}

// DropUpload implements chat.Uploads.
func (s *Store) DropUpload(ctx context.Context, tenant chat.TenantID, id chat.UploadID) error {
	return s.one(ctx, Of(tenant), &chat.Error{Code: chat.Conflict, Name: "upload_sent", Message: "a message names the file; recall the message"},
		`UPDATE uploads SET state = 2 WHERE tenant = $1 AND id = $2 AND named = 0`, tenant, id)
}

// RemoveUpload implements chat.Uploads.
func (s *Store) RemoveUpload(ctx context.Context, tenant chat.TenantID, id chat.UploadID) error {
	return s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		var size int64
		err := q.QueryRowContext(ctx, `DELETE FROM uploads WHERE tenant = $1 AND id = $2 AND state <> 1 RETURNING size + thumb_size`, tenant, id).Scan(&size)
		if errors.Is(err, sql.ErrNoRows) { // another node was faster
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM upload_uses WHERE tenant = $1 AND upload = $2`, tenant, id); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE upload_totals SET bytes = bytes - $2 WHERE tenant = $1`, tenant, size)
		return err
	})
}

// StaleUploads implements chat.Uploads.
func (s *Store) StaleUploads(ctx context.Context, before time.Time, limit int) (stale []chat.Upload, err error) {
	for settled := limit; settled == limit; { // in small transactions: others write, too
		err := s.write(ctx, System, func(ctx context.Context, q Querier) (err error) {
			settled, err = settleUses(ctx, q, before, limit)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		rows, err := q.QueryContext(ctx, `SELECT `+uploadColumns+`, `+shown+` FROM uploads WHERE named = 0 AND created_at < $1
			ORDER BY created_at LIMIT $2`, Micros(before), limit)
		if err != nil {
			return err
		}
		found, err := collect(rows, scanUpload)
		if err != nil {
			return err
		}
		stale = found[:0]
		for i := range found {
			res, err := q.ExecContext(ctx, `UPDATE uploads SET state = 2 WHERE tenant = $1 AND id = $2 AND named = 0`, found[i].Tenant, found[i].ID)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n > 0 {
				stale = append(stale, found[i])
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stale, s.keys.Uploads(ctx, stale)
}

// settleUses looks whether the messages of old notes are there, and takes those notes back whose message never came. It
// returns how many there were, limit at most.
func settleUses(ctx context.Context, q Querier, before time.Time, limit int) (int, error) {
	rows, err := q.QueryContext(ctx, `SELECT tenant, conv, upload, message FROM upload_uses WHERE state = 0 AND noted_at < $1
		ORDER BY noted_at LIMIT $2`, Micros(before), limit)
	if err != nil {
		return 0, err
	}
	uses, err := collect(rows, scanUse)
	if err != nil {
		return 0, err
	}
	for i := range uses {
		u := &uses[i]
		var there int
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM messages WHERE tenant = $1 AND conv = $2 AND id = $3`,
			u.Key.Tenant, u.Key.Conversation, u.Message).Scan(&there)
		switch {
		case err != nil:
		case there > 0:
			_, err = q.ExecContext(ctx, `UPDATE upload_uses SET state = 1 WHERE tenant = $1 AND upload = $2 AND message = $3 AND state = 0`,
				u.Key.Tenant, u.Upload, u.Message)
		default:
			err = unname(ctx, q, u.Key.Tenant, u.Upload, `DELETE FROM upload_uses WHERE tenant = $1 AND upload = $2 AND message = $3 AND state = 0`, u.Message)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(uses), nil
}
