package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestGeneratedClient: a client that a public generator makes of docs/openapi.yaml compiles, and the main flow runs with it. What it
// can't decode, or what the document does not name, fails it (see tools/client).
func TestGeneratedClient(t *testing.T) {
	ctx := within(t, 15*time.Minute)
	client := buildClient(ctx, t)
	onBoth(t, func(t *testing.T, start func(o process.Options) *process.Server) {
		s := start(process.Options{Env: append([]string{"UNIQCHAT_WEBHOOKS_ALLOW_NETWORKS=127.0.0.0/8"}, fast...)})
		run := exec.CommandContext(within(t, 3*time.Minute), client, s.BaseURL())
		run.Env = append(os.Environ(), "UNIQCHAT_DEMO_PASSWORD="+process.Password)
		out, err := run.CombinedOutput()
		require.NoError(t, err, "%s\n%s", out, s.Log())
		require.Contains(t, string(out), "who has logged out is out")
	})
}

// buildClient generates the client of the document as it is, and builds the flow with it. Nothing is written into the work tree.
func buildClient(ctx context.Context, t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(root, "tools/client/*"))
	require.NoError(t, err)
	for _, name := range files {
		if filepath.Base(name) == "api" { // left by somebody who worked on it
			continue
		}
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), b, 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "api"), 0o700))
	client := filepath.Join(dir, "client")
	for _, command := range []string{
		"go tool oapi-codegen -config oapi-codegen.yaml " + filepath.Join(root, "docs/openapi.yaml"),
		"go build -o " + client + " .",
	} {
		args := strings.Fields(command)
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", command, out)
	}
	return client
}
