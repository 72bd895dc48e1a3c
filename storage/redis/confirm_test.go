package redis

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// With level replica nothing of a node's own is handed on there before a replica has it, whatever else makes the node look into the
// stream; then it is, once, and names whoever waits for the receipt. What its caller was told to be unknown names nobody.
func TestReplicaHandsOn(t *testing.T) {
	primary := startRedis(t)
	replica, err := services.StartReplica(t.Context(), primary, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = replica.Close() })
	db := newMemory()
	a := startOn(t, primary.URL(), db, AckReplica)
	b := startOn(t, primary.URL(), db, AckReplica)
	th := someThreads(t, a, 1)[0]
	heard := collect(t, a)
	own := func(id chat.MessageID) []chat.Origin {
		var out []chat.Origin
		heard.mu.Lock()
		defer heard.mu.Unlock()
		for _, e := range heard.events[th.key] {
			if e.ID == id {
				out = append(out, e.Origin)
			}
		}
		return out
	}
	said := func(text string, rid uint16) chat.Event {
		e := th.message(text)
		e.Origin = chat.Origin{Session: chat.NewID[chat.Origin](), Request: rid}
		return e
	}

	late, others := said("the replica is late", 7), said("another node's", 8)
	require.NoError(t, replica.Pause())
	done := make(chan error, 2)
	go func() {
		r, err := a.Append(t.Context(), late)
		if err == nil {
			err = r[0].Err
		}
		done <- err
	}()
	p := &a.parts[partitionOf(th.key)]
	behind := func(n int) { // so many batches are in the stream of which a has handed on none
		require.Eventually(t, func() bool {
			p.mu.Lock()
			cursor := p.cursor
			p.mu.Unlock()
			all, _, err := a.readStream(t.Context(), p, cursor, 10)
			return err == nil && len(all) == n
		}, 5*time.Second, time.Millisecond)
	}
	behind(1)
	go func() {
		r, err := b.Append(t.Context(), others)
		if err == nil {
			err = r[0].Err
		}
		done <- err
	}()
	behind(2)
	require.NoError(t, a.look(t.Context(), p))
	require.Empty(t, own(late.ID), "no replica has it")
	require.NoError(t, replica.Resume())
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	require.Eventually(t, func() bool { return len(own(late.ID)) == 1 && len(own(others.ID)) == 1 }, 5*time.Second, time.Millisecond)
	require.Equal(t, []chat.Origin{late.Origin}, own(late.ID))

	lost := said("nobody confirms", 9)
	require.NoError(t, replica.Pause())
	_, err = a.Append(t.Context(), lost)
	require.Equal(t, chat.Unknown, chat.CodeOf(err), "%v", err)
	require.NoError(t, replica.Resume())
	require.Eventually(t, func() bool { return len(own(lost.ID)) == 1 }, 10*time.Second, time.Millisecond)
	require.True(t, own(lost.ID)[0].Unsure)
	heard.mu.Lock()
	defer heard.mu.Unlock()
	require.True(t, slices.IsSortedFunc(heard.events[th.key], func(x, y chat.Event) int { return int(x.Seq) - int(y.Seq) }))
}
