package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// maxGroup is how many events one transaction takes, about.
const maxGroup = 1024

// maxRows is how many conversations' rows the writer keeps in memory; reading one again costs some 20 µs.
const maxRows = 6144

// writer is the one goroutine that appends.
type writer struct {
	log    *Log
	conn   *sql.Conn
	rows   map[chat.Key]*project.Row // as the database has them, with this transaction's changes
	dirty  map[chat.Key]bool         // changed in this transaction; true: the state too
	opens  map[visitorKey]chat.ConversationID
	out    []chat.Event   // appended in this transaction
	told   []told         // by them
	counts project.Counts // of them
	stmts  statements
	quiet  quiet
	words  words
	hooks  hooks
	keys   *seal.Keyring
}

type visitorKey struct {
	tenant  chat.TenantID
	visitor chat.VisitorID
}

// Run appends until ctx ends; what was taken by then is answered.
func (l *Log) Run(ctx context.Context) error {
	stop := sync.OnceFunc(func() { close(l.stopped) })
	defer stop()
	// The connection outlives ctx by one transaction: an append that was begun is ended properly.
	conn, err := l.write.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("open the writer: %w", err)
	}
	defer conn.Close()
	w := &writer{
		log: l, conn: conn, rows: make(map[chat.Key]*project.Row), dirty: make(map[chat.Key]bool),
		opens: make(map[visitorKey]chat.ConversationID), keys: l.store.Keyring(),
	}
	w.words.keys, w.hooks.keys = w.keys, w.keys
	if w.keys != nil { // what was plain, or a key, is not to stay in free space
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA secure_delete = ON`); err != nil {
			return fmt.Errorf("open the writer: %w", err)
		}
	}
	if err := w.stmts.prepare(context.WithoutCancel(ctx), conn); err != nil {
		return err
	}
	l.start()
	rest := time.NewTicker(quietAfter)
	defer rest.Stop()
	var old sync.WaitGroup
	defer func() {
		stop() // it may be waiting for the writer
		old.Wait()
	}()
	old.Go(func() { l.indexOld(ctx) })
	old.Go(func() { l.countOld(ctx) })
	var group []*request
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-rest.C:
			w.rest(context.WithoutCancel(ctx))
			continue
		case done := <-l.scrubs:
			done <- w.erased(context.WithoutCancel(ctx))
			continue
		case r := <-l.queue:
			group = append(group[:0], r)
		}
		n := len(group[0].events)
	gather:
		for n < maxGroup {
			select {
			case r := <-l.queue:
				group = append(group, r)
				n += max(len(r.events), 1)
			default:
				break gather
			}
		}
		w.handle(ctx, group)
		clear(group)
		w.quiet.wrote, w.quiet.holds = true, true
	}
}

// handle commits a group of requests and answers them. If something in the group can't be written, each request is tried
// alone, so that it does not hold up the others.
func (w *writer) handle(ctx context.Context, group []*request) {
	err := w.commit(context.WithoutCancel(ctx), group)
	if err != nil && len(group) > 1 && !concernsAll(err) {
		for i := range group {
			clear(group[i].receipts)
			w.handle(ctx, group[i:i+1])
		}
		return
	}
	w.log.tails.Publish(ctx, w.out)
	w.out = nil
	if err == nil && w.hooks.wrote {
		w.log.store.WebhooksWritten()
	}
	if err == nil && w.hooks.asked {
		w.log.store.BotJobsWritten()
	}
	for _, r := range group {
		if err != nil {
			r.err = failure(err)
		}
		close(r.done)
	}
}

// SQLite's primary result codes that concern the database and not what is written (sqlite.org/rescode.html).
const (
	codeBusy = 5
	codeFull = 13
)

func isCode(err error, code int) bool {
	var e *sqlite3.Error
	return errors.As(err, &e) && e.Code()&0xff == code
}

// errOutcome marks a transaction of which nobody knows whether it was committed.
var errOutcome = errors.New("the outcome of the commit is unknown")

// concernsAll reports whether every other transaction would have failed as well.
func concernsAll(err error) bool {
	return isCode(err, codeFull) || isCode(err, codeBusy) || errors.Is(err, errOutcome)
}

// failure is what callers are told when a transaction failed.
func failure(err error) error {
	switch {
	case isCode(err, codeFull):
		return &chat.Error{Code: chat.Full, Message: "storage is full"}
	case isCode(err, codeBusy):
		return &chat.Error{Code: chat.Busy, Message: "storage is busy; try again"}
	}
	return fmt.Errorf("%w (%w)", errUnknown, err)
}

// commit appends a group in one transaction.
func (w *writer) commit(ctx context.Context, group []*request) (err error) {
	if _, err = w.stmts.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		clear(w.dirty)
		clear(w.opens)
		w.counts.Clear()
		clear(w.told)
		w.told = w.told[:0]
	}()
	if err = w.fill(ctx, group); err == nil {
		if _, err = w.stmts.commit.ExecContext(ctx); err != nil {
			err = fmt.Errorf("commit: %w", err)
		}
	}
	if err == nil {
		for k := range w.rows { // any will do: the busy ones come back
			if len(w.rows) <= maxRows {
				break
			}
			delete(w.rows, k)
		}
		return nil
	}
	// A rollback can fail because SQLite has done it already. Memory is ahead of the database now: forget it.
	_, _ = w.stmts.rollback.ExecContext(ctx)
	clear(w.rows)
	there, lookErr := w.isThere(ctx)
	switch {
	case lookErr != nil:
		err = errors.Join(errOutcome, err, lookErr)
	case there:
		return nil
	}
	w.out = nil
	return err
}

// fill makes the transaction's changes.
func (w *writer) fill(ctx context.Context, group []*request) (err error) {
	if err = w.hooks.begin(ctx, w.conn, w.stmts.subscribers); err != nil { // before this transaction changes anything
		return err
	}
	for _, r := range group {
		if r.change != nil {
			if err = w.change(ctx, r); err != nil {
				return fmt.Errorf("change rows: %w", err)
			}
			continue
		}
		if err = w.append(ctx, r.events, r.receipts); err != nil {
			return err
		}
		if err = w.count(ctx, r.count); err != nil {
			return err
		}
	}
	for k, stateToo := range w.dirty {
		if stateToo {
			err = w.saveRow(ctx, k, w.rows[k])
		} else {
			err = w.touchRow(ctx, k, w.rows[k])
		}
		if err != nil {
			return fmt.Errorf("save conversation: %w", err)
		}
	}
	if err := w.saveFields(ctx); err != nil {
		return err
	}
	if err := w.saveCounts(ctx); err != nil {
		return err
	}
	w.words.doc, w.words.text = w.stmts.doc, w.stmts.words
	if err := w.words.index(ctx, w.out); err != nil {
		return err
	}
	for i := range w.out {
		if r := chat.RevisionOf(&w.out[i].Message); r != nil {
			if err := w.words.revise(ctx, w.conn, &w.out[i].Message, r); err != nil {
				return fmt.Errorf("revise a message: %w", err)
			}
		}
	}
	return w.hooks.write(ctx, w.conn, w.out)
}

// change makes a change of rows, or nothing of it if it fails: then the request gets the error and the transaction goes on.
func (w *writer) change(ctx context.Context, r *request) error {
	if _, err := w.stmts.savepoint.ExecContext(ctx); err != nil {
		return err
	}
	if r.err = r.change(ctx, w.conn); r.err != nil {
		if _, err := w.stmts.rollbackTo.ExecContext(ctx); err != nil {
			return errors.Join(err, r.err)
		}
	}
	_, err := w.stmts.release.ExecContext(ctx)
	return err
}

// isThere reports, after a failed commit, whether it took place all the same.
func (w *writer) isThere(ctx context.Context) (bool, error) {
	if len(w.out) == 0 {
		return false, nil
	}
	var one int
	e := &w.out[0]
	err := w.conn.QueryRowContext(ctx, `SELECT 1 FROM messages WHERE tenant = ? AND conv = ? AND id = ?`,
		e.Tenant, e.Conversation, e.ID).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// append judges and appends the events of one call, group by group of joined ones.
func (w *writer) append(ctx context.Context, events []chat.Event, receipts []chat.Receipt) error {
	for from := 0; from < len(events); {
		to := from + 1
		for to < len(events) && events[to].Joined {
			to++
		}
		dup, refusal, err := w.judge(ctx, events[from:to], receipts[from:to])
		if err != nil {
			return err
		}
		switch {
		case refusal != nil:
			for i := from; i < to; i++ {
				receipts[i].Err = refusal
			}
		case !dup:
			for i := from; i < to; i++ {
				if err := w.write(ctx, &events[i], &receipts[i]); err != nil {
					return err
				}
			}
		}
		from = to
	}
	return nil
}

// row returns a conversation's row, from memory if it is there.
func (w *writer) row(ctx context.Context, k chat.Key) (*project.Row, error) {
	if r := w.rows[k]; r != nil {
		return r, nil
	}
	r, err := readRow(w.stmts.row.QueryRowContext(ctx, k.Tenant, k.Conversation))
	if err != nil {
		return nil, fmt.Errorf("read conversation: %w", err)
	}
	w.rows[k] = &r
	return &r, nil
}

// write appends one event that was judged.
func (w *writer) write(ctx context.Context, e *chat.Event, receipt *chat.Receipt) error {
	key := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
	keys, err := w.keys.Live(ctx, e.Tenant)
	if err != nil {
		return err
	}
	row, err := w.row(ctx, key)
	if err != nil {
		return err
	}
	tally, err := w.tally(ctx, key, row)
	if err != nil {
		return err
	}
	was := row.State
	e.Seq, e.Prev, e.PrevPublic = row.Last+1, row.Last, row.LastPublic
	row.Apply(e)
	e.State = row.State
	w.counts.Count(tally, e)
	if e.Next != nil {
		owner := visitorKey{e.Tenant, e.Next.Visitor}
		switch {
		case e.Next.Status == chat.Closed && was.Status != chat.Closed:
			w.opens[owner] = chat.ConversationID{}
		case e.Next.Status != chat.Closed:
			w.opens[owner] = e.Conversation
		}
	}
	if e.Next != nil && (e.Next.Status == chat.Closed) != (was.Status == chat.Closed) && was.Exists() {
		// The index of open conversations must agree at every step of the transaction, not only at its end.
		if err := w.saveRow(ctx, key, row); err != nil {
			return fmt.Errorf("save conversation: %w", err)
		}
	}
	w.dirty[key] = w.dirty[key] || e.Next != nil
	if e.Set != nil {
		w.told = append(w.told, told{key, e.Seq, keys.Fields(e.Conversation, e.Set)})
	}
	if e.Profile != nil {
		if err := w.hooks.visitor(ctx, w.conn, e, w.saveVisitor); err != nil {
			return fmt.Errorf("save visitor: %w", err)
		}
	}
	if _, err := w.stmts.message.ExecContext(ctx, e.Tenant[:], e.Conversation[:], int64(e.Seq), int64(e.Prev), int64(e.PrevPublic),
		e.ID[:], e.CMID[:], orNull(&e.Sender), int64(e.Role), int64(e.Kind), int64(e.Visibility), sqlstore.Micros(e.Time),
		orNull(&e.ReplyTo), keys.Body(e.Body, seal.OfMessage(&e.Message))); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	*receipt = chat.Receipt{Seq: e.Seq, Prev: e.Prev, PrevPublic: e.PrevPublic, Time: e.Time}
	w.out = append(w.out, *e)
	return nil
}

func (w *writer) saveVisitor(ctx context.Context, visitor *chat.Visitor) error {
	keys, err := w.keys.Live(ctx, visitor.Tenant)
	if err != nil {
		return err
	}
	v, external := keys.Visitor(visitor)
	attributes := string(v.Attributes)
	if attributes == "" {
		attributes = "{}"
	}
	verified := 0
	if v.Verified {
		verified = 1
	}
	_, err = w.stmts.visitor.ExecContext(ctx, v.Tenant, v.ID, v.ExternalID, external, verified, v.Name, v.Email, v.Locale, v.Page, attributes,
		sqlstore.Micros(v.CreatedAt))
	return err
}
