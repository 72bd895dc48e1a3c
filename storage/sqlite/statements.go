package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// statements are the writer's, prepared once on its connection.
type statements struct {
	begin, commit, rollback *sql.Stmt
	savepoint, rollbackTo   *sql.Stmt
	release                 *sql.Stmt
	row, open, find         *sql.Stmt
	message                 *sql.Stmt
	conversation, touch     *sql.Stmt
	visitor                 *sql.Stmt
	fields, unlabel, label  *sql.Stmt
	doc, words              *sql.Stmt
	count                   *sql.Stmt
	subscribers             *sql.Stmt
}

const selectRow = `SELECT visitor, status, assignee, team, version, last_seq, last_public, last_message, last_agent, queued_at,
	wakes_at, created_at, closed_at, updated_at, tally FROM conversations WHERE tenant = ? AND id = ?`

// readRow reads a conversation's row; the zero Row if there is none.
func readRow(r *sql.Row) (row project.Row, err error) {
	var queued, wakes, created, closed, updated int64
	var tally []byte
	err = r.Scan(&row.Visitor, &row.Status, &row.Assignee, &row.Team, &row.Version, &row.Last, &row.LastPublic, &row.LastMessage,
		&row.LastAgent, &queued, &wakes, &created, &closed, &updated, &tally)
	if errors.Is(err, sql.ErrNoRows) {
		return project.Row{}, nil
	}
	row.Queued, row.Wakes, row.Created = sqlstore.FromMicros(queued), sqlstore.FromMicros(wakes), sqlstore.FromMicros(created)
	row.Closed, row.Updated = sqlstore.FromMicros(closed), sqlstore.FromMicros(updated)
	if err == nil {
		row.Tally, err = project.ParseTally(tally)
	}
	return row, err
}

// prepare prepares the statements. Their parameters are "?", not "$1": the driver looks named ones up by name.
func (s *statements) prepare(ctx context.Context, c *sql.Conn) error {
	for _, p := range []struct {
		into **sql.Stmt
		text string
	}{
		{&s.begin, `BEGIN IMMEDIATE`},
		{&s.commit, `COMMIT`},
		{&s.rollback, `ROLLBACK`},
		{&s.savepoint, `SAVEPOINT change`},
		{&s.rollbackTo, `ROLLBACK TO change`},
		{&s.release, `RELEASE change`},
		{&s.row, selectRow},
		{&s.open, `SELECT id FROM conversations WHERE tenant = ? AND visitor = ? AND status <> 4`},
		{&s.find, `SELECT seq, prev, prev_public, sent_at, kind, body FROM messages WHERE tenant = ? AND conv = ? AND id = ?`},
		{&s.message, `INSERT INTO messages (tenant, conv, seq, prev, prev_public, id, cmid, sender, role, kind, visibility, sent_at, reply_to, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.conversation, `INSERT INTO conversations (tenant, id, visitor, status, assignee, team, version, last_seq, last_public, last_message,
			last_agent, queued_at, wakes_at, created_at, closed_at, updated_at, tally) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, id) DO UPDATE SET status = excluded.status, assignee = excluded.assignee, team = excluded.team,
				version = excluded.version, last_seq = excluded.last_seq, last_public = excluded.last_public,
				last_message = excluded.last_message, last_agent = excluded.last_agent, queued_at = excluded.queued_at,
				wakes_at = excluded.wakes_at, closed_at = excluded.closed_at, updated_at = excluded.updated_at,
				tally = excluded.tally`},
		{&s.touch, `UPDATE conversations SET last_seq = ?, last_public = ?, last_message = ?, last_agent = ?, updated_at = ?, tally = ?
			WHERE tenant = ? AND id = ?`},
		{&s.visitor, `INSERT INTO visitors (tenant, id, external_id, external_print, verified, name, email, locale, page, attributes, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, id) DO UPDATE SET name = COALESCE(NULLIF(excluded.name, ''), visitors.name),
				email = COALESCE(NULLIF(excluded.email, ''), visitors.email), locale = COALESCE(NULLIF(excluded.locale, ''), visitors.locale),
				page = COALESCE(NULLIF(excluded.page, ''), visitors.page),
				attributes = CASE WHEN excluded.attributes = '{}' THEN visitors.attributes ELSE excluded.attributes END`},
		{&s.fields, `UPDATE conversations SET labels = COALESCE(?, labels), priority = COALESCE(?, priority), context = COALESCE(?, context),
			rating = COALESCE(?, rating), rating_comment = COALESCE(?, rating_comment), fields_seq = ? WHERE tenant = ? AND id = ?`},
		{&s.unlabel, `DELETE FROM conversation_labels WHERE tenant = ? AND conv = ?`},
		{&s.label, `INSERT INTO conversation_labels (tenant, label, conv) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.doc, insertDoc},
		{&s.words, insertWords},
		{&s.count, addCount},
		{&s.subscribers, sqlstore.SelectSubscribersVersion},
	} {
		stmt, err := c.PrepareContext(ctx, p.text) //nolint:sqlclosecheck // closed with the connection
		if err != nil {
			return fmt.Errorf("prepare %.40q: %w", p.text, err)
		}
		*p.into = stmt
	}
	return nil
}

// orNull is an id as the driver takes it: its bytes, or NULL for the zero id. Passing the id itself means the same, by way of
// reflection, and is not for every message.
func orNull[Of any](id *chat.ID[Of]) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// saveRow writes all of a conversation's row, touchRow what a message without a change of state moves: most of the indexes
// don't hear of it.
func (w *writer) saveRow(ctx context.Context, k chat.Key, r *project.Row) error {
	_, err := w.stmts.conversation.ExecContext(ctx, k.Tenant[:], k.Conversation[:], r.Visitor[:], int64(r.Status), orNull(&r.Assignee),
		orNull(&r.Team), int64(r.Version), int64(r.Last), int64(r.LastPublic), int64(r.LastMessage), orNull(&r.LastAgent),
		sqlstore.Micros(r.Queued), sqlstore.Micros(r.Wakes), sqlstore.Micros(r.Created), sqlstore.Micros(r.Closed), sqlstore.Micros(r.Updated),
		bytesOf(r.Tally))
	return err
}

func (w *writer) touchRow(ctx context.Context, k chat.Key, r *project.Row) error {
	_, err := w.stmts.touch.ExecContext(ctx, int64(r.Last), int64(r.LastPublic), int64(r.LastMessage), orNull(&r.LastAgent),
		sqlstore.Micros(r.Updated), bytesOf(r.Tally), k.Tenant[:], k.Conversation[:])
	return err
}
