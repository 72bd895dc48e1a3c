package local

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// A follower that stops reading holds up the writer once tailBytes wait for it, and lets it go on by reading or leaving.
func TestTailIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Tails)
		batch := []chat.Event{{Message: chat.Message{Body: make([]byte, tailBytes/4-eventBytes)}}}
		run := func() (stop func(), hold chan struct{}, got *int) {
			ctx, cancel := context.WithCancel(context.Background())
			hold, got = make(chan struct{}), new(int)
			done := make(chan error)
			go func() {
				done <- l.Follow(ctx, func(events []chat.Event) {
					if len(events) > 0 {
						<-hold
						*got += len(events)
					}
				})
			}()
			synctest.Wait()
			return func() { cancel(); require.ErrorIs(t, <-done, context.Canceled) }, hold, got
		}
		published := 0
		publish := func(n int) {
			for _, n := range []int{1, n - 1} { // the first goes straight into the follower's hands
				go func() {
					for range n {
						l.Publish(context.Background(), batch)
						published++
					}
				}()
				synctest.Wait()
			}
		}
		stop, hold, got := run()
		publish(10)
		require.Equal(t, 5, published, "one is in the follower's hands, four wait")
		hold <- struct{}{}
		synctest.Wait()
		require.Equal(t, 9, published, "the four were taken together")
		close(hold)
		synctest.Wait()
		require.Equal(t, 10, published)
		require.Equal(t, 10, *got)
		stop()
		require.Empty(t, l.tails)

		// A follower that leaves lets the writer go on: here its last call ends only after it was cancelled.
		published = 0
		ctx, cancel := context.WithCancel(context.Background())
		left := make(chan error)
		go func() {
			left <- l.Follow(ctx, func(events []chat.Event) {
				if len(events) > 0 {
					<-ctx.Done()
				}
			})
		}()
		synctest.Wait()
		publish(100)
		require.Equal(t, 5, published)
		cancel()
		require.ErrorIs(t, <-left, context.Canceled)
		synctest.Wait()
		require.Equal(t, 100, published)

		// So does a server that ends.
		stop, hold, _ = run()
		ended, end := context.WithCancel(context.Background())
		end()
		for range 10 {
			l.Publish(ended, batch)
		}
		close(hold)
		stop()
	})
}
