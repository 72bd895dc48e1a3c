package e2e_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/uniqchat/uniqchat/testkit/process"
)

// shortest is how many characters of base64, in any case, megabytes of what is sealed do not hold by chance.
const shortest = 10

// needles are the forms that a text may be kept in: as it is, as hexadecimal digits, and, unless it is too short to be told from
// chance, as base64 from any of three places on.
func needles(secret string) (out [][]byte) {
	out = append(out, []byte(strings.ToLower(secret)), []byte(hex.EncodeToString([]byte(secret))))
	for skip := range 3 {
		b := append(make([]byte, skip), secret...)
		b = b[:len(b)/3*3]
		code := base64.StdEncoding.EncodeToString(b)
		if code = code[(skip*8+5)/6:]; len(code) < shortest {
			continue
		}
		out = append(out, []byte(strings.ToLower(code)), []byte(strings.ToLower(strings.NewReplacer("+", "-", "/", "_").Replace(code))))
	}
	return out
}

// holds reports whether bytes hold one of the needles, in any case.
func holds(b []byte, all [][]byte) bool {
	b = bytes.ToLower(b)
	for _, n := range all {
		if bytes.Contains(b, n) {
			return true
		}
	}
	return false
}

// kept is everything that a deployment keeps, as somebody who has its disks sees it.
type kept struct {
	*backend
	s *process.Server
}

// everywhere returns where one of some secrets is: files, rows, keys of Redis, logs.
func (k *kept) everywhere(t *testing.T, secrets ...string) []string {
	t.Helper()
	dirs := []string{k.s.Dir}
	if k.postgres != nil {
		db := k.open(t)
		_, err := db.ExecContext(t.Context(), `CHECKPOINT`)
		require.NoError(t, err)
		require.NoError(t, db.Close())
		_, err = k.redis.Do(t.Context(), "SAVE")
		require.NoError(t, err)
		dirs = append(dirs, k.postgres.Dir, k.redis.Dir)
	}
	out := k.columns(t, secrets...)
	out = append(out, k.keys(t, secrets...)...)
	for _, secret := range secrets {
		all := needles(secret)
		for _, dir := range dirs {
			out = append(out, inFiles(t, dir, secret, all)...)
		}
		logs := map[string]string{"the server's log": k.s.Log()}
		if k.postgres != nil {
			logs["PostgreSQL's log"], logs["Redis's log"] = k.postgres.Log(), k.redis.Log()
		}
		for name, log := range logs {
			if holds([]byte(log), all) {
				out = append(out, secret+" in "+name)
			}
		}
	}
	return out
}

func inFiles(t *testing.T, dir, secret string, all [][]byte) (out []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // a file that has gone
		}
		if b, err := os.ReadFile(path); err == nil && holds(b, all) {
			out = append(out, secret+" in "+path)
		}
		return nil
	}))
	return out
}

// open opens the database from outside.
func (k *kept) open(t *testing.T) *sql.DB {
	t.Helper()
	driver, url := "sqlite", "file:"+filepath.Join(k.s.Dir, "uniqchat.db")+"?_pragma=busy_timeout(10000)"
	if k.database != "" {
		driver, url = "pgx", k.database
	}
	db, err := sql.Open(driver, url)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	return db
}

// columns returns the columns of all tables that hold one of some secrets.
func (k *kept) columns(t *testing.T, secrets ...string) (out []string) {
	t.Helper()
	ctx := t.Context()
	db := k.open(t)
	defer db.Close()
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'` // whose own tables are listed
	if k.database != "" {
		list = `SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`
		_, err := db.ExecContext(ctx, `SET uniqchat.system = 'on'`)
		require.NoError(t, err)
	}
	var tables []string
	rows, err := db.QueryContext(ctx, list)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, rows.Err())
	require.Greater(t, len(tables), 30)
	for _, table := range tables {
		for _, secret := range secrets {
			out = append(out, inTable(t, ctx, db, table, secret)...)
		}
	}
	return out
}

func inTable(t *testing.T, ctx context.Context, db *sql.DB, table, secret string) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(ctx, `SELECT * FROM `+table)
	require.NoError(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	require.NoError(t, err)
	all, hits := needles(secret), map[string]bool{}
	values := make([]any, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(into...))
		for i, v := range values {
			b, is := v.([]byte)
			if !is {
				b = []byte(fmt.Sprint(v))
			}
			hits[names[i]] = hits[names[i]] || holds(b, all)
		}
	}
	require.NoError(t, rows.Err(), table)
	for name, hit := range hits {
		if hit {
			out = append(out, secret+" in "+table+"."+name)
		}
	}
	return out
}

// keys returns the keys of Redis that hold, or are called as, one of some secrets.
func (k *kept) keys(t *testing.T, secrets ...string) (out []string) {
	t.Helper()
	if k.redis == nil {
		return nil
	}
	ctx, client := t.Context(), k.redis.Client()
	defer client.Close()
	names, err := client.Keys(ctx, "*").Result()
	require.NoError(t, err)
	for _, name := range names {
		var value any
		switch client.Type(ctx, name).Val() {
		case "string":
			value = client.Get(ctx, name).Val()
		case "hash":
			value = client.HGetAll(ctx, name).Val()
		case "list":
			value = client.LRange(ctx, name, 0, -1).Val()
		case "set":
			value = client.SMembers(ctx, name).Val()
		case "zset":
			value = client.ZRangeWithScores(ctx, name, 0, -1).Val()
		case "stream":
			value = client.XRange(ctx, name, "-", "+").Val()
		case "none": // it has expired
			continue
		default:
			t.Fatalf("%s is of a type that nobody looks into", name)
		}
		for _, secret := range secrets {
			if holds(fmt.Appendf(nil, "%s %v", name, value), needles(secret)) {
				out = append(out, secret+" in Redis's "+name)
			}
		}
	}
	return out
}
