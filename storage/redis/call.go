package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// part is what one call appends to one partition.
type part struct {
	p      *partition
	tag    project.Tag
	groups []*group
	events int
	bytes  int
	book   book // what args were made with
	begun  uint64
	args   []any
}

// call appends what it can of the groups in one round trip, and returns those that must wait for the next one.
func (l *Log) call(ctx context.Context, groups []*group) (left []*group) {
	var parts []*part
	var of [project.Partitions]*part
	for _, g := range groups {
		if time.Since(g.r.since) > patience {
			g.fail(errBusy) // it was never tried in vain: a group that was is given up in retry
			continue
		}
		if err := checkGroup(g); err != nil {
			g.refuse(err)
			continue
		}
		n := partitionOf(g.key())
		t := of[n]
		if t == nil {
			t = &part{p: &l.parts[n]}
			_, _ = rand.Read(t.tag[:]) // never fails
			of[n], parts = t, append(parts, t)
		}
		size := 0
		for i := range g.events() {
			size += len(g.events()[i].Body) + len(g.sealed(i).said) + fixedEvent
		}
		if t.events > 0 && (t.events+g.to-g.from > maxBatch || t.bytes+size > maxBatchBytes) {
			left = append(left, g)
			continue
		}
		t.groups, t.events, t.bytes = append(t.groups, g), t.events+g.to-g.from, t.bytes+size
	}
	if len(parts) == 0 {
		return left
	}
	if l.suspect.Swap(false) {
		l.relearn(ctx)
	}
	ready := parts[:0]
	now := parts[0].p.scope.read()
	for _, t := range parts {
		if t.book = now; l.cluster {
			t.book = t.p.scope.read()
		}
		if err := l.encode(t); err != nil {
			for _, g := range t.groups {
				g.refuse(asError(err))
			}
			continue
		}
		ready = append(ready, t)
	}
	l.deliver(ctx, ready)
	return left
}

func checkGroup(g *group) error {
	key := g.key()
	for i := range g.events() {
		if e := &g.events()[i]; e.Tenant != key.Tenant || e.Conversation != key.Conversation {
			return errMixed
		}
	}
	if g.to-g.from > maxBatch {
		return chat.Errorf(chat.Internal, "%d joined events are too many", g.to-g.from)
	}
	return nil
}

// encode makes a part's arguments.
func (l *Log) encode(t *part) error {
	p := t.p
	p.mu.Lock()
	known, begun := p.highest, p.begun
	p.mu.Unlock()
	m := t.book
	t.begun = begun
	b := be.AppendUint16(nil, uint16(p.number))
	b = be.AppendUint64(b, known.Epoch)
	b = be.AppendUint64(b, known.N)
	b = be.AppendUint64(b, begun)
	b = append(b, t.tag[:]...)
	b = be.AppendUint32(b, uint32(t.events))
	t.args = append(make([]any, 0, 1+2*t.events), b)
	now := time.UnixMilli(l.clock())
	for _, g := range t.groups {
		for i := range g.events() {
			e := &g.events()[i]
			head := appendHeader(make([]byte, 0, headerLen), g, i, &m, now, t.tag)
			if g.mustLook(e, &m, now, begun) {
				head[0] |= flagLook
			}
			if i == 0 && !l.cluster && opensOne(e) {
				head[0] |= flagClaim
				head = l.appendClaim(head, g, &m, now)
			}
			if i == 0 && g.head != nil {
				head[0] |= flagHead
				head = appendHead(head, known.Epoch, g.head)
			}
			said := g.sealed(i).said
			blob, err := appendEvent(make([]byte, 0, 4+fixedEvent+len(e.Body)+len(said)), e, said)
			if err != nil {
				return err
			}
			t.args = append(t.args, head, blob)
		}
	}
	return nil
}

// Flags of a header; see append.lua.
const (
	flagJoined = 1 << iota
	flagInternal
	flagNext
	flagFresh
	flagLook
	flagHead
	flagClaim
)

// headerLen is how long a header is without state and head.
const headerLen = 89

func appendHeader(dst []byte, g *group, i int, m *book, now time.Time, tag project.Tag) []byte {
	e := &g.events()[i]
	flags := byte(0)
	if i > 0 {
		flags |= flagJoined
	}
	if e.Visibility != chat.Public {
		flags |= flagInternal
	}
	if e.Next != nil {
		flags |= flagNext
	}
	if g.asked || m.isFresh(e.Conversation, now, m.headsSince) {
		flags |= flagFresh
	}
	dst = append(dst, flags)
	dst = append(dst, e.Tenant[:]...)
	dst = append(dst, e.Conversation[:]...)
	dst = append(dst, e.ID[:]...)
	dst = be.AppendUint64(dst, e.Expect)
	next := uint64(0)
	if e.Next != nil {
		next = e.Next.Version
	}
	dst = be.AppendUint64(dst, next)
	dst = be.AppendUint64(dst, g.print(i))
	dst = be.AppendUint64(dst, millis(e.Time))
	dst = append(dst, tag[:]...)
	if e.Next != nil {
		dst = appendState(dst, e.Next)
	}
	return dst
}

// deliver makes the call, again and again until its outcome is known or patience ends, and settles the groups.
func (l *Log) deliver(ctx context.Context, parts []*part) {
	start := time.Now()
	limit := l.clock() + patience.Milliseconds()
	tried := false
	if l.Ack == AckReplica {
		l.confirm.begin(parts)
		defer func(all []*part) {
			for _, t := range all {
				if l.confirm.end(t, false) {
					l.repair(t.p.number)
				}
			}
		}(slices.Clone(parts))
	}
	for pause := 5 * time.Millisecond; len(parts) > 0; pause = min(2*pause, 200*time.Millisecond) {
		replies, err := l.send(ctx, parts, limit)
		if errors.Is(err, errLate) && time.Since(start) < patience { // Redis's clock was set: ours is the one that counts
			limit = l.clock() + (patience - time.Since(start)).Milliseconds()
			err = errNotYet
		}
		if errors.Is(err, errTurned) {
			if err = l.encodeAgain(ctx, parts); err == nil {
				err = errNotYet
			}
		}
		rest := parts[:0]
		for i, t := range parts {
			switch {
			case err == nil && replies[i].err == nil:
				l.confirm.end(t, true)
				l.settle(ctx, t, replies[i].body)
				if tried { // what an attempt appended whose answer was lost is in the stream only
					l.repair(t.p.number)
				}
			case (isFull(err) || err == nil && isFull(replies[i].err)) && l.Ack == AckReplica && tried: // an earlier attempt may have been done
				l.confirm.end(t, false)
				t.fail(errUnknown)
				l.repair(t.p.number)
			case isFull(err) || err == nil && isFull(replies[i].err):
				l.confirm.end(t, true)
				t.fail(errFull)
			default:
				if err == nil {
					l.stats.lastError(l.Logger, replies[i].err)
				}
				if err == nil || !errors.Is(err, errNotYet) { // it may have been done
					t.unsure()
				}
				rest = append(rest, t)
			}
		}
		parts = rest
		if len(parts) == 0 {
			return
		}
		l.stats.retries.Inc()
		if err != nil && !errors.Is(err, errNotYet) {
			l.failed()
		}
		if time.Since(start)+oneAttempt > patience || ctx.Err() != nil {
			for _, t := range parts {
				l.confirm.end(t, false)
				t.fail(errUnknown)
				l.repair(t.p.number)
			}
			return
		}
		l.stats.lastError(l.Logger, err)
		tried = true
		time.Sleep(pause)
		if l.suspect.Swap(false) && l.relearn(ctx) {
			for _, t := range parts {
				if err := l.encode(t); err != nil {
					t.fail(asError(err))
					return
				}
			}
		}
	}
}

// encodeAgain makes the arguments of parts anew, with the windows that hold now.
func (l *Log) encodeAgain(ctx context.Context, parts []*part) error {
	if err := l.readBook(ctx, parts[0].p.scope); err != nil {
		return err
	}
	b := parts[0].p.scope.read()
	for _, t := range parts {
		t.book = b
		if err := l.encode(t); err != nil {
			return err
		}
	}
	return nil
}

func (t *part) fail(err error) {
	for _, g := range t.groups {
		g.fail(err)
	}
}
