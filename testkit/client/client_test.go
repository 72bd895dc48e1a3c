package client_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// TestChat lets visitors and agents chat over every transport while their connections are cut at random, and holds what
// everyone saw against the database.
func TestChat(t *testing.T) {
	const each = 120
	w := newServer(t, []string{"vera", "vito", "vick"}, []string{"alice"})
	var convs []codec.UUID
	var clients []*client.Client
	var senders sync.WaitGroup
	var extra atomic.Int64
	for i, mode := range []client.Mode{client.JSON, client.Binary, client.TCP} {
		conv := client.NewID()
		convs = append(convs, conv)
		name := []string{"vera", "vito", "vick"}[i]
		visitor := w.client(name, mode, nil)
		_, err := visitor.Send(w.ctx, codec.Send{Conv: conv, Body: client.TextBody("hello")})
		require.NoError(t, err)
		tab := w.client(name, mode, nil)
		require.NoError(t, tab.Follow(w.ctx, conv))
		agent := w.client("alice", mode, nil)
		require.NoError(t, agent.Follow(w.ctx, conv))
		pair := []*client.Client{visitor, tab, agent}
		clients = append(clients, pair...)
		for n, c := range pair {
			senders.Go(func() {
				for k := range each {
					p := codec.Send{Conv: conv, Body: client.TextBody(fmt.Sprintf("%v %d %d 你好", mode, n, k))}
					if n == 2 && k%5 == 0 {
						p.Visibility = codec.VisibilityInternal
					}
					s := c.Post(p)
					if k%3 == 0 {
						require.NoError(t, s.Wait(w.ctx))
					}
					if rand.IntN(10) == 0 {
						// Cut while answers are on their way.
						before := len(c.Messages(conv))
						c.Post(codec.Send{Conv: conv, Body: client.TextBody("extra")})
						extra.Add(1)
						require.Eventually(t, func() bool { return len(c.Messages(conv)) > before }, 10*time.Second, time.Millisecond)
						c.Drop()
					}
				}
			})
		}
	}
	senders.Wait()
	for _, c := range clients {
		require.NoError(t, c.WaitIdle(w.ctx))
	}
	db := w.database(convs...)
	for i, c := range clients {
		m := db[i/3].Messages
		for len(m) > 0 && m[len(m)-1].Internal {
			m = m[:len(m)-1]
		}
		require.NoError(t, c.WaitSeq(w.ctx, convs[i/3], m[len(m)-1].Seq))
	}
	v := journal.Check(w.rec.Entries(), db)
	t.Log(v)
	require.True(t, v.Clean(), "%v", v)
	require.Equal(t, 3*(3*each+1)+int(extra.Load()), v.Stored)
	require.Positive(t, v.DupAcks, "no connection was cut at a bad moment")
}

// TestFinal: what the server refuses is told, and not tried for ever.
func TestFinal(t *testing.T) {
	w := newServer(t, []string{"vera", "vito"}, []string{"alice"})
	c, err := client.New(client.Config{Address: "ws://" + w.engine.WSAddr() + "/ws", Token: "wrong"})
	require.NoError(t, err)
	var closed *client.Closed
	require.ErrorAs(t, c.Run(w.ctx), &closed)
	require.Equal(t, codec.CloseBadToken, closed.Code)

	vera, vito := w.client("vera", client.JSON, nil), w.client("vito", client.Binary, nil)
	conv := client.NewID()
	_, err = vera.Send(w.ctx, codec.Send{Conv: conv, Body: client.TextBody("mine")})
	require.NoError(t, err)
	var refused *client.Refused
	_, err = vito.Send(w.ctx, codec.Send{Conv: conv, Body: client.TextBody("not mine")})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, codec.ErrNotFound, refused.Code)
	_, err = vera.Send(w.ctx, codec.Send{Conv: client.NewID(), Body: client.TextBody("a second one")})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, codec.ErrConflict, refused.Code)
	require.Equal(t, conv, refused.Conv)
	require.ErrorAs(t, vito.Follow(w.ctx, conv), &refused)
	require.Equal(t, codec.ErrNotFound, refused.Code)

	v := journal.Check(w.rec.Entries(), w.database(conv))
	require.Equal(t, 2, v.Failed)
	require.True(t, v.Clean(), "%v", v)
}

// TestReplaced: the same device again ends the older client for good.
func TestReplaced(t *testing.T) {
	w := newServer(t, []string{"vera"}, nil)
	device := client.NewID()
	tune := func(cfg *client.Config) { cfg.Device = device }
	older := w.client("vera", client.TCP, tune)
	w.client("vera", client.Binary, tune)
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	require.ErrorContains(t, older.Wait(ctx, func() bool { return false }), "3509")
}
