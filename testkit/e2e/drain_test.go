package e2e_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestDrain: SIGTERM in the middle of a chat. Everybody is told, the server ends with exit code 0, and after its restart
// everything goes on without a loss, a double or a refused log-in.
func TestDrain(t *testing.T) { beside(t, testDrain) }

func testDrain(t *testing.T, start func(o process.Options) *process.Server) {
	ctx := within(t, 3*time.Minute)
	s := start(process.Options{Env: fast})
	c := newCrowd(t, ctx, s, "")
	agent := c.connect("admin", c.admin.AccessToken, client.TCP, nil)
	const visitors = 30
	var ids []uuid.UUID
	var talk sync.WaitGroup
	var sent atomic.Int64
	begun, over := make(chan struct{}, visitors), make(chan struct{})
	for i := range visitors {
		v, err := c.api.Session(ctx, "demo")
		require.NoError(t, err)
		conv, cl := client.NewID(), c.connect(fmt.Sprintf("visitor %d", i), v.Token, client.Mode(i%3), nil)
		ids = append(ids, conv)
		talk.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-over:
					return
				case <-time.After(2 * time.Millisecond):
				}
				if _, err := cl.Send(ctx, codec.Send{Conv: conv, Body: client.TextBody(fmt.Sprintf("message %d", k))}); err != nil {
					t.Errorf("visitor %d: %v", i, err)
					return
				}
				sent.Add(1)
				if k == 5 {
					if err := agent.Follow(ctx, conv); err != nil {
						t.Errorf("agent: %v", err)
					}
					begun <- struct{}{}
				}
			}
		})
	}
	for range visitors {
		<-begun
	}
	from := time.Now()
	s.Stop()
	t.Logf("drained in %s", time.Since(from))
	s.Restart()
	for want := sent.Load() + 1000; sent.Load() < want; {
		require.NoError(t, ctx.Err())
		<-time.After(10 * time.Millisecond)
	}
	close(over)
	talk.Wait()
	v := c.verdict(ids)
	require.True(t, v.Clean(), "%v", v)
	require.EqualValues(t, sent.Load(), v.Stored)
	for _, cl := range c.clients {
		st := cl.Stats()
		require.Positive(t, st.Disconnects, "a soft one, and a final one for who is there when the window ends or comes after it")
		require.Equal(t, codec.CloseDraining, st.LastClose, "how a client was sent away")
	}
}
