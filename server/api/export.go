package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// personPage is how many conversations, messages or files of an export are in memory at once.
const personPage = 100

// exportPatience is how long an export may take.
const exportPatience = 30 * time.Minute

// exportVisitor answers with everything that there is about a person. It is written as it is read: no more than a page of it is in
// memory. If something can't be read on the way, the answer breaks off.
func (a *API) exportVisitor(ctx context.Context, c *call, in *Target) (*served, error) {
	id, err := pathID[chat.Visitor](in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := a.cfg.Desk.SettlePerson(ctx, c.actor(), id); err != nil {
		return nil, err
	}
	p, err := a.cfg.Desk.Person(ctx, c.actor(), id)
	if err != nil {
		return nil, err
	}
	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), exportPatience)
	x := &export{api: a, ctx: reading, call: c, person: p}
	next, stop := iter.Pull(x.parts)
	c.h.SetContentType("application/json; charset=utf-8")
	head := &c.h.Response.Header
	head.Set("Content-Disposition", `attachment; filename="visitor-`+id.String()+`.json"`)
	head.Set("Cache-Control", "no-store")
	c.h.SetStatusCode(http.StatusOK)
	c.h.SetBodyStream(&exported{next: next, stop: func() { stop(); cancel() }, failed: func() error { return x.err }}, -1)
	return &served{http.StatusOK}, nil
}

// export writes a person down, part by part.
type export struct {
	api    *API
	ctx    context.Context // of the whole reading
	call   *call
	person chat.Person
	yield  func([]byte) bool
	err    error // why it broke off
}

// exportedConversation is a conversation of an export; its messages follow it.
type exportedConversation struct {
	Conversation
	VisitorRead uint64 `json:"visitor_read" doc:"Up to which seq the visitor has read."`
}

// exportedFile is a file of an export.
type exportedFile struct {
	ID             string    `json:"id"`
	ConversationID *string   `json:"conversation_id"`
	Name           string    `json:"name"`
	Mime           string    `json:"mime"`
	Size           int64     `json:"size"`
	CreatedAt      time.Time `json:"created_at"`
	URL            string    `json:"url"`
	Link           FileLink  `json:"link"` // good for a while, without a credential
}

// parts calls yield with the document, piece by piece.
func (x *export) parts(yield func([]byte) bool) {
	x.yield = yield
	x.text(`{"exported_at":`)
	x.json(x.api.cfg.Now().UTC().Truncate(time.Second))
	x.text(`,"visitor":`)
	x.json(x.api.showPerson(x.ctx, &x.person))
	x.text(`,"events":`)
	list(x, func(cursor string) ([]chat.Step, string, error) {
		return x.api.cfg.Store.Steps(x.ctx, x.person.Tenant, x.person.ID, cursor, personPage)
	}, func(s *chat.Step) { x.json(showStep(s)) })
	x.text(`,"uploads":`)
	list(x, func(cursor string) ([]chat.Upload, string, error) {
		return x.api.cfg.Store.PersonFiles(x.ctx, x.person.Tenant, x.person.ID, cursor, personPage)
	}, x.file)
	x.text(`,"conversations":`)
	list(x, func(cursor string) ([]chat.Conversation, string, error) {
		return x.api.cfg.Desk.Conversations(x.ctx, x.call.actor(), chat.Filter{Visitor: x.person.ID, Cursor: cursor, Limit: personPage})
	}, x.conversation)
	x.text("}\n")
}

// over reports whether nothing more can be written.
func (x *export) over() bool { return x.err != nil }

func (x *export) text(s string) {
	if x.err == nil && !x.yield([]byte(s)) {
		x.err = io.ErrClosedPipe // nobody reads any more
	}
}

func (x *export) json(v any) {
	b, err := json.Marshal(v)
	if err != nil && x.err == nil {
		x.err = err
	}
	x.text(string(b))
}

// list writes a list that is read page by page.
func list[T any](x *export, read func(cursor string) ([]T, string, error), show func(*T)) {
	x.text("[")
	first := true
	for cursor := ""; !x.over(); {
		page, next, err := read(cursor)
		if err != nil {
			x.err = err
			return
		}
		for i := range page {
			if !first {
				x.text(",")
			}
			first = false
			if show(&page[i]); x.over() {
				return
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	x.text("]")
}

func (x *export) file(u *chat.Upload) {
	link, err := x.api.link(x.call, u)
	if err != nil {
		x.err = err
		return
	}
	x.json(exportedFile{u.ID.String(), idOrNull(u.Conversation), u.Name, u.Mime, u.Size, u.CreatedAt.UTC(), uploadsPath + "/" + u.ID.String(), link})
}

// conversation writes a conversation with all that was said in it, notes and edits included.
func (x *export) conversation(c *chat.Conversation) {
	marks, err := x.api.cfg.Store.Marks(x.ctx, chat.Key{Tenant: c.Tenant, Conversation: c.ID})
	if err != nil {
		x.err = err
		return
	}
	shown := exportedConversation{Conversation: x.api.showConversation(x.ctx, x.call, c)}
	for i := range marks {
		if marks[i].User == chat.UserID(c.Visitor) {
			shown.VisitorRead = uint64(marks[i].Read)
		}
	}
	b, err := json.Marshal(shown)
	if err != nil {
		x.err = err
		return
	}
	x.text(string(b[:len(b)-1]) + `,"messages":`)
	after := chat.Seq(0)
	list(x, func(string) ([]chat.Message, string, error) {
		page, complete, err := x.api.cfg.Desk.Messages(x.ctx, x.call.actor(), c.ID, chat.Page{After: after, Limit: personPage})
		if err != nil || complete || len(page) == 0 {
			return page, "", err
		}
		after = page[len(page)-1].Seq
		return page, strconv.FormatUint(uint64(after), 10), nil
	}, func(m *chat.Message) { x.json(showMessage(m, chat.AudienceAll)) })
	x.text(`,"ai_traces":`)
	list(x, func(cursor string) ([]chat.AITrace, string, error) {
		return x.api.cfg.Store.AITraces(x.ctx, c.Tenant, chat.AITraceFilter{Conversation: c.ID, Cursor: cursor, Limit: personPage})
	}, x.trace)
	x.text("}")
}

// exportedTrace is what became of a question to the bot, in an export.
type exportedTrace struct {
	ID        string          `json:"id"`
	MessageID *string         `json:"message_id"`
	At        time.Time       `json:"at"`
	Outcome   string          `json:"outcome"`
	Trace     json.RawMessage `json:"trace"`
}

// trace writes a trace with its body. One that has gone meanwhile is null.
func (x *export) trace(t *chat.AITrace) {
	whole, err := x.api.cfg.Store.AITrace(x.ctx, t.Tenant, t.ID)
	switch {
	case errors.Is(err, &chat.Error{Code: chat.NotFound}):
		x.text("null")
	case err != nil:
		x.err = err
	default:
		x.json(exportedTrace{t.ID.String(), idOrNull(t.Message), t.At, t.Outcome, whole.Body})
	}
}

// exported is an export as a stream.
type exported struct {
	next   func() ([]byte, bool)
	stop   func()
	failed func() error
	rest   []byte
}

func (e *exported) Read(p []byte) (int, error) {
	for len(e.rest) == 0 {
		part, more := e.next()
		if !more {
			if err := e.failed(); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		e.rest = part
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func (e *exported) Close() error {
	e.stop()
	return nil
}

// bindExport is bind for a route that answers with a document of any length.
func bindExport[I any](a *API, fn func(context.Context, *call, *I) (*served, error)) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		op.Responses = map[string]*huma.Response{strconv.Itoa(op.DefaultStatus): {
			Description: "One JSON document: exported_at, visitor, events, uploads (with links to the files), conversations, each with all of its messages, and with what became of questions to the bot (ai_traces). " +
				"It breaks off if something can't be read.",
			Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}},
		}}
		bind(a, fn)(h, op)
	}
}
