package bench_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/bench"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/postgres"
	"github.com/uniqchat/uniqchat/testkit/services"
)

var small = bench.Dataset{Tenants: 20, Conversations: 5000, Messages: 50_000, Seed: 7, Workers: 2}

// filled makes a database with the schema and fills it.
func filled(t *testing.T, p *services.Postgres, d bench.Dataset) (url string, conn *pgx.Conn) {
	t.Helper()
	url, err := p.NewDatabase(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, d.Fill(t.Context(), url, nil), "run uniqchat migrate")
	require.NoError(t, postgres.Migrate(t.Context(), url))
	require.NoError(t, d.Fill(t.Context(), url, nil))
	conn, err = pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return url, conn
}

func number(t *testing.T, conn *pgx.Conn, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), sql, args...).Scan(&n), sql)
	return n
}

// The same numbers make the same rows, whoever writes them in which order; other ones make others.
func TestDatasetIsTheSameAgain(t *testing.T) {
	p, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	print := func(conn *pgx.Conn) (out string) {
		for table, order := range map[string]string{
			"conversations": "tenant, id", "messages": "tenant, conv, seq", "visitors": "tenant, id", "marks": "tenant, conv, user_id", "agents": "tenant, id",
		} {
			var sum string
			require.NoError(t, conn.QueryRow(t.Context(), `SELECT md5(string_agg(x::text, '|' ORDER BY `+order+`)) FROM `+table+` x`).Scan(&sum))
			if table == "messages" {
				out = sum
				continue
			}
			require.NotEmpty(t, sum)
		}
		return out
	}
	one := small
	one.Workers = 1
	other := small
	other.Seed = 8
	_, a := filled(t, p, small)
	_, b := filled(t, p, one)
	_, c := filled(t, p, other)
	require.Equal(t, print(a), print(b))
	require.NotEqual(t, print(a), print(c))
}

// What is written is what the program would have written: numbers are exact, rows agree with each other, ids are the protocol's.
func TestDatasetIsConsistent(t *testing.T) {
	p, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	url, conn := filled(t, p, small)
	require.Equal(t, small.Messages, number(t, conn, `SELECT count(*) FROM messages`))
	require.Equal(t, small.Conversations, number(t, conn, `SELECT count(*) FROM conversations`))
	require.Equal(t, small.Tenants, number(t, conn, `SELECT count(*) FROM tenants`))
	biggest := number(t, conn, `SELECT max(n) FROM (SELECT count(*) AS n FROM conversations GROUP BY tenant) x`)
	require.InDelta(t, 500, biggest, 80, "one tenant has a tenth")
	for what, sql := range map[string]string{
		"last entries": `SELECT count(*) FROM conversations c WHERE last_seq <> (SELECT max(seq) FROM messages m WHERE m.tenant = c.tenant AND m.conv = c.id)
			OR last_public <> (SELECT max(seq) FROM messages m WHERE m.tenant = c.tenant AND m.conv = c.id AND m.visibility = 0)
			OR last_message <> (SELECT max(seq) FROM messages m WHERE m.tenant = c.tenant AND m.conv = c.id AND m.visibility = 0 AND m.kind <> 5)`,
		"the chain": `SELECT count(*) FROM (SELECT prev, lag(seq, 1, 0::bigint) OVER (PARTITION BY tenant, conv ORDER BY seq) AS before FROM messages) x
			WHERE prev <> before`,
		"versions": `SELECT count(*) FROM conversations c WHERE status <> 2 AND status <> 3 AND version <> (SELECT count(*) FROM messages m
			WHERE m.tenant = c.tenant AND m.conv = c.id AND m.kind = 5)`,
		"visitors": `SELECT count(*) FROM conversations c LEFT JOIN visitors v ON v.tenant = c.tenant AND v.id = c.visitor WHERE v.id IS NULL`,
		"agents": `SELECT count(*) FROM conversations c LEFT JOIN agents a ON a.tenant = c.tenant AND a.id = c.assignee
			WHERE c.assignee IS NOT NULL AND a.id IS NULL`,
		"one open conversation": `SELECT count(*) FROM (SELECT FROM conversations WHERE status <> 4 GROUP BY tenant, visitor HAVING count(*) > 1) x`,
		"labels": `SELECT count(*) FROM conversations c, jsonb_array_elements_text(c.labels) AS l(label) WHERE NOT EXISTS (SELECT FROM conversation_labels k
			JOIN records r ON r.tenant = k.tenant AND r.kind = 'label' AND r.id = k.label
			WHERE k.tenant = c.tenant AND k.conv = c.id AND k.label = decode(replace(l.label, '-', ''), 'hex'))`,
		"marks": `SELECT count(*) FROM marks k JOIN conversations c ON c.tenant = k.tenant AND c.id = k.conv WHERE k.read_seq > c.last_seq`,
		"times": `SELECT count(*) FROM messages m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conv WHERE m.sent_at < c.created_at OR m.sent_at > c.updated_at`,
	} {
		require.Zero(t, number(t, conn, sql), what)
	}
	for status := range 5 {
		require.NotZero(t, number(t, conn, `SELECT count(*) FROM conversations WHERE status = $1`, status))
	}
	rows, err := conn.Query(t.Context(), `SELECT conv, sender, cmid, id, body FROM messages LIMIT 5000`)
	require.NoError(t, err)
	var conv, cmid, id []byte
	var sender chat.UserID
	var body string
	chinese := 0
	_, err = pgx.ForEachRow(rows, []any{&conv, &sender, &cmid, &id, &body}, func() error {
		require.Equal(t, chat.DeriveMessageID(chat.ConversationID(conv), sender, chat.CMID(cmid)), chat.MessageID(id))
		require.True(t, json.Valid([]byte(body)), body)
		if len([]rune(body)) < len(body) {
			chinese++
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, chinese, 1000)
	require.Less(t, chinese, 4000)

	// It is there: nothing is done. Anything else in the database is left alone.
	require.NoError(t, small.Fill(t.Context(), url, nil))
	more := small
	more.Messages++
	require.ErrorIs(t, more.Fill(t.Context(), url, nil), bench.ErrOtherData)
}

// COPY can't work under row-level security: who is held to it is told so.
func TestDatasetNeedsASuperuser(t *testing.T) {
	p, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	url, err := p.NewDatabase(t.Context())
	require.NoError(t, err)
	require.NoError(t, postgres.Migrate(t.Context(), url))
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `CREATE ROLE plain LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain`)
	require.NoError(t, err)
	cfg, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	require.ErrorContains(t, small.Fill(t.Context(), "postgres://plain@"+p.Addr+"/"+cfg.Database+"?sslmode=disable", nil), "use a superuser")
}
