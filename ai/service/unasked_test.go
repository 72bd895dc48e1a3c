package service

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// The trace of a question that people get unasked reads like every other.
func TestUnasked(t *testing.T) {
	s, _ := start(t, &rows{}, nil)
	tenant := chat.NewID[chat.Tenant]()
	q := chat.AIQuestion{Conversation: chat.NewID[chat.Conversation](), Message: chat.MessageID{1}, Text: "怎么退货？"}
	trace := s.Unasked(tenant, q, chat.AIAnswer{Outcome: chat.AIHandedOff, Reason: "busy", Messages: []string{"稍等。"}})
	require.NoError(t, trace.Check())
	require.Equal(t, []any{tenant, q.Conversation, q.Message, chat.AIHandedOff}, []any{trace.Tenant, trace.Conversation, trace.Message, trace.Outcome})
	var told struct {
		Question, Language, Step, Reason string
		Steps                            []any
		Outcome                          struct {
			Reason   string
			Messages []struct{ Text string }
		}
	}
	require.NoError(t, json.Unmarshal(trace.Body, &told))
	require.Equal(t, []string{"怎么退货？", "zh", "handoff", "busy", "busy"}, []string{told.Question, told.Language, told.Step, told.Reason, told.Outcome.Reason})
	require.Equal(t, "稍等。", told.Outcome.Messages[0].Text)
	require.NotNil(t, told.Steps)
}
