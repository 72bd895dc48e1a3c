package sqlite

import (
	"context"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"modernc.org/libc"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

func TestQuietWriterLetsGo(t *testing.T) {
	ctx := context.Background()
	l, err := Open(ctx, filepath.Join(t.TempDir(), "chat.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	conn, err := l.write.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	w := &writer{log: l, conn: conn, rows: make(map[chat.Key]*project.Row), dirty: make(map[chat.Key]bool)}
	w.opens = make(map[visitorKey]chat.ConversationID)
	require.NoError(t, w.stmts.prepare(ctx, conn))

	tenant := chat.NewID[chat.Tenant]()
	first := func() chat.Event {
		e := chat.Event{Next: &chat.State{Visitor: chat.NewID[chat.Visitor](), Version: 1}}
		e.Tenant, e.Conversation, e.ID, e.Time = tenant, chat.NewID[chat.Conversation](), chat.NewID[chat.Message](), time.Now()
		e.Body = []byte(`{"text":"hello"}`)
		return e
	}
	appendSome := func(n int) {
		r := &request{receipts: make([]chat.Receipt, n), done: make(chan struct{})}
		for range n {
			r.events = append(r.events, first())
		}
		w.handle(ctx, []*request{r})
		require.NoError(t, r.err)
		w.quiet.wrote, w.quiet.holds = true, true
	}
	for range 10 {
		appendSome(500)
	}
	require.Len(t, w.rows, 5000)
	w.rest(ctx)
	require.Len(t, w.rows, 5000, "something was written in this stretch")
	w.rest(ctx)
	require.Empty(t, w.rows)
	require.False(t, w.quiet.holds)
	appendSome(1)
	require.Len(t, w.rows, 1, "and it goes on")
}

func TestGiveBack(t *testing.T) {
	tls := libc.NewTLS()
	defer tls.Close()
	page := unix.Getpagesize()
	var regions [2 * regionHot]uintptr
	for i := range regions {
		regions[i] = libc.Xmalloc(tls, regionSize)
		clear(unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&regions[i]))), regionSize)) // memory that is not Go's
	}
	resident := func() (n int) {
		in := make([]byte, 16)
		for _, r := range regions {
			from := (r + uintptr(page)) &^ uintptr(page-1)
			// A region that was unmapped altogether is an error, and nothing resident.
			if _, _, e := unix.Syscall(unix.SYS_MINCORE, from, regionSize-uintptr(page), uintptr(unsafe.Pointer(&in[0]))); e != 0 {
				continue
			}
			for _, b := range in[:regionSize/page-1] {
				n += int(b & 1)
			}
		}
		return n
	}
	all := len(regions) * (regionSize/page - 1)
	require.Equal(t, all, resident())
	for _, r := range regions {
		libc.Xfree(tls, r)
	}
	require.Greater(t, resident(), all/3, "the allocator keeps what is free")
	giveBack()
	require.Less(t, resident(), all/10)
	runtime.KeepAlive(tls)
}

// TestEarly: what is written before the writer runs is over when it starts, and nothing stands against it for the file's lock.
func TestEarly(t *testing.T) {
	l, err := Open(t.Context(), filepath.Join(t.TempDir(), "chat.db"))
	require.NoError(t, err)
	in, out := make(chan struct{}), make(chan struct{})
	var calls, running sync.WaitGroup
	calls.Go(func() {
		require.NoError(t, l.change(t.Context(), sqlstore.System, func(context.Context, sqlstore.Querier) error {
			close(in)
			<-out
			return nil
		}))
	})
	<-in
	ctx, cancel := context.WithCancel(t.Context())
	running.Go(func() { require.NoError(t, l.Run(ctx)) })
	for range 4 { // they have come before the writer runs, and wait
		calls.Go(func() {
			require.NoError(t, l.change(t.Context(), sqlstore.System, func(context.Context, sqlstore.Querier) error { return nil }))
		})
	}
	select {
	case <-l.started:
		t.Error("the writer runs while rows are written beside it")
	case <-time.After(200 * time.Millisecond): // longer than it takes to start
	}
	close(out)
	calls.Wait()
	<-l.started
	cancel()
	running.Wait()
	require.NoError(t, l.Close())
}
