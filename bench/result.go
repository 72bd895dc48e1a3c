package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
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
