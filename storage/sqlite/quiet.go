package sqlite

import (
	"context"
	"time"

	"modernc.org/libc"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// What a burst filled (page caches, rows) is let go of when it has become quiet: idle connections shall cost what they hold,
// and not what they once took. The next message reads a few pages again.
const (
	// readerIdle is after how long without a query a reading connection is closed, its page cache with it. Opening one again
	// takes about a millisecond.
	readerIdle = 10 * time.Second
	// quietAfter is how long nothing must be written before the writer lets go.
	quietAfter = 20 * time.Second
)

// quiet is what the writer knows of the last stretch of quietAfter.
type quiet struct {
	wrote  bool  // something was written in it
	holds  bool  // something was written since the writer last let go
	dirty  bool  // what was erased is in the file still: see erased
	closed int64 // reading connections closed for idleness, when memory was last given back
}

// rest is called every quietAfter.
func (w *writer) rest(ctx context.Context) {
	q := &w.quiet
	if q.wrote {
		q.wrote = false
		return
	}
	if q.dirty {
		_ = w.scrub(ctx) // if it fails: the next time
	}
	closed := w.log.read.Stats().MaxIdleTimeClosed
	if !q.holds && closed == q.closed {
		return
	}
	if q.holds {
		w.rows, w.dirty = make(map[chat.Key]*project.Row), make(map[chat.Key]bool)
		w.opens = make(map[visitorKey]chat.ConversationID)
		if _, err := w.conn.ExecContext(ctx, "PRAGMA shrink_memory"); err != nil {
			return // nothing is lost but memory; the next time will do
		}
	}
	q.holds, q.closed = false, closed
	giveBack()
}

// SQLite's allocator (modernc.org/memory) takes memory from the system in regions of 64 KiB and keeps those that are free again:
// the 64 that were used last as they are, older ones without their pages.
const (
	regionSize = 60 << 10 // of a request that takes a region for itself
	regionHot  = 64
)

// giveBack makes the allocator give the pages of its free regions back to the system. There is no call for that; but if as
// many regions again are taken and freed after the used ones, the fresh ones, of which nothing was touched, are those that
// it keeps as they are. Should a later version of it work in another way, this does nothing, and does no harm.
func giveBack() {
	tls := libc.NewTLS()
	defer tls.Close()
	var regions [2 * regionHot]uintptr // the used ones come first
	for i := range regions {
		regions[i] = libc.Xmalloc(tls, regionSize)
	}
	for _, r := range regions {
		libc.Xfree(tls, r) // of what could not be had: nothing
	}
}
