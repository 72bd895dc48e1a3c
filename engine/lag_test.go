package engine_test

import (
	"testing"
	"time"

	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/engine"
)

// TestLag: it is seen how long messages wait, while they do and afterwards, once.
func TestLag(t *testing.T) {
	h := newEcho()
	in, out := make(chan struct{}), make(chan struct{})
	h.serve = func(i *engine.Inbound) {
		if i.Op == engine.OpText {
			close(in)
			<-out
		}
	}
	e := start(t, engine.Config{}, h)
	require.Less(t, e.Lag(), time.Minute)
	c := dial(t, e)
	began := time.Now()
	require.NoError(t, wsutil.WriteClientText(c, []byte("wait")))
	<-in
	entered := time.Now()
	eventually(t, "it is seen that work is late", func() bool { return e.Lag() >= 50*time.Millisecond })
	require.LessOrEqual(t, e.Lag(), time.Since(began))
	held := time.Since(entered)
	close(out)
	_, err := wsutil.ReadServerText(c)
	require.NoError(t, err)
	eventually(t, "it is seen afterwards, too", func() bool { return e.Lag() >= held })
	eventually(t, "and then it is over", func() bool { return e.Lag() < held })
}
