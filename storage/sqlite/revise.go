package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// revise makes a revision, which a system message of the conversation says, what is shown and found of its message.
func (w *words) revise(ctx context.Context, q sqlstore.Querier, by *chat.Message, r *chat.Revision) error {
	m := chat.Message{ID: r.Message, Tenant: by.Tenant, Conversation: by.Conversation}
	var sent int64
	err := q.QueryRowContext(ctx, `SELECT seq, kind, sent_at, body FROM messages WHERE tenant = ? AND conv = ? AND id = ?`,
		m.Tenant, m.Conversation, m.ID).Scan(&m.Seq, &m.Kind, &sent, &m.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	m.Time = sqlstore.FromMicros(sent)
	var before sql.Null[string]
	err = q.QueryRowContext(ctx, `SELECT body FROM revisions WHERE tenant = ? AND conv = ? AND seq = ?`, m.Tenant, m.Conversation, m.Seq).Scan(&before)
	switch {
	case err == nil:
		m.Body = []byte(before.V)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	keys, err := w.keys.Live(ctx, m.Tenant)
	if err != nil {
		return err
	}
	_, wasSealed := seal.KeyOf(string(m.Body))
	one := []chat.Message{m}
	if err := w.keys.Messages(ctx, one); err != nil {
		return err
	}
	m.Body = one[0].Body
	shown := r.Shown()
	if _, err := q.ExecContext(ctx, `INSERT INTO revisions (tenant, conv, seq, revised, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant, conv, seq) DO UPDATE SET revised = excluded.revised, body = excluded.body`,
		m.Tenant, m.Conversation, m.Seq, by.Seq, sql.NullString{String: keys.Body(shown, seal.OfMessage(&m)), Valid: shown != nil}); err != nil {
		return err
	}
	old := keys
	if !wasSealed {
		old = nil
	}
	return w.reindex(ctx, q, &m, old, shown, sealing(keys))
}

// reindex makes a message, which has the body that it was indexed with, findable by another one; by nothing if that is nil. Words
// were and are sealed where there are keys.
func (w *words) reindex(ctx context.Context, q sqlstore.Querier, m *chat.Message, old *seal.Tenant, body []byte, keys *seal.Tenant) error {
	from := sqlstore.Doc(m.Time, m.Conversation, m.Seq)
	var doc int64
	err := q.QueryRowContext(ctx, `SELECT doc FROM search_docs WHERE doc BETWEEN ? AND ? AND tenant = ? AND conv = ? AND seq = ? ORDER BY doc LIMIT 1`,
		from, from+sqlstore.Farthest, m.Tenant, m.Conversation, m.Seq).Scan(&doc)
	there := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if there { // FTS5 keeps no text: it must be told what was there
		if _, err := q.ExecContext(ctx, `INSERT INTO search (search, rowid, words) VALUES ('delete', ?, ?)`, doc, w.textOf(m, m.Body, old)); err != nil {
			return err
		}
	}
	text := w.textOf(m, body, keys)
	switch {
	case text == "" && there:
		_, err := q.ExecContext(ctx, `DELETE FROM search_docs WHERE doc = ?`, doc)
		return err
	case text == "":
		return nil
	case !there:
		if doc, err = w.place(ctx, from, m); err != nil {
			return err
		}
	}
	_, err = w.text.ExecContext(ctx, doc, text)
	return err
}

func isRevised(ctx context.Context, q sqlstore.Querier, m *chat.Message) (bool, error) {
	var one int
	err := q.QueryRowContext(ctx, `SELECT 1 FROM revisions WHERE tenant = ? AND conv = ? AND seq = ?`, m.Tenant, m.Conversation, m.Seq).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Reindex is reindex for whoever brings old rows into another form: a sqlstore.Reindex.
func (l *Log) Reindex(ctx context.Context, q sqlstore.Querier, m *chat.Message, old *seal.Tenant, body []byte, keys *seal.Tenant) (err error) {
	w := words{keys: l.store.Keyring()}
	if w.doc, err = q.PrepareContext(ctx, insertDoc); err != nil {
		return err
	}
	defer w.doc.Close()
	if w.text, err = q.PrepareContext(ctx, insertWords); err != nil {
		return err
	}
	defer w.text.Close()
	return w.reindex(ctx, q, m, old, body, keys)
}

// Tidy makes what was deleted leave the index and the write-ahead log: a sqlstore.ResealerOptions.Finished. Free space of the file is
// overwritten as it becomes free.
func (l *Log) Tidy(ctx context.Context) error {
	err := l.change(ctx, sqlstore.System, func(ctx context.Context, q sqlstore.Querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO search (search) VALUES ('optimize')`)
		return err
	})
	if err != nil {
		return err
	}
	var busy, frames, moved int
	return l.read.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved)
}
