package server_test

import (
	"bytes"
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	words "github.com/uniqchat/uniqchat/chat/text"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// sealed makes a back end one that seals.
func sealed(on backEnd) backEnd {
	return func(t *testing.T) (storage.Options, places) {
		t.Helper()
		o, where := on(t)
		var err error
		o.Encryption.Masters, err = seal.MastersOf(seal.NewMasterKey())
		require.NoError(t, err)
		return o, where
	}
}

// tracks knows sealed values again, wherever they are, by their nonces: what is sealed can't be looked for by what it says. A word is
// known by what it is in the index.
type tracks struct {
	o       storage.Options
	n       *node
	holds   map[string]func(t *testing.T) []byte // all that a place holds
	planted map[string]map[string]bool
}

// What sealed values begin with: version and key, and a nonce of 24 bytes; a file with a mark and a salt of 32.
var (
	sealedText  = regexp.MustCompile(`AQAAA[\w-]{34}`)
	sealedEntry = []byte{1, 0, 0, 0, 1}
	sealedFile  = []byte("\x89uqseal\x01")
)

func heads(b []byte) map[string]bool {
	out := make(map[string]bool)
	for _, one := range sealedText.FindAll(b, -1) {
		out[string(one)] = true
	}
	for mark, more := range map[string]int{string(sealedEntry): 24, string(sealedFile): 32} {
		for rest := b; ; {
			i := bytes.Index(rest, []byte(mark))
			if i < 0 || i+len(mark)+more > len(rest) {
				break
			}
			out[string(rest[i:i+len(mark)+more])] = true
			rest = rest[i+len(mark):]
		}
	}
	return out
}

// sealing replaces how places are looked through, if the node's storage seals. What is there when it is called is planted; it must not be in
// plain, and later a place has what it had and should not have any more.
func (n *node) sealing(o storage.Options, where places) {
	n.t.Helper()
	if n.kept.Store.Keyring() == nil {
		return
	}
	k := &tracks{o: o, n: n, holds: map[string]func(*testing.T) []byte{"uploads": dirBytes(n.shelf)}, planted: map[string]map[string]bool{}}
	k.holds["database"] = dirBytes(filepath.Dir(n.database))
	if o.Redis != "" {
		k.holds["database"], k.holds["redis"] = k.rows, streams(o.Redis)
	}
	t := n.t.(*testing.T)
	k.note(t)
	if o.Redis == "" { // a block's reason was planted and deleted: settings are not sealed, and the WAL has what they said until it is folded in
		k.query(t, `PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	for name, plain := range where {
		where[name] = func(t *testing.T) []string {
			t.Helper()
			require.Empty(t, plain(t), "in plain in the %s", name)
			return k.left(t, name)
		}
	}
}

// note notes what there is, as soon as everything is in the index.
func (k *tracks) note(t *testing.T) {
	t.Helper()
	keys, err := k.n.kept.Store.Keyring().Of(context.Background(), k.n.tenant.ID)
	require.NoError(t, err)
	// A word's first letters may be another's in the index, and stand there once.
	word := keys.Terms([]words.Term{{Text: secret}})[0].Text[4:]
	for name, hold := range k.holds {
		k.planted[name] = heads(hold(t))
		require.NotEmpty(t, k.planted[name], name)
	}
	k.planted["database"][word] = true
	require.Eventually(t, func() bool { return bytes.Contains(k.holds["database"](t), []byte(word)) }, time.Minute, 10*time.Millisecond, "the index has the word")
}

// left are the places' values that were planted and still are there, but for those that may be.
func (k *tracks) left(t *testing.T, name string) (found []string) {
	t.Helper()
	b := k.holds[name](t)
	stays := k.stays(t)
	for one := range k.planted[name] {
		if !stays[one] && bytes.Contains(b, []byte(one)) {
			found = append(found, one)
		}
	}
	return found
}

// stays are values that say nothing of a person: what the system said, of which only what happened is left, and where webhooks are. They
// are read by the API as well.
func (k *tracks) stays(t *testing.T) map[string]bool {
	t.Helper()
	var all strings.Builder
	for _, query := range []string{`SELECT body FROM messages WHERE kind = 5`, `SELECT url FROM webhook_attempts`} {
		for _, value := range k.query(t, query) {
			all.WriteString(value + "\n")
		}
	}
	return heads([]byte(all.String()))
}

// query reads a column of text past the program.
func (k *tracks) query(t *testing.T, query string) (all []string) {
	t.Helper()
	driver, source := "pgx", k.o.URL
	if k.o.Redis == "" {
		driver, source = "sqlite", "file:"+k.n.database+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	if driver == "pgx" {
		_, err := db.ExecContext(t.Context(), `SET uniqchat.system = 'on'`)
		require.NoError(t, err)
	}
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(into...))
		all = append(all, values[0].String)
	}
	require.NoError(t, rows.Err())
	return all
}

// rows are all of PostgreSQL's.
func (k *tracks) rows(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	tables := k.query(t, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`)
	require.Greater(t, len(tables), 20)
	for _, table := range tables {
		for _, row := range k.query(t, `SELECT r::text FROM "`+table+`" AS r`) {
			out.WriteString(row + "\n")
		}
	}
	return out.Bytes()
}

// streams are all entries of Redis's streams. What else there is holds ids.
func streams(url string) func(t *testing.T) []byte {
	return func(t *testing.T) []byte {
		t.Helper()
		o, err := goredis.ParseURL(url)
		require.NoError(t, err)
		c := goredis.NewClient(o)
		defer c.Close()
		keys, err := c.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		var out bytes.Buffer
		for _, key := range keys {
			if c.Type(t.Context(), key).Val() != "stream" {
				continue
			}
			entries, err := c.XRange(t.Context(), key, "-", "+").Result()
			require.NoError(t, err)
			for _, e := range entries {
				for _, v := range e.Values {
					s, _ := v.(string)
					out.WriteString(s)
				}
			}
		}
		return out.Bytes()
	}
}

// dirBytes are all files of a folder.
func dirBytes(dir string) func(t *testing.T) []byte {
	return func(t *testing.T) []byte {
		t.Helper()
		var out bytes.Buffer
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			out.Write(b)
			return err
		}))
		return out.Bytes()
	}
}
