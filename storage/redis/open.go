package redis

import (
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/uniqchat/uniqchat/chat"
)

// A visitor has one conversation that is not closed (protocol rule 4). Whoever opens one takes the visitor's place first, and
// gives it back when the conversation is closed. A place whose conversation is closed, or was never made, is taken over.

// giveUp is how long a place is kept for a conversation that is nowhere: its append may still be on the way.
const giveUp = patience + time.Second

// change appends one group that may open or close a conversation.
func (l *Log) change(ctx context.Context, events []chat.Event) ([]chat.Receipt, error) {
	e := &events[0]
	key := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
	opening := e.Next != nil && e.Next.Status != chat.Closed
	if opening {
		other, err := l.reserve(ctx, key, e.Next.Visitor)
		if err != nil {
			return nil, err
		}
		if !other.IsZero() {
			return l.occupied(ctx, events, other)
		}
	}
	receipts, err := l.append(ctx, events)
	if err != nil || opening || receipts[0].Err != nil || e.Next == nil {
		return receipts, err
	}
	l.release(ctx, key, e.Next.Visitor)
	return receipts, nil
}

// occupied answers a group that can't open a conversation, because the visitor has another one. If its messages are there
// already, that is the answer: the retry of what once made the conversation.
func (l *Log) occupied(ctx context.Context, events []chat.Event, other chat.ConversationID) ([]chat.Receipt, error) {
	taken := &chat.Error{
		Code: chat.Conflict, Name: "conversation_open", Message: "you have an open conversation already", Conversation: other,
	}
	probe := make([]chat.Event, len(events))
	copy(probe, events)
	// A version that no conversation has: the log answers for duplicates, and appends nothing.
	probe[0].Expect = 1 << 50
	receipts, err := l.append(ctx, probe)
	if err != nil {
		return nil, err
	}
	for i := range receipts {
		if !receipts[i].Dup && receipts[i].Err != error(errReused) { //nolint:errorlint // this very one: conflicts are alike
			receipts[i] = chat.Receipt{Err: taken}
		}
	}
	return receipts, nil
}

func visitorKey(t chat.TenantID, v chat.VisitorID) []byte { return append(t[:], v[:]...) }

// reserve takes the visitor's place for a conversation. It returns the conversation that holds it, or the zero id.
func (l *Log) reserve(ctx context.Context, key chat.Key, v chat.VisitorID) (chat.ConversationID, error) {
	p := &l.parts[homeOf(v)]
	asked, replace := false, ""
	for range 8 {
		m, begun := p.scope.read(), p.began()
		free := "0"
		if asked || m.isFresh(v, time.UnixMilli(l.clock()), m.headsSince) {
			free = "1"
		}
		got, err := reserveScript.Run(ctx, l.Client, append(p.scope.openKeys(m), p.scope.meta), visitorKey(key.Tenant, v), key.Conversation[:],
			free, replace, p.field, begun, m.generation).Text()
		if err != nil {
			if isFull(err) {
				return chat.ConversationID{}, errFull
			}
			return chat.ConversationID{}, busy("take the visitor's place", err)
		}
		switch got {
		case "ok":
			return chat.ConversationID{}, nil
		case "meta":
			l.repair(p.number)
			if err := l.readBook(ctx, p.scope); err != nil {
				return chat.ConversationID{}, busy("take the visitor's place", err)
			}
			time.Sleep(5 * time.Millisecond)
		case "miss":
			other, err := l.Database.OpenConversation(ctx, key.Tenant, v)
			if err != nil {
				return other, busy("look for an open conversation", err)
			}
			if !other.IsZero() && other != key.Conversation {
				if held, err := l.holds(ctx, chat.Key{Tenant: key.Tenant, Conversation: other}, time.Time{}); held || err != nil {
					return other, err
				}
			}
			asked = true
		default:
			if len(got) != 24 {
				return chat.ConversationID{}, busy("take the visitor's place", errEntry)
			}
			other := chat.ConversationID([]byte(got[:16]))
			since := time.UnixMilli(int64(be.Uint64([]byte(got[16:]))))
			held, err := l.holds(ctx, chat.Key{Tenant: key.Tenant, Conversation: other}, since)
			if held || err != nil {
				return other, err
			}
			replace = got
		}
	}
	return chat.ConversationID{}, errBusy
}

// holds reports whether a conversation that took its visitor's place has a right to it. Busy if that is not known yet.
func (l *Log) holds(ctx context.Context, key chat.Key, since time.Time) (bool, error) {
	heads, err := l.Heads(ctx, key)
	if err != nil {
		return false, err
	}
	if heads[0].Exists() {
		return heads[0].Status != chat.Closed, nil
	}
	if time.UnixMilli(l.clock()).Sub(since) < giveUp {
		return false, errBusy
	}
	return false, nil
}

// release gives the visitor's place back. If that fails, the next one takes it over.
func (l *Log) release(ctx context.Context, key chat.Key, v chat.VisitorID) {
	s := l.parts[homeOf(v)].scope
	names := s.openKeys(s.read())
	if err := releaseScript.Run(ctx, l.Client, names, visitorKey(key.Tenant, v), key.Conversation[:]).Err(); err != nil {
		l.Logger.Debug("a visitor's place was not given back", "err", err)
	}
}

// OpenConversation implements chat.Log.
func (l *Log) OpenConversation(ctx context.Context, t chat.TenantID, v chat.VisitorID) (id chat.ConversationID, err error) {
	if err := l.up(ctx); err != nil {
		return id, err
	}
	p := &l.parts[homeOf(v)]
	field := string(visitorKey(t, v))
	var m book
	for try := 0; ; try++ {
		m = p.scope.read()
		begun, names := p.began(), p.scope.openKeys(m)
		pipe := l.Client.Pipeline()
		place := pipe.HGet(ctx, p.scope.meta, p.field)
		found := []*goredis.StringCmd{pipe.HGet(ctx, names[0], field), pipe.HGet(ctx, names[1], field)}
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
			return id, busy("look for an open conversation", err)
		}
		for _, c := range found {
			if s, err := c.Result(); err == nil && len(s) == 24 {
				return chat.ConversationID([]byte(s[:16])), nil
			}
		}
		if l.isCurrent(ctx, p, place, begun) {
			break
		}
		if try == 3 {
			return id, errBusy
		}
	}
	if m.isFresh(v, time.UnixMilli(l.clock()), m.headsSince) {
		return id, nil
	}
	if id, err = l.Database.OpenConversation(ctx, t, v); err != nil {
		return id, busy("look for an open conversation", err)
	}
	return id, nil
}

// isCurrent reports whether what a node remembers of a partition belongs to the epoch that Redis has. If not, it reads it again.
func (l *Log) isCurrent(ctx context.Context, p *partition, place *goredis.StringCmd, begun uint64) bool {
	if s, err := place.Result(); err == nil && len(s) == 40 && be.Uint64([]byte(s)) == begun {
		return true
	}
	l.repair(p.number)
	if err := l.readBook(ctx, p.scope); err != nil {
		l.stats.lastError(l.Logger, err)
	}
	time.Sleep(5 * time.Millisecond) // whoever noticed the loss is at work
	return false
}

// began is the epoch that the bookkeeping was last read in.
func (p *partition) began() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun
}
