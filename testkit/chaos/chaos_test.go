package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/process"
)

func TestMain(m *testing.M) { process.Main(m) }

// TestChaos is `make chaos`: it runs the rows that CHAOS_ROWS (a regular expression) selects and writes docs/reliability.md, where the others stay
// as they were. A row that is broken fails the test.
func TestChaos(t *testing.T) {
	if os.Getenv("CHAOS") == "" {
		t.Skip("make chaos runs it")
	}
	seed, messages := rand.Uint64N(1e9), 10_000
	if s := os.Getenv("CHAOS_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err, "CHAOS_SEED")
	}
	if s := os.Getenv("CHAOS_MESSAGES"); s != "" {
		var err error
		messages, err = strconv.Atoi(s)
		require.NoError(t, err, "CHAOS_MESSAGES")
	}
	selected, err := regexp.Compile(os.Getenv("CHAOS_ROWS"))
	require.NoError(t, err, "CHAOS_ROWS")
	t.Logf("CHAOS_SEED=%d", seed)
	rep := newReport()
	for _, row := range rows {
		if !selected.MatchString(row.Name) {
			continue
		}
		res := row.newResult(seed)
		rep.Rows = append(rep.Rows, res)
		t.Run(row.Name, func(t *testing.T) { row.do(t, seed, messages, res) })
	}
	fmt.Println(rep.Markdown())
	if messages >= 10_000 {
		require.NoError(t, rep.Write(filepath.Join("..", "..")))
	}
}

// do runs a row and fails the test with what is broken.
func (row *Row) do(t *testing.T, seed uint64, messages int, res *Result) {
	t.Cleanup(func() {
		if res.Verdict == Held && t.Failed() {
			res.Verdict, res.Why = Broken, "a process ended by itself, or the clean-up failed"
		}
	})
	if row.Break == nil {
		res.Verdict, res.Why = NotRun, row.NotRun
		t.Skip(row.NotRun)
	}
	row.run(t, seed, messages, res)
	t.Logf("%s\n%s", res.details, res.Why)
	if res.Verdict == Broken {
		t.Errorf("%s is broken", row.Name)
	}
}

// TestPlumbing: the harness itself, on one SQLite node that is killed and frozen.
func TestPlumbing(t *testing.T) {
	row := &Row{
		Name: "plumbing", Setup: Setup{SQLite: true, Nodes: 1}, People: Population{Talks: 12, Agents: 2, Watchers: 1, Rate: 600},
		Break: func(r *Run) {
			r.Fault("SIGKILL")
			r.W.Nodes[0].Kill()
			r.W.Nodes[0].Restart()
			r.Healed()
			r.Say(200)
		},
	}
	res := row.newResult(1)
	row.run(t, 1, 800, res)
	require.Equal(t, Held, res.Verdict, "%s\n%+v", res.details, res)
	require.Positive(t, res.Retries)
}

// TestCluster: two rows in short, so that every test run has seen a cluster break.
func TestCluster(t *testing.T) {
	for _, row := range rows {
		if row.Name != "redis-kill" && row.Name != "node-kill-append" {
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			short := *row
			short.People = Population{Talks: 12, Agents: 3, Watchers: 3, Rate: 500}
			res := short.newResult(1)
			short.run(t, 1, 1000, res)
			require.Equal(t, Held, res.Verdict, "%s\n%+v", res.details, res)
		})
	}
}
