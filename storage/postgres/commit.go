package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// portion is what one transaction takes of one partition: everything from the position up to a cursor.
type portion struct {
	position
	upto   project.Cursor
	oldest int64 // when its first batch was appended, in ms of the log's clock
	events []*chat.Event
}

// lostError names partitions that are no longer this projector's to move on, or whose history has forked since they were read.
type lostError struct{ partitions []int }

func (e *lostError) Error() string {
	return fmt.Sprintf("partitions %v were taken over or forked", e.partitions)
}

// errDoubled says that some of the rows are there already.
var errDoubled = errors.New("some messages are in the database already")

// advance moves cursors on, in the order of partitions, where fence and floor are still those that were read.
const advance = `WITH k AS (SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])
		AS k(partition, fence, floor, epoch, n, tag)),
	mine AS (SELECT k.* FROM log_partitions l JOIN k ON l.partition = k.partition AND l.fence = k.fence AND l.floor = k.floor
		ORDER BY l.partition FOR UPDATE OF l)
	UPDATE log_partitions l SET epoch = mine.epoch, n = mine.n, tag = mine.tag FROM mine WHERE l.partition = mine.partition RETURNING l.partition`

func advanceArgs(portions []portion) []any {
	return []any{
		column(portions, func(p *portion) int16 { return int16(p.partition) }),
		column(portions, func(p *portion) int64 { return p.fence }),
		column(portions, func(p *portion) int64 { return int64(p.floor) }),
		column(portions, func(p *portion) int64 { return int64(p.upto.Epoch) }),
		column(portions, func(p *portion) int64 { return int64(p.upto.N) }),
		column(portions, func(p *portion) []byte { return p.upto.Tag[:] }),
	}
}

// commit writes portions and moves their cursors, all or nothing: a *lostError names those that must be left out. Four round
// trips, unless messages are there already, and one more if webhooks are to be told, or a bot is asked. What dead names is kept there and left out of the rows; strangers are rows that
// another message's row stands in the way of: they were added to the dead letters.
func (d *DB) commit(ctx context.Context, portions []portion, dead []deadLetter) (strangers []deadLetter, err error) {
	var events []*chat.Event
	for i := range portions {
		events = append(events, portions[i].events...)
	}
	w := workOf(events)
	if w.sealed, err = d.store.Keyring().Writing(ctx, events); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	w.hooks.keys = w.sealed
	w.without(dead)
	for range maxRepeats {
		if w.hooks.subscribers, err = d.subscribed(ctx); err != nil {
			return nil, err
		}
		strangers, err = d.commitOnce(ctx, portions, w, dead)
		if !errors.Is(err, errSubscribers) {
			break
		}
		d.subscribers.Store(nil)
	}
	if err == nil && !w.hooks.out.Empty() {
		d.store.WebhooksWritten()
	}
	if err == nil && w.hooks.asked() {
		d.store.BotJobsWritten()
	}
	return strangers, err
}

func (d *DB) commitOnce(ctx context.Context, portions []portion, w *work, dead []deadLetter) (strangers []deadLetter, err error) {
	err = d.transact(ctx, func(tx pgx.Tx) error {
		t, err := d.enter(ctx, tx, portions, w, dead)
		if err != nil {
			return err
		}
		t.count(w.messages)
		t.tell(w)
		batch := &pgx.Batch{}
		w.queue(batch)
		t.queueCounts(batch, d.part)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		return w.hooks.write(ctx, tx, w.messages, w.visitors)
	})
	if !errors.Is(err, errDoubled) {
		return nil, err
	}
	err = d.transact(ctx, func(tx pgx.Tx) (err error) {
		strangers, err = d.commitCarefully(ctx, tx, portions, w, dead)
		return err
	})
	return strangers, err
}

// enter moves cursors, from where on nobody else writes these conversations, and reads what is needed to count their events.
func (d *DB) enter(ctx context.Context, tx pgx.Tx, portions []portion, w *work, dead []deadLetter) (*tallying, error) {
	t := &tallying{keys: d.store.Keyring()}
	batch := &pgx.Batch{}
	d.queueAdvance(batch, portions)
	w.hooks.queueVersion(batch)
	d.queueDead(batch, dead, w.sealed)
	t.queueTallies(batch, w.keys())
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	return t, t.countOld(ctx, tx)
}

// transact runs fn in a transaction of the system's.
func (d *DB) transact(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, d.pool, pgx.TxOptions{BeginQuery: "BEGIN; " + asSystem}, fn)
}

func (d *DB) queueAdvance(batch *pgx.Batch, portions []portion) {
	batch.Queue(advance, advanceArgs(portions)...).Query(func(rows pgx.Rows) error {
		moved, err := pgx.CollectRows(rows, pgx.RowTo[int])
		if err != nil || len(moved) == len(portions) {
			return err
		}
		there := make(map[int]bool, len(moved))
		for _, p := range moved {
			there[p] = true
		}
		lost := &lostError{}
		for i := range portions {
			if !there[portions[i].partition] {
				lost.partitions = append(lost.partitions, portions[i].partition)
			}
		}
		return lost
	})
}

// queue queues the rows. The messages' callback says errDoubled if not all of them are new.
func (w *work) queue(batch *pgx.Batch) {
	w.queueMessages(batch, func(inserted int) error {
		if inserted != len(w.messages) {
			return errDoubled
		}
		return nil
	})
	w.queueConversations(batch)
	w.queueFields(batch)
	w.hooks.queueVisitors(batch, w, w.visitors)
	w.queueRevisions(batch)
}

func (w *work) queueConversations(batch *pgx.Batch) {
	for _, rows := range w.conversations {
		if len(rows) > 0 {
			batch.Queue(saveConversations, conversationArgs(rows)...)
		}
	}
}

func (w *work) queueMessages(batch *pgx.Batch, then func(inserted int) error) {
	if len(w.messages) > 0 {
		batch.Queue(insertMessages, w.messageArgs(w.messages)...).Exec(func(tag pgconn.CommandTag) error { return then(int(tag.RowsAffected())) })
	}
}

// findMessages tells which messages, by their place in the list, are in the database.
const findMessages = `SELECT k.i FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS k(tenant, conv, id, i)
	JOIN messages m ON m.tenant = k.tenant AND m.conv = k.conv AND m.id = k.id`

// find splits messages into those that are in the database and those that are not.
func find(ctx context.Context, tx pgx.Tx, messages []*chat.Event) (there, missing []*chat.Event, err error) {
	args := (&work{}).messageArgs(messages)
	rows, err := tx.Query(ctx, findMessages, args[0], args[1], args[5])
	if err != nil {
		return nil, nil, fmt.Errorf("find messages: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, nil, fmt.Errorf("find messages: %w", err)
	}
	is := make([]bool, len(messages))
	for _, i := range found {
		is[i-1] = true
	}
	for i, e := range messages {
		if is[i] {
			there = append(there, e)
		} else {
			missing = append(missing, e)
		}
	}
	return there, missing, nil
}

// insert inserts messages and returns those that were not there: each once.
func (w *work) insert(ctx context.Context, tx pgx.Tx, messages []*chat.Event) ([]*chat.Event, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, insertMessages+` RETURNING tenant, conv, seq`, w.messageArgs(messages)...)
	if err != nil {
		return nil, fmt.Errorf("insert messages: %w", err)
	}
	type row struct {
		chat.Key
		seq chat.Seq
	}
	is := make(map[row]bool, len(messages))
	_, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (in row, err error) {
		err = r.Scan(&in.Tenant, &in.Conversation, &in.seq)
		is[in] = true
		return in, err
	})
	if err != nil {
		return nil, fmt.Errorf("insert messages: %w", err)
	}
	var out []*chat.Event
	for _, e := range messages {
		if in := (row{chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}, e.Seq}); is[in] {
			out = append(out, e)
			delete(is, in)
		}
	}
	return out, nil
}

// commitCarefully is commit where some messages are there already: those have no effect any more. A message that is not there
// afterwards either is kept from its place by a stranger.
func (d *DB) commitCarefully(ctx context.Context, tx pgx.Tx, portions []portion, w *work, dead []deadLetter) ([]deadLetter, error) {
	t, err := d.enter(ctx, tx, portions, w, dead)
	if err != nil {
		return nil, err
	}
	_, fresh, err := find(ctx, tx, w.messages)
	if err != nil {
		return nil, err
	}
	only := *w
	only.messages, only.visitors = fresh, workOf(fresh).visitors
	only.withoutVisitors(dead)
	inserted, err := w.insert(ctx, tx, fresh)
	if err != nil {
		return nil, err
	}
	t.count(inserted)
	t.tell(&only)
	batch := &pgx.Batch{}
	only.queueConversations(batch)
	t.queueSave(batch) // of rows that had passed, too
	only.queueFields(batch)
	w.hooks.queueVisitors(batch, w, only.visitors)
	only.queueRevisions(batch)
	t.queueCounts(batch, d.part)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	if len(inserted) == len(fresh) {
		return nil, w.hooks.write(ctx, tx, fresh, only.visitors)
	}
	there, missing, err := find(ctx, tx, fresh)
	if err != nil {
		return nil, err
	}
	if err := w.hooks.write(ctx, tx, there, only.visitors); err != nil || len(missing) == 0 { // one message twice in the log
		return nil, err
	}
	var strangers []deadLetter
	for _, e := range missing {
		strangers = append(strangers, deadMessage(e, "another message has its place in the conversation"))
	}
	batch = &pgx.Batch{}
	d.queueDead(batch, strangers, w.sealed)
	return strangers, tx.SendBatch(ctx, batch).Close()
}
