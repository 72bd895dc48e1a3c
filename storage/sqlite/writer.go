package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	sqlite3 "modernc.org/sqlite"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// maxGroup is how many events one transaction takes, about.
const maxGroup = 1024

// maxRows is how many conversations' rows the writer keeps in memory.
const maxRows = 100_000

// writer is the one goroutine that appends.
type writer struct {
	log   *Log
	conn  *sql.Conn
	rows  map[chat.Key]*project.Row // as the database has them, with this transaction's changes
	dirty map[chat.Key]bool         // changed in this transaction; true: the state too
	opens map[visitorKey]chat.ConversationID
	out   []chat.Event // appended in this transaction
	stmts statements
}

type visitorKey struct {
	tenant  chat.TenantID
	visitor chat.VisitorID
}

type statements struct {
	begin, commit, rollback *sql.Stmt
	savepoint, rollbackTo   *sql.Stmt
	release                 *sql.Stmt
	row, open, find         *sql.Stmt
	message                 *sql.Stmt
	conversation, touch     *sql.Stmt
	visitor                 *sql.Stmt
}

const selectRow = `SELECT visitor, status, assignee, team, version, last_seq, last_public, last_message, last_agent, queued_at,
	created_at, closed_at, updated_at FROM conversations WHERE tenant = $1 AND id = $2`

// readRow reads a conversation's row; the zero Row if there is none.
func readRow(r *sql.Row) (row project.Row, err error) {
	var queued, created, closed, updated int64
	err = r.Scan(&row.Visitor, &row.Status, &row.Assignee, &row.Team, &row.Version, &row.Last, &row.LastPublic, &row.LastMessage,
		&row.LastAgent, &queued, &created, &closed, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return project.Row{}, nil
	}
	row.Queued, row.Created = sqlstore.FromMicros(queued), sqlstore.FromMicros(created)
	row.Closed, row.Updated = sqlstore.FromMicros(closed), sqlstore.FromMicros(updated)
	return row, err
}

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
		{&s.open, `SELECT id FROM conversations WHERE tenant = $1 AND visitor = $2 AND status <> 4`},
		{&s.find, `SELECT seq, prev, prev_public, sent_at, kind, body FROM messages WHERE tenant = $1 AND conv = $2 AND id = $3`},
		{&s.message, `INSERT INTO messages (tenant, conv, seq, prev, prev_public, id, cmid, sender, role, kind, visibility, sent_at, reply_to, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`},
		{&s.conversation, `INSERT INTO conversations (tenant, id, visitor, status, assignee, team, version, last_seq, last_public, last_message,
			last_agent, queued_at, created_at, closed_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			ON CONFLICT (tenant, id) DO UPDATE SET status = excluded.status, assignee = excluded.assignee, team = excluded.team,
				version = excluded.version, last_seq = excluded.last_seq, last_public = excluded.last_public,
				last_message = excluded.last_message, last_agent = excluded.last_agent, queued_at = excluded.queued_at,
				closed_at = excluded.closed_at, updated_at = excluded.updated_at`},
		{&s.touch, `UPDATE conversations SET last_seq = ?, last_public = ?, last_message = ?, last_agent = ?, updated_at = ?
			WHERE tenant = ? AND id = ?`},
		{&s.visitor, `INSERT INTO visitors (tenant, id, external_id, verified, name, email, locale, page, attributes, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (tenant, id) DO UPDATE SET name = COALESCE(NULLIF(excluded.name, ''), visitors.name),
				email = COALESCE(NULLIF(excluded.email, ''), visitors.email), locale = COALESCE(NULLIF(excluded.locale, ''), visitors.locale),
				page = COALESCE(NULLIF(excluded.page, ''), visitors.page),
				attributes = CASE WHEN excluded.attributes = '{}' THEN visitors.attributes ELSE excluded.attributes END`},
	} {
		stmt, err := c.PrepareContext(ctx, p.text)
		if err != nil {
			return fmt.Errorf("prepare %.40q: %w", p.text, err)
		}
		*p.into = stmt
	}
	return nil
}

// Run appends until ctx ends; what was taken by then is answered.
func (l *Log) Run(ctx context.Context) error {
	defer close(l.stopped)
	// The connection outlives ctx by one transaction: an append that was begun is ended properly.
	conn, err := l.write.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("open the writer: %w", err)
	}
	defer conn.Close()
	w := &writer{
		log: l, conn: conn, rows: make(map[chat.Key]*project.Row), dirty: make(map[chat.Key]bool),
		opens: make(map[visitorKey]chat.ConversationID),
	}
	if err := w.stmts.prepare(context.WithoutCancel(ctx), conn); err != nil {
		return err
	}
	close(l.started)
	var group []*request
	for {
		select {
		case <-ctx.Done():
			return nil
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
	w.log.publish(ctx, w.out)
	w.out = nil
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
	}()
	if err = w.fill(ctx, group); err == nil {
		if _, err = w.stmts.commit.ExecContext(ctx); err != nil {
			err = fmt.Errorf("commit: %w", err)
		}
	}
	if err == nil {
		if len(w.rows) > maxRows {
			clear(w.rows)
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
	return nil
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
	err := w.conn.QueryRowContext(ctx, `SELECT 1 FROM messages WHERE tenant = $1 AND conv = $2 AND id = $3`,
		e.Tenant, e.Conversation, e.ID).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// saveRow writes all of a conversation's row, touchRow what a message without a change of state moves: most of the indexes
// don't hear of it.
func (w *writer) saveRow(ctx context.Context, k chat.Key, r *project.Row) error {
	_, err := w.stmts.conversation.ExecContext(ctx, k.Tenant, k.Conversation, r.Visitor, r.Status, r.Assignee, r.Team, r.Version,
		r.Last, r.LastPublic, r.LastMessage, r.LastAgent, sqlstore.Micros(r.Queued), sqlstore.Micros(r.Created),
		sqlstore.Micros(r.Closed), sqlstore.Micros(r.Updated))
	return err
}

func (w *writer) touchRow(ctx context.Context, k chat.Key, r *project.Row) error {
	_, err := w.stmts.touch.ExecContext(ctx, int64(r.Last), int64(r.LastPublic), int64(r.LastMessage), r.LastAgent,
		sqlstore.Micros(r.Updated), k.Tenant[:], k.Conversation[:])
	return err
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

// What the checks refuse with.
var (
	errStale  = &chat.Error{Code: chat.Conflict, Name: "stale", Message: "the conversation has changed in the meantime"}
	errReused = &chat.Error{Code: chat.Conflict, Name: "cmid_conflict", Message: "this cmid was used for another message"}
	errNone   = &chat.Error{Code: chat.NotFound, Message: "there is no such conversation"}
	errMixed  = &chat.Error{Code: chat.Internal, Message: "joined events are of different conversations"}
)

// judge makes all checks of a group before anything of it is written (see chat.Log.Append).
func (w *writer) judge(ctx context.Context, events []chat.Event, receipts []chat.Receipt) (dup bool, refusal, err error) {
	key := chat.Key{Tenant: events[0].Tenant, Conversation: events[0].Conversation}
	row, err := w.row(ctx, key)
	if err != nil {
		return false, nil, err
	}
	if row.Exists() {
		dup, refusal, err = w.findDuplicates(ctx, key, events, receipts)
		if dup || refusal != nil || err != nil {
			return dup, refusal, err
		}
	}
	refusal, err = w.judgeStates(ctx, key, row.State, events)
	return false, refusal, err
}

// judgeStates checks the states that a group's events expect and lead to, from the one that holds before it.
func (w *writer) judgeStates(ctx context.Context, key chat.Key, state chat.State, events []chat.Event) (refusal, err error) {
	for i := range events {
		e := &events[i]
		if e.Tenant != key.Tenant || e.Conversation != key.Conversation {
			return errMixed, nil
		}
		if e.Expect != 0 && e.Expect != state.Version {
			return errStale, nil
		}
		if e.Next == nil {
			if !state.Exists() {
				return errNone, nil
			}
			continue
		}
		if e.Next.Version != state.Version+1 {
			return errStale, nil
		}
		if e.Next.Status != chat.Closed && (!state.Exists() || state.Status == chat.Closed) {
			other, err := w.openOf(ctx, visitorKey{key.Tenant, e.Next.Visitor})
			if err != nil {
				return nil, err
			}
			if !other.IsZero() && other != key.Conversation {
				return &chat.Error{Code: chat.Conflict, Name: "conversation_open", Message: "you have an open conversation already", Conversation: other}, nil
			}
		}
		state = *e.Next
	}
	return nil, nil
}

// openOf returns the visitor's open conversation, this transaction's changes included.
func (w *writer) openOf(ctx context.Context, v visitorKey) (id chat.ConversationID, err error) {
	if id, ok := w.opens[v]; ok {
		return id, nil
	}
	err = w.stmts.open.QueryRowContext(ctx, v.tenant, v.visitor).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

// findDuplicates looks for messages that are in the log already. If one is, nothing of the group is appended: every
// receipt says Dup, and those of messages that are there name the first one's place.
func (w *writer) findDuplicates(ctx context.Context, key chat.Key, events []chat.Event, receipts []chat.Receipt) (dup bool, refusal, err error) {
	for i := range events {
		e, r := &events[i], &receipts[i]
		var at int64
		var kind chat.Kind
		var body []byte
		err := w.stmts.find.QueryRowContext(ctx, key.Tenant, key.Conversation, e.ID).Scan(&r.Seq, &r.Prev, &r.PrevPublic, &at, &kind, &body)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return false, nil, fmt.Errorf("find duplicates: %w", err)
		}
		if kind != e.Kind || string(body) != string(e.Body) {
			clear(receipts)
			return false, errReused, nil
		}
		r.Time = sqlstore.FromMicros(at)
		dup = true
	}
	if dup {
		for i := range receipts {
			receipts[i].Dup = true
		}
	}
	return dup, nil, nil
}

// write appends one event that was judged.
func (w *writer) write(ctx context.Context, e *chat.Event, receipt *chat.Receipt) error {
	key := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
	row, err := w.row(ctx, key)
	if err != nil {
		return err
	}
	was := row.State
	e.Seq, e.Prev, e.PrevPublic = row.Last+1, row.Last, row.LastPublic
	row.Apply(e)
	e.State = row.State
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
	if e.Profile != nil {
		if err := w.saveVisitor(ctx, e.Profile); err != nil {
			return fmt.Errorf("save visitor: %w", err)
		}
	}
	if _, err := w.stmts.message.ExecContext(ctx, e.Tenant, e.Conversation, e.Seq, e.Prev, e.PrevPublic, e.ID, e.CMID, e.Sender, e.Role,
		e.Kind, e.Visibility, sqlstore.Micros(e.Time), e.ReplyTo, string(e.Body)); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	*receipt = chat.Receipt{Seq: e.Seq, Prev: e.Prev, PrevPublic: e.PrevPublic, Time: e.Time}
	w.out = append(w.out, *e)
	return nil
}

func (w *writer) saveVisitor(ctx context.Context, v *chat.Visitor) error {
	attributes := string(v.Attributes)
	if attributes == "" {
		attributes = "{}"
	}
	verified := 0
	if v.Verified {
		verified = 1
	}
	_, err := w.stmts.visitor.ExecContext(ctx, v.Tenant, v.ID, v.ExternalID, verified, v.Name, v.Email, v.Locale, v.Page, attributes,
		sqlstore.Micros(v.CreatedAt))
	return err
}
