package redis

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/testkit/services"
)

var publishCalls = regexp.MustCompile(`cmdstat_publish:calls=(\d+)`)

// published is how many messages of any channel the server was given.
func published(t *testing.T, r *services.Redis) int {
	t.Helper()
	info, err := r.Do(t.Context(), "INFO", "commandstats")
	require.NoError(t, err)
	found := publishCalls.FindStringSubmatch(info.(string))
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return n
}

// What a node appends is published for others only.
func TestFeedIsForOthers(t *testing.T) {
	r, db := startRedis(t), newMemory()
	db.hold(true) // no word of rows, which is published, too
	a := startNode(t, r, db, nil)
	following := func(n int) func() bool {
		return func() bool {
			subs, err := r.Do(t.Context(), "PUBSUB", "NUMSUB", a.scopes[0].feed)
			require.NoError(t, err)
			return subs.([]any)[1].(int64) == int64(n)
		}
	}
	require.Eventually(t, following(1), 10*time.Second, time.Millisecond)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	for range 10 {
		send(t, a.Log, th.message("alone"))
	}
	require.Zero(t, published(t, r))
	b := startNode(t, r, db, nil)
	require.Eventually(t, following(2), 10*time.Second, time.Millisecond)
	cb := collect(t, b.Log)
	for range 10 {
		send(t, a.Log, th.message("heard"))
	}
	require.Equal(t, 10, published(t, r))
	require.Eventually(t, func() bool { return cb.count() == 10 }, 10*time.Second, time.Millisecond)
	b.stop()
	require.Eventually(t, following(1), 10*time.Second, time.Millisecond)
	send(t, a.Log, th.message("alone again"))
	require.Equal(t, 10, published(t, r))
}

// deaf loses the answers to some calls of the script.
type deaf struct{ next atomic.Bool }

func (d *deaf) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (d *deaf) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

func (d *deaf) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		err := next(ctx, cmd)
		if err == nil && cmd.Name() == "evalsha" && d.next.CompareAndSwap(true, false) {
			err = errors.New("the answer was lost")
			cmd.SetErr(err)
		}
		return err
	}
}

// A batch whose answer was lost is handed on at once when the call is repeated, although the feed does not bring it.
func TestLostAnswer(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	d := new(deaf)
	a.Client.(*goredis.Client).AddHook(d)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	c := collect(t, a.Log)
	begun := time.Now()
	for i := range 8 {
		d.next.Store(true)
		require.False(t, send(t, a.Log, th.message("x")).Dup)
		require.False(t, d.next.Load(), "an answer was lost")
		require.Eventually(t, func() bool { return c.count() == i+1 }, 10*time.Second, time.Millisecond)
	}
	require.Less(t, time.Since(begun)/8, lookEvery/2, "they did not wait for the regular look")
}
