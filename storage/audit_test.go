package storage_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/notary"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// How many ways to spoil a chain are tried. PostgreSQL reads the same rows by the same text, more slowly.
const (
	mutationsSQLite     = 1000
	mutationsPostgreSQL = 300
)

// crime is somebody with all rights to the database, but no key.
type crime struct {
	t      *testing.T
	db     *sql.DB
	rnd    *rand.Rand
	tenant chat.TenantID
	all    []chat.AuditEntry // as they were
	pg     bool
}

func TestEveryMutationIsFoundSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	mutate(t, mutationsSQLite, storage.Options{URL: "sqlite:" + path}, func() *sql.DB {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=synchronous(0)")
		require.NoError(t, err)
		return db
	})
}

func TestEveryMutationIsFoundPostgreSQL(t *testing.T) {
	rows, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = rows.Close() })
	url, err := rows.NewDatabase(t.Context())
	require.NoError(t, err)
	o := storage.Options{URL: url}
	require.NoError(t, storage.Migrate(t.Context(), o))
	mutate(t, mutationsPostgreSQL, o, func() *sql.DB {
		db, err := sql.Open("pgx", url)
		require.NoError(t, err)
		db.SetMaxOpenConns(1)
		_, err = db.Exec(`SET uniqchat.system = 'on'; SET synchronous_commit = off`)
		require.NoError(t, err)
		return db
	})
}

// mutate makes a chain, spoils it in random ways, each time from the same state, and wants every one found. UNIQCHAT_AUDIT_SEED
// repeats a run.
func mutate(t *testing.T, mutations int, o storage.Options, open func() *sql.DB) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("UNIQCHAT_AUDIT_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("UNIQCHAT_AUDIT_SEED=%d", seed)
	dir := t.TempDir()
	n, err := notary.Open(notary.Options{Key: filepath.Join(dir, "key"), Checkpoint: filepath.Join(dir, "checkpoint")})
	require.NoError(t, err)
	o.Audit = n
	store, closeStore, err := storage.OpenStore(t.Context(), o)
	require.NoError(t, err)
	defer func() { require.NoError(t, closeStore()) }()
	db := open()
	defer db.Close()
	c := &crime{t: t, db: db, rnd: rand.New(rand.NewPCG(seed, 1)), tenant: chat.NewID[chat.Tenant](), pg: o.URL[0] == 'p'}
	for i := range 40 {
		by := chat.WithAct(t.Context(), chat.Act{ActorKind: chat.ActorAgent, ActorID: fmt.Sprint("agent-", i%3), ActorName: "A", Address: "192.0.2.1"})
		require.NoError(t, store.Audit(by, c.tenant, chat.AuditNote{Action: "team.updated", TargetKind: "team", TargetID: fmt.Sprint(i), Details: []byte(fmt.Sprintf(`{"n":%d}`, i))}))
		if i == 10 {
			_, err := store.PruneAudit(t.Context(), c.tenant, time.Now().Add(time.Hour), 5)
			require.NoError(t, err)
		}
		if i == 20 || i == 39 {
			require.NoError(t, n.Write(t.Context(), store))
		}
		if i == 25 {
			c.exec(`CREATE TABLE old_entries AS SELECT * FROM audit_entries`)
			c.exec(`CREATE TABLE old_heads AS SELECT * FROM audit_heads`)
		}
	}
	c.exec(`CREATE TABLE good_entries AS SELECT * FROM audit_entries`)
	c.exec(`CREATE TABLE good_heads AS SELECT * FROM audit_heads`)
	c.all, err = store.AuditRange(t.Context(), c.tenant, 0, 1000)
	require.NoError(t, err)
	require.Len(t, c.all, 36)
	marks, err := notary.ReadMarks(filepath.Join(dir, "checkpoint"), n, func(line int, reason string) { t.Error(line, reason) })
	require.NoError(t, err)
	require.Len(t, marks[c.tenant], 2)
	verify := func() (faults []chat.AuditFault) {
		_, err := chat.VerifyAudit(t.Context(), store, n, c.tenant, slices.Clone(marks[c.tenant]), func(f chat.AuditFault) { faults = append(faults, f) })
		require.NoError(t, err)
		return faults
	}
	require.Empty(t, verify(), "before anything was done to it")
	kinds := map[string]int{}
	began := time.Now()
	for i := range mutations {
		what := c.commit()
		faults := verify()
		if len(faults) == 0 {
			t.Errorf("mutation %d is not found: %s", i, what)
		}
		for _, f := range faults {
			kinds[f.Kind]++
		}
		c.restore()
	}
	require.Empty(t, verify(), "after everything was put back")
	t.Logf("%d mutations in %s: %v", mutations, time.Since(began).Round(time.Millisecond), kinds)
}

func (c *crime) exec(query string, args ...any) {
	c.t.Helper()
	_, err := c.db.ExecContext(context.Background(), query, args...)
	require.NoError(c.t, err, query)
}

func (c *crime) restore() {
	for _, q := range []string{
		`DELETE FROM audit_entries`, `INSERT INTO audit_entries SELECT * FROM good_entries`,
		`DELETE FROM audit_heads`, `INSERT INTO audit_heads SELECT * FROM good_heads`,
	} {
		c.exec(q)
	}
}

var (
	textColumns   = []string{"actor_kind", "actor_id", "actor_name", "address", "request", "action", "target_kind", "target_id", "target_name", "outcome", "details", "sign_key"}
	bytesColumns  = []string{"id", "prev", "hash", "signature"}
	headText      = []string{"sign_key", "base_key"}
	headBytes     = []string{"hash", "signature", "base_hash", "base_signature"}
	headNumbers   = []string{"seq", "at", "base_seq"}
	entrySequence = func(c *crime) uint64 { return c.all[c.rnd.IntN(len(c.all))].Seq }
)

func pick[T any](c *crime, from []T) T { return from[c.rnd.IntN(len(from))] }

// commit does one thing to the chain and says what.
func (c *crime) commit() string {
	for {
		if what, err := pick(c, []func(*crime) (string, error){
			editText, editBytes, editTime, remove, cut, swap, insert, insertAtEnd, rewrite, rewriteAll, editHead, oldCopy, everything, replayed,
		})(c); err == nil {
			return what
		}
		c.restore()
	}
}

var errNothing = errors.New("that would change nothing")

func editText(c *crime) (string, error) {
	column, seq := pick(c, textColumns), entrySequence(c)
	c.exec(`UPDATE audit_entries SET `+column+` = `+column+` || 'x' WHERE tenant = $1 AND seq = $2`, c.tenant, int64(seq))
	return fmt.Sprint("edit ", column, " of ", seq), nil
}

// flip changes one bit, or cuts or adds a byte.
func (c *crime) flip(b []byte) []byte {
	b = bytes.Clone(b)
	switch how := c.rnd.IntN(4); {
	case how == 0 && len(b) != 16 && len(b) != 32: // an id or a hash of another length can't be read at all
		return append(b, 0)
	default:
		b[c.rnd.IntN(len(b))] ^= 1 << c.rnd.IntN(8)
		return b
	}
}

func editBytes(c *crime) (string, error) {
	column, seq := pick(c, bytesColumns), entrySequence(c)
	var b []byte
	require.NoError(c.t, c.db.QueryRow(`SELECT `+column+` FROM audit_entries WHERE tenant = $1 AND seq = $2`, c.tenant, int64(seq)).Scan(&b))
	c.exec(`UPDATE audit_entries SET `+column+` = $3 WHERE tenant = $1 AND seq = $2`, c.tenant, int64(seq), c.flip(b))
	return fmt.Sprint("edit ", column, " of ", seq), nil
}

func editTime(c *crime) (string, error) {
	seq := entrySequence(c)
	c.exec(`UPDATE audit_entries SET at = at + $3 WHERE tenant = $1 AND seq = $2`, c.tenant, int64(seq), int64(1+c.rnd.IntN(1_000_000)))
	return fmt.Sprint("edit the time of ", seq), nil
}

func remove(c *crime) (string, error) {
	from := entrySequence(c)
	to := from + uint64(c.rnd.IntN(4))
	c.exec(`DELETE FROM audit_entries WHERE tenant = $1 AND seq BETWEEN $2 AND $3`, c.tenant, int64(from), int64(to))
	return fmt.Sprint("delete ", from, " to ", to), nil
}

// cut removes the end, and makes the entry before it the head, with its own signature: a head that was true once.
func cut(c *crime) (string, error) {
	seq := entrySequence(c)
	if seq == c.all[0].Seq {
		return "", errNothing
	}
	c.exec(`DELETE FROM audit_entries WHERE tenant = $1 AND seq >= $2`, c.tenant, int64(seq))
	if c.rnd.IntN(4) > 0 {
		c.headFrom(seq - 1)
	}
	return fmt.Sprint("cut at ", seq), nil
}

func (c *crime) headFrom(seq uint64) {
	c.exec(`UPDATE audit_heads SET (seq, hash, sign_key, signature, at) =
		(SELECT seq, hash, sign_key, signature, at FROM audit_entries WHERE tenant = $1 AND seq = $2) WHERE tenant = $1`, c.tenant, int64(seq))
}

func swap(c *crime) (string, error) {
	a, b := entrySequence(c), entrySequence(c)
	if a == b {
		return "", errNothing
	}
	for _, move := range [][2]uint64{{a, 1 << 40}, {b, a}, {1 << 40, b}} {
		c.exec(`UPDATE audit_entries SET seq = $3 WHERE tenant = $1 AND seq = $2`, c.tenant, int64(move[0]), int64(move[1]))
	}
	if c.rnd.IntN(2) == 0 {
		c.relink()
	}
	return fmt.Sprint("swap ", a, " and ", b), nil
}

// shift makes room for an entry at seq.
func (c *crime) shift(seq uint64) {
	c.exec(`UPDATE audit_entries SET seq = seq + 1000000 WHERE tenant = $1 AND seq >= $2`, c.tenant, int64(seq))
	c.exec(`UPDATE audit_entries SET seq = seq - 999999 WHERE tenant = $1 AND seq >= 1000000`, c.tenant)
}

// write puts a made-up entry in a place.
func (c *crime) write(e *chat.AuditEntry) {
	c.exec(`DELETE FROM audit_entries WHERE tenant = $1 AND seq = $2`, c.tenant, int64(e.Seq))
	c.exec(`INSERT INTO audit_entries SELECT tenant, $2, $3, at, actor_kind, actor_id, actor_name, address, request, $4, target_kind, target_id,
		target_name, outcome, $5, $6, $7, sign_key, $8 FROM good_entries WHERE tenant = $1 AND seq = $9`, c.tenant, int64(e.Seq), e.ID, e.Action,
		string(e.Details), e.Prev[:], e.Hash[:], e.Signature, int64(c.all[0].Seq))
}

// forged is an entry as somebody would make it who has read all about the encoding; the signature is of another entry.
func (c *crime) forged(seq uint64, prev [32]byte) chat.AuditEntry {
	e := c.all[0]
	e.Seq, e.ID, e.Action, e.Details, e.Prev = seq, chat.NewID[chat.AuditEntry](), "agent.created", []byte(`{}`), prev
	e.Hash = e.Sum()
	e.Signature = c.all[c.rnd.IntN(len(c.all))].Signature
	return e
}

func (c *crime) prevOf(seq uint64) [32]byte { return c.all[seq-c.all[0].Seq].Prev }

func insert(c *crime) (string, error) {
	seq := entrySequence(c)
	c.shift(seq)
	e := c.forged(seq, c.prevOf(seq))
	c.write(&e)
	if c.rnd.IntN(2) == 0 {
		c.relink()
		c.headFrom(c.all[len(c.all)-1].Seq + 1)
	}
	return fmt.Sprint("insert at ", seq), nil
}

func insertAtEnd(c *crime) (string, error) {
	last := c.all[len(c.all)-1]
	e := c.forged(last.Seq+1, last.Hash)
	c.write(&e)
	if c.rnd.IntN(2) == 0 {
		c.headFrom(e.Seq)
	}
	return "insert behind the end", nil
}

// seqs are the numbers of the chain's entries.
func (c *crime) seqs() (out []int64) {
	rows, err := c.db.Query(`SELECT seq FROM audit_entries WHERE tenant = $1 ORDER BY seq`, c.tenant)
	require.NoError(c.t, err)
	defer rows.Close()
	for rows.Next() {
		var seq int64
		require.NoError(c.t, rows.Scan(&seq))
		out = append(out, seq)
	}
	require.NoError(c.t, rows.Err())
	return out
}

// relink makes hashes and links fit again, everywhere: a chain that agrees with itself.
func (c *crime) relink() {
	prev := c.all[0].Prev
	for _, seq := range c.seqs() {
		var e chat.AuditEntry
		var id, details []byte
		var at int64
		require.NoError(c.t, c.db.QueryRow(`SELECT id, at, actor_kind, actor_id, actor_name, address, request, action, target_kind, target_id,
			target_name, outcome, details FROM audit_entries WHERE tenant = $1 AND seq = $2`, c.tenant, seq).Scan(&id, &at, &e.ActorKind, &e.ActorID,
			&e.ActorName, &e.Address, &e.Request, &e.Action, &e.TargetKind, &e.TargetID, &e.TargetName, &e.Outcome, &details))
		e.Tenant, e.Seq, e.At, e.Details, e.Prev = c.tenant, uint64(seq), time.UnixMicro(at), details, prev
		copy(e.ID[:], id)
		prev = e.Sum()
		c.exec(`UPDATE audit_entries SET prev = $3, hash = $4 WHERE tenant = $1 AND seq = $2`, c.tenant, seq, e.Prev[:], prev[:])
	}
}

// rewrite edits an entry and makes everything behind it fit.
func rewrite(c *crime) (string, error) {
	what, err := editText(c)
	c.relink()
	if c.rnd.IntN(2) == 0 {
		c.headFrom(c.all[len(c.all)-1].Seq)
	}
	return what + ", and hash everything again", err
}

// rewriteAll removes one entry and closes the gap.
func rewriteAll(c *crime) (string, error) {
	seq := entrySequence(c)
	c.exec(`DELETE FROM audit_entries WHERE tenant = $1 AND seq = $2`, c.tenant, int64(seq))
	c.exec(`UPDATE audit_entries SET seq = seq + 1000000 WHERE tenant = $1 AND seq > $2`, c.tenant, int64(seq))
	c.exec(`UPDATE audit_entries SET seq = seq - 1000001 WHERE tenant = $1 AND seq > 1000000`, c.tenant)
	c.relink()
	c.headFrom(c.all[len(c.all)-1].Seq - 1)
	return fmt.Sprint("delete ", seq, ", number and hash everything again"), nil
}

func editHead(c *crime) (string, error) {
	switch c.rnd.IntN(3) {
	case 0:
		column := pick(c, headText)
		c.exec(`UPDATE audit_heads SET `+column+` = `+column+` || 'x' WHERE tenant = $1`, c.tenant)
		return "edit the head's " + column, nil
	case 1:
		column := pick(c, headNumbers)
		c.exec(`UPDATE audit_heads SET `+column+` = `+column+` + $2 WHERE tenant = $1`, c.tenant, int64(1+c.rnd.IntN(3)))
		return "edit the head's " + column, nil
	default:
		column := pick(c, headBytes)
		var b []byte
		require.NoError(c.t, c.db.QueryRow(`SELECT `+column+` FROM audit_heads WHERE tenant = $1`, c.tenant).Scan(&b))
		c.exec(`UPDATE audit_heads SET `+column+` = $2 WHERE tenant = $1`, c.tenant, c.flip(b))
		return "edit the head's " + column, nil
	}
}

func oldCopy(c *crime) (string, error) {
	c.exec(`DELETE FROM audit_entries`)
	c.exec(`INSERT INTO audit_entries SELECT * FROM old_entries`)
	if c.rnd.IntN(4) > 0 {
		c.exec(`DELETE FROM audit_heads`)
		c.exec(`INSERT INTO audit_heads SELECT * FROM old_heads`)
	}
	return "restore an older copy", nil
}

func everything(c *crime) (string, error) {
	c.exec(`DELETE FROM audit_entries WHERE tenant = $1`, c.tenant)
	if c.rnd.IntN(2) == 0 {
		c.exec(`DELETE FROM audit_heads WHERE tenant = $1`, c.tenant)
	}
	return "remove everything", nil
}

// replayed puts a copy of one entry, with its own signature, over another.
func replayed(c *crime) (string, error) {
	from, to := entrySequence(c), entrySequence(c)
	if from == to {
		return "", errNothing
	}
	c.exec(`DELETE FROM audit_entries WHERE tenant = $1 AND seq = $2`, c.tenant, int64(to))
	c.exec(`INSERT INTO audit_entries SELECT tenant, $3, id, at, actor_kind, actor_id, actor_name, address, request, action, target_kind, target_id,
		target_name, outcome, details, prev, hash, sign_key, signature FROM good_entries WHERE tenant = $1 AND seq = $2`, c.tenant, int64(from), int64(to))
	return fmt.Sprint("copy ", from, " over ", to), nil
}
