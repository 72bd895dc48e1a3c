package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server/auth"
)

// SendLimits bound what one user of a role sends over HTTP.
type SendLimits struct {
	MaxBody int     // bytes of a message's body
	Rate    float64 // messages a second; 0: no limit
	Burst   int     // messages at once
}

// freshFor is how old a message's own id may be when it is taken for sent the first time.
const freshFor = 5 * time.Second

// sending is a role's limits and its users' buckets.
type sending struct {
	SendLimits
	buckets *auth.Limiter
}

func (a *API) sendingOf(r chat.Role) *sending {
	switch r {
	case chat.RoleVisitor:
		return &a.visitors
	case chat.RoleAPI:
		return &a.programs
	}
	return &a.staff
}

// admitSend takes one message of the caller's bucket.
func (a *API) admitSend(actor *chat.Actor, size int) error {
	s := a.sendingOf(actor.Role)
	if size > s.MaxBody {
		return chat.Errorf(chat.TooLarge, "body has %d bytes; the limit is %d", size, s.MaxBody)
	}
	return s.buckets.Allow(string(actor.User[:]))
}

// jsonBody checks a message's body as the wire protocol does.
func jsonBody(raw json.RawMessage) ([]byte, error) {
	b, err := codec.Value(raw)
	if err != nil {
		return nil, chat.Errorf(chat.Malformed, "body: %s", err)
	}
	return b, nil
}

type sendInput struct {
	Target
	Body struct {
		CMID       string          `json:"cmid" doc:"The caller's own id of the message, a UUIDv7: the same again is the same message." example:"0192f0c1-7a3e-7c11-9d52-3f0e8d1b2a44"`
		Kind       string          `json:"kind,omitempty" enum:"text,image,file,card,form" default:"text"`
		Visibility string          `json:"visibility,omitempty" enum:"public,internal" default:"public"`
		ReplyTo    string          `json:"reply_to,omitempty" doc:"The mid of the message that this answers."`
		Body       json.RawMessage `json:"body" doc:"The body that the kind has; see the protocol."`
	}
}

// SentMessage is a message, and whether it was there before.
type SentMessage struct {
	Message
	Dup bool `json:"dup" doc:"The same cmid was sent before; this is the first one's seq and time."`
}

// sent is 201 for a new message, 200 for one that was there.
type sent struct {
	Status int
	Body   SentMessage
}

func (a *API) sendMessage(ctx context.Context, c *call, in *sendInput) (*sent, error) {
	id, err := pathID[chat.Conversation](in.ID)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	cmid, err := bodyID[chat.Event]("cmid", b.CMID)
	if err != nil {
		return nil, err
	}
	reply, err := optionalID[chat.Message]("reply_to", b.ReplyTo)
	if err != nil {
		return nil, err
	}
	body, err := jsonBody(b.Body)
	if err != nil {
		return nil, err
	}
	return a.send(ctx, c, &chat.SendRequest{
		Conversation: id, CMID: cmid, Kind: kindOf(b.Kind), Visibility: visibilityOf(b.Visibility), ReplyTo: reply, Body: body,
	})
}

// send appends one message of the caller's.
func (a *API) send(ctx context.Context, c *call, r *chat.SendRequest) (*sent, error) {
	r.Actor = c.actor()
	// Over HTTP nobody says whether it was sent before; what was made just now can't have been, long ago.
	r.Retry = a.cfg.Now().Sub(r.CMID.MadeAt()) > freshFor
	if err := a.admitSend(r.Actor, len(r.Body)); err != nil {
		return nil, err
	}
	res := a.cfg.Desk.Send(ctx, []chat.SendRequest{*r})[0]
	if res.Err != nil {
		return nil, res.Err
	}
	m := chat.Message{
		ID: res.Message, Tenant: r.Actor.Tenant, Conversation: r.Conversation, Seq: res.Seq, Prev: res.Prev, PrevPublic: res.PrevPublic,
		CMID: r.CMID, Sender: r.Actor.User, Role: r.Actor.Role, Kind: r.Kind, Visibility: r.Visibility, Time: res.Time, ReplyTo: r.ReplyTo, Body: r.Body,
	}
	out := &sent{Status: http.StatusCreated, Body: SentMessage{showMessage(&m, r.Actor.Audience()), res.Dup}}
	if res.Dup {
		out.Status = http.StatusOK
	}
	return out, nil
}

func kindOf(name string) chat.Kind {
	for k, n := range kindNames {
		if n == name {
			return chat.Kind(k)
		}
	}
	return chat.KindText // the document allows no other name
}

func visibilityOf(name string) chat.Visibility {
	if name == visibilityNames[chat.InternalOnly] {
		return chat.InternalOnly
	}
	return chat.Public
}

// MessageTarget is the {id} and {mid} of a route.
type MessageTarget struct {
	Target
	MID string `path:"mid" doc:"A message's id, as its mid says."`
}

func (t *MessageTarget) ids() (id chat.ConversationID, mid chat.MessageID, err error) {
	if id, err = pathID[chat.Conversation](t.ID); err == nil {
		mid, err = pathID[chat.Message](t.MID)
	}
	return id, mid, err
}

type editInput struct {
	MessageTarget
	Body struct {
		Body json.RawMessage `json:"body" doc:"What the message shows from now on, of the same shape as before."`
	}
}

func (a *API) editMessage(ctx context.Context, c *call, in *editInput) (*answer[Message], error) {
	id, mid, err := in.ids()
	if err != nil {
		return nil, err
	}
	body, err := jsonBody(in.Body.Body)
	if err != nil {
		return nil, err
	}
	if err := a.admitSend(c.actor(), len(body)); err != nil {
		return nil, err
	}
	m, err := a.cfg.Desk.Edit(ctx, c.actor(), id, mid, body)
	if err != nil {
		return nil, err
	}
	return ok(showMessage(&m, c.actor().Audience()))
}

func (a *API) recallMessage(ctx context.Context, c *call, in *MessageTarget) (*none, error) {
	id, mid, err := in.ids()
	if err != nil {
		return nil, err
	}
	return &none{}, a.cfg.Desk.Recall(ctx, c.actor(), id, mid)
}

type noteInput struct {
	Target
	Body struct {
		CMID string `json:"cmid,omitempty" doc:"As in messages; made here if missing."`
		Text string `json:"text" minLength:"1" maxLength:"20000"`
	}
}

// addNote writes an internal text.
func (a *API) addNote(ctx context.Context, c *call, in *noteInput) (*sent, error) {
	id, err := pathID[chat.Conversation](in.ID)
	if err != nil {
		return nil, err
	}
	cmid := chat.NewID[chat.Event]()
	if in.Body.CMID != "" {
		if cmid, err = bodyID[chat.Event]("cmid", in.Body.CMID); err != nil {
			return nil, err
		}
	}
	raw, err := json.Marshal(map[string]string{"text": in.Body.Text})
	if err != nil { // a string always marshals
		panic(err)
	}
	body, err := jsonBody(raw)
	if err != nil {
		return nil, err
	}
	return a.send(ctx, c, &chat.SendRequest{Conversation: id, CMID: cmid, Visibility: chat.InternalOnly, Body: body})
}
