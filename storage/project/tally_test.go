package project

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func TestTallyBytes(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)
	for _, want := range []Tally{
		{},
		{Opened: at, Asked: at.Add(time.Second), Queued: at.Add(time.Hour), Answered: true, Bot: true},
		{Bot: true, Rated: Rated{Score: 4, At: at, Agent: chat.NewID[chat.Agent](), Team: chat.NewID[chat.Team]()}},
	} {
		got, err := ParseTally(want.Bytes())
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(&want, got))
	}
	none, err := ParseTally(nil)
	require.NoError(t, err)
	require.Nil(t, none)
	for _, bad := range [][]byte{{1}, {2, 0}, make([]byte, tallySize), append([]byte{1}, make([]byte, tallySize)...)} {
		_, err := ParseTally(bad)
		require.Error(t, err)
	}
}
