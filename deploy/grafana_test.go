package deploy_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"
)

type panel struct {
	ID      int
	Type    string
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		Expr         string
		LegendFormat string
	}
}

type dashboard struct {
	Title      string
	UID        string
	Panels     []panel
	Templating struct {
		List []struct {
			Name  string
			Query any
		}
	}
}

// sources is the text of everything that makes metrics.
func sources(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	for _, dir := range []string{"server", "engine", "storage", "cmd", "chat"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b.WriteString(read(t, path))
			return nil
		}))
	}
	return b.String()
}

// Every metric of ours that the dashboard shows is one that the program makes, and the panels do not overlap.
func TestDashboard(t *testing.T) {
	var d dashboard
	require.NoError(t, json.Unmarshal([]byte(read(t, "grafana/uniqchat.json")), &d))
	require.Equal(t, "uniqchat", d.UID)
	code := sources(t)
	var b bytes.Buffer
	metrics.WriteProcessMetrics(&b)
	process := b.String()
	name := regexp.MustCompile(`\b(?:uniqchat|chat|message|process|go|redis|pg)_[a-z_]+`)
	seen := map[string]bool{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			require.NotEmpty(t, target.Expr, p.Title)
			for _, metric := range name.FindAllString(target.Expr, -1) {
				metric = strings.TrimSuffix(metric, "_bucket")
				seen[metric] = true
				switch prefix, _, _ := strings.Cut(metric, "_"); prefix {
				case "redis", "pg": // the exporters' own
				case "process", "go":
					if !strings.Contains(process, "\n"+metric+" ") {
						t.Errorf("panel %q: no process makes %s", p.Title, metric)
					}
				default:
					if !regexp.MustCompile("[\"`]" + metric + "[\"`{]").MatchString(code) {
						t.Errorf("panel %q: nothing makes %s", p.Title, metric)
					}
				}
			}
		}
	}
	for _, must := range []string{
		"chat_online_visitors", "message_process_seconds", "chat_dropped_messages_total", "uniqchat_engine_connections",
		"uniqchat_live_acks_total", "uniqchat_projection_lag_seconds", "redis_up", "pg_up",
	} {
		require.True(t, seen[must], must)
	}
	checkPanels(t, d.Panels)
}

// checkPanels holds that panels have a name and a number of their own, and a place of their own on the grid.
func checkPanels(t *testing.T, panels []panel) {
	t.Helper()
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range panels {
		require.NotEmpty(t, p.Title)
		require.False(t, ids[p.ID], "two panels are %d", p.ID)
		ids[p.ID] = true
		require.Equal(t, p.Type == "row", len(p.Targets) == 0, p.Title)
		g := p.GridPos
		require.LessOrEqual(t, g.X+g.W, 24, p.Title)
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				require.Empty(t, taken[[2]int{x, y}], "%s lies on another", p.Title)
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	require.Greater(t, len(panels), 20)
}
