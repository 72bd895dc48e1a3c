package chat

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// Erasure is the erasing of a person. What is left of its conversations is a stranger's: Stranger, an id that leads to nobody.
type Erasure struct {
	Tenant   TenantID
	Visitor  VisitorID
	Stranger VisitorID // zero once Done
	At       time.Time // tokens of the visitor that are older have ended
	Done     bool
}

// Erasures erase people from the rows. Every method may be called again with what it did before.
type Erasures interface {
	// BeginErasure notes that a person is to be erased, unless that is under way, and returns what holds.
	BeginErasure(ctx context.Context, e Erasure) (Erasure, error)
	// Erasure returns the last one of a visitor; NotFound if there is none that is remembered.
	Erasure(ctx context.Context, tenant TenantID, visitor VisitorID) (Erasure, error)
	// Erasing lists those of all tenants that were begun since a time, and Unfinished up to limit that were begun before one and
	// are not done.
	Erasing(ctx context.Context, since time.Time) ([]Erasure, error)
	Unfinished(ctx context.Context, before time.Time, limit int) ([]Erasure, error)
	// EraseConversations makes conversations of the person the stranger's and takes everything out of them that somebody wrote. What
	// they are counted by stays: when what kind of entry was made by whom of the staff.
	EraseConversations(ctx context.Context, e Erasure, convs ...ConversationID) error
	// UploadsOf drops up to limit files of the person: those that it sent up, and those of the conversations; it returns all that were dropped
	// and still have a row.
	UploadsOf(ctx context.Context, e Erasure, limit int, convs ...ConversationID) ([]Upload, error)
	// ErasePerson makes the person's row the stranger's, empty, and removes its trail, its marks and what names it in the blocklist.
	ErasePerson(ctx context.Context, e Erasure) error
	// RemakeExports has all of a tenant's tables of what people wrote made anew, those too that are being made, and returns what they
	// were as far as they have files: those are to be deleted.
	RemakeExports(ctx context.Context, tenant TenantID) ([]Export, error)
	// EndErasure notes that an erasure is done, and forgets those that were done before a time.
	EndErasure(ctx context.Context, e Erasure, forget time.Time) error
}

// Eraser is a Log that keeps what was appended in other places than the rows, or whose rows leave something behind.
type Eraser interface {
	// Erased takes what was appended of conversations out of those places, as far as it is in the rows: these were erased. It need not be
	// done when Erased returns, but will be soon.
	Erased(ctx context.Context, keys ...Key) error
}

// EventErased is the Change.Event of a conversation whose visitor was erased.
const EventErased = "conversation.erased"

const (
	// EraseGuard is how long after the beginning of an erasure nobody gets a new token of that visitor: until then connections and calls
	// of old ones may still be on their way, and what comes of them is erased, too.
	EraseGuard = 6 * time.Second
	// eraseAgain is when an erasure is gone over once more and ended.
	eraseAgain = EraseGuard + time.Second
	// eraseEvery is how often unfinished erasures are looked for.
	eraseEvery = 3 * time.Second
	// eraseMemory is how long an erasure is remembered: longer than any visitor's token lives.
	eraseMemory = 49 * time.Hour

	erasePage = 100 // conversations, or files, at once
)

// EraseVisitor erases a person: everything that somebody wrote in its conversations, what is known of it, its files and its trail.
// Its tokens end and its connections are closed. What is left are conversations of a stranger, to be counted. A person that comes
// back is new. Erasing who was erased changes nothing.
func (d *Desk) EraseVisitor(ctx context.Context, a *Actor, id VisitorID) error {
	p, err := d.Person(ctx, a, id)
	switch {
	case err == nil && !p.ErasedAt.IsZero():
		return nil
	case CodeOf(err) == NotFound:
		if _, eerr := d.store.Erasure(ctx, a.Tenant, id); eerr == nil {
			return nil
		}
		return err
	case err != nil:
		return err
	}
	e, err := d.store.BeginErasure(ctx, Erasure{Tenant: a.Tenant, Visitor: id, Stranger: NewID[Visitor](), At: d.now().UTC().Truncate(time.Millisecond)})
	if err != nil {
		return err
	}
	d.tellErasing(&e)
	// Whoever asked may go: what was begun is ended.
	return d.erase(context.WithoutCancel(ctx), &e)
}

// tellErasing tells every node that a visitor's tokens have ended.
func (d *Desk) tellErasing(e *Erasure) {
	d.signal(Signal{
		Kind: SignalErased, Tenant: e.Tenant, User: UserID(e.Visitor), Role: RoleVisitor,
		Data: binary.BigEndian.AppendUint64(nil, uint64(e.At.UnixMilli())),
	})
}

// ErasedAt is when the erasure began that a SignalErased tells of.
func ErasedAt(s *Signal) time.Time {
	if len(s.Data) != 8 {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(s.Data)))
}

// erase does everything that an erasure takes. Done again, it finds what came later.
func (d *Desk) erase(ctx context.Context, e *Erasure) error {
	for {
		convs, err := d.conversationsOf(ctx, e.Tenant, e.Visitor)
		if err != nil {
			return err
		}
		if len(convs) == 0 {
			break
		}
		for _, id := range convs {
			if err := d.orphan(ctx, e, id); err != nil {
				return err
			}
		}
		if err := d.eraseConversations(ctx, e, convs); err != nil {
			return err
		}
	}
	if err := d.dropFiles(ctx, e); err != nil { // those that no conversation has
		return err
	}
	if err := d.store.ErasePerson(ctx, *e); err != nil {
		return err
	}
	if err := d.remakeExports(ctx, e.Tenant); err != nil {
		return err
	}
	return d.forgetLog(ctx, nil)
}

// remakeExports takes an erased person out of the tables that were made before.
func (d *Desk) remakeExports(ctx context.Context, t TenantID) error {
	old, err := d.store.RemakeExports(ctx, t)
	if err != nil {
		return err
	}
	for i := range old {
		if d.files == nil {
			return errNoFiles
		}
		if err := d.files.Delete(ctx, old[i].Object); err != nil {
			return err
		}
	}
	return nil
}

// eraseConversations empties conversations that are the stranger's already as far as the log goes.
func (d *Desk) eraseConversations(ctx context.Context, e *Erasure, convs []ConversationID) error {
	if err := d.dropFiles(ctx, e, convs...); err != nil {
		return err
	}
	if err := d.store.EraseConversations(ctx, *e, convs...); err != nil {
		return err
	}
	keys := make([]Key, len(convs))
	data := make([]byte, 0, 16*len(convs))
	for i, id := range convs {
		keys[i] = Key{e.Tenant, id}
		data = append(data, id[:]...)
	}
	d.signal(Signal{Kind: SignalForget, Tenant: e.Tenant, User: UserID(d.Presence.node), Data: data})
	return d.forgetLog(ctx, keys)
}

// conversationsOf returns some conversations of a visitor; none once all are somebody else's.
func (d *Desk) conversationsOf(ctx context.Context, t TenantID, v VisitorID) (out []ConversationID, err error) {
	open, err := d.log.OpenConversations(ctx, VisitorKey{t, v})
	if err != nil {
		return nil, err
	}
	rows, _, err := d.store.Conversations(ctx, t, Filter{Visitor: v, Limit: erasePage})
	if err != nil {
		return nil, err
	}
	for i := range rows {
		out = append(out, rows[i].ID)
	}
	if id := open[0]; !id.IsZero() {
		heads, err := d.log.Heads(ctx, Key{t, id})
		if err != nil {
			return nil, err
		}
		if heads[0].Visitor == v && heads[0].Status != Closed && len(rows) < erasePage {
			for i := range rows {
				if rows[i].ID == id {
					return out, nil
				}
			}
			out = append(out, id)
		}
	}
	return out, nil
}

// orphan closes a conversation and makes it the stranger's, and waits until the rows have that.
func (d *Desk) orphan(ctx context.Context, e *Erasure, id ConversationID) error {
	system := &Actor{Tenant: e.Tenant, Role: RoleSystem}
	err := d.Close(ctx, system, id)
	if err == nil {
		err = d.change(ctx, system, id, func(s State) (State, Change, error) {
			switch {
			case s.Visitor == e.Stranger:
				return s, Change{}, nil
			case s.Status != Closed: // its visitor was faster: close it again
				return s, Change{}, errReopened
			}
			s.Visitor = e.Stranger
			return s, Change{Event: EventErased}, nil
		})
	}
	if errors.Is(err, errReopened) {
		return d.orphan(ctx, e, id)
	}
	if err != nil {
		return err
	}
	key := Key{e.Tenant, id}
	heads, err := d.log.Heads(ctx, key)
	if err != nil {
		return err
	}
	return d.settle(ctx, key, heads[0].Last)
}

var errReopened = errors.New("the conversation was opened again")

// dropFiles deletes the person's files, and those of some of its conversations.
func (d *Desk) dropFiles(ctx context.Context, e *Erasure, convs ...ConversationID) error {
	for {
		batch, err := d.store.UploadsOf(ctx, *e, erasePage, convs...)
		if err != nil {
			return err
		}
		if len(batch) > 0 && d.files == nil {
			return errNoFiles
		}
		for i := range batch {
			if err := d.remove(ctx, &batch[i]); err != nil {
				return err
			}
		}
		if len(batch) < erasePage {
			return nil
		}
	}
}

// forgetLog takes conversations out of what this node's log keeps beside the rows.
func (d *Desk) forgetLog(ctx context.Context, keys []Key) error {
	if log, ok := d.log.(Eraser); ok {
		return log.Erased(ctx, keys...)
	}
	return nil
}

// heardForget takes in that another node has erased conversations.
func (d *Desk) heardForget(s *Signal) {
	if s.User == UserID(d.Presence.node) {
		return
	}
	keys := make([]Key, 0, len(s.Data)/16)
	for b := s.Data; len(b) >= 16; b = b[16:] {
		keys = append(keys, Key{s.Tenant, ConversationID(b[:16])})
	}
	select {
	case d.forget <- keys:
	default: // what is in memory goes by itself after a while
	}
}

// forgetErased takes what other nodes erased out of this one's memory, until ctx ends.
func (d *Desk) forgetErased(ctx context.Context) {
	each(ctx, d.forget, func(keys []Key) {
		if err := d.forgetLog(ctx, keys); err != nil && ctx.Err() == nil {
			d.logger.Warn("what was erased is in memory for a while", "err", err)
		}
	})
}

// runErasures goes over erasures again and ends them, those too that a node began which is no more, until ctx ends.
func (d *Desk) runErasures(ctx context.Context) {
	d.every(ctx, eraseEvery, "people can't be erased", d.EndErasures)
}

// EndErasures goes over the erasures once more that began long enough ago, and ends them.
func (d *Desk) EndErasures(ctx context.Context) (failed error) {
	list, err := d.store.Unfinished(ctx, d.now().Add(-eraseAgain), erasePage)
	if err != nil {
		return err
	}
	for i := range list {
		if err := d.endErasure(ctx, &list[i]); err != nil {
			failed = err // it holds up no other
		}
	}
	return failed
}

func (d *Desk) endErasure(ctx context.Context, e *Erasure) error {
	if err := d.erase(ctx, e); err != nil {
		return err
	}
	for cursor := ""; ; { // what was on its way into an index, or to another node, when it was erased
		rows, next, err := d.store.Conversations(ctx, e.Tenant, Filter{Visitor: e.Stranger, Limit: erasePage, Cursor: cursor})
		if err != nil {
			return err
		}
		convs := make([]ConversationID, len(rows))
		for i := range rows {
			convs[i] = rows[i].ID
		}
		if len(convs) > 0 {
			if err := d.eraseConversations(ctx, e, convs); err != nil {
				return err
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return d.store.EndErasure(ctx, *e, d.now().Add(-eraseMemory))
}
