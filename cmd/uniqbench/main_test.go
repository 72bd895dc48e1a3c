package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/bench"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := root()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestBadCommands(t *testing.T) {
	cases := []struct {
		args []string
		want string
	}{
		{[]string{"run", "chat", "--mode", "udp"}, `mode "udp" is unknown`},
		{[]string{"run", "chat", "--size", "3"}, "size 3 is too small"},
		{[]string{"capacity", "--size", "3"}, "size 3 is too small"},
		{[]string{"run", "sessions"}, "--site-key"},
		{[]string{"run", "idle", "--ws", "wss://example.org/ws"}, "only ws:// is supported"},
		{[]string{"run", "idle", "-q", "-n", "1"}, "no credentials"},
		{[]string{"replay"}, "requires at least 1 arg"},
		{[]string{"replay", "--format", "csv", "x"}, `format "csv" is unknown`},
		{[]string{"replay", filepath.Join("no", "such", "file")}, "no such file"},
		{[]string{"report", filepath.Join("no", "such", "file")}, "no such file"},
	}
	for _, c := range cases {
		_, err := run(t, c.args...)
		require.ErrorContains(t, err, c.want, "%v", c.args)
	}
}

func TestReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	r := bench.Result{Scenario: "echo", OK: true, Figures: map[string]float64{"round_trips_per_second": 1234}}
	require.NoError(t, r.Write(path, os.Stdout))
	out, err := run(t, "report", path)
	require.NoError(t, err)
	require.Contains(t, out, "round trips per second")
	require.Contains(t, out, "1234")
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"run", "idle", "--help"}, {"run", "echo", "--help"}, {"run", "chat", "--help"}, {"capacity", "--help"}, {"run", "sessions", "--help"}, {"replay", "--help"}} {
		out, err := run(t, args...)
		require.NoError(t, err)
		require.Contains(t, out, "Usage:")
	}
}
