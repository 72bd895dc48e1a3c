package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the command line does is in the audit log, which proves itself, and no longer does once somebody has been at it.
func TestAuditVerify(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "UNIQCHAT_PASSWORD=correct horse")
	p.must("tenant", "create", "shop")
	p.must("user", "create", "a@x.test", "--role", "owner")
	p.must("user", "password", "a@x.test")
	p.must("token", "create", "--name", "crm", "--scope", "*")
	p.must("token", "create", "--name", "ops", "--platform")
	out := p.must("audit", "verify")
	require.Contains(t, out, "platform: 2 entries (1 to 2)")
	require.Contains(t, out, "shop: 4 entries (1 to 4)")
	require.Contains(t, out, "6 entries of 2 chains")
	require.Contains(t, p.must("audit", "verify", "--tenant", "shop"), "4 entries of 1 chains")
	var found verdict
	require.NoError(t, json.Unmarshal([]byte(p.must("audit", "verify", "--json")), &found))
	require.True(t, found.OK)
	require.EqualValues(t, 6, found.Entries)
	require.Regexp(t, "^public [A-Za-z0-9+/=]+ # [0-9a-f]{16}\n$", p.must("audit", "key"))
	key, err := os.Stat(filepath.Join(p.dir, "audit.key"))
	require.NoError(t, err)
	require.EqualValues(t, 0o600, key.Mode().Perm())

	checkpoint := filepath.Join(p.dir, "audit.checkpoint")
	good, err := os.ReadFile(checkpoint)
	require.NoError(t, err)
	require.Len(t, strings.Split(strings.TrimSpace(string(good)), "\n"), 6, "a line for each command and chain")
	bad := func(want string, args ...string) {
		t.Helper()
		out, err := p.run(append([]string{"audit", "verify"}, args...)...)
		require.Error(t, err)
		require.Contains(t, out, want)
	}
	require.NoError(t, os.WriteFile(checkpoint, []byte(strings.Replace(string(good), `"seq":4`, `"seq":5`, 1)+`{"chain`), 0o600))
	bad("the signature does not fit")
	bad("it is not a line of a checkpoint")
	require.NoError(t, os.Remove(checkpoint))
	bad("--no-checkpoint")
	p.must("audit", "verify", "--no-checkpoint")
	require.NoError(t, os.WriteFile(checkpoint, good, 0o600))
	p.must("audit", "verify")

	db, err := sql.Open("sqlite", filepath.Join(p.dir, "uniqchat.db"))
	require.NoError(t, err)
	defer db.Close()
	do := func(query string) {
		t.Helper()
		_, err := db.Exec(query)
		require.NoError(t, err)
	}
	do(`UPDATE audit_entries SET actor_name = 'eve' WHERE action = 'agent.created'`)
	bad("edited: entry 2 was edited")
	out, err = p.run("audit", "verify", "--json")
	require.Error(t, err)
	require.Contains(t, out, `"kind": "edited"`)
	do(`DELETE FROM audit_entries WHERE action = 'agent.created'`)
	bad("deleted: entry 2 is missing")
	do(`DELETE FROM audit_entries WHERE seq > 1`)
	do(`UPDATE audit_heads SET (seq, hash, sign_key, signature, at) = (SELECT e.seq, e.hash, e.sign_key, e.signature, e.at FROM audit_entries e WHERE e.tenant = audit_heads.tenant)`)
	bad("truncated: entries 2 to 4 are missing at the end: a checkpoint of")
	p.must("audit", "verify", "--no-checkpoint") // every signature is true: only the checkpoint tells
	do(`DELETE FROM audit_entries`)
	do(`DELETE FROM audit_heads`)
	bad("the chain has no head")
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "audit.key"), []byte("private c2VjcmV0\n"), 0o600))
	out, err = p.run("audit", "verify")
	require.Error(t, err)
	require.NotContains(t, out, "c2VjcmV0")
}
