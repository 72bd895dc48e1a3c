package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// indexer returns an Indexer whose buckets are small.
func indexer(d *DB) *Indexer {
	x := NewIndexer(d, IndexerOptions{})
	x.full = 40
	return x
}

// finish indexes everything that waits.
func finish(t testing.TB, d *DB) {
	t.Helper()
	require.NoError(t, indexer(d).Finish(t.Context()))
}

// found is the conversations that a search returns, page by page.
func found(t testing.TB, d *DB, tenant chat.TenantID, f chat.Filter) (out []chat.ConversationID) {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = 200
	}
	for {
		page, next, err := d.Store().Conversations(context.Background(), tenant, f)
		require.NoError(t, err)
		for i := range page {
			require.NotNil(t, page[i].Match)
			out = append(out, page[i].ID)
		}
		if f.Cursor = next; next == "" {
			return out
		}
	}
}

// checkIndex holds the index against the rows: every message that says something is in it once, in the bucket of its time.
func checkIndex(t testing.TB, address string) {
	t.Helper()
	require.Zero(t, count(t, address, `SELECT count(*) FROM messages m FULL JOIN search s ON s.tenant = m.tenant AND s.conv = m.conv AND s.seq = m.seq
		WHERE (m.kind <> 5 AND s.seq IS NULL) OR m.seq IS NULL OR (m.kind = 5 AND s.seq IS NOT NULL)`), "missing, or too much")
	require.Zero(t, count(t, address, `SELECT count(*) FROM search s WHERE bucket IS DISTINCT FROM (SELECT b.bucket FROM search_buckets b
		WHERE b.tenant = s.tenant AND b.since <= s.doc ORDER BY b.since DESC LIMIT 1)`), "in a wrong bucket")
	require.Zero(t, count(t, address, `SELECT count(*) FROM search s WHERE words::text NOT LIKE '%''' || to_hex(bucket) || '.%'`), "without words of its bucket")
	require.Zero(t, count(t, address, `SELECT (SELECT count(*) FROM search_queue) + (SELECT count(*) FROM search_backlog)`))
}

// told makes conversations with texts, projects and indexes them. The i-th text is in the i-th conversation.
func told(t testing.TB, d *DB, texts ...string) *feed {
	t.Helper()
	f := newFeed(len(texts))
	_, stop := running(t, d, f, "said")
	defer stop()
	for i, k := range f.keys {
		f.append(f.message(k, ""))
		f.append(f.message(k, texts[i]))
	}
	f.check(t, d)
	finish(t, d)
	return f
}

// A tenant's transaction finds its own words only, whatever its SQL says, and can't look into the index.
func TestSearchOfOneTenant(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := told(t, d, "mine", "theirs", "both", "both")
	mine := f.tenants[0]
	as := []string{`BEGIN`, `SET LOCAL ROLE uniqchat_app`, fmt.Sprintf(`SET LOCAL uniqchat.tenant = '%x'`, mine[:])}
	hits := func(term string) int {
		return count(t, address, `SELECT count(*) FROM search_newest(ARRAY['`+strings.ReplaceAll(term, "'", "''")+`'], 9223372036854775807, '', 100)`, as...)
	}
	require.Equal(t, 1, hits("mine"))
	require.Equal(t, 1, hits("both"))
	require.Zero(t, hits("theirs"))
	require.Equal(t, 2, hits("*"), "no term leads out of the tenant's buckets")
	require.Zero(t, hits(`both' | '2.theirs`)+hits(`both | theirs`)+hits(`both:*`)+hits(`!x`)+hits(`\`), "a term is never a query")
	require.Equal(t, 1, hits(`bo*`))
	require.NoError(t, raw(t, address, `CREATE TABLE known AS SELECT array_agg(id) AS ids FROM conversations`, `GRANT SELECT ON known TO uniqchat_app`))
	require.Equal(t, 4, count(t, address, `SELECT cardinality(ids) FROM known`, as...))
	require.Equal(t, 1, count(t, address, `SELECT count(*) FROM search_among(ARRAY['both'], (SELECT ids FROM known))`, as...))
	require.Zero(t, count(t, address, `SELECT count(*) FROM search_among(ARRAY['theirs'], (SELECT ids FROM known))`, as...))
	for _, table := range []string{"search", "search_buckets", "search_queue", "search_backlog"} {
		require.Equal(t, noPrivilege, state(raw(t, address, append(as[:3:3], `SELECT * FROM `+table)...)), table)
	}
}

// Under row-level security the index of words is used all the same.
func TestSearchUsesItsIndex(t *testing.T) {
	s, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	defer s.Close()
	address := ordinary(t, s, "keeper", "CREATEROLE")
	require.NoError(t, Migrate(t.Context(), address))
	plan := func(role string) string {
		conn := opened(t, address)
		defer conn.Close()
		var out string
		require.NoError(t, conn.transact(t.Context(), func(tx pgx.Tx) error {
			for _, q := range []string{`SET LOCAL enable_seqscan = off`, `SET LOCAL ROLE ` + role} {
				if _, err := tx.Exec(t.Context(), q); err != nil {
					return err
				}
			}
			return tx.QueryRow(t.Context(), `EXPLAIN (FORMAT JSON) SELECT FROM search WHERE words @@ '''1.x'''::tsquery`).Scan(&out)
		}))
		return out
	}
	require.Contains(t, plan("uniqchat_search"), "search_words")
	require.NotContains(t, plan("keeper"), "search_words", "the reason why there is another role")
}

// Whatever is stopped when, and however many index: at the end everything is in the index once.
func TestIndexedOnce(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := newFeed(60)
	_, stop := running(t, d, f, "n")
	defer stop()
	hush := f.talk(3000)
	hasty := opened(t, address) // what is cut off there makes it look as if the database did not answer
	var wg sync.WaitGroup
	end := time.Now().Add(3 * time.Second)
	for n := range 3 {
		wg.Go(func() {
			for i := 0; time.Now().Before(end); i++ { // each lives as long as it takes to be in the middle of something
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+(i*13+n*7)%60)*time.Millisecond)
				_, _ = indexer(hasty).step(ctx)
				cancel()
			}
		})
	}
	wg.Wait()
	hush()
	f.check(t, d)
	finish(t, d)
	checkIndex(t, address)
	require.Greater(t, count(t, address, `SELECT count(*) FROM search_buckets`), 10)
}

// A database that was filled by the version before becomes searchable while it is used.
func TestSearchOfAnOlderDatabase(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := newFeed(300)
	_, stop := running(t, d, f, "n")
	for i := range 3000 {
		f.append(f.message(f.keys[i%len(f.keys)], fmt.Sprintf("number%d old", i)))
	}
	for range 700 {
		f.append(f.message(f.keys[0], "a long conversation"))
	}
	f.check(t, d)
	require.NoError(t, raw(t, address, `DROP TRIGGER search_enqueue ON messages`, `DROP FUNCTION search_enqueue, search_newest, search_among, search_query`,
		`DROP TABLE search, search_buckets, search_queue, search_backlog`, `DROP SEQUENCE search_bucket`, `DELETE FROM goose_db_version WHERE version_id = 2`))
	require.NoError(t, sqlstore.Redo(t.Context(), d.db, sqlstore.PostgreSQL, 2))
	for i := range 200 { // meanwhile life goes on
		f.append(f.message(f.keys[i], "new"))
	}
	f.check(t, d)
	stop()
	finish(t, d)
	checkIndex(t, address)
	require.Greater(t, count(t, address, `SELECT count(*) FROM search_buckets`), 3)
	require.Len(t, found(t, d, f.tenants[0], chat.Filter{Text: "old", Limit: 7}), 150)
	require.Len(t, found(t, d, f.tenants[0], chat.Filter{Text: "new", Limit: 7}), 100)
	require.Len(t, found(t, d, f.tenants[0], chat.Filter{Text: "number2998"}), 1)
}

// While the database is away an indexer waits, and afterwards nothing is missing.
func TestIndexerOutlivesTheDatabase(t *testing.T) {
	s, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	defer s.Close()
	address := migrated(t, s)
	d := opened(t, address)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- indexer(d).Run(ctx) }()
	f := newFeed(50)
	_, stop := running(t, d, f, "n")
	defer stop()
	hush := f.talk(1000)
	for range 3 {
		time.Sleep(300 * time.Millisecond) // of traffic, so that there is something in the middle of which it ends
		require.NoError(t, s.Kill())
		require.NoError(t, s.Start(t.Context()))
	}
	hush()
	f.check(t, d)
	require.Eventually(t, func() bool {
		left, err := d.Unindexed(t.Context())
		return err == nil && left == 0
	}, 30*time.Second, 10*time.Millisecond)
	checkIndex(t, address)
	cancel()
	require.NoError(t, <-ended)
}

// What is said again of a message, or asked for again, is written over what was there.
func TestIndexedAgain(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := told(t, d, "before", "other")
	require.Len(t, found(t, d, f.tenants[0], chat.Filter{Text: "before"}), 1)
	again := `INSERT INTO search_queue (tenants, convs, seqs) SELECT array_agg(tenant), array_agg(conv), array_agg(seq) FROM messages`
	require.NoError(t, raw(t, address, `UPDATE messages SET body = '{"text":"after"}' WHERE body = '{"text":"before"}'`, again, again))
	finish(t, d)
	require.Empty(t, found(t, d, f.tenants[0], chat.Filter{Text: "before"}))
	require.Len(t, found(t, d, f.tenants[0], chat.Filter{Text: "after"}), 1)
	checkIndex(t, address)
}
