package redis

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// settle acts on what Redis says of a part.
func (l *Log) settle(ctx context.Context, t *part, body string) {
	head := []byte(body[:25])
	now := project.Cursor{Epoch: be.Uint64(head[1:]), N: be.Uint64(head[9:])}
	switch body[0] {
	case 'k':
		t.p.heardOf(now) // if all of it was there before, there may be batches of other nodes that the feed has not brought yet
		b, err := l.results(t, now, project.Tag(head[17:25]), body[25:])
		if err != nil {
			l.Logger.Error("the log's answer can't be read", "err", err)
			t.fail(errUnknown)
			return
		}
		if b != nil {
			l.offer(ctx, b)
		}
		for _, g := range t.groups {
			g.finish(l)
		}
		return
	case 'f':
		t.fail(errFull)
		return
	case 'w':
		if err := l.readBook(ctx, t.p.scope); err != nil {
			l.Logger.Warn("partition can't be read", "err", err)
		}
	default: // nothing there, or behind: somebody has to begin a new epoch
		l.repair(t.p.number)
	}
	for _, g := range t.groups {
		l.retry(g, 10*time.Millisecond, errBusy)
	}
}

// results reads what became of each event, and returns the batch that they make.
func (l *Log) results(t *part, at project.Cursor, previous project.Tag, body string) (*project.Batch, error) {
	at.Tag = t.tag
	b := &project.Batch{Cursor: at, Partition: t.p.number, Previous: previous, At: l.clock(), Bytes: entryLen}
	if len(body) < t.events {
		return nil, errEntry
	}
	codes, rest := body[:t.events], []byte(body[t.events:])
	own := make(map[chat.MessageID]bool) // met in this answer
	for _, g := range t.groups {
		for i := range g.events() {
			code := codes[0]
			codes = codes[1:]
			need := needs[code]
			if len(rest) < need {
				return nil, errEntry
			}
			e, r := &g.events()[i], &g.receipts()[i]
			*r = chat.Receipt{}
			switch code {
			case 'A':
				acceptEvent(e, r, rest)
				b.Events = append(b.Events, *e)
				b.Bytes += eventBytes + fixedEvent + recordLen + len(e.Body)
			case 'D':
				readPlace(r, rest, t.tag)
				r.Dup = r.Dup || own[e.ID]
			case 'd':
				r.Dup = true
			case 'o':
				g.place.owner = string(rest[:placeOfVisitor])
				r.Err = errTaken
			default:
				if r.Err = refusals[code]; r.Err == nil {
					return nil, errEntry
				}
			}
			own[e.ID] = true
			rest = rest[need:]
		}
	}
	if len(b.Events) == 0 {
		return nil, nil
	}
	return b, nil
}

// What belongs to the script's codes, in bytes, and what its refusals mean.
var (
	needs    = [256]int{'A': recordLen, 'D': placeLen, 'o': placeOfVisitor}
	refusals = map[byte]error{
		'c': errReused, 'x': errStale, 'n': errNone, 's': errNeedHead, 'l': errNeedLook, 'm': errNeedOpen, 'e': errOtherEpoch,
	}
)

// acceptEvent fills in what the log gave an event.
func acceptEvent(e *chat.Event, r *chat.Receipt, record []byte) {
	e.Seq, e.Prev, e.PrevPublic = chat.Seq(be.Uint64(record)), chat.Seq(be.Uint64(record[8:])), chat.Seq(be.Uint64(record[16:]))
	e.State = readState(record[32:], be.Uint64(record[24:]))
	*r = chat.Receipt{Seq: e.Seq, Prev: e.Prev, PrevPublic: e.PrevPublic, Time: e.Time}
}

// readPlace fills a receipt with where a message is already. What an earlier attempt of the same call appended is no duplicate.
func readPlace(r *chat.Receipt, b []byte, tag project.Tag) {
	r.Seq, r.Prev, r.PrevPublic = chat.Seq(be.Uint64(b)), chat.Seq(be.Uint64(b[8:])), chat.Seq(be.Uint64(b[16:]))
	r.Time = fromMillis(be.Uint64(b[32:]))
	r.Dup = project.Tag(b[40:48]) != tag
}

// What a group needs before it can be judged; never told to callers.
var (
	errNeedHead = errors.New("the conversation's head is needed")
	errNeedLook = errors.New("the messages must be looked for")
	errNeedOpen = errors.New("the visitor's open conversation must be looked for")
	errTaken    = errors.New("the visitor's place is another conversation's")
	// errOtherEpoch: what this node knows of the visitor's partition does not hold any more.
	errOtherEpoch = errors.New("another epoch of the visitor's partition has begun")
)

// finish settles a group that has its receipts, or finds out what is missing.
func (g *group) finish(l *Log) {
	switch err := g.receipts()[0].Err; {
	case errors.Is(err, errNeedHead), errors.Is(err, errNeedLook):
		go l.find(g, errors.Is(err, errNeedLook))
	case errors.Is(err, errNeedOpen), errors.Is(err, errTaken):
		go l.dispute(g)
	case errors.Is(err, errOtherEpoch):
		go l.renew(g)
	default:
		g.settle()
	}
}

// find asks the database what Redis does not know (any more), and tries the group again.
func (l *Log) find(g *group, messages bool) {
	l.looking <- struct{}{}
	defer func() { <-l.looking }()
	l.stats.lookups.Inc()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if messages {
		epoch := l.parts[partitionOf(g.key())].began()
		found, err := l.findMessages(ctx, g)
		switch {
		case err != nil:
			g.fail(busy("look for duplicates", err))
		case found:
			g.settle()
		default:
			g.looked = epoch
			l.retry(g, 0, errBusy)
		}
		return
	}
	heads, err := l.Database.Heads(ctx, g.key())
	if err != nil {
		g.fail(busy("read the conversation", err))
		return
	}
	g.asked, g.head = true, nil
	if heads[0].Exists() {
		g.head = &heads[0]
	}
	l.retry(g, 0, errBusy)
}

// findMessages looks for a group's messages among the rows. If one is there, the group's receipts say so.
func (l *Log) findMessages(ctx context.Context, g *group) (bool, error) {
	refs := make([]project.Ref, len(g.events()))
	for i := range refs {
		refs[i] = project.Ref{Key: g.key(), Message: g.events()[i].ID}
	}
	rows, err := l.Database.Find(ctx, refs...)
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(rows, func(m chat.Message) bool { return m.Seq > 0 }) {
		return false, nil
	}
	for i := range rows {
		m, e := &rows[i], &g.events()[i]
		if m.Seq > 0 && (m.Kind != e.Kind || string(m.Body) != string(e.Body) && string(m.Body) != string(seal.Unreadable)) {
			for j := range g.receipts() {
				g.receipts()[j] = chat.Receipt{Err: errReused}
			}
			return true, nil
		}
		g.receipts()[i] = chat.Receipt{Seq: m.Seq, Prev: m.Prev, PrevPublic: m.PrevPublic, Time: m.Time, Dup: true}
	}
	return true, nil
}
