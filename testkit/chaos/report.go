package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Report is the table: the rows of this run, and of earlier ones those that it left out.
type Report struct {
	Machine string    `json:"machine"`
	Rows    []*Result `json:"rows"`
}

// newReport begins a report.
func newReport() *Report {
	return &Report{Machine: fmt.Sprintf("%d processors, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)}
}

// Write writes docs/reliability.md and the results beside other measurements, root being the project's folder. Rows that were
// not selected are kept from the newest results that are there.
func (rep *Report) Write(root string) error {
	results := filepath.Join(root, "bench", "results")
	if err := rep.keep(results); err != nil {
		return err
	}
	b, err := json.MarshalIndent(rep, "", " ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(filepath.Join(results, today()+"-chaos.json"), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, "docs", "reliability.md"), []byte(rep.Markdown()), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// keep adds what earlier runs said of the other rows, all in the table's order.
func (rep *Report) keep(results string) error {
	files, err := filepath.Glob(filepath.Join(results, "*-chaos.json"))
	if err != nil {
		return fmt.Errorf("look for earlier results: %w", err)
	}
	known := map[string]*Result{}
	if len(files) > 0 {
		b, err := os.ReadFile(files[len(files)-1]) // names begin with the date
		if err != nil {
			return fmt.Errorf("read earlier results: %w", err)
		}
		var earlier Report
		if err := json.Unmarshal(b, &earlier); err != nil {
			return fmt.Errorf("read earlier results: %w", err)
		}
		for _, r := range earlier.Rows {
			known[r.Row] = r
		}
	}
	for _, r := range rep.Rows {
		known[r.Row] = r
	}
	rep.Rows = nil
	for _, row := range rows {
		if r := known[row.Name]; r != nil {
			rep.Rows = append(rep.Rows, r)
		}
	}
	return nil
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }

const head = `# Reliability: what was broken, and what held

` + "`make chaos`" + ` writes this page. Every row starts a redis-server, a PostgreSQL and three nodes of its own as child processes, each node
behind its own proxy, and lets visitors and agents write to one another on all of them. While they do, something is broken from
outside and healed. Clients retry and resume as docs/protocol.md says, and write down everything that they sent, were told and showed;
afterwards all journals are held against the database, read with SQL, and against what readers get who were never there.

A row counts as not run with fewer than the asked number of acknowledged messages (10,000). *A second*: acknowledged messages over the whole row, its
faults included. *Lost*: acknowledged and not in the database.
*Doubled*: in it twice. *Undelivered*: conversations of which a reader ended without something. *Acks again*: from the moment
that the fault was healed (a server answers again, a node is ready) to the first SENDACK; the longest, where a row
breaks things several times. *Longest gap*: between two SENDACKs to anybody, from the fault on. *Longest wait*: of one message, from its
first SEND to its SENDACK. *Projected*: from the heal until everything acknowledged by then was in the database.

`

// Markdown is the page.
func (rep *Report) Markdown() string {
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "Everything shared one machine: %s. `make chaos CHAOS_ROWS=<row> CHAOS_SEED=<seed>` makes a row's choices again.\n\n", rep.Machine)
	b.WriteString("| row | fault | verdict | acknowledged | a second | lost | doubled | undelivered | retries | acks again | longest gap | longest wait | projected |\n")
	b.WriteString("|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range rep.Rows {
		verdict := "**" + r.Verdict + "**"
		if r.Verdict == Held {
			verdict = Held
		}
		if r.Acked == 0 {
			fmt.Fprintf(&b, "| %s | %s | %s | | | | | | | | | | |\n", r.Row, r.Fault, verdict)
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %.0f | %d | %d | %d | %d | %s | %s | %s | %s |\n", r.Row, r.Fault, verdict,
			r.Acked, r.Rate, r.Lost, r.Doubled, r.Missing, r.Retries, millis(r.Again), millis(r.Gap), millis(r.Wait), millis(r.Projected))
	}
	b.WriteString("\n## Row by row\n")
	for _, r := range rep.Rows {
		r.markdown(&b)
	}
	return b.String()
}

// markdown writes what a row has beside its line.
func (r *Result) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s: %s\n\n%s. Must hold: %s. Run on %s, seed %d, revision %s.\n\n", r.Row, r.Verdict, r.Fault, r.Holds, r.Date, r.Seed, r.Revision)
	if r.Why != "" {
		fmt.Fprintf(b, "- why: %s\n", oneLine(r.Why))
	}
	if r.Verdict == NotRun && r.Acked == 0 {
		return
	}
	for _, c := range r.Checks {
		mark := "held"
		if !c.OK {
			mark = "**broken**"
		}
		fmt.Fprintf(b, "- %s: %s: %s\n", mark, c.What, oneLine(c.Got))
	}
	if r.Problems > 0 {
		fmt.Fprintf(b, "- **broken**: %d problems in the journals: %s\n", r.Problems, r.Kinds)
	}
	if r.TakenBack > 0 {
		fmt.Fprintf(b, "- %d messages were acknowledged, taken back by a fork and sent again by their senders\n", r.TakenBack)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(b, "- %s\n", oneLine(n))
	}
}

// millis writes milliseconds for people.
func millis(ms float64) string {
	switch {
	case ms < 0:
		return "never"
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

// oneLine cuts a text to one line that a list can have.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 400 {
		s = s[:400] + " …"
	}
	return s
}
