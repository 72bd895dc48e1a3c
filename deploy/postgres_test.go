package deploy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/services"
)

// A PostgreSQL takes the shipped configuration, and what the promises need is in force.
func TestPostgresConf(t *testing.T) {
	dir, err := os.MkdirTemp("", "uniqchat-deploy-") // not t.TempDir: another user must reach it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	conf := filepath.Join(dir, "postgresql.conf")
	require.NoError(t, os.WriteFile(conf, []byte(read(t, "postgres/postgresql.conf")), 0o644))
	p, err := services.StartPostgres(t.Context(), services.PostgresOptions{Dir: dir, Args: []string{"-c", "config_file=" + conf}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	conn, err := pgx.Connect(t.Context(), p.URL("postgres"))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	for name, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "jit": "off", "random_page_cost": "1.1",
		"max_wal_size":    "512MB", // the harness's command line goes over the file
		"wal_compression": "pglz", "checkpoint_timeout": "15min", "idle_in_transaction_session_timeout": "1min",
		"effective_cache_size": "6GB", "shared_preload_libraries": "pg_stat_statements",
	} {
		var got string
		require.NoError(t, conn.QueryRow(t.Context(), "SHOW "+name).Scan(&got))
		require.Equal(t, want, got, name)
	}
	// The server itself finds no line that it can't apply.
	rows, err := conn.Query(t.Context(), `SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL AND NOT applied AND error <> ''
		AND name NOT IN (SELECT name FROM pg_settings WHERE source = 'command line')`)
	require.NoError(t, err)
	bad, err := pgx.CollectRows(rows, pgx.RowToMap)
	require.NoError(t, err)
	require.Empty(t, bad)
	var lines int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT COUNT(*) FROM pg_file_settings WHERE sourcefile = $1`, conf).Scan(&lines))
	require.Greater(t, lines, 30)
}
