package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A demo whose data is sealed: the key is made, tenants' keys are rotated beside the running server, and erased.
func TestKeys(t *testing.T) {
	p := newPlace(t)
	key := strings.TrimSpace(p.must("keys", "generate"))
	file := filepath.Join(p.dir, "keys")
	require.NoError(t, os.WriteFile(file, []byte(key+"\n"), 0o600))
	_, err := p.run("keys", "rotate")
	require.Error(t, err)
	p.env = append(p.env, "UNIQCHAT_ENCRYPTION_ENABLED=true", "UNIQCHAT_ENCRYPTION_KEY_FILE="+file)
	server := p.serve("--demo")
	require.Eventually(t, func() bool { return strings.Contains(p.must("keys", "status"), "sealed with key 1 or later") }, 2*time.Minute, time.Second)
	newest := strings.TrimSpace(p.must("keys", "generate"))
	require.NoError(t, os.WriteFile(file, []byte(newest+"\n"+key+"\n"), 0o600))
	require.Contains(t, p.must("keys", "rotate"), "2 keys are sealed anew")
	require.NoError(t, os.WriteFile(file, []byte(newest+"\n"), 0o600))
	require.Contains(t, p.must("keys", "rotate", "--rewrap"), "0 keys are sealed anew")
	server.end(t, syscall.SIGTERM)

	plain := append([]string(nil), p.env...)
	p.env = append(p.env, "UNIQCHAT_ENCRYPTION_ENABLED=false", "UNIQCHAT_ENCRYPTION_KEY_FILE=")
	out, err := p.run("serve")
	require.Error(t, err)
	require.Contains(t, out, "encryption.key_file")
	p.env = plain
	_, err = p.run("tenant", "erase-keys", "demo")
	require.ErrorContains(t, err, "exit status")
	require.Contains(t, p.must("tenant", "erase-keys", "demo", "--yes"), "erased")
	require.Contains(t, p.must("keys", "status"), "erased")
	require.NotContains(t, p.must("check-config"), key)
}
