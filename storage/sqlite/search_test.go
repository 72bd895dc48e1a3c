package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// say appends messages to a conversation, which the first call makes.
func say(t testing.TB, s *storage.Storage, key chat.Key, at time.Time, texts ...string) {
	t.Helper()
	visitor := chat.VisitorID(key.Conversation)
	head, err := s.Log.Heads(t.Context(), key)
	require.NoError(t, err)
	var events []chat.Event
	add := func(e chat.Event) {
		e.Tenant, e.Conversation, e.CMID, e.Time = key.Tenant, key.Conversation, chat.NewID[chat.Event](), at
		e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
		events = append(events, e)
	}
	if !head[0].Exists() {
		add(chat.Event{Next: &chat.State{Visitor: visitor, Version: 1}, Message: chat.Message{Kind: chat.KindSystem, Body: []byte(`{"event":"x"}`)}})
	}
	for _, text := range texts {
		add(chat.Event{Message: chat.Message{Sender: chat.UserID(visitor), Role: chat.RoleVisitor, Body: fmt.Appendf(nil, `{"text":%q}`, text)}})
	}
	receipts, err := s.Log.Append(t.Context(), events...)
	require.NoError(t, err)
	for _, r := range receipts {
		require.NoError(t, r.Err)
	}
}

// hits is how many conversations a search finds.
func hits(t testing.TB, s *storage.Storage, tenant chat.TenantID, text string) (n int) {
	t.Helper()
	f := chat.Filter{Text: text, Limit: 7}
	for {
		page, next, err := s.Store.Conversations(context.Background(), tenant, f)
		require.NoError(t, err)
		n += len(page)
		if f.Cursor = next; next == "" {
			return n
		}
	}
}

// A file that was filled by the version before becomes searchable while it is used, also if it is closed in between.
func TestSearchOfAnOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	s, stop := run(t, path)
	tenant := chat.NewID[chat.Tenant]()
	var keys []chat.Key
	for i := range 120 {
		key := chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}
		keys = append(keys, key)
		texts := make([]string, 10)
		if i == 50 {
			texts = make([]string, 900)
		}
		for j := range texts {
			texts[j] = fmt.Sprintf("old number%d", j)
		}
		say(t, s, key, time.UnixMilli(1_700_000_000_000+int64(i)), texts...)
	}
	stop()
	db, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	for _, text := range []string{`DROP TABLE search`, `DROP TABLE search_docs`, `DROP TABLE search_backlog`, `DELETE FROM goose_db_version WHERE version_id = 2`} {
		_, err := db.Exec(text)
		require.NoError(t, err, text)
	}
	require.NoError(t, sqlstore.Redo(t.Context(), db, sqlstore.SQLite, 2))
	require.NoError(t, db.Close())
	for round := range 3 { // each a while
		s, stop = run(t, path)
		say(t, s, keys[119-round], time.UnixMilli(1_800_000_000_000), "new") // in one that is not indexed yet
		require.Equal(t, round+1, hits(t, s, tenant, "new"), "what is new is found at once")
		if round == 2 {
			require.Eventually(t, func() bool { return hits(t, s, tenant, "old number7") == 120 }, 30*time.Second, 10*time.Millisecond)
			require.Equal(t, 1, hits(t, s, tenant, "number899"))
		}
		stop()
	}
	db, err = sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	var docs, left int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM search_docs`).Scan(&docs))
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM search_backlog`).Scan(&left))
	require.Equal(t, 119*10+900+3, docs, "each once")
	require.Zero(t, left)
}

// Two tenants whose tokens look alike in the index stay apart, and messages of one moment do not take one another's place.
func TestSearchKeepsTenantsApart(t *testing.T) {
	s, stop := run(t, filepath.Join(t.TempDir(), "chat.db"))
	defer stop()
	a := chat.NewID[chat.Tenant]()
	b := a
	b[0] ^= 1 // the same mark
	conv := chat.NewID[chat.Conversation]()
	twin := conv
	twin[0] ^= 1 // likewise
	at := time.UnixMilli(1_700_000_000_000)
	say(t, s, chat.Key{Tenant: a, Conversation: conv}, at, "mine", "both", "both")
	say(t, s, chat.Key{Tenant: b, Conversation: conv}, at, "theirs", "both")
	say(t, s, chat.Key{Tenant: a, Conversation: twin}, at, "both")
	require.Equal(t, 1, hits(t, s, a, "mine"))
	require.Zero(t, hits(t, s, a, "theirs"))
	require.Equal(t, 2, hits(t, s, a, "both"))
	require.Equal(t, 1, hits(t, s, b, "both"))
	page, _, err := s.Store.Conversations(t.Context(), a, chat.Filter{Text: "both", Visitor: chat.VisitorID(conv), Limit: 5})
	require.NoError(t, err)
	require.Len(t, page, 1)
	require.Equal(t, conv, page[0].Match.Conversation)
}
