package engine_test

import (
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/engine"
)

// What tells the peer that it may begin comes before any push of topics that it was made a follower of earlier; then comes what was
// pushed meanwhile, in order.
func TestReadyComesFirst(t *testing.T) {
	a, set := newApp(), metrics.NewSet()
	a.mute = true
	e := start(t, engine.Config{Metrics: set}, a)
	c, conn := sleeper(t, e, a)
	text := func(s string) *engine.Frame {
		return engine.NewFrame(engine.WebSocketText, func(dst []byte) []byte { return append(dst, s...) })
	}
	e.Hub().Subscribe(topic, conn)
	require.Equal(t, 1, push(e, 1, []byte("one")))
	conn.Send(text("typing"), engine.Ephemeral)
	conn.Send(text("an error"), engine.Must) // what is for this connection alone waits for nothing
	push(e, 2, []byte("two"))
	read := func(want string) {
		t.Helper()
		f, err := ws.ReadFrame(c)
		require.NoError(t, err)
		require.Equal(t, want, string(f.Payload))
	}
	read("an error")
	conn.Ready(&a.tier, text("welcome"))
	push(e, 3, []byte("three"))
	for _, want := range []string{"welcome", "one", "typing", "two", "three"} {
		read(want)
	}

	// It holds no more than that.
	c, conn = sleeper(t, e, a)
	e.Hub().Subscribe(topic, conn)
	for i := range uint64(2000) {
		push(e, i, []byte("flood"))
	}
	conn.Ready(&a.tier, text("welcome"))
	read("bye the reader is too slow")
	require.EqualValues(t, 1, counter(set, closedSlow))
}
