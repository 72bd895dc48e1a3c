package redis

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// mustLook reports whether a message that Redis does not know may be in the database all the same: somebody has tried it before, or
// Redis keeps no ids from that long ago. In a new epoch that holds of earlier attempts of this node, too: what came of them is not in
// Redis any more, but may have been projected before. Whoever looks sees all of it, because nothing of an earlier epoch is projected once
// the next one has begun.
func (g *group) mustLook(e *chat.Event, m *book, now time.Time, begun uint64) bool {
	return g.looked != begun && (e.Retry || g.unsure != 0 && g.unsure != begun || !m.isFresh(e.CMID, now, m.dupsSince))
}

// unsure notes that nobody knows what became of an attempt.
func (t *part) unsure() {
	for _, g := range t.groups {
		if g.unsure == 0 {
			g.unsure = t.begun
		}
	}
}

// relearnFor is how long the database is asked when a connection to Redis broke.
const relearnFor = 500 * time.Millisecond

// relearn asks the database how far it is. A Redis that was replaced or restarted may be behind messages that this node has never
// heard of and another one has projected: it must not give their seqs again. If the database can't be reached either, the nodes' own
// knowledge has to do.
func (l *Log) relearn(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, relearnFor)
	defer cancel()
	cursors, err := l.Database.Cursors(ctx)
	if err != nil {
		return false
	}
	for i := range l.parts {
		l.parts[i].heardOf(cursors[i])
	}
	return true
}
