package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func serve(t *testing.T, l *Log) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, l.Close())
	}
}

// A database that may not grow refuses with Full, loses and doubles nothing, can be read, and goes on once there is room.
func TestFull(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "chat.db")
	l, err := Open(ctx, path)
	require.NoError(t, err)
	var pages int
	require.NoError(t, l.write.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages))
	_, err = l.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+20)) // of the one connection that appends
	require.NoError(t, err)
	stop := serve(t, l)
	key := chat.Key{Tenant: chat.NewID[chat.Tenant](), Conversation: chat.NewID[chat.Conversation]()}
	event := func(text string) chat.Event {
		e := chat.Event{Message: chat.Message{
			Tenant: key.Tenant, Conversation: key.Conversation, CMID: chat.NewID[chat.Event](), Sender: chat.NewID[chat.Actor](),
			Role: chat.RoleVisitor, Time: time.Now(), Body: fmt.Appendf(nil, `{"text":%q}`, text),
		}}
		e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
		return e
	}
	created := event("created")
	created.Next = &chat.State{Visitor: chat.NewID[chat.Visitor](), Version: 1}
	_, err = l.Append(ctx, created)
	require.NoError(t, err)
	var mu sync.Mutex
	var acked, refused []chat.Event
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				e := event(string(make([]byte, 500)))
				r, err := l.Append(ctx, e)
				mu.Lock()
				switch {
				case err == nil && r[0].Err == nil:
					acked = append(acked, e)
				case chat.CodeOf(err) == chat.Full:
					refused = append(refused, e)
				default:
					t.Errorf("append to a full database: %v %v", err, r)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.NotEmpty(t, acked)
	require.NotEmpty(t, refused)
	all, complete, err := l.Store().Messages(ctx, key, chat.Page{Limit: 10_000})
	require.NoError(t, err)
	require.True(t, complete)
	require.Len(t, all, 1+len(acked))
	stop()

	l, err = Open(ctx, path)
	require.NoError(t, err)
	defer serve(t, l)()
	r, err := l.Append(ctx, append(refused, acked...)...)
	require.NoError(t, err)
	for i := range r {
		require.NoError(t, r[i].Err)
		require.Equal(t, i >= len(refused), r[i].Dup)
	}
	all, _, err = l.Store().Messages(ctx, key, chat.Page{Limit: 10_000})
	require.NoError(t, err)
	for i := range all {
		require.Equal(t, chat.Seq(i+1), all[i].Seq)
		require.Equal(t, chat.Seq(i), all[i].Prev)
	}
	require.Len(t, all, 1+len(acked)+len(refused))
}
