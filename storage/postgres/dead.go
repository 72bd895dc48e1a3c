package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// deadLetter is a row that can't be written, as it was, and why.
type deadLetter struct {
	key     chat.Key
	seq     chat.Seq
	id      [16]byte // the message's or visitor's; zero for a conversation
	what    string   // message, conversation, fields, visitor
	reason  string
	payload []byte
}

// dump is a row as JSON, whatever is in it: bytes become base64, what is no text is marked.
func dump(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Appendf(nil, "%+v", v)
	}
	return b
}

func deadMessage(e *chat.Event, reason string) deadLetter {
	key := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
	kept := *e
	kept.Origin = chat.Origin{} // of the live event only
	return deadLetter{key: key, seq: e.Seq, id: e.ID, what: "message", reason: reason, payload: dump(kept)}
}

func deadConversation(c *conversation, reason string) deadLetter {
	return deadLetter{key: c.Key, seq: c.Last, what: "conversation", reason: reason, payload: dump(c)}
}

func deadFields(f *fields, reason string) deadLetter {
	return deadLetter{key: f.Key, seq: f.seq, what: "fields", reason: reason, payload: dump(f)}
}

func deadVisitor(v *chat.Visitor, reason string) deadLetter {
	return deadLetter{key: chat.Key{Tenant: v.Tenant}, id: v.ID, what: "visitor", reason: reason, payload: dump(v)}
}

const insertDead = `INSERT INTO dead_letter (tenant, conv, seq, what, reason, payload)
	SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[], $5::text[], $6::bytea[]) ON CONFLICT DO NOTHING`

func (d *DB) queueDead(batch *pgx.Batch, dead []deadLetter, keys seal.All) {
	if len(dead) == 0 {
		return
	}
	batch.Queue(insertDead,
		column(dead, func(l *deadLetter) []byte { return orNull(&l.key.Tenant) }),
		column(dead, func(l *deadLetter) []byte { return orNull(&l.key.Conversation) }),
		column(dead, func(l *deadLetter) int64 { return int64(l.seq) }),
		column(dead, func(l *deadLetter) string { return l.what }),
		column(dead, func(l *deadLetter) string { return l.reason }),
		column(dead, func(l *deadLetter) []byte { return l.kept(keys[l.key.Tenant]) }))
}

// kept is the payload as its row keeps it: the same each time.
func (l *deadLetter) kept(keys *seal.Tenant) []byte {
	switch {
	case keys.Erased():
		return []byte{}
	case keys.Seals():
		return keys.Same(l.payload, seal.OfDead(l.key.Conversation, l.seq))
	}
	return l.payload
}

// without takes the dead out of the work.
func (w *work) without(dead []deadLetter) {
	if len(dead) == 0 {
		return
	}
	gone := func(what string, key chat.Key, seq chat.Seq, id [16]byte) bool {
		return slices.ContainsFunc(dead, func(l deadLetter) bool {
			return l.what == what && l.key == key && l.seq == seq && l.id == id
		})
	}
	w.messages = slices.DeleteFunc(slices.Clone(w.messages), func(e *chat.Event) bool {
		return gone("message", chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}, e.Seq, e.ID)
	})
	w.revisions = slices.DeleteFunc(w.revisions, func(r revision) bool {
		return gone("message", chat.Key{Tenant: r.Tenant, Conversation: r.Conversation}, r.Seq, r.ID)
	})
	for i := range w.conversations {
		w.conversations[i] = slices.DeleteFunc(w.conversations[i], func(c conversation) bool {
			return gone("conversation", c.Key, c.Last, [16]byte{})
		})
	}
	w.fields = slices.DeleteFunc(w.fields, func(f fields) bool { return gone("fields", f.Key, f.seq, [16]byte{}) })
	w.withoutVisitors(dead)
}

func (w *work) withoutVisitors(dead []deadLetter) {
	w.visitors = slices.DeleteFunc(w.visitors, func(v *chat.Visitor) bool {
		return slices.ContainsFunc(dead, func(l deadLetter) bool { return l.what == "visitor" && l.key.Tenant == v.Tenant && l.id == v.ID })
	})
}

// SQLSTATE classes of errors that are the rows' own.
const (
	classData      = "22" // encoding, numbers out of range
	classIntegrity = "23"
	classLimit     = "54" // a row too large for an index
)

// isBadRow reports whether an error is about what is written and not about the database.
func isBadRow(err error) bool {
	if code := state(err); len(code) == 5 {
		return code[:2] == classData || code[:2] == classIntegrity || code[:2] == classLimit
	}
	return false
}

// bisect finds the rows among the events' that can't be written, by trying halves in transactions that are given up.
func (d *DB) bisect(ctx context.Context, events []*chat.Event) (dead []deadLetter, err error) {
	w := workOf(events)
	if w.sealed, err = d.store.Keyring().Writing(ctx, events); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	keep := func(l deadLetter) { dead = append(dead, l) }
	err = search(ctx, d, w.messages, insertMessages, w.messageArgs, func(e **chat.Event, reason string) { keep(deadMessage(*e, reason)) })
	for _, rows := range w.conversations {
		err = errors.Join(err, search(ctx, d, rows, saveConversations, conversationArgs, func(c *conversation, reason string) {
			keep(deadConversation(c, reason))
		}))
	}
	err = errors.Join(err, search(ctx, d, w.fields, saveFields, w.fieldArgs, func(f *fields, reason string) { keep(deadFields(f, reason)) }))
	err = errors.Join(err, search(ctx, d, w.visitors, saveVisitors, w.visitorArgs, func(v **chat.Visitor, reason string) { keep(deadVisitor(*v, reason)) }))
	return dead, err
}

// errTried gives up a transaction that was only a trial.
var errTried = errors.New("only tried")

// search tries rows, and their halves, and calls bad for each that can't be written.
func search[R any](ctx context.Context, d *DB, rows []R, text string, args func([]R) []any, bad func(*R, string)) error {
	if len(rows) == 0 {
		return nil
	}
	err := d.transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, text, args(rows)...); err != nil {
			return err
		}
		return errTried
	})
	switch {
	case errors.Is(err, errTried):
		return nil
	case !isBadRow(err):
		return fmt.Errorf("look for rows that can't be written: %w", err)
	case len(rows) == 1:
		bad(&rows[0], err.Error())
		return nil
	}
	half := len(rows) / 2
	if err := search(ctx, d, rows[:half], text, args, bad); err != nil {
		return err
	}
	return search(ctx, d, rows[half:], text, args, bad)
}
