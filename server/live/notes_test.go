package live_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// TestNotesLeaveNoMark: what an agent has read up to tells a visitor nothing of the notes in between.
func TestNotesLeaveNoMark(t *testing.T) {
	w := newWorld(t, nil)
	conv := chat.NewID[chat.Conversation]()
	vera, alice := w.dial(engine.WebSocketText), w.dial(engine.WebSocketBinary)
	vera.connect("vera")
	alice.connect("alice")
	said := vera.send(conv, "hello")
	alice.write(0, &codec.Join{Conv: codec.UUID(conv)})
	want[codec.Joined](alice)
	alice.write(0, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Visibility: codec.VisibilityInternal, Body: text("rude")})
	note := want[codec.Sendack](alice)
	require.Greater(t, note.Seq, said.Seq)
	alice.write(0, &codec.Read{Conv: codec.UUID(conv), Seq: note.Seq})
	got := want[codec.Receipt](vera)
	require.Equal(t, []uint64{said.Seq, said.Seq}, []uint64{got.Delivered, got.Read})
	vera.write(0, &codec.Join{Conv: codec.UUID(conv)})
	j := want[codec.Joined](vera)
	require.Len(t, j.Members, 2)
	for _, m := range j.Members {
		require.LessOrEqual(t, m.Read, j.Top)
	}
}
