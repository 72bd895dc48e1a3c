package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/storagetest"
)

// A file that was full before reports were kept is counted while it is in use: by the writer where something happens, and
// otherwise in the background.
func TestReportsOfAnOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	talk := storagetest.NewTalk(chat.NewID[chat.Tenant](), 300)
	s, stop := run(t, path)
	talked := func(rounds int) {
		for i := range rounds {
			th := talk.Threads[i*7919%len(talk.Threads)]
			next := talk.Next(th)
			receipts, err := s.Log.Append(context.Background(), next...)
			require.NoError(t, err)
			for _, r := range receipts {
				require.NoError(t, r.Err)
			}
			th.Accept(next...)
		}
	}
	talked(1500)
	talk.Check(t, s.Store)
	stop()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `UPDATE conversations SET tally = NULL; DELETE FROM report_counts`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	s, stop = run(t, path)
	talked(200)
	require.Eventually(t, func() bool {
		left, err := s.Store.Uncounted(t.Context(), talk.Tenant)
		require.NoError(t, err)
		return !left
	}, 30*time.Second, 10*time.Millisecond)
	talk.Check(t, s.Store)
	stop()
}
