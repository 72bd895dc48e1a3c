package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

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
	dirty map[chat.Key]*project.Row // changed in this transaction
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
	row, open, find         *sql.Stmt
	message, conversation   *sql.Stmt
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
		log: l, conn: conn, rows: make(map[chat.Key]*project.Row), dirty: make(map[chat.Key]*project.Row),
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

// handle commits a group of requests and answers them. If the group fails for another reason than a full disk, each
// request is tried alone, so that one that can't be written does not hold up the others.
func (w *writer) handle(ctx context.Context, group []*request) {
	err := w.commit(context.WithoutCancel(ctx), group)
	if err != nil && len(group) > 1 && !isFull(err) {
		for _, r := range group {
			clear(r.receipts)
			w.handle(ctx, []*request{r})
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

// failure is what callers are told when a transaction failed.
func failure(err error) error {
	if isFull(err) {
		return &chat.Error{Code: chat.Full, Message: "storage is full"}
	}
	return fmt.Errorf("%w (%w)", errUnknown, err)
}

func isFull(err error) bool {
	var e *sqlite3.Error
	if errors.As(err, &e) && e.Code()&0xff == 13 { // SQLITE_FULL
		return true
	}
	return strings.Contains(err.Error(), "no space left")
}

// commit appends a group in one transaction.
func (w *writer) commit(ctx context.Context, group []*request) (err error) {
	if _, err = w.stmts.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			// Memory is ahead of the database now: forget it. A rollback can fail because SQLite has done it already.
			_, _ = w.stmts.rollback.ExecContext(ctx)
			clear(w.rows)
			w.out = nil
		}
		clear(w.dirty)
		clear(w.opens)
	}()
	for _, r := range group {
		if r.mark != nil {
			m := r.mark
			if m.mark, m.moved, err = sqlstore.WriteMark(ctx, w.conn, m.key, m.mark); err != nil {
				return fmt.Errorf("mark: %w", err)
			}
			continue
		}
		if err = w.append(ctx, r.events, r.receipts); err != nil {
			return err
		}
	}
	for k, row := range w.dirty {
		if err = w.saveRow(ctx, k, row); err != nil {
			return fmt.Errorf("save conversation: %w", err)
		}
	}
	if _, err = w.stmts.commit.ExecContext(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if len(w.rows) > maxRows {
		clear(w.rows)
	}
	return nil
}

func (w *writer) saveRow(ctx context.Context, k chat.Key, r *project.Row) error {
	_, err := w.stmts.conversation.ExecContext(ctx, k.Tenant, k.Conversation, r.Visitor, r.Status, r.Assignee, r.Team, r.Version,
		r.Last, r.LastPublic, r.LastMessage, r.LastAgent, sqlstore.Micros(r.Queued), sqlstore.Micros(r.Created),
		sqlstore.Micros(r.Closed), sqlstore.Micros(r.Updated))
	return err
}

// append judges and appends the events of one call, group by group of joined ones.
func (w *writer) append(ctx context.Context, events []chat.Event, receipts []chat.Receipt) error {
	for from := 0; from < len(events); {
		to := from + 1
		for to < len(events) && events[to].Joined {
			to++
		}
		refusal, err := w.judge(ctx, events[from:to], receipts[from:to])
		if err != nil {
			return err
		}
		switch {
		case refusal != nil:
			for i := from; i < to; i++ {
				receipts[i].Err = refusal
			}
		case !receipts[from].Dup:
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

var errStale = &chat.Error{Code: chat.Conflict, Name: "stale", Message: "the conversation has changed in the meantime"}

// judge makes all checks of a group before anything of it is written (see chat.Log.Append).
func (w *writer) judge(ctx context.Context, events []chat.Event, receipts []chat.Receipt) (refusal, err error) {
	first := &events[0]
	key := chat.Key{Tenant: first.Tenant, Conversation: first.Conversation}
	row, err := w.row(ctx, key)
	if err != nil {
		return nil, err
	}
	if row.Exists() {
		refusal, err = w.findDuplicates(ctx, key, events, receipts)
		if refusal != nil || err != nil || receipts[0].Dup {
			return refusal, err
		}
	}
	state := row.State
	for i := range events {
		e := &events[i]
		if e.Tenant != key.Tenant || e.Conversation != key.Conversation {
			return nil, errors.New("joined events are of different conversations")
		}
		if e.Expect != 0 && e.Expect != state.Version {
			return errStale, nil
		}
		if e.Next == nil {
			if !state.Exists() {
				return &chat.Error{Code: chat.NotFound, Message: "there is no such conversation"}, nil
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

// findDuplicates looks for messages that are in the log already. If one is, the whole group is answered with it.
func (w *writer) findDuplicates(ctx context.Context, key chat.Key, events []chat.Event, receipts []chat.Receipt) (refusal, err error) {
	for i := range events {
		e := &events[i]
		if e.Kind == chat.KindSystem && e.Next != nil {
			continue // made by the Desk with a fresh id; the version keeps it from coming twice
		}
		var at int64
		var kind chat.Kind
		var body []byte
		r := chat.Receipt{Dup: true}
		err := w.stmts.find.QueryRowContext(ctx, key.Tenant, key.Conversation, e.ID).Scan(&r.Seq, &r.Prev, &r.PrevPublic, &at, &kind, &body)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("find duplicates: %w", err)
		}
		if kind != e.Kind || string(body) != string(e.Body) {
			return &chat.Error{Code: chat.Conflict, Name: "cmid_conflict", Message: "this cmid was used for another message"}, nil
		}
		r.Time = sqlstore.FromMicros(at)
		for j := range receipts {
			receipts[j] = r
		}
		return nil, nil
	}
	return nil, nil
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
	w.dirty[key] = row
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
