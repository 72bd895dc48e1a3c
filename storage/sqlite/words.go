package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

const (
	insertDoc   = `INSERT INTO search_docs (doc, tenant, conv, seq) VALUES (?, ?, ?, ?) ON CONFLICT (doc) DO NOTHING`
	insertWords = `INSERT INTO search (rowid, words) VALUES (?, ?)`
)

// words writes what messages say into the index, in the transaction of its statements.
type words struct {
	doc, text *sql.Stmt
	keys      *seal.Keyring
	bag       text.Bag
	tokens    seal.Tokens
	texts     []string
	buf       bytes.Buffer
	batch     []spoken
}

// spoken is a message with its place in the index.
type spoken struct {
	doc     int64
	message *chat.Message
	keys    *seal.Tenant // nil: its words are kept as they are
}

// index makes messages findable.
func (w *words) index(ctx context.Context, events []chat.Event) error {
	w.batch = w.batch[:0]
	for i := range events {
		keys, err := w.keys.Live(ctx, events[i].Tenant)
		if err != nil {
			return err
		}
		w.add(&events[i].Message, keys)
	}
	return w.flush(ctx)
}

func (w *words) add(m *chat.Message, keys *seal.Tenant) {
	if m.Kind != chat.KindSystem {
		w.batch = append(w.batch, spoken{sqlstore.Doc(m.Time, m.Conversation, m.Seq), m, sealing(keys)})
	}
}

// flush writes what was added. FTS5 wants its rows in ascending order: one that goes back makes it write a segment.
func (w *words) flush(ctx context.Context) error {
	slices.SortFunc(w.batch, func(a, b spoken) int { return cmp.Compare(a.doc, b.doc) })
	last := int64(-1)
	for _, s := range w.batch {
		text := w.textOf(s.message, s.message.Body, s.keys)
		if text == "" {
			continue
		}
		doc, err := w.place(ctx, max(s.doc, last+1), s.message)
		if err != nil {
			return fmt.Errorf("index a message: %w", err)
		}
		last = doc
		if _, err := w.text.ExecContext(ctx, doc, text); err != nil {
			return fmt.Errorf("index a message: %w", err)
		}
	}
	clear(w.batch)
	return nil
}

// sealing is keys if they seal, or nil.
func sealing(keys *seal.Tenant) *seal.Tenant {
	if keys.Seals() {
		return keys
	}
	return nil
}

// textOf is what a message with a body is indexed as, its words sealed if there are keys; "" if it says nothing.
func (w *words) textOf(m *chat.Message, body []byte, keys *seal.Tenant) string {
	w.texts = chat.Said(w.texts[:0], m.Kind, body)
	w.bag.Fill(w.texts...)
	if w.bag.Len() == 0 {
		return ""
	}
	w.buf.Reset()
	var tokens sqlstore.Tokens = &w.bag
	if keys != nil {
		w.tokens.Fill(keys, &w.bag)
		tokens = &w.tokens
	}
	sqlstore.WriteMarked(&w.buf, m.Tenant, m.Conversation, tokens)
	return w.buf.String()
}

// place gives a message the first free place from doc on.
func (w *words) place(ctx context.Context, doc int64, m *chat.Message) (int64, error) {
	for ; ; doc++ {
		res, err := w.doc.ExecContext(ctx, doc, m.Tenant[:], m.Conversation[:], int64(m.Seq))
		if err != nil {
			return 0, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return doc, err
		}
	}
}

// Old messages are made findable a few at a time, with pauses: nobody waits for them, and the writer is everybody's.
const (
	oldMessages = 200
	oldPause    = 20 * time.Millisecond
	oldRetry    = 5 * time.Second
)

// indexOld makes messages findable that were there before there was an index, until none is left or ctx ends.
func (l *Log) indexOld(ctx context.Context) {
	for pause := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		left, err := l.indexSome(ctx)
		switch {
		case err != nil:
			pause = oldRetry
		case !left:
			return
		default:
			pause = oldPause
		}
	}
}

// oldPart is a part of a conversation that is in the index afterwards.
type oldPart struct {
	key         chat.Key
	after, upto int64
	messages    []chat.Message
	all         bool
}

// indexSome indexes some messages of the oldest conversations that are left, and reports whether there was one.
func (l *Log) indexSome(ctx context.Context) (left bool, err error) {
	parts, err := l.oldParts(ctx)
	if err != nil || len(parts) == 0 {
		return err != nil, err
	}
	n := 0
	for i := range parts {
		p := &parts[i]
		if p.messages, p.all, err = l.store.Messages(ctx, p.key, chat.Page{After: chat.Seq(p.after), Limit: oldMessages}); err != nil {
			return true, fmt.Errorf("read old messages: %w", err)
		}
		if past := slices.IndexFunc(p.messages, func(m chat.Message) bool { return int64(m.Seq) > p.upto }); past >= 0 {
			p.messages, p.all = p.messages[:past], true
		}
		if n += len(p.messages); n >= oldMessages {
			parts = parts[:i+1]
			break
		}
	}
	return true, l.change(ctx, sqlstore.System, func(ctx context.Context, q sqlstore.Querier) error { return indexParts(ctx, q, parts) })
}

// oldParts is the head of the backlog, without messages.
func (l *Log) oldParts(ctx context.Context) (out []oldPart, err error) {
	rows, err := l.read.QueryContext(ctx, `SELECT tenant, conv, after, upto FROM search_backlog ORDER BY tenant, conv LIMIT 50`)
	if err != nil {
		return nil, fmt.Errorf("look for old messages: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p oldPart
		if err := rows.Scan(&p.key.Tenant, &p.key.Conversation, &p.after, &p.upto); err != nil {
			return nil, fmt.Errorf("look for old messages: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// indexParts indexes parts of old conversations and takes them off the backlog.
func indexParts(ctx context.Context, q sqlstore.Querier, parts []oldPart) (err error) {
	var w words
	if w.doc, err = q.PrepareContext(ctx, insertDoc); err != nil {
		return err
	}
	defer w.doc.Close()
	if w.text, err = q.PrepareContext(ctx, insertWords); err != nil {
		return err
	}
	defer w.text.Close()
	for i := range parts {
		p := &parts[i]
		for j := range p.messages {
			revised, err := isRevised(ctx, q, &p.messages[j])
			if err != nil {
				return err
			}
			if !revised { // that has indexed it
				w.add(&p.messages[j], nil) // sealed with the message, by the work that seals old rows
			}
		}
		if p.all {
			_, err = q.ExecContext(ctx, `DELETE FROM search_backlog WHERE tenant = ? AND conv = ?`, p.key.Tenant, p.key.Conversation)
		} else {
			_, err = q.ExecContext(ctx, `UPDATE search_backlog SET after = ? WHERE tenant = ? AND conv = ?`, p.messages[len(p.messages)-1].Seq,
				p.key.Tenant, p.key.Conversation)
		}
		if err != nil {
			return err
		}
	}
	return w.flush(ctx)
}
