package server_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// What agents tell one another when they hand a conversation over, and why routing chose somebody, is not told to the visitor: neither
// live, nor in any history.
func TestHoleTransferNoteToVisitor(t *testing.T) {
	const secret = "a fraudster, careful"
	n := start(t, nil)
	vera, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, vera, "hello")
	boss, owner := n.agent(n.tenant.ID, chat.Owner)
	l := dialLine(t, n.TCPAddr(), token)
	path := "/api/v1/conversations/" + conv.String()
	require.Equal(t, 200, n.call("POST", path+"/transfer", owner, map[string]any{"agent_id": boss.ID, "note": secret}).status)
	live := until[*codec.Message](l)
	for !strings.Contains(string(live.Body), "conversation.transferred") { // how it was begun may come live, too
		live = until[*codec.Message](l)
	}
	require.Contains(t, string(live.Body), boss.ID.String())
	require.NotContains(t, string(live.Body), secret)
	l.write(&codec.Join{Conv: codec.UUID(conv), Limit: 100})
	joined := until[*codec.Joined](l)
	require.NotEmpty(t, joined.Messages)
	for i := range joined.Messages {
		require.NotContains(t, string(joined.Messages[i].Body), secret)
	}
	for _, p := range []string{"/messages", "/transcript"} {
		got := n.call("GET", path+p, token, nil)
		require.Equal(t, 200, got.status)
		require.NotContains(t, string(got.raw), secret, p)
	}
	require.Contains(t, string(n.call("GET", path+"/messages", owner, nil).raw), secret, "the staff reads it")
	// What a message was changed to is shown as it is, whatever its members are called.
	sent := n.call("POST", path+"/messages", owner, map[string]any{"cmid": chat.NewID[chat.Event](), "body": map[string]any{"text": "x"}})
	require.Equal(t, 201, sent.status)
	body := map[string]any{"text": "y", "note": "for you", "why": "because"}
	require.Equal(t, 200, n.call("PATCH", path+"/messages/"+sent.body["mid"].(string), owner, map[string]any{"body": body}).status)
	require.Contains(t, string(n.call("GET", path+"/messages", token, nil).raw), "for you")
}
