package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// row is a message as the table has it.
type row struct {
	journal.Stored
	prev, prevPublic uint64
	role             int
	body             []byte
}

// conversation is one of the database with what is counted in it.
type conversation struct {
	id, visitor      uuid.UUID
	assignee         uuid.UUID // zero: nobody
	status           int
	version          int
	last, lastPublic uint64
	lastMessage      uint64
	rows             []row
}

// Numbers of the protocol and of the schema.
const (
	kindSystem      = 5
	roleVisitor     = 1
	visibleInternal = 1
)

var statuses = map[string]int{"queued": 0, "open": 1, "bot": 2, "snoozed": 3, "closed": 4}

// readDatabase reads every conversation with SQL, as superuser, past everything that the product thinks.
func (w *World) readDatabase(ctx context.Context) ([]*conversation, error) {
	db, err := pgx.Connect(ctx, w.url)
	if err != nil {
		return nil, fmt.Errorf("read the database: %w", err)
	}
	defer db.Close(ctx) //nolint:errcheck // nothing was written
	rows, err := db.Query(ctx, `SELECT id, visitor, assignee, status, version, last_seq, last_public, last_message FROM conversations`)
	if err != nil {
		return nil, fmt.Errorf("read conversations: %w", err)
	}
	byID := map[uuid.UUID]*conversation{}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (*conversation, error) {
		c := new(conversation)
		var id, visitor, assignee []byte
		err := r.Scan(&id, &visitor, &assignee, &c.status, &c.version, &c.last, &c.lastPublic, &c.lastMessage)
		copy(c.id[:], id)
		copy(c.visitor[:], visitor)
		copy(c.assignee[:], assignee)
		byID[c.id] = c
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("read conversations: %w", err)
	}
	rows, err = db.Query(ctx, `SELECT conv, seq, prev, prev_public, id, cmid, sender, role, kind, visibility, body FROM messages ORDER BY conv, seq`)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	var conv, id, cmid, sender []byte
	var seq, prev, prevPublic uint64
	var role, kind, visibility int
	var body string
	_, err = pgx.ForEachRow(rows, []any{&conv, &seq, &prev, &prevPublic, &id, &cmid, &sender, &role, &kind, &visibility, &body}, func() error {
		c := byID[uuid.UUID(conv)]
		if c == nil {
			return fmt.Errorf("message %x is of no conversation", id)
		}
		m := row{prev: prev, prevPublic: prevPublic, role: role, body: []byte(body)}
		m.MID, m.CMID, m.Seq = uuid.UUID(id), uuid.UUID(cmid), seq
		copy(m.Sender[:], sender)
		m.Hash, m.Internal, m.System = journal.HashBody(m.body), visibility == visibleInternal, kind == kindSystem
		c.rows = append(c.rows, m)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return all, nil
}

// stored is the database as the journal's checker wants it.
func stored(all []*conversation) (db []journal.Conversation) {
	for _, c := range all {
		out := journal.Conversation{ID: c.id, Tenant: "chaos", Visitor: c.visitor}
		for i := range c.rows {
			out.Messages = append(out.Messages, c.rows[i].Stored)
		}
		db = append(db, out)
	}
	return db
}

// messages returns how many messages people's are in the database: the server's own are not counted.
func (w *World) messages(ctx context.Context, db *pgx.Conn) (n int, err error) {
	err = db.QueryRow(ctx, `SELECT count(*) FROM messages WHERE kind <> $1`, kindSystem).Scan(&n)
	return n, err
}

// recount holds I5 and I6: what a conversation's row says equals what its log adds up to.
func (c *conversation) recount() error {
	var problems []error
	wrong := func(what string, got, want any) {
		problems = append(problems, fmt.Errorf("%s: %s is %v, a recount gives %v", c.id, what, got, want))
	}
	var last, lastPublic, lastMessage uint64
	status, version, assignee := -1, 0, uuid.UUID{}
	for i := range c.rows {
		m := &c.rows[i]
		if m.prev != last {
			wrong(fmt.Sprintf("prev of seq %d", m.Seq), m.prev, last)
		}
		if m.prevPublic != lastPublic {
			wrong(fmt.Sprintf("prev_public of seq %d", m.Seq), m.prevPublic, lastPublic)
		}
		last = m.Seq
		if !m.Internal {
			lastPublic = m.Seq
			if !m.System {
				lastMessage = m.Seq
			}
		}
		var change struct {
			Event    string    `json:"event"`
			Status   string    `json:"status"`
			Assignee uuid.UUID `json:"assignee_id"`
		}
		if !m.System || json.Unmarshal(m.body, &change) != nil || !strings.HasPrefix(change.Event, "conversation.") {
			continue
		}
		version++
		status = statuses[change.Status]
		if change.Event == "conversation.assigned" {
			assignee = change.Assignee
		}
	}
	for _, f := range []struct {
		what      string
		got, want any
	}{
		{"last_seq", c.last, last},
		{"last_public", c.lastPublic, lastPublic},
		{"last_message", c.lastMessage, lastMessage},
		{"version", c.version, version},
		{"status", c.status, status},
	} {
		if f.got != f.want {
			wrong(f.what, f.got, f.want)
		}
	}
	if status == statuses["open"] && c.assignee != assignee {
		wrong("assignee", c.assignee, assignee)
	}
	return errors.Join(problems...)
}

// recountUnread compares the list's unread counts, which nobody has read anything of, with the visitors' messages.
func (w *World) recountUnread(ctx context.Context, all []*conversation) error {
	a := &api.API{Base: w.Nodes[0].BaseURL()}
	login, err := a.Login(ctx, "admin@chaos.test", adminPassword)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	list, err := a.Conversations(ctx, login.AccessToken, url.Values{})
	if err != nil {
		return fmt.Errorf("list conversations: %w", err)
	}
	listed := map[uuid.UUID]api.Conversation{}
	for _, c := range list {
		listed[c.ID] = c
	}
	var problems []error
	queued := 0
	for _, c := range all {
		unread := 0
		for i := range c.rows {
			if c.rows[i].role == roleVisitor && !c.rows[i].System {
				unread++
			}
		}
		got, ok := listed[c.id]
		if !ok || got.Unread != min(unread, 1000) {
			problems = append(problems, fmt.Errorf("%s: listed %t with %d unread, a recount gives %d", c.id, ok, got.Unread, unread))
		}
		if c.status == statuses["queued"] {
			queued++
		}
	}
	waiting, err := a.Conversations(ctx, login.AccessToken, url.Values{"status": {"queued"}})
	if err != nil {
		return fmt.Errorf("list the queue: %w", err)
	}
	if len(waiting) != queued {
		problems = append(problems, fmt.Errorf("the queue lists %d, a recount gives %d", len(waiting), queued))
	}
	return errors.Join(problems...)
}

// readAPI is readDatabase for a world without PostgreSQL: what the API says.
func (w *World) readAPI(ctx context.Context, ids []uuid.UUID) ([]journal.Conversation, error) {
	a := &api.API{Base: w.Nodes[0].BaseURL()}
	login, err := a.Login(ctx, "admin@chaos.test", adminPassword)
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	return a.Database(ctx, login.AccessToken, "chaos", ids)
}

// sample is how many messages were in the database at a time.
type sample struct {
	at int64 // as journal.Recorder.Now
	n  int
}

// sampler looks at the database every so often until ctx ends. A database that is down gives no samples.
func (w *World) sampler(ctx context.Context, now func() int64, each func(sample)) {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	var db *pgx.Conn
	defer func() {
		if db != nil {
			_ = db.Close(context.Background())
		}
	}()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		look, cancel := context.WithTimeout(ctx, 5*time.Second)
		var err error
		if db == nil {
			db, err = pgx.Connect(look, w.url)
		}
		if err == nil {
			at := now()
			var n int
			if n, err = w.messages(look, db); err == nil {
				each(sample{at, n})
			} else {
				_ = db.Close(context.Background())
			}
		}
		if err != nil {
			db = nil
		}
		cancel()
	}
}
