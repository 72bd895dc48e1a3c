package chat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"
)

// Names of what becomes of messages (protocol.md, kind 5).
const (
	EventMessageUpdated  = "message.updated"
	EventMessageRecalled = "message.recalled"
)

// Revision is the body of the system message that says what became of an earlier message: nothing in the log is changed.
type Revision struct {
	Event   string          `json:"event"`
	Message MessageID       `json:"mid"`
	Body    json.RawMessage `json:"body,omitempty"` // what is to be shown instead
	By      UserID          `json:"by,omitzero"`
	ByRole  string          `json:"by_role,omitempty"`
}

// RevisionOf returns what a system message says of an earlier message; nil if it says nothing of that kind.
func RevisionOf(m *Message) *Revision {
	var r Revision
	if m.Kind != KindSystem || !bytes.HasPrefix(m.Body, []byte(`{"event":"message.`)) || json.Unmarshal(m.Body, &r) != nil ||
		r.Event != EventMessageUpdated && r.Event != EventMessageRecalled {
		return nil
	}
	return &r
}

// Shown is the body that is shown from now on; nil if the message was recalled.
func (r *Revision) Shown() []byte {
	if r.Event == EventMessageRecalled {
		return nil
	}
	return r.Body
}

// Revised says whether what is shown of a message is what was sent. Of a recalled one nothing is: its body is {}.
type Revised uint8

// What can become of a message.
const (
	AsSent Revised = iota
	Edited
	Recalled
)

// ReviseWithin is how long a message may be edited or recalled by whoever sent it.
const ReviseWithin = 15 * time.Minute

var errTooLate = &Error{Code: Conflict, Name: "too_late", Message: "a message can be changed for 15 minutes after it was sent"}

// Edit replaces what a message of the actor's own shows, and returns the message as it is shown from now on. body is compact
// JSON of the shape that the message's kind has. Conflict "too_late" after ReviseWithin, "message_recalled" if it was recalled.
func (d *Desk) Edit(ctx context.Context, a *Actor, id ConversationID, mid MessageID, body []byte) (Message, error) {
	m, err := d.revisable(ctx, a, id, mid)
	if err != nil {
		return Message{}, err
	}
	recalled, err := d.isRecalled(ctx, &m)
	switch {
	case err != nil:
		return Message{}, err
	case m.Sender != a.User:
		return Message{}, &Error{Code: Forbidden, Name: "not_yours", Message: "only who sent a message may edit it"}
	case d.now().Sub(m.Time) > ReviseWithin:
		return Message{}, errTooLate
	case recalled:
		return Message{}, &Error{Code: Conflict, Name: "message_recalled", Message: "the message was recalled"}
	}
	if err := checkBody(m.Kind, body); err != nil {
		return Message{}, err
	}
	named, err := namedUpload(m.Kind, body)
	if err != nil {
		return Message{}, err
	}
	fresh, err := d.hold(ctx, &m, body, true)
	if err != nil {
		return Message{}, err
	}
	err = d.revise(ctx, a, &m, NewID[Event](), Revision{Event: EventMessageUpdated, Body: body})
	switch {
	case err == nil:
		d.unname(ctx, &m, named)
	case fresh != nil && refused(err):
		d.release(ctx, *fresh)
	}
	m.Body = body
	return m, err
}

// unname takes a message's uploads away from its readers, but for one that it still names. If that fails, the files are
// readable for whoever has their ids; they were before.
func (d *Desk) unname(ctx context.Context, m *Message, but UploadID) {
	if m.Kind != KindImage && m.Kind != KindFile && m.Kind != KindCard {
		return
	}
	if err := d.store.ReleaseUploads(ctx, Key{m.Tenant, m.Conversation}, m.ID, but); err != nil {
		d.logger.Warn("the upload of a message that was changed or recalled is still there", "err", err)
	}
}

// Recall takes a message back. Whoever sent it may do so within ReviseWithin, supervisors and above at any time. A message that
// was recalled already is left as it is.
func (d *Desk) Recall(ctx context.Context, a *Actor, id ConversationID, mid MessageID) error {
	m, err := d.revisable(ctx, a, id, mid)
	if err != nil {
		return err
	}
	if recalled, err := d.isRecalled(ctx, &m); err != nil || recalled {
		if recalled {
			d.unname(ctx, &m, UploadID{}) // what the first time did not come to
		}
		return err
	}
	if !supervises(a) {
		switch {
		case m.Sender != a.User:
			return &Error{Code: Forbidden, Name: "not_yours", Message: "only who sent a message, or a supervisor, may recall it"}
		case d.now().Sub(m.Time) > ReviseWithin:
			return errTooLate
		}
	}
	err = d.revise(ctx, a, &m, recallCMID(mid), Revision{Event: EventMessageRecalled})
	if errors.Is(err, &Error{Code: Conflict}) { // somebody else has just recalled it
		err = nil
	}
	if err == nil {
		d.unname(ctx, &m, UploadID{})
	}
	return err
}

// supervises reports whether the actor may take back what others wrote.
func supervises(a *Actor) bool {
	return a.Role == RoleAgent && (a.AgentRole == Owner || a.AgentRole == Admin || a.AgentRole == Supervisor)
}

// revisable returns a message that the actor may see, in a conversation that the actor may write to.
func (d *Desk) revisable(ctx context.Context, a *Actor, id ConversationID, mid MessageID) (Message, error) {
	h, err := d.readable(ctx, a, id)
	if err != nil {
		return Message{}, err
	}
	if !mayWrite(a) {
		return Message{}, errNotAllowed
	}
	key := Key{a.Tenant, id}
	if err := d.settle(ctx, key, h.Last); err != nil {
		return Message{}, err
	}
	m, err := d.store.Message(ctx, key, mid)
	if CodeOf(err) == NotFound { // it may be newer than what this node has heard of
		if h, err = d.HeadNow(ctx, a, id); err != nil {
			return Message{}, err
		}
		if err = d.settle(ctx, key, h.Last); err != nil {
			return Message{}, err
		}
		m, err = d.store.Message(ctx, key, mid)
	}
	switch {
	case err != nil:
		return Message{}, err
	case m.Visibility != Public && a.Audience() == AudiencePublic:
		return Message{}, Errorf(NotFound, "there is no such message")
	case m.Kind == KindSystem:
		return Message{}, &Error{Code: Forbidden, Name: "system_message", Message: "what the system says can't be changed"}
	}
	return m, nil
}

// recallCMID makes recalling the same message twice one and the same event.
func recallCMID(mid MessageID) CMID {
	return CMID(version8(sha256.Sum256(append([]byte(EventMessageRecalled), mid[:]...))))
}

func (d *Desk) isRecalled(ctx context.Context, m *Message) (bool, error) {
	_, err := d.store.Message(ctx, Key{m.Tenant, m.Conversation}, DeriveMessageID(m.Conversation, UserID{}, recallCMID(m.ID)))
	if errors.Is(err, &Error{Code: NotFound}) {
		return false, nil
	}
	return err == nil, err
}

// revise appends what becomes of a message. Whoever could see the message hears of it.
func (d *Desk) revise(ctx context.Context, a *Actor, m *Message, cmid CMID, r Revision) error {
	r.Message, r.By, r.ByRole = m.ID, a.User, a.Role.String()
	body, err := json.Marshal(&r)
	if err != nil {
		return Errorf(Malformed, "body: %s", err)
	}
	e := Event{Message: Message{
		ID: DeriveMessageID(m.Conversation, UserID{}, cmid), Tenant: m.Tenant, Conversation: m.Conversation, CMID: cmid,
		Role: RoleSystem, Kind: KindSystem, Visibility: m.Visibility, Time: d.stamp(), Body: body,
	}}
	receipts, err := d.log.Append(ctx, e)
	if err == nil {
		err = receipts[0].Err
	}
	if err != nil {
		return err
	}
	// Whoever edits it next waits for the rows that this is in.
	if h, ok := d.heads.get(Key{m.Tenant, m.Conversation}); ok && h.Last == receipts[0].Prev {
		e.State, e.Seq, e.PrevPublic = h.State, receipts[0].Seq, receipts[0].PrevPublic
		d.moved(&e)
	}
	return nil
}
