package sqlstore

import (
	"context"
	"strconv"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

const mailColumns = `tenant, id, kind, recipient, locale, link, conv, offline, state, attempt, created_at, due_at, done_at, error`

func scanMail(scan row) (m chat.Mail, err error) {
	var created, due, done int64
	err = scan(&m.Tenant, &m.ID, &m.Kind, &m.To, &m.Locale, &m.Link, &m.Conversation, &m.Offline, &m.State, &m.Attempt, &created, &due, &done, &m.Error)
	m.CreatedAt, m.DueAt, m.DoneAt = FromMicros(created), FromMicros(due), FromMicros(done)
	return m, err
}

// addMail queues a mail in a transaction.
func addMail(ctx context.Context, q Querier, keys *seal.Tenant, m *chat.Mail) error {
	_, err := q.ExecContext(ctx, `INSERT INTO mails (`+mailColumns+`, leased_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $9, 0, '', 0)
		ON CONFLICT (tenant, id) DO NOTHING`, m.Tenant, m.ID, string(m.Kind), keys.Text(m.To, seal.OfMail("recipient", m.ID)), m.Locale, m.Link, m.Conversation, m.Offline, Micros(m.CreatedAt))
	return err
}

// AddMail implements chat.Mails.
func (s *Store) AddMail(ctx context.Context, m chat.Mail) error {
	keys, err := s.keys.Ready(ctx, m.Tenant)
	if err != nil {
		return err
	}
	return s.write(ctx, Of(m.Tenant), func(ctx context.Context, q Querier) error { return addMail(ctx, q, keys, &m) })
}

// beforeCursor is where a list of ids goes on that shows the newest first.
func beforeCursor[T ~[16]byte](cursor string) (id T, err error) {
	if cursor == "" {
		for i := range id {
			id[i] = 0xff
		}
		return id, nil
	}
	return decodeCursor[T](cursor)
}

// Mails implements chat.Mails.
func (s *Store) Mails(ctx context.Context, tenant chat.TenantID, cursor string, limit int) ([]chat.Mail, string, error) {
	if limit < 1 || limit > 1000 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 1000")
	}
	before, err := beforeCursor[chat.MailID](cursor)
	if err != nil {
		return nil, "", err
	}
	page, err := readAll(ctx, s, Of(tenant), scanMail, `SELECT `+mailColumns+` FROM mails WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
		tenant, before[:], limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(page) > limit {
		page, next = page[:limit], encodeCursor(page[limit-1].ID)
	}
	return page, next, s.keys.Mails(ctx, page)
}

// claimed ends a query that takes rows which nobody else takes meanwhile. SQLite has one writer at a time.
func (s *Store) claimed() string {
	if _, ok := s.index.(PostgresIndex); ok {
		return ` FOR UPDATE SKIP LOCKED`
	}
	return ""
}

// ClaimMails implements chat.MailQueue.
func (s *Store) ClaimMails(ctx context.Context, now, until time.Time, most int) (out []chat.Mail, err error) {
	// Most of the time there is none: a look does not stand in the writers' line.
	due, err := readAll(ctx, s, System, scanCount, `SELECT 1 FROM mails WHERE state = 0 AND due_at <= $1 AND leased_until <= $1 LIMIT 1`, Micros(now))
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		rows, err := q.QueryContext(ctx, `SELECT `+mailColumns+` FROM mails WHERE state = 0 AND due_at <= $1 AND leased_until <= $1
			ORDER BY due_at LIMIT `+strconv.Itoa(most)+s.claimed(), Micros(now))
		if err != nil {
			return err
		}
		if out, err = collect(rows, scanMail); err != nil {
			return err
		}
		for i := range out {
			out[i].Attempt++
			_, err := q.ExecContext(ctx, `UPDATE mails SET leased_until = $3, attempt = $4 WHERE tenant = $1 AND id = $2`,
				out[i].Tenant, out[i].ID, Micros(until), out[i].Attempt)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, s.keys.Mails(ctx, out)
}

// FinishMail implements chat.MailQueue.
func (s *Store) FinishMail(ctx context.Context, m chat.Mail) error {
	keys, err := s.keys.Background(ctx, m.Tenant)
	if err != nil {
		return err
	}
	return s.exec(ctx, Of(m.Tenant), `UPDATE mails SET state = $4, due_at = $5, done_at = $6, error = $7, leased_until = 0
		WHERE tenant = $1 AND id = $2 AND attempt = $3 AND state = 0`, m.Tenant, m.ID, m.Attempt, int(m.State), Micros(m.DueAt), Micros(m.DoneAt), keys.Text(m.Error, seal.OfMail("error", m.ID)))
}

// ForgetMails implements chat.MailQueue.
func (s *Store) ForgetMails(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		if _, err := q.ExecContext(ctx, `DELETE FROM mail_links WHERE expires_at < $1`, Micros(before)); err != nil {
			return err
		}
		res, err := q.ExecContext(ctx, `DELETE FROM mails WHERE (tenant, id) IN (SELECT tenant, id FROM mails WHERE state <> 0 AND done_at < $1
			ORDER BY done_at LIMIT $2)`, Micros(before), limit)
		if err != nil {
			return err
		}
		gone, err := res.RowsAffected()
		n = int(gone)
		return err
	})
	return n, err
}

func scanMailRequest(scan row) (r chat.MailRequest, err error) {
	var created int64
	err = scan(&r.ID, &r.Email, &r.Slug, &r.Locale, &created)
	r.CreatedAt = FromMicros(created)
	return r, err
}

// AddMailRequest implements chat.Mails.
func (s *Store) AddMailRequest(ctx context.Context, r chat.MailRequest) error {
	return s.exec(ctx, System, `INSERT INTO mail_requests (id, email, slug, locale, created_at, leased_until) VALUES ($1, $2, $3, $4, $5, 0)`,
		r.ID, r.Email, r.Slug, r.Locale, Micros(r.CreatedAt))
}

// ClaimMailRequests implements chat.MailQueue.
func (s *Store) ClaimMailRequests(ctx context.Context, now, until time.Time, most int) (out []chat.MailRequest, err error) {
	due, err := readAll(ctx, s, System, scanCount, `SELECT 1 FROM mail_requests WHERE leased_until <= $1 LIMIT 1`, Micros(now))
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		rows, err := q.QueryContext(ctx, `SELECT id, email, slug, locale, created_at FROM mail_requests WHERE leased_until <= $1
			ORDER BY id LIMIT `+strconv.Itoa(most)+s.claimed(), Micros(now))
		if err != nil {
			return err
		}
		if out, err = collect(rows, scanMailRequest); err != nil {
			return err
		}
		for i := range out {
			if _, err := q.ExecContext(ctx, `UPDATE mail_requests SET leased_until = $2 WHERE id = $1`, out[i].ID, Micros(until)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// FinishMailRequest implements chat.MailQueue.
func (s *Store) FinishMailRequest(ctx context.Context, id chat.MailRequestID, links []chat.MailLink, mails []chat.Mail) error {
	return s.write(ctx, System, func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, `DELETE FROM mail_requests WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // somebody else was faster
		}
		for i := range links {
			if err := addLink(ctx, q, &links[i]); err != nil {
				return err
			}
		}
		for i := range mails {
			if err := addMail(ctx, q, nil, &mails[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
