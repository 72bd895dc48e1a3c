package sqlite

import (
	"context"
	"fmt"
	"os"

	"github.com/uniqchat/uniqchat/chat"
)

// What was deleted or overwritten stays in a file's free pages, in gaps of those that are in use, and in the write-ahead log. VACUUM
// writes the file anew from what its rows are, and the log is emptied after it. That takes about a second for 50 MB, in which nobody
// appends: larger files wait for a quiet moment.
const scrubAtOnce = 64 << 20 // bytes

var _ chat.Eraser = (*Log)(nil)

// Erased implements chat.Eraser: what was erased from the rows leaves the file, too.
func (l *Log) Erased(ctx context.Context, _ ...chat.Key) error {
	done := make(chan error, 1)
	select {
	case <-l.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case l.scrubs <- done:
	case <-ctx.Done():
		return ctx.Err()
	case <-l.stopped:
		return &chat.Error{Code: chat.Busy, Message: "the server is shutting down"}
	}
	select {
	case err := <-done:
		return err
	case <-l.stopped:
		return errUnknown
	}
}

// erased scrubs the file now, if it is small, or else when nothing has been written for a while.
func (w *writer) erased(ctx context.Context) error {
	w.quiet.dirty = true
	if info, err := os.Stat(w.log.path); err == nil && info.Size() > scrubAtOnce {
		return nil
	}
	return w.scrub(ctx)
}

// scrub writes the file anew and empties the write-ahead log.
func (w *writer) scrub(ctx context.Context) error {
	for _, text := range []string{`VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if _, err := w.conn.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("scrub the database: %w", err)
		}
	}
	w.quiet.dirty = false
	return nil
}
