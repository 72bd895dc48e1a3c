package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"
)

// Result is what a scenario found, as it is written to the JSON file.
type Result struct {
	Tool      string             `json:"tool"`
	Version   string             `json:"version"`
	Scenario  string             `json:"scenario"`
	Started   time.Time          `json:"started"`
	Seconds   float64            `json:"seconds"`
	OK        bool               `json:"ok"` // nothing in Problems
	Problems  []string           `json:"problems,omitempty"`
	Notes     []string           `json:"notes,omitempty"` // what a reader of the figures must know
	Params    any                `json:"params"`
	Machine   Machine            `json:"machine"`
	Server    map[string]string  `json:"server,omitempty"` // its own word on its version
	Figures   map[string]float64 `json:"figures"`
	Latencies map[string]Latency `json:"latencies,omitempty"`
	Spans     map[string]Span    `json:"spans,omitempty"` // what the server used, by phase
	Stats     Stats              `json:"stats"`
	Timeline  []Point            `json:"timeline,omitempty"`
}

// Point is one line of a result's timeline.
type Point struct {
	At          float64 `json:"t"`                       // seconds since the measurement began
	Connections int64   `json:"connections"`             // ready
	Rate        float64 `json:"rate"`                    // operations a second since the last point
	CPU         float64 `json:"server_cpu_percent"`      // of one core
	PSS         int64   `json:"server_pss_kib"`          //
	RSS         int64   `json:"server_rss_kib"`          //
	Steal       float64 `json:"steal_percent"`           //
	Lag         float64 `json:"client_lag_ms,omitempty"` // how late the client was at most
}

// maxProblems bounds what a result says about what went wrong.
const maxProblems = 50

// problem notes that something is not as it must be.
func (r *Result) problem(format string, args ...any) {
	switch n := len(r.Problems); {
	case n < maxProblems:
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	case n == maxProblems:
		r.Problems = append(r.Problems, "and more")
	}
}

// lateClient is a p99 of the load generator's own lateness, in milliseconds, beyond which latencies say little of the server.
const lateClient = 5

// annotate adds what the figures alone don't tell.
func (r *Result) annotate() {
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	if l := r.Latencies["client_lag"]; l.P99 > lateClient {
		note("the load generator itself was late (p99 %.1f ms): the machine was busy, and the latencies hold that too", l.P99)
	}
	f := r.Figures
	if before, after := f["pss_before_kib"], f["pss_after_kib"]; before > after {
		note("the server shrank while connections came: it was not at rest before (a fresh start leaves garbage behind), so the growth says " +
			"nothing; run again later, or read whole_process_kib_per_connection")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Spans)) {
		switch s := r.Spans[name]; {
		case s.Steal > 2:
			note("%s: the host took %.0f %% of the machine's time", name, s.Steal)
		case s.RSS == 0:
			note("%s: the server's processes were not found, so their CPU and memory are missing: use --pid or --server-name", name)
		}
	}
}

// Write writes the result as indented JSON to a file, or to stdout if path is empty or "-".
func (r *Result) Write(path string, stdout io.Writer) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("result: %w", err)
	}
	b = append(b, '\n')
	if path == "" || path == "-" {
		_, err = stdout.Write(b)
	} else {
		err = os.WriteFile(path, b, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// ReadResults reads results from a file: one, or several one after the other.
func ReadResults(path string) ([]*Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	defer f.Close()
	var out []*Result
	for dec := json.NewDecoder(f); ; {
		r := new(Result)
		switch err := dec.Decode(r); err {
		case nil:
			out = append(out, r)
		case io.EOF:
			return out, nil
		default:
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
}
