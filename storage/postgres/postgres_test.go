package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// shared is one server for all tests that don't kill it.
var shared struct {
	once   sync.Once
	server *services.Postgres
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func server(t testing.TB) *services.Postgres {
	shared.once.Do(func() {
		shared.server, shared.err = services.StartPostgres(context.Background(), services.PostgresOptions{})
	})
	require.NoError(t, shared.err)
	return shared.server
}

// migrated returns the URL of a fresh database with the schema.
func migrated(t testing.TB, s *services.Postgres) string {
	address, err := s.NewDatabaseLike(t.Context(), Migrate)
	require.NoError(t, err)
	return address
}

func opened(t testing.TB, address string) *DB {
	d, err := Open(t.Context(), address, Options{})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

// raw runs statements on a connection of its own, in order, and returns the last one's error.
func raw(t testing.TB, address string, statements ...string) (err error) {
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for i, s := range statements {
		if _, err = conn.Exec(t.Context(), s); err != nil && i < len(statements)-1 {
			require.NoError(t, err, s)
		}
	}
	return err
}

// count runs statements and then a query for one number.
func count(t testing.TB, address string, query string, before ...string) (n int) {
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for _, s := range before {
		_, err := conn.Exec(t.Context(), s)
		require.NoError(t, err, s)
	}
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&n), query)
	return n
}

func TestSchema(t *testing.T) {
	address, err := server(t).NewDatabase(t.Context())
	require.NoError(t, err)
	_, err = Open(t.Context(), address, Options{})
	require.ErrorIs(t, err, sqlstore.ErrSchemaBehind)
	require.ErrorContains(t, err, "uniqchat migrate")
	var wg sync.WaitGroup
	for range 3 { // several nodes of a new release
		wg.Go(func() {
			if err := Migrate(context.Background(), address); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	opened(t, address)
	require.NoError(t, raw(t, address, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`))
	_, err = Open(t.Context(), address, Options{})
	require.ErrorIs(t, err, sqlstore.ErrSchemaAhead)
}

// Every table that has tenants' rows is held by row-level security, its owner too.
func TestEveryTenantTableIsHeld(t *testing.T) {
	address := migrated(t, server(t))
	require.Zero(t, count(t, address, `SELECT count(*) FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
		AND (c.relname = 'tenants' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant'))
		AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND c.relnamespace = 'public'::regnamespace)`))
	require.Equal(t, 52, count(t, address, `SELECT count(*) FROM pg_class WHERE relforcerowsecurity`))
	require.Zero(t, count(t, address, `SELECT count(*) FROM pg_class WHERE relowner = 'uniqchat_app'::regrole`))
	// Every key starts with the tenant, but those that find one.
	require.Equal(t, 4, count(t, address, `SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a
		ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE i.indisprimary AND c.relrowsecurity AND a.attname <> 'tenant'
		AND c.relname NOT IN ('tenants', 'dead_letter')`), "site_keys, refresh_tokens, api_tokens and mail_links")
}

// ordinary makes a user without any special right, with a database of its own.
func ordinary(t *testing.T, s *services.Postgres, name, rights string) string {
	admin := s.URL("postgres")
	require.NoError(t, raw(t, admin, fmt.Sprintf(`CREATE ROLE %s LOGIN %s`, name, rights), fmt.Sprintf(`CREATE DATABASE %s OWNER %s`, name, name)))
	u, err := url.Parse(s.URL(name))
	require.NoError(t, err)
	u.User = url.User(name)
	return u.String()
}

func TestOwnerWithoutRights(t *testing.T) {
	s, err := services.StartPostgres(t.Context(), services.PostgresOptions{}) // one where no role was made yet
	require.NoError(t, err)
	defer s.Close()
	humble := ordinary(t, s, "humble", "")
	err = Migrate(t.Context(), humble)
	require.ErrorContains(t, err, `CREATE ROLE uniqchat_app NOLOGIN; GRANT uniqchat_app TO "humble"`)
	address := ordinary(t, s, "keeper", "CREATEROLE")
	require.NoError(t, Migrate(t.Context(), address))
	require.NoError(t, Migrate(t.Context(), address))
	require.Error(t, Migrate(t.Context(), humble), "the role is there, but not for this user")
	require.NoError(t, raw(t, s.URL("postgres"), `GRANT uniqchat_app TO humble`))
	require.ErrorContains(t, Migrate(t.Context(), humble), `GRANT uniqchat_search TO "humble"`)
	require.NoError(t, raw(t, s.URL("postgres"), `GRANT uniqchat_search TO humble`))
	require.NoError(t, Migrate(t.Context(), humble))
	for _, a := range []string{address, humble} {
		d := opened(t, a)
		f := project1000(t, d)
		require.Zero(t, count(t, a, `SELECT count(*) FROM messages`), "the owner says nothing of a tenant or the system")
		require.Equal(t, 1000, count(t, a, `SELECT count(*) FROM messages`, `SET uniqchat.system = 'on'`))
		finish(t, d)
		require.Zero(t, count(t, a, `SELECT count(*) FROM search`))
		require.Equal(t, 960, count(t, a, `SELECT count(*) FROM search`, `SET uniqchat.system = 'on'`))
		require.Len(t, found(t, d, f.tenants[1], chat.Filter{Text: "77 "}), 1)
		d.Close()
	}
}

// A tenant's transaction sees and writes one tenant's rows, whatever its SQL says.
func TestRowsOfOneTenant(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := project1000(t, d)
	mine, theirs := f.tenants[0], f.tenants[1]
	asApp := []string{`BEGIN`, `SET LOCAL ROLE uniqchat_app`}
	as := func(tenant string) []string { return append(asApp[:2:2], `SET LOCAL uniqchat.tenant = '`+tenant+`'`) }
	hex := func(b [16]byte) string { return fmt.Sprintf("%x", b) }
	all := count(t, address, `SELECT count(*) FROM messages`)
	own := count(t, address, fmt.Sprintf(`SELECT count(*) FROM messages WHERE tenant = '\x%x'`, mine[:]))
	require.Equal(t, 1000, all)
	require.NotZero(t, own)
	require.Less(t, own, all)
	hook := addWebhook(t, d, theirs, chat.AllEvents)
	_, err := d.Store().Ping(t.Context(), theirs, hook.ID, []byte(`{}`), time.Now())
	require.NoError(t, err)
	tok := chat.APIToken{ID: chat.NewID[chat.APIToken](), Hash: [32]byte{1}, Tenant: theirs, Name: "crm", Scopes: chat.AllScopes}
	require.NoError(t, d.Store().SaveAPIToken(t.Context(), tok))
	platform := chat.APIToken{ID: chat.NewID[chat.APIToken](), Hash: [32]byte{2}, Name: "platform"}
	require.NoError(t, d.Store().SaveAPIToken(t.Context(), platform))
	require.NoError(t, d.Store().SaveSecondFactor(t.Context(), chat.SecondFactor{Tenant: theirs, Agent: chat.NewID[chat.Agent](), Secret: "S"}, [32]byte{3}))
	require.Zero(t, count(t, address, `SELECT count(*) FROM api_tokens`, as(hex(mine))...), "nor the platform's")
	require.Equal(t, 1, count(t, address, `SELECT count(*) FROM api_tokens`, as(hex(theirs))...))
	for _, tenant := range []string{"NULL", fmt.Sprintf(`'\x%x'`, theirs[:])} {
		forge := fmt.Sprintf(`INSERT INTO api_tokens VALUES ('\x09', %s, '\x09', '', '', '*', NULL, 0, 0)`, tenant)
		require.Equal(t, noPrivilege, state(raw(t, address, append(as(hex(mine)), forge)...)), "a token for %s", tenant)
	}
	for _, table := range []string{
		"tenants", "site_keys", "teams", "agents", "visitors", "conversations", "messages", "marks", "revisions",
		"api_tokens", "second_factors", "recovery_codes", "records", "conversation_labels",
		"webhooks", "webhook_sequences", "webhook_events", "webhook_deliveries", "webhook_attempts",
	} {
		require.Zero(t, count(t, address, `SELECT count(*) FROM `+table, asApp...), "%s without a tenant", table)
		require.Zero(t, count(t, address, `SELECT count(*) FROM `+table, append(asApp[:2:2], `SET LOCAL uniqchat.system = 'on'`)...), "%s as the system", table)
		require.Zero(t, count(t, address, fmt.Sprintf(`SELECT count(*) FROM %s WHERE %s = '\x%x'`, table, map[bool]string{true: "id", false: "tenant"}[table == "tenants"], theirs[:]), as(hex(mine))...))
	}
	require.Equal(t, own, count(t, address, `SELECT count(*) FROM messages`, as(hex(mine))...))
	require.Zero(t, count(t, address, `SELECT count(*) FROM messages`, as("")...))
	for _, forbidden := range []string{"dead_letter", "refresh_tokens", "signing_keys", "ended_families", "attempts", "log_partitions", "messages_0", "search", "search_buckets", "search_queue", "search_backlog"} {
		require.Equal(t, noPrivilege, state(raw(t, address, append(as(hex(mine)), `SELECT * FROM `+forbidden)...)), forbidden)
	}
	update := fmt.Sprintf(`UPDATE conversations SET priority = 7 WHERE tenant = '\x%x'`, theirs[:])
	require.NoError(t, raw(t, address, append(as(hex(mine)), update, `COMMIT`)...))
	require.Zero(t, count(t, address, `SELECT count(*) FROM conversations WHERE priority = 7`))
	insert := fmt.Sprintf(`INSERT INTO teams VALUES ('\x%x', '\x00', 'stolen', 0)`, theirs[:])
	require.Equal(t, noPrivilege, state(raw(t, address, append(as(hex(mine)), insert)...)))
	move := fmt.Sprintf(`UPDATE conversations SET tenant = '\x%x'`, theirs[:])
	require.Equal(t, noPrivilege, state(raw(t, address, append(as(hex(mine)), move)...)))
}

// What the Store asks is held the same way, on a superuser's connection, whatever the SQL says.
func TestScopes(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := project1000(t, d)
	seen := func(s sqlstore.Scope) (n int) {
		for _, run := range []sqlstore.Runner{d.run, d.runAgain} {
			require.NoError(t, run(t.Context(), s, func(ctx context.Context, q sqlstore.Querier) error {
				return q.QueryRowContext(ctx, `SELECT count(*) FROM messages`).Scan(&n)
			}))
		}
		return n
	}
	own := count(t, address, fmt.Sprintf(`SELECT count(*) FROM messages WHERE tenant = '\x%x'`, f.tenants[0][:]))
	for range 20 { // connections are used again
		require.Equal(t, own, seen(sqlstore.Of(f.tenants[0])))
		require.Equal(t, 1000-own, seen(sqlstore.Of(f.tenants[1])))
		require.Equal(t, 1000, seen(sqlstore.System))
		require.Zero(t, seen(sqlstore.Of(chat.NewID[chat.Tenant]())))
		require.Zero(t, seen(sqlstore.Scope{}))
	}
	refused := errors.New("refused")
	require.ErrorIs(t, d.run(t.Context(), sqlstore.System, func(ctx context.Context, q sqlstore.Querier) error {
		_, err := q.ExecContext(ctx, `UPDATE conversations SET priority = 9`)
		require.NoError(t, err)
		return refused
	}), refused)
	require.Zero(t, count(t, address, `SELECT count(*) FROM conversations WHERE priority = 9`), "what failed leaves nothing behind")
}

// Reads and writes go on by themselves after a crash of the server, and say that it is away while it is.
func TestAway(t *testing.T) {
	s, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	defer s.Close()
	d := opened(t, migrated(t, s))
	var wg sync.WaitGroup
	for range 8 { // open several connections
		wg.Go(func() {
			_, err := d.Store().Tenants(context.Background())
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.NoError(t, s.Kill())
	_, err = d.Store().Tenants(t.Context())
	requireBusy(t, err)
	_, err = d.Heads(t.Context(), newFeed(1).keys[0])
	requireBusy(t, err)
	require.NoError(t, s.Start(t.Context()))
	require.Eventually(t, func() bool { // not before the breaker lets somebody try
		_, err = d.Store().Tenants(t.Context())
		return err == nil
	}, 2*shutFor, shutFor/50)
	_, err = d.Heads(t.Context(), newFeed(1).keys[0])
	require.NoError(t, err)
	require.NoError(t, s.Restart(t.Context())) // now connections are dead that look alive
	_, err = d.Store().Tenants(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Restart(t.Context()))
	_, err = d.Heads(t.Context(), newFeed(1).keys[0])
	require.NoError(t, err)
	require.NoError(t, s.Pause())
	soon, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = d.Store().Tenants(soon)
	requireBusy(t, err)
	require.NoError(t, s.Resume())
	_, err = d.Store().Tenants(t.Context())
	require.NoError(t, err)
}
