package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

func TestRefreshWhoseAnswerWasLost(t *testing.T) {
	const attempt, another = "an attempt of the client", "an attempt of somebody"
	for name, tc := range map[string]struct {
		attempt string
		then    func(w *world, second auth.Tokens)
		want    string
	}{
		"the same attempt": {attempt, nil, ""},
		"another attempt":  {another, nil, "refresh_invalid"},
		"no attempt":       {"", nil, "refresh_invalid"},
		"just in time":     {attempt, func(w *world, _ auth.Tokens) { w.clock.add(chat.RefreshRepeats - time.Millisecond) }, ""},
		"too late":         {attempt, func(w *world, _ auth.Tokens) { w.clock.add(chat.RefreshRepeats) }, "refresh_invalid"},
		"the answer was used": {attempt, func(w *world, second auth.Tokens) {
			_, err := w.Refresh(context.Background(), second.Refresh, another)
			require.NoError(t, err)
		}, "refresh_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t)
			w.agent(t, w.tenant.ID, "a@x.test")
			first, err := w.Login(ctx, auth.LoginRequest{Email: "a@x.test", Password: password})
			require.NoError(t, err)
			second, err := w.Refresh(ctx, first.Refresh, attempt)
			require.NoError(t, err)
			if tc.then != nil {
				tc.then(w, second)
			}
			again, err := w.Refresh(ctx, first.Refresh, tc.attempt)
			if tc.want != "" {
				require.Equal(t, tc.want, named(t, err))
				_, err = w.Refresh(ctx, second.Refresh, another)
				require.Equal(t, "refresh_invalid", named(t, err), "the whole log-in has ended")
				return
			}
			require.NoError(t, err)
			third, err := w.Refresh(ctx, again.Refresh, another)
			require.NoError(t, err)
			_, err = w.Verify(ctx, third.Access)
			require.NoError(t, err)
			_, err = w.Refresh(ctx, second.Refresh, another) // only who has a copy of the lost answer can
			require.Equal(t, "refresh_invalid", named(t, err))
			_, err = w.Refresh(ctx, third.Refresh, attempt)
			require.Equal(t, "refresh_invalid", named(t, err), "so the whole log-in ends")
		})
	}
}
