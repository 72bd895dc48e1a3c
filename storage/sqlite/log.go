package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"slices"
	"sync"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/local"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// Log implements chat.Log on one file. Safe for concurrent use.
type Log struct {
	path  string
	read  *sql.DB
	write *sql.DB
	lock  *os.File
	store *sqlstore.Store

	queue   chan *request
	early   sync.Mutex    // held while rows are written before the writer runs
	started chan struct{} // closed when the writer runs
	stopped chan struct{} // closed when the writer takes no more

	scrubs chan chan error // calls of Erased that wait

	tails local.Tails
}

// request is one call that the writer answers.
type request struct {
	events   []chat.Event
	receipts []chat.Receipt
	change   func(ctx context.Context, q sqlstore.Querier) error // of rows, instead of events
	count    []chat.Key                                          // conversations of before reports were kept, instead of events
	err      error
	done     chan struct{}
}

// queueLen is how many calls may wait for the writer; further ones wait outside.
const queueLen = 4096

// Open opens a database for serving, made and migrated if need be. Run must be running for appends to be answered.
func Open(ctx context.Context, path string) (*Log, error) {
	f, err := lock(ctx, path, lockPatience)
	if err != nil {
		return nil, err
	}
	db, err := open(ctx, path, false)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	write, err := pool(path, 1, "cache_size(-4096)", "wal_autocheckpoint(4000)")
	if err != nil {
		return nil, errors.Join(err, f.Close(), db.Close())
	}
	l := &Log{
		path: path, read: db, write: write, lock: f, queue: make(chan *request, queueLen),
		started: make(chan struct{}), stopped: make(chan struct{}), scrubs: make(chan chan error),
	}
	l.store = sqlstore.New(sqlstore.PoolReader(db), l.change, sqlstore.SQLiteIndex{})
	return l, nil
}

// Store returns the rows of the same database.
func (l *Log) Store() *sqlstore.Store { return l.store }

// Close closes the database. Only after Run has returned.
func (l *Log) Close() error {
	return errors.Join(l.write.Close(), l.read.Close(), l.lock.Close())
}

var errUnknown = &chat.Error{Code: chat.Unknown, Message: "the outcome is unknown; send the same message again"}

// call hands a request to the writer and waits.
func (l *Log) call(ctx context.Context, r *request) error {
	r.done = make(chan struct{})
	select {
	case l.queue <- r:
	case <-ctx.Done():
		return &chat.Error{Code: chat.Busy, Message: "storage is busy; try again"}
	case <-l.stopped:
		return &chat.Error{Code: chat.Busy, Message: "the server is shutting down"}
	}
	gone := ctx.Done()
	if r.change != nil {
		gone = nil // it works on the caller's variables: it must not outlive the call
	}
	select {
	case <-r.done:
		return r.err
	case <-gone:
		return errUnknown
	case <-l.stopped:
		select {
		case <-r.done:
			return r.err
		default:
			return errUnknown
		}
	}
}

// Append implements chat.Log.
func (l *Log) Append(ctx context.Context, events ...chat.Event) ([]chat.Receipt, error) {
	if len(events) == 0 {
		return nil, nil
	}
	if err := l.store.Keyring().AllReady(ctx, events); err != nil {
		return nil, err
	}
	// A copy: the writer fills events in, and may still do so when ctx has ended and the caller's slice is used again.
	r := &request{events: slices.Clone(events), receipts: make([]chat.Receipt, len(events))}
	if err := l.call(ctx, r); err != nil {
		return nil, err
	}
	return r.receipts, nil
}

// change writes rows through the writer, so that they share a commit with what is being appended and no one waits for the
// file's lock. It is how the store writes.
func (l *Log) change(ctx context.Context, scope sqlstore.Scope, fn func(ctx context.Context, q sqlstore.Querier) error) error {
	if early, err := l.changeEarly(ctx, scope, fn); early {
		return err
	}
	r := &request{change: func(writing context.Context, q sqlstore.Querier) error {
		if err := ctx.Err(); err != nil { // whoever wanted it has gone
			return errUnknown
		}
		return fn(writing, q)
	}}
	return l.call(ctx, r)
}

// changeEarly writes rows at once, one caller after the other, if the writer does not run yet. It starts when they are done: SQLite
// asks for a lock that is taken again and again, and whoever stood against a busy writer would find it taken each time.
func (l *Log) changeEarly(ctx context.Context, scope sqlstore.Scope, fn func(ctx context.Context, q sqlstore.Querier) error) (early bool, err error) {
	l.early.Lock()
	defer l.early.Unlock()
	select {
	case <-l.started:
		return false, nil
	default:
		return true, sqlstore.PoolWriter(l.read)(ctx, scope, fn)
	}
}

// start lets the writer have all that is written from now on.
func (l *Log) start() {
	l.early.Lock()
	defer l.early.Unlock()
	close(l.started)
}

// Read implements chat.Log.
func (l *Log) Read(ctx context.Context, key chat.Key, after chat.Seq, limit int) ([]chat.Event, error) {
	messages, _, err := l.store.Messages(ctx, key, chat.Page{After: after, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := make([]chat.Event, len(messages))
	for i := range messages {
		out[i].Message = messages[i]
	}
	return out, nil
}

// Messages implements chat.Log: the rows are the log.
func (l *Log) Messages(ctx context.Context, key chat.Key, p chat.Page) ([]chat.Message, bool, error) {
	return l.store.Messages(ctx, key, p)
}

// CatchUp implements chat.Log.
func (l *Log) CatchUp(context.Context, chat.Key, chat.Seq) error { return nil }

// Projected implements chat.Log: append and projection are one transaction.
func (l *Log) Projected(chat.Key, chat.Seq) bool { return true }

// Settle implements chat.Log.
func (l *Log) Settle(context.Context, chat.Key, chat.Seq) error { return nil }

// Tail implements chat.Log.
func (l *Log) Tail(ctx context.Context, fn func([]chat.Event)) error { return l.tails.Follow(ctx, fn) }

// Heads implements chat.Log.
func (l *Log) Heads(ctx context.Context, keys ...chat.Key) ([]chat.Head, error) {
	out := make([]chat.Head, len(keys))
	for i, k := range keys {
		row, err := readRow(l.read.QueryRowContext(ctx, selectRow, k.Tenant, k.Conversation))
		if err != nil {
			return nil, err
		}
		out[i] = row.Head
	}
	return out, nil
}

// OpenConversations implements chat.Log.
func (l *Log) OpenConversations(ctx context.Context, visitors ...chat.VisitorKey) ([]chat.ConversationID, error) {
	out := make([]chat.ConversationID, len(visitors))
	for i, v := range visitors {
		var err error
		if out[i], err = l.store.OpenConversation(ctx, v.Tenant, v.Visitor); err != nil {
			return nil, err
		}
	}
	return out, nil
}
