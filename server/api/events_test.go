package api

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func TestLikes(t *testing.T) {
	for accept, stream := range map[string]bool{
		"": true, "*/*": true, "text/event-stream": true, "text/*": true, "application/json": false, "application/json, */*;q=.5": false,
		"application/json, text/event-stream": true, "text/event-stream;q=.5, application/json": false, "application/*": false,
		"text/html": true, "Application/JSON": false, "application/json;q=nonsense, text/event-stream;q=.1": true,
	} {
		require.Equal(t, stream, likes(accept, "text/event-stream", "application/json"), accept)
	}
}

// Questions of one tenant take no place of another's, and all of them not more than there are.
func TestAsking(t *testing.T) {
	s := newAsking(3, 2)
	one, two := chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()
	var done []func()
	take := func(tenant chat.TenantID) error {
		d, err := s.begin(tenant)
		if err == nil {
			done = append(done, d)
		}
		return err
	}
	require.NoError(t, take(one))
	require.NoError(t, take(one))
	var e *chat.Error
	require.True(t, errors.As(take(one), &e))
	require.Equal(t, chat.TooMany, e.Code)
	require.Equal(t, "too_many_questions", e.Name)
	require.Positive(t, e.RetryAfter)
	require.NoError(t, take(two))
	require.Equal(t, chat.Busy, chat.CodeOf(take(two)))
	for _, d := range done {
		d()
	}
	require.Empty(t, s.of)
	require.Zero(t, s.all)
	require.NoError(t, take(one))
}

// mad is an AI that panics.
type mad struct{ chat.Answerer }

func (mad) Answer(context.Context, chat.TenantID, chat.AIQuestion, func(int, string) error) (chat.AIAnswer, error) {
	panic("mad")
}

// What goes wrong in an answer is a failure of that question, not of the server.
func TestConsultPanics(t *testing.T) {
	a := &API{cfg: Config{AI: AIConfig{Answerer: mad{}}}.withDefaults()}
	a.stats = newStats(a.cfg.Metrics)
	end := make(chan replied, 1)
	a.consult(t.Context(), chat.TenantID{}, &chat.AIQuestion{}, nil, end)
	require.ErrorContains(t, (<-end).err, "mad")
	require.EqualValues(t, 1, a.stats.panics.Get())
}
