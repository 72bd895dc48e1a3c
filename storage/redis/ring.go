package redis

import (
	"sort"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// partition is what a node holds of one partition: the ring of what the feed brought, indexed by conversation, until it is
// projected and a minute old.
type partition struct {
	number int
	field  string // of its place in the scope's bookkeeping
	stream string
	scope  *scope

	// order is held while batches are handed on, so that followers see them as they were appended. It comes before mu.
	order sync.Mutex

	mu        sync.Mutex
	filled    bool
	cursor    project.Cursor // the newest batch that was handed on
	highest   project.Cursor // the newest batch that was heard of
	batches   []*project.Batch
	index     map[chat.Key][]located
	bytes     int
	ahead     map[uint64]*project.Batch // batches of the cursor's epoch that came before the ones they follow
	projected project.Cursor
	dropped   project.Cursor // the newest batch that the ring let go of before it was projected
	moved     chan struct{}  // closed when projected moves
	begun     uint64         // the epoch that the bookkeeping was last read in
	marks     []mark         // what was committed, and when: to be trimmed a minute later
	tell      bool           // other nodes are to be told of projected
	// doubt is until when nothing is called projected: history was lost, and followers have yet to hear of it.
	doubt time.Time
}

// located is an event in the ring and the batch that it is in.
type located struct {
	*chat.Event
	at project.Cursor
}

// mark is a place that was committed at a time.
type mark struct {
	project.Cursor
	at time.Time
}

// maxAhead bounds how many batches wait for one before them; the others come with the repair.
const maxAhead = 256

// doubtFor is ample time for followers to hear of a fork.
const doubtFor = 3 * time.Second

// verdict is what became of a batch that was offered.
type verdict int

const (
	old verdict = iota // known already, or not wanted yet
	taken
	gap    // something before it is missing
	forked // it does not continue what is known
)

// take adds a batch, and those that waited for it, and returns what is to be handed on, in order. mu must be held.
func (p *partition) take(b *project.Batch) ([]*project.Batch, verdict) {
	if p.highest.Before(b.Cursor) {
		p.highest = b.Cursor
	}
	switch {
	case !p.filled:
		return nil, old
	case b.Previous == p.cursor.Tag && p.cursor.Before(b.Cursor):
	case b.Epoch < p.cursor.Epoch, b.Epoch == p.cursor.Epoch && b.N < p.cursor.N:
		return nil, old
	case b.Epoch == p.cursor.Epoch && b.N == p.cursor.N:
		if b.Tag != p.cursor.Tag {
			return nil, forked
		}
		return nil, old
	case b.Epoch == p.cursor.Epoch && b.N == p.cursor.N+1:
		return nil, forked
	default:
		if len(p.ahead) < maxAhead {
			p.ahead[b.N] = b
		}
		return nil, gap
	}
	run := []*project.Batch{b}
	p.add(b)
	for {
		next := p.ahead[p.cursor.N+1]
		if next == nil || next.Epoch != p.cursor.Epoch || next.Previous != p.cursor.Tag {
			break
		}
		delete(p.ahead, next.N)
		p.add(next)
		run = append(run, next)
	}
	for n := range p.ahead {
		if n <= p.cursor.N {
			delete(p.ahead, n)
		}
	}
	return run, taken
}

// add appends a batch to the ring. mu must be held.
func (p *partition) add(b *project.Batch) {
	p.cursor = b.Cursor
	p.batches = append(p.batches, b)
	p.bytes += b.Bytes
	for i := range b.Events {
		e := &b.Events[i]
		k := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
		p.index[k] = append(p.index[k], located{e, b.Cursor})
	}
}

// drop lets go of the oldest batch. mu must be held.
func (p *partition) drop() {
	b := p.batches[0]
	p.batches[0] = nil
	p.batches = p.batches[1:]
	p.bytes -= b.Bytes
	if p.projected.Before(b.Cursor) {
		p.dropped = b.Cursor
	}
	for i := range b.Events {
		e := &b.Events[i]
		k := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
		if rest := p.index[k][1:]; len(rest) == 0 {
			delete(p.index, k)
		} else {
			p.index[k] = rest
		}
	}
}

// keepFor is how long a node keeps what is projected, for readers who come back.
const keepFor = time.Minute

// heardOf notes that there is a batch, wherever it was heard of.
func (p *partition) heardOf(c project.Cursor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.filled && c.N > 0 && p.highest.Before(c) {
		p.highest = c
	}
}

// hasHistory reports whether there was anything that Redis could have lost, as far as this node knows. mu must be held.
func (p *partition) hasHistory() bool {
	return p.filled && (p.cursor.N > 0 || p.projected.N > 0 || len(p.batches) > 0)
}

// shrink lets go of what is projected and old, or too much. mu must be held.
func (p *partition) shrink(now time.Time, limit int) {
	horizon := now.Add(-keepFor).UnixMilli()
	for len(p.batches) > 0 {
		b := p.batches[0]
		isProjected := !p.projected.Before(b.Cursor)
		if !(isProjected && b.At < horizon) && !(isProjected && p.bytes > limit) && p.bytes <= 4*limit {
			return
		}
		p.drop()
		if len(p.batches) == 0 { // a map keeps the room of all that was ever in it
			p.batches, p.index = nil, make(map[chat.Key][]located)
		}
	}
}

// reset forgets everything. mu must be held.
func (p *partition) reset() {
	p.batches, p.bytes = nil, 0
	p.index = make(map[chat.Key][]located)
	p.ahead = make(map[uint64]*project.Batch)
	p.dropped = project.Cursor{}
}

// advance notes how far the database is, unless that place is in another history than what is in memory here: then something
// was lost, and what is in memory is not what is in the database. mu must be held.
func (p *partition) advance(c project.Cursor) bool {
	if c.N == 0 || !p.projected.Before(c) || p.cursor.Before(c) { // N is 0 after a fork: everything is read anew
		return false
	}
	i := sort.Search(len(p.batches), func(i int) bool { return !p.batches[i].Before(c) })
	if i < len(p.batches) && p.batches[i].N == c.N && p.batches[i].Epoch == c.Epoch && p.batches[i].Tag != c.Tag {
		return false
	}
	p.projected = c
	close(p.moved)
	p.moved = make(chan struct{})
	return true
}

// settled reports whether everything of a conversation up to seq is projected, as far as this node knows. mu must be held.
func (p *partition) settled(key chat.Key, seq chat.Seq) bool {
	if time.Now().Before(p.doubt) {
		return false
	}
	list := p.index[key]
	if p.cursor.Before(p.highest) && (len(list) == 0 || list[len(list)-1].Seq < seq) {
		return false // it may be in what is still on its way
	}
	if !p.projected.Before(p.cursor) {
		return true
	}
	if p.projected.Before(p.dropped) {
		return false
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Seq <= seq {
			return !p.projected.Before(list[i].at)
		}
	}
	return true
}

// unprojected is the index of the first batch that is not projected. mu must be held.
func (p *partition) unprojected() int {
	return sort.Search(len(p.batches), func(i int) bool { return p.projected.Before(p.batches[i].Cursor) })
}

// recent returns the events of a conversation that are in memory, oldest first. They must not be changed. mu must be held.
func (p *partition) recent(key chat.Key) []located { return p.index[key] }
