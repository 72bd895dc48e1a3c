package live

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// What a visitor does while its row is being made is written, also what it does between the writing of its trail and the answer to that.
func TestStepsWhileTheRowComes(t *testing.T) {
	var g guests
	now := time.Now()
	k := chat.VisitorKey{Tenant: chat.NewID[chat.Tenant](), Visitor: chat.NewID[chat.Visitor]()}
	looks := func(page string) bool {
		t.Helper()
		data, err := json.Marshal(map[string]string{"url": page})
		require.NoError(t, err)
		_, write, err := g.track(k, new(session), chat.StepPage, data, now)
		require.NoError(t, err)
		return write
	}
	pages := func(steps []chat.Step) (out []string) {
		for _, s := range steps {
			var d struct{ URL string }
			require.NoError(t, json.Unmarshal(s.Data, &d))
			out = append(out, d.URL)
		}
		return out
	}
	require.False(t, looks("/a")) // who was given an id just now has no row
	g.with(k, func(one *guest) { one.row = rowComing })
	require.Equal(t, []string{"/a"}, pages(g.sweep(now)))
	require.False(t, looks("/b")) // its row is not known yet
	g.tracked([]chat.VisitorKey{k}, []chat.VisitorKey{k})
	require.True(t, looks("/c"))
	require.Equal(t, []string{"/a", "/b", "/c"}, pages(g.sweep(now)))
	require.Empty(t, g.sweep(now))
	g.tracked([]chat.VisitorKey{k}, []chat.VisitorKey{k})
	require.Empty(t, g.sweep(now))
}
