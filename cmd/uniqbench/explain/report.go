package explain

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/bench"
)

// Markdown writes the findings as a table.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| what | any tenant: p50, p99 | the biggest: p50, p99 | pages read at most | rows thrown away at most | indexes |\n|---|---|---|---|---|---|\n")
	for i := range r.Findings {
		f := &r.Findings[i]
		indexes := make([]string, 0, len(f.Indexes))
		for _, name := range f.Indexes {
			indexes = append(indexes, "`"+name+"`")
		}
		for _, table := range f.Small {
			indexes = append(indexes, "all of "+table)
		}
		for _, table := range f.Scans {
			indexes = append(indexes, "**all of "+table+"**")
		}
		fmt.Fprintf(&b, "| %s | %.1f, %.1f ms | %.1f, %.1f ms | %d | %d | %s |\n", f.Case, f.Any.All.P50, f.Any.Typical(), f.Biggest.All.P50,
			f.Biggest.Typical(), f.Buffers, f.Removed, strings.Join(indexes, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteJSON writes a result with the findings that it was made of.
func (r *Report) WriteJSON(path string, result *bench.Result) error {
	b, err := json.MarshalIndent(struct {
		*bench.Result
		Findings []Finding `json:"findings"`
	}{result, r.Findings}, "", "  ")
	if err != nil {
		return fmt.Errorf("result: %w", err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// Result is the report as uniqbench shows it.
func (r *Report) Result(c Config, started time.Time) *bench.Result {
	out := &bench.Result{
		Tool: "uniqbench", Version: bench.Version(), Scenario: "explain", Started: started.UTC(), Seconds: time.Since(started).Seconds(),
		Problems: r.Problems(), Machine: bench.ThisMachine(), Server: map[string]string{"postgresql": r.Server},
		Params:    map[string]any{"seed": c.Seed, "calls": c.Calls, "plans": c.Plans, "tenants": c.Tenants},
		Figures:   map[string]float64{"tenants": float64(r.Rows.Tenants), "conversations": float64(r.Rows.Conversations), "messages": float64(r.Rows.Messages)},
		Latencies: map[string]bench.Latency{},
	}
	out.OK = len(out.Problems) == 0
	for i := range r.Findings {
		f := &r.Findings[i]
		out.Latencies[f.Case] = f.Any.All
		out.Latencies[f.Case+" (biggest tenant)"] = f.Biggest.All
	}
	out.Figures["steal_percent"] = r.Steal
	out.Figures["load_average"] = r.Load // of the last minute, this run's own work (about one) included
	return out
}

// The marks in a page between which the table stands.
const (
	markBegin = "<!-- explain: written by uniqbench explain --into -->\n"
	markEnd   = "<!-- end of explain -->"
)

// WriteInto writes the table between the marks of a Markdown page.
func WriteInto(path string, r *Report) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	head, rest, ok := strings.Cut(string(b), markBegin)
	_, tail, ok2 := strings.Cut(rest, markEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no marks for the table: %s%s", path, markBegin, markEnd)
	}
	var table strings.Builder
	if err := r.Markdown(&table); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(head+markBegin+table.String()+markEnd+tail), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
