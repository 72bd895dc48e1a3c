package live_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// place waits until a visitor is told that it stands there, and returns what it was told.
func place(t *testing.T, p *peer, at int) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		e := want[codec.Event](p)
		if e.Name != "queue.position" {
			continue
		}
		var told struct{ Place int }
		require.NoError(t, json.Unmarshal(e.Data, &told))
		if told.Place == at {
			return string(e.Data)
		}
	}
	t.Fatalf("it never stands at %d", at)
	return ""
}

// Who waits is told where, and moves up; without anything measured nobody says how long it takes.
func TestQueuePosition(t *testing.T) {
	w := newWorld(t, nil)
	w.set(chat.RecordRouting, &chat.Routing{Strategy: chat.ByHand})
	vera, vito, alice := w.dial(engine.WebSocketText), w.dial(engine.WebSocketBinary), w.dial(engine.WebSocketText)
	vera.connect("vera")
	vito.connect("vito")
	alice.connect("alice")
	first, second := chat.NewID[chat.Conversation](), chat.NewID[chat.Conversation]()
	vera.send(first, "hello")
	require.JSONEq(t, `{"place":1,"eta_seconds":null}`, place(t, vera, 1))
	vito.send(second, "me too")
	require.JSONEq(t, `{"place":2,"eta_seconds":null}`, place(t, vito, 2))
	alice.send(first, "how can I help?")
	require.JSONEq(t, `{"place":1,"eta_seconds":null}`, place(t, vito, 1))
}
