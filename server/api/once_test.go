package api

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// ends is a store that notes how a request with a key ended.
type ends struct {
	chat.Store
	how string
}

func (e *ends) FinishOnce(_ context.Context, _ chat.TenantID, _ [32]byte, _ chat.OnceID, answer []byte) error {
	e.how = "kept"
	if answer == nil {
		e.how = "done"
	}
	return nil
}

func (e *ends) ForgetOnce(context.Context, chat.TenantID, [32]byte, chat.OnceID) error {
	e.how = "freed"
	return nil
}

// A success is kept, unless it is too large or has something secret; whatever else happens, the key is free.
func TestEndsOfKeys(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		size   int
		secret bool
		panics bool
		want   string
	}{
		"large":     {status: 200, size: maxAnswer + 1, want: "done"},
		"secret":    {status: 201, size: 10, secret: true, want: "done"},
		"refused":   {status: 409, want: "freed"},
		"failed":    {status: 500, want: "freed"},
		"redirects": {status: 302, want: "freed"},
		"panics":    {status: 200, panics: true, want: "freed"},
	} {
		store := &ends{}
		a := &API{cfg: Config{Store: store}.withDefaults()}
		h := app.NewContext(0)
		func() {
			defer func() { require.Equal(t, tt.panics, recover() != nil, name) }()
			a.didOnce(t.Context(), h, &once{key: "k", secret: tt.secret}, func() {
				h.Response.SetStatusCode(tt.status)
				h.Response.SetBody(bytes.Repeat([]byte("x"), tt.size))
				if tt.panics {
					panic("in the middle")
				}
			})
		}()
		require.Equal(t, tt.want, store.how, name)
	}
}

// Operations whose answers have something that is shown once are known as such.
func TestShownOnce(t *testing.T) {
	a := &API{cfg: Config{}.withDefaults()}
	ids := map[string]bool{}
	for _, r := range a.routes() {
		ids[r.id] = true
		if words := strings.ToLower(r.summary); r.takesOnce() && (strings.Contains(words, "shown once") || strings.Contains(words, "secret")) {
			require.True(t, shownOnce[r.id], "%s: put it into shownOnce", r.id)
		}
	}
	for id := range shownOnce {
		require.True(t, ids[id], id)
	}
}

// Every POST takes a key, but those that have no caller, or only read.
func TestRoutesThatTakeKeys(t *testing.T) {
	a := &API{cfg: Config{}.withDefaults()}
	doc, err := a.register(newBareEngine())
	require.NoError(t, err)
	for _, r := range a.routes() {
		if r.method != "POST" {
			continue
		}
		documented := false
		for _, p := range doc.Paths[r.path].Post.Parameters {
			documented = documented || p.Name == onceHeader && p.In == "header"
		}
		require.Equal(t, !r.who.public && r.who.link == "" && r.id != "exportVisitorByPost", documented, r.id)
	}
}

func TestGuessableKeys(t *testing.T) {
	require.False(t, guessable(uuid.NewString()))
	for _, key := range []string{"1", "order-17", strings.Repeat("k", 36), "0000-0000-0000-0000-0001"} {
		require.True(t, guessable(key), key)
	}
}
