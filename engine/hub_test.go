package engine

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHub(t *testing.T) {
	h := newHub()
	topic, other := topicOf(1), topicOf(2)
	a, b, c := &Conn{id: 1}, &Conn{id: 2}, &Conn{id: 3}
	require.Zero(t, h.Count(topic))
	h.Unsubscribe(topic, a)
	for _, x := range []*Conn{a, a, b, c, b} {
		h.Subscribe(topic, x)
	}
	h.Subscribe(other, a)
	require.Equal(t, 3, h.Count(topic))
	require.ElementsMatch(t, []*Conn{a, b, c}, h.Members(topic, nil))
	require.Equal(t, 2, h.Topics())
	h.Unsubscribe(topic, a)
	h.Unsubscribe(topic, a)
	require.ElementsMatch(t, []*Conn{b, c}, h.Members(topic, nil))
	h.Unsubscribe(topic, c)
	require.Equal(t, []*Conn{b}, h.Members(topic, nil))
	h.Unsubscribe(topic, c) // the one that is left is not the one that leaves
	require.Equal(t, 1, h.Count(topic))
	h.Subscribe(topic, c)
	h.Unsubscribe(topic, b)
	h.Unsubscribe(topic, c)
	require.Zero(t, h.Count(topic))
	require.Equal(t, []*Conn{a}, h.Members(other, nil), "topics of the same hub shard are apart")
	require.Equal(t, 1, h.Topics())
	same := other
	same.Space++
	require.Zero(t, h.Count(same), "the same id in another space is another topic")
}

func TestHubIsSafeForConcurrentUse(t *testing.T) {
	e, l, topic, _ := bench(t, 4, &Tier{OutLimit: 1 << 20})
	members := e.hub.Members(topic, nil)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 500 {
				e.hub.Unsubscribe(topic, members[i])
				e.hub.Publish(topic, func(*Conn) *Frame { return raw([]byte("x")) }, Push)
				e.hub.Subscribe(topic, members[i])
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for {
		l.drain()
		select {
		case <-done:
			l.drain()
			require.Equal(t, 4, e.hub.Count(topic))
			return
		default:
		}
	}
}

func TestPublishLeavesOut(t *testing.T) {
	e, l, topic, socks := bench(t, 5, &Tier{OutLimit: 1 << 20})
	sent := e.hub.Publish(topic, func(c *Conn) *Frame {
		if c.ID()%2 == 0 {
			return nil
		}
		return raw([]byte("odd"))
	}, Push)
	l.drain()
	require.Equal(t, 2, sent)
	for i, s := range socks {
		require.Equal(t, i%2*3, s.bytes)
	}
}
