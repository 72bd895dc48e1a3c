package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
)

// headline lists each scenario's most telling figures, in the order in which they are shown.
var headline = map[string][]string{
	"idle":      {"connections", "kib_per_connection", "idle_cpu_percent", "drops", "rss_after_kib", "connects_per_second"},
	"echo":      {"round_trips_per_second", "server_cpu_us_per_message", "client_cpu_us_per_message"},
	"chat":      {"messages_per_second", "highest_rate", "server_cpu_us_per_message", "lost", "doubled", "different_order"},
	"sessions":  {"sessions_per_second", "server_cpu_us_per_session", "failed"},
	"reconnect": {"seconds_until_all_complete", "slowest_round_seconds", "server_cpu_us_per_reconnect"},
	"replay":    {"dialogues_complete", "turns_delivered", "turns_per_second"},
}

// Report writes results as text: a line for each, and its latencies below.
func Report(w io.Writer, results []*Result) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(t)
		}
		verdict := "ok"
		if !r.OK {
			verdict = "PROBLEMS"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%.0f s\n", r.Scenario, r.Started.Format("2006-01-02 15:04:05Z"), verdict, r.Seconds)
		fmt.Fprintf(t, "  with\t%s\n", params(r.Params))
		fmt.Fprintf(t, "  on\t%s, %d of %d cores, %d MiB, Linux %s, %s, uniqbench %s\n", r.Machine.CPU, r.Machine.Allowed,
			r.Machine.Cores, r.Machine.Memory>>10, r.Machine.Kernel, r.Machine.Go, r.Version)
		figures(t, r)
		latencies(t, r)
		spans(t, r)
		for _, n := range r.Notes {
			fmt.Fprintf(t, "  note: %s\n", n)
		}
		for _, p := range r.Problems {
			fmt.Fprintf(t, "  ! %s\n", p)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func params(p any) string {
	m, ok := p.(map[string]any)
	if !ok {
		return fmt.Sprint(p)
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if v := fmt.Sprint(m[k]); v != "0" && v != "" && v != "false" {
			out = append(out, k+"="+v)
		}
	}
	return strings.Join(out, " ")
}

// figures writes the headline's figures first and then the others.
func figures(w io.Writer, r *Result) {
	names := slices.Collect(maps.Keys(r.Figures))
	rank := func(n string) int {
		if i := slices.Index(headline[r.Scenario], n); i >= 0 {
			return i
		}
		return len(headline[r.Scenario])
	}
	sort.Slice(names, func(i, j int) bool {
		if a, b := rank(names[i]), rank(names[j]); a != b {
			return a < b
		}
		return names[i] < names[j]
	})
	for _, n := range names {
		fmt.Fprintf(w, "  %s\t%s\n", strings.ReplaceAll(n, "_", " "), number(r.Figures[n]))
	}
}

// number writes a figure with four significant digits, and whole numbers whole.
func number(f float64) string {
	if f == float64(int64(f)) || f >= 10_000 || f <= -10_000 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 4, 64)
}

func latencies(w io.Writer, r *Result) {
	if len(r.Latencies) == 0 {
		return
	}
	fmt.Fprintf(w, "  latency, ms\tp50\tp90\tp99\tp99.9\tmax\tcount\n")
	for _, n := range slices.Sorted(maps.Keys(r.Latencies)) {
		l := r.Latencies[n]
		fmt.Fprintf(w, "  %s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\n", strings.ReplaceAll(n, "_", " "), l.P50, l.P90, l.P99, l.P999, l.Max, l.Count)
	}
}

func spans(w io.Writer, r *Result) {
	if len(r.Spans) == 0 {
		return
	}
	fmt.Fprintf(w, "  server\tCPU %%\tCPU s\tPSS MiB\tRSS MiB\tsteal %%\tbusy %%\tclient CPU s\tseconds\n")
	for _, n := range slices.Sorted(maps.Keys(r.Spans)) {
		s := r.Spans[n]
		fmt.Fprintf(w, "  %s\t%.1f\t%.2f\t%.1f\t%.1f\t%.1f\t%.0f\t%.2f\t%.1f\n", n, s.CPUPercent, s.CPUSeconds, float64(s.PSS)/1024,
			float64(s.RSS)/1024, s.Steal, s.Busy, s.Client, s.Seconds)
	}
}
