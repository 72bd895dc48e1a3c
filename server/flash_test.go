package server_test

import (
	"encoding/json"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/load"
)

// leavesOut reads on until the node tells what it leaves out.
func (l *line) leavesOut(want load.Level) {
	l.t.Helper()
	for {
		if e := until[*codec.Event](l); e.Name == "load.changed" {
			var data struct {
				LeftOut string `json:"left_out"`
			}
			require.NoError(l.t, json.Unmarshal(e.Data, &data))
			require.Equal(l.t, want.String(), data.LeftOut)
			return
		}
	}
}

// TestFlash: what a node leaves out can be changed while it serves; the staff is told, those who come later too, and screens are told
// afterwards what they missed. A bot's turn is left out last.
func TestFlash(t *testing.T) {
	n := start(t, nil)
	_, agent := n.agent(n.tenant.ID, chat.Member)
	_, stranger := n.agent(n.other.ID, chat.Member)
	w, foreign := n.watcher(n.TCPAddr(), agent), dialLine(t, n.TCPAddr(), stranger)
	w.watch(`{}`, 0, 0)
	w.next()
	require.Zero(t, w.Total)

	set := func(l load.Level) { n.SetFlash(server.Flash{Load: load.Settings{Least: l}}) }
	set(load.Board)
	w.leavesOut(load.Board)
	foreign.leavesOut(load.Board)
	require.True(t, n.LeavesOut(load.Typing))
	require.False(t, n.LeavesOut(load.AI))
	_, _, anna := n.guest(t, n.TCPAddr(), "shop", map[string]any{"name": "Anna"})
	w.quiet(1500 * time.Millisecond)
	second := dialLine(t, n.TCPAddr(), agent)
	second.leavesOut(load.Board)

	set(load.Normal)
	second.leavesOut(load.Normal)
	w.until("Anna is seen", func() bool { return w.Total == 1 })
	require.Equal(t, []string{anna}, w.IDs())

	n.SetFlash(server.Flash{Connects: 0.1})
	require.Eventually(t, func() bool { return n.waits("shop") > 0 }, 10*time.Second, time.Millisecond)
	n.SetFlash(server.Flash{})
	require.Zero(t, n.waits("shop"))
}

// waits returns for how long one more visitor is sent away; 0: it came in.
func (n *node) waits(key string) time.Duration {
	n.t.Helper()
	_, token := n.visitor(key)
	c, err := net.Dial("tcp", n.TCPAddr())
	require.NoError(n.t, err)
	defer c.Close()
	l := &line{t: n.t, c: c}
	l.write(&codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token})
	p, err := l.packet()
	require.NoError(n.t, err)
	if d, is := p.(*codec.Disconnect); is {
		return time.Duration(d.RetryAfter) * time.Millisecond
	}
	require.IsType(n.t, &codec.Connack{}, p)
	return 0
}
