package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
)

// SendRequest asks for one message to be appended.
type SendRequest struct {
	Actor        *Actor
	Conversation ConversationID
	CMID         CMID
	Kind         Kind
	Visibility   Visibility
	ReplyTo      MessageID
	// Body is compact JSON. The Desk keeps no reference to it after Send has returned, but readers of the Log may:
	// the caller must not reuse its memory.
	Body   []byte
	Origin Origin
	Retry  bool // the client has sent it before
	// ForPeople says that no bot is to answer: a conversation that a bot has goes to people with it.
	ForPeople bool
}

// SendResult is the answer to one SendRequest.
type SendResult struct {
	Receipt
	Message MessageID
}

// Send appends messages: one call for whatever has queued up, each request judged by itself. A visitor's first message
// creates its conversation, one to its closed conversation reopens it (both with the bot where that is on), one to a snoozed one wakes it, and the first public one of
// an agent in a conversation that is queued or with a bot makes that agent the assignee (protocol rules 2 to 5). Results are in the order of the requests.
func (d *Desk) Send(ctx context.Context, reqs []SendRequest) []SendResult {
	out := make([]SendResult, len(reqs))
	todo := make([]int, 0, len(reqs))
	for i := range reqs {
		if err := checkSend(&reqs[i]); err != nil {
			out[i].Err = err
			continue
		}
		r := &reqs[i]
		out[i].Message = DeriveMessageID(r.Conversation, r.Actor.User, r.CMID)
		todo = append(todo, i)
	}
	var holds []hold // of messages that name uploads
	for round := 0; len(todo) > 0; round++ {
		if round == maxRaces {
			for _, i := range todo {
				out[i].Err = Errorf(Busy, "the conversation changes too fast; send again")
			}
			break
		}
		todo = d.sendRound(ctx, reqs, out, todo, &holds, round == 0)
	}
	for i := range holds {
		if err := out[holds[i].request].Err; err != nil && refused(err) {
			d.release(ctx, holds[i].use)
		}
	}
	return out
}

// sendRound appends the requests in todo and returns those that must be tried again because their conversation changed.
func (d *Desk) sendRound(ctx context.Context, reqs []SendRequest, out []SendResult, todo []int, holds *[]hold, first bool) []int {
	heads, err := d.sendHeads(ctx, reqs, todo, first)
	if err != nil {
		return failAll(out, todo, err)
	}
	events := make([]Event, 0, len(todo)+4)
	at := make([]int, 0, len(todo)) // where each request's message is in events
	asked := make([]int, 0, len(todo))
	var again []int
	created := map[Key]bool(nil)
	for j, i := range todo {
		r := &reqs[i]
		key := Key{r.Actor.Tenant, r.Conversation}
		if created[key] { // its state changes in this very round: look again after it
			again = append(again, i)
			continue
		}
		n := len(events)
		events, err = d.appendSend(ctx, events, r, out[i].Message, heads[j].State)
		if err == nil && (r.Kind == KindImage || r.Kind == KindFile || r.Kind == KindCard) {
			var fresh *UploadUse
			if fresh, err = d.holdSend(ctx, &events[len(events)-1]); fresh != nil {
				*holds = append(*holds, hold{i, *fresh})
			}
		}
		if err != nil {
			events, out[i].Err = events[:n], err
			continue
		}
		if len(events)-n > 1 {
			if created == nil {
				created = make(map[Key]bool)
			}
			created[key] = true
		}
		asked, at = append(asked, j), append(at, len(events)-1)
	}
	if len(events) == 0 {
		return again
	}
	receipts, err := d.log.Append(ctx, events...)
	if err != nil {
		failAll(out, again, err)
		for _, j := range asked {
			out[todo[j]].Err = err
		}
		return nil
	}
	stale := make([]int, 0, 4)
	for k, j := range asked {
		i := todo[j]
		out[i].Receipt = receipts[at[k]]
		if out[i].Err == nil {
			if m := events[at[k]]; m.Joined && !out[i].Dup { // copies: the log may still hold them
				before := events[at[k]-1]
				d.changed(&before, &receipts[at[k]-1])
			}
			continue
		}
		key := Key{reqs[i].Actor.Tenant, reqs[i].Conversation}
		old, err := d.wasStale(ctx, key, heads[j].Version, out[i].Err)
		out[i].Err = err
		if old {
			stale = append(stale, i)
		}
	}
	return append(stale, again...)
}

func failAll(out []SendResult, which []int, err error) []int {
	for _, i := range which {
		out[i].Err = err
	}
	return nil
}

// justMade is how young a conversation's id is when its first message is taken for what it is without a look whether the
// conversation exists. If it does, the append is refused and the look follows.
const justMade = 5 * time.Second

// sendHeads returns where the conversations of requests stand.
func (d *Desk) sendHeads(ctx context.Context, reqs []SendRequest, todo []int, first bool) ([]Head, error) {
	out := make([]Head, len(todo))
	keys := make([]Key, 0, len(todo))
	at := make([]int, 0, len(todo))
	now := d.now()
	for j, i := range todo {
		r := &reqs[i]
		k := Key{r.Actor.Tenant, r.Conversation}
		if h, ok := d.heads.get(k); ok {
			out[j] = h
			continue
		}
		if first && r.Actor.Role == RoleVisitor && !r.Retry {
			if age := now.Sub(r.Conversation.MadeAt()); age > -justMade && age < justMade {
				continue
			}
		}
		keys, at = append(keys, k), append(at, j)
	}
	if len(keys) == 0 {
		return out, nil
	}
	heads, err := d.Heads(ctx, keys)
	for x, h := range heads {
		out[at[x]] = h
	}
	return out, err
}

// appendSend appends the events of one request to dst: the message, and before it what it does to the conversation.
func (d *Desk) appendSend(ctx context.Context, dst []Event, r *SendRequest, id MessageID, s State) ([]Event, error) {
	a := r.Actor
	key := Key{a.Tenant, r.Conversation}
	now := d.stamp()
	m := Event{Expect: s.Version, Origin: r.Origin, Retry: r.Retry, Message: Message{
		ID: id, Tenant: a.Tenant, Conversation: r.Conversation, CMID: r.CMID, Sender: a.User, Role: a.Role, Kind: r.Kind,
		Visibility: r.Visibility, Time: now, ReplyTo: r.ReplyTo, Body: r.Body,
	}}
	var before Event
	switch {
	case !s.Exists() && a.Role == RoleVisitor:
		next := State{Visitor: VisitorID(a.User), Status: d.begins(ctx, r)}
		before = d.stateEvent(a, key, s, next, Change{Event: EventCreated})
		before.Profile = profileOf(a, now)
	case !s.Exists() || !mayRead(a, &s):
		return dst, errNoConversation
	case !mayWrite(a), a.Role == RoleBot: // a bot's way is Reply
		return dst, errNotAllowed
	case s.Status == Closed && a.Role == RoleVisitor:
		next := reopened(a, s)
		next.Status = d.begins(ctx, r)
		before = d.stateEvent(a, key, s, next, Change{Event: EventReopened})
	case s.Status == WithBot && a.Role == RoleVisitor && d.leavesBot(ctx, r):
		before = d.toPeople(key, s)
	case s.Status == Snoozed && a.Role == RoleVisitor:
		before = d.stateEvent(a, key, s, woken(s), Change{Event: EventWoken})
	case (s.Status == Queued || s.Status == WithBot) && a.Role == RoleAgent && r.Visibility == Public:
		next := s
		next.Status, next.Assignee = Open, AgentID(a.User)
		before = d.stateEvent(a, key, s, next, Change{Event: EventAssigned, AssigneeID: next.Assignee, Assignee: a.Name})
	default:
		return append(dst, m), nil
	}
	m.Joined, m.Expect = true, 0
	return append(dst, before, m), nil
}

// profileOf returns the visitor's row as its token describes it.
func profileOf(a *Actor, now time.Time) *Visitor {
	v := Visitor{}
	if a.Profile != nil {
		v = *a.Profile
	}
	v.ID, v.Tenant, v.CreatedAt = VisitorID(a.User), a.Tenant, now
	if v.Name == "" {
		v.Name = a.Name
	}
	return &v
}

// checkSend judges what needs no look-up.
func checkSend(r *SendRequest) error {
	switch {
	case r.Conversation.IsZero():
		return Errorf(Malformed, "conv is missing")
	case r.CMID.IsZero():
		return Errorf(Malformed, "cmid is missing")
	case r.Kind == KindSystem:
		return Errorf(Forbidden, "kind system is for the server only")
	case r.Visibility == InternalOnly && r.Actor.Role == RoleVisitor:
		return Errorf(Forbidden, "visitors can't write internal notes")
	}
	return checkBody(r.Kind, r.Body)
}

// checkBody judges a body by the kind of its message.
func checkBody(k Kind, body []byte) error {
	switch {
	case len(body) == 0 || body[0] != '{':
		return Errorf(Malformed, "body must be a JSON object")
	case k == KindText && !hasText(body):
		return Errorf(Malformed, `the body of a text needs "text", a string`)
	}
	_, err := namedUpload(k, body)
	return err
}

// hasText reports whether a JSON object has a string member "text".
func hasText(body []byte) bool {
	if bytes.HasPrefix(body, []byte(`{"text":"`)) {
		return true
	}
	var t struct {
		Text *string `json:"text"`
	}
	return json.Unmarshal(body, &t) == nil && t.Text != nil
}
