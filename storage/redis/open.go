package redis

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// A visitor has one conversation that is not closed (protocol rule 4). Whoever opens one takes the visitor's place, and gives it
// back when the conversation is closed. A place whose conversation is closed, or was never made, is taken over.
//
// On a single server the append itself takes the place (claim.go). On a cluster the place is the visitor's partition's, and is
// taken first.

// giveUp is how long a place is kept for a conversation that is nowhere: its append may still be on the way.
const giveUp = patience + time.Second

// claim is a group that opens a conversation and needs its visitor's place.
type claim struct {
	from, to int // the group's events
	key      chat.Key
	visitor  chat.VisitorID

	asked   bool   // the database knows of no one who has the place
	replace string // who may be turned out
	done    bool
	other   chat.ConversationID // who has it
	err     error
}

// claimsOf lists the groups that open a conversation.
func claimsOf(events []chat.Event) (claims []*claim) {
	for from := 0; from < len(events); {
		e, to := &events[from], groupEnd(events, from)
		if opensOne(e) {
			claims = append(claims, &claim{from: from, to: to, visitor: e.Next.Visitor, key: chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}})
		}
		from = to
	}
	return claims
}

// changes appends groups of which some may open or close conversations, each of another visitor. On a cluster the places of all
// are taken in one call, then all are appended in one.
func (l *Log) changes(ctx context.Context, events []chat.Event) ([]chat.Receipt, error) {
	var claims []*claim
	if l.cluster {
		claims = claimsOf(events)
		l.reserve(ctx, claims)
	}
	receipts := make([]chat.Receipt, len(events))
	left := make([]chat.Event, 0, len(events))
	at := make([]int, 0, len(events))
	next := 0
	for i := 0; i < len(events); {
		if next < len(claims) && claims[next].from == i {
			c := claims[next]
			next++
			if c.err != nil || !c.other.IsZero() {
				l.denied(ctx, c, events[c.from:c.to], receipts[c.from:c.to])
				i = c.to
				continue
			}
		}
		left, at = append(left, events[i]), append(at, i)
		i++
	}
	if len(left) == 0 {
		return receipts, nil
	}
	got, err := l.append(ctx, left)
	if err != nil {
		if len(left) == len(events) {
			return nil, err
		}
		got = refused(len(left), asError(err))
	}
	for j, i := range at {
		receipts[i] = got[j]
		if e := &left[j]; e.Next != nil && e.Next.Status == chat.Closed && got[j].Err == nil && !got[j].Dup {
			l.release(ctx, chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}, e.Next.Visitor)
		}
	}
	return receipts, nil
}

// denied fills in the receipts of a group that did not get its place.
func (l *Log) denied(ctx context.Context, c *claim, events []chat.Event, receipts []chat.Receipt) {
	got, err := refused(len(events), nil), c.err
	if err == nil {
		got, err = l.occupied(ctx, events, c.other)
	}
	if err != nil {
		got = refused(len(events), asError(err))
	}
	copy(receipts, got)
}

// occupied answers a group that can't open a conversation, because the visitor has another one. If its messages are there
// already, that is the answer: the retry of what once made the conversation.
func (l *Log) occupied(ctx context.Context, events []chat.Event, other chat.ConversationID) ([]chat.Receipt, error) {
	taken := hasOpen(other)
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

// reserve takes places, in one call for each scope. Claims say who has a place that could not be had.
func (l *Log) reserve(ctx context.Context, claims []*claim) {
	for range 8 {
		of := make(map[*scope][]*claim)
		for _, c := range claims {
			if !c.done {
				s := l.parts[homeOf(c.visitor)].scope
				of[s] = append(of[s], c)
			}
		}
		if len(of) == 0 {
			return
		}
		for s, some := range of {
			l.reserveIn(ctx, s, some)
		}
	}
	for _, c := range claims {
		if !c.done {
			c.err = errBusy
		}
	}
}

// reserveIn makes one attempt for the claims of one scope.
func (l *Log) reserveIn(ctx context.Context, s *scope, claims []*claim) {
	m := s.read()
	args := make([]any, 0, 1+6*len(claims))
	args = append(args, m.generation)
	now := time.UnixMilli(l.clock())
	for _, c := range claims {
		p := &l.parts[homeOf(c.visitor)]
		free := "0"
		if c.asked || m.isFresh(c.visitor, now, m.headsSince) {
			free = "1"
		}
		args = append(args, p.field, p.began(), visitorKey(c.key.Tenant, c.visitor), c.key.Conversation[:], free, c.replace)
	}
	got, err := reserveScript.Run(ctx, l.Client, append(s.openKeys(m), s.meta), args...).StringSlice()
	if err != nil || len(got) != len(claims) {
		for _, c := range claims {
			c.done = true
			if c.err = busy("take the visitor's place", err); isFull(err) {
				c.err = errFull
			}
		}
		return
	}
	turned := false
	for i, c := range claims {
		switch got[i] {
		case "ok":
			c.done = true
		case "meta":
			turned = true
			l.repair(homeOf(c.visitor))
		default:
			l.contest(ctx, c, got[i])
		}
	}
	if turned {
		if err := l.readBook(ctx, s); err != nil {
			l.stats.lastError(l.Logger, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// contest finds out whether somebody has a right to the place that a claim wants.
func (l *Log) contest(ctx context.Context, c *claim, answer string) {
	var other chat.ConversationID
	var since time.Time
	switch {
	case answer == "miss":
		open, err := l.Database.OpenConversations(ctx, chat.VisitorKey{Tenant: c.key.Tenant, Visitor: c.visitor})
		if err != nil {
			c.done, c.err = true, busy("look for an open conversation", err)
			return
		}
		if other = open[0]; other.IsZero() || other == c.key.Conversation {
			c.asked = true
			return
		}
	case len(answer) == placeOfVisitor:
		other = chat.ConversationID([]byte(answer[:16]))
		since = time.UnixMilli(int64(be.Uint64([]byte(answer[16:]))))
	default:
		c.done, c.err = true, busy("take the visitor's place", errEntry)
		return
	}
	held, err := l.holds(ctx, chat.Key{Tenant: c.key.Tenant, Conversation: other}, c.visitor, since)
	switch {
	case err != nil:
		c.done, c.err = true, err
	case held:
		c.done, c.other = true, other
	case answer == "miss":
		c.asked = true
	default:
		c.replace = answer
	}
}

// holds reports whether a conversation that took its visitor's place has a right to it. Busy if that is not known yet.
func (l *Log) holds(ctx context.Context, key chat.Key, v chat.VisitorID, since time.Time) (bool, error) {
	heads, err := l.Heads(ctx, key)
	if err != nil {
		return false, err
	}
	if heads[0].Exists() {
		return heads[0].Status != chat.Closed && heads[0].Visitor == v, nil
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

// OpenConversations implements chat.Log: one round trip for all, and one query for visitors who may have a conversation that
// Redis does not know of.
func (l *Log) OpenConversations(ctx context.Context, visitors ...chat.VisitorKey) ([]chat.ConversationID, error) {
	if err := l.up(ctx); err != nil {
		return nil, err
	}
	out := make([]chat.ConversationID, len(visitors))
	if len(visitors) == 0 {
		return out, nil
	}
	left, err := l.placesOf(ctx, visitors, out)
	if err != nil || len(left) == 0 {
		return out, err
	}
	asked := make([]chat.VisitorKey, len(left))
	for j, i := range left {
		asked[j] = visitors[i]
	}
	l.stats.lookups.Inc()
	rows, err := l.Database.OpenConversations(ctx, asked...)
	if err != nil {
		return nil, busy("look for open conversations", err)
	}
	for j, i := range left {
		out[i] = rows[j]
	}
	return out, nil
}

// placesOf fills in the conversations that have a place in Redis, and returns the visitors whom the database must be asked for:
// those whom Redis may have forgotten, or all of them while it is away. Whoever opens a conversation is judged by Redis; this is
// for readers.
func (l *Log) placesOf(ctx context.Context, visitors []chat.VisitorKey, out []chat.ConversationID) (left []int, err error) {
	fields := make([]wanted, len(visitors))
	for i, v := range visitors {
		fields[i] = wanted{&l.parts[homeOf(v.Visitor)], string(visitorKey(v.Tenant, v.Visitor))}
		left = append(left, i)
	}
	for try := 0; ; try++ {
		if l.silent() {
			return left, nil
		}
		got, err := l.lookUp(ctx, func(s *scope) string { return s.open }, fields)
		if err != nil {
			return left, nil //nolint:nilerr // the database answers for Redis
		}
		now := time.UnixMilli(l.clock())
		rest := left[:0:0]
		var stale *partition
		for i, f := range got {
			switch {
			case len(f.value) == placeOfVisitor:
				out[i] = chat.ConversationID([]byte(f.value[:16]))
			case !f.current:
				stale = fields[i].p
			case !f.book.isFresh(visitors[i].Visitor, now, f.book.headsSince):
				rest = append(rest, i)
			}
		}
		if stale == nil {
			return rest, nil
		}
		if try == 3 {
			return nil, errBusy
		}
		l.refresh(ctx, stale)
	}
}

// placeOfVisitor is how long a visitor's place is: conversation 16, taken at 8 (ms).
const placeOfVisitor = 24

// began is the epoch that the bookkeeping was last read in.
func (p *partition) began() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun
}
