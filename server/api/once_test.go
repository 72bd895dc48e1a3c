package api

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

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

// Every POST takes a key, but those that have no caller and the one that takes files.
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
		require.Equal(t, !r.who.public && r.who.link == "" && r.id != "uploadFile", documented, r.id)
	}
}

func TestGuessableKeys(t *testing.T) {
	require.False(t, guessable(uuid.NewString()))
	for _, key := range []string{"1", "order-17", strings.Repeat("k", 36), "0000-0000-0000-0000-0001"} {
		require.True(t, guessable(key), key)
	}
}
