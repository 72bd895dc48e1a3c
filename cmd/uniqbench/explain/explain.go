// Package explain looks at what PostgreSQL does for every query of the store, on a database full of rows: the plans that the
// server really used (auto_explain, under the role and the row-level security of a tenant), and how long calls take.
//
// It owns the list of cases. It reads, moves read marks nowhere, and never changes what it measures.
package explain

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uniqchat/uniqchat/bench"
	"github.com/uniqchat/uniqchat/storage/postgres"
)

// Config says what is looked at.
type Config struct {
	URL   string // a superuser's: plans are shown to nobody else
	Seed  uint64
	Plans int // calls of every case whose plans are looked at. Defaults to 24: a prepared statement changes its plan after five
	Calls int // timed calls of every case, for any tenant and for the biggest each. Defaults to 1000
	// Tenants is how many tenants are drawn, beside the biggest. Defaults to 200.
	Tenants int
}

// Finding is what was found for one case.
type Finding struct {
	Case    string        `json:"case"`
	Goal    time.Duration `json:"-"`
	Indexes []string      `json:"indexes"`
	// Scans are sequential scans of large tables: there must be none. Small are those of tables that fit a few pages.
	Scans []string `json:"sequential_scans,omitempty"`
	Small []string `json:"small_sequential_scans,omitempty"`
	// Removed is how many rows one call read and threw away at most, Buffers how many pages it touched at most.
	Removed int64  `json:"rows_removed"`
	Buffers int64  `json:"buffers"`
	Worst   string `json:"-"` // the plan behind Scans, or else the one that touched most
	Any     Timing `json:"any_tenant"`
	Biggest Timing `json:"biggest_tenant"`
}

// Timing is how long calls took, in rounds: the rounds of all cases are interleaved, so that a busy moment of the machine does
// not fall on one case. The figure that counts is the median of the rounds' p99.
type Timing struct {
	All bench.Latency `json:"all"`
	P99 []float64     `json:"p99_ms_of_rounds"`

	h *bench.Histogram
}

// Typical is the median of the rounds' p99, in milliseconds.
func (t *Timing) Typical() float64 {
	sorted := slices.Sorted(slices.Values(t.P99))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// rounds is how often every case is timed.
const rounds = 5

// Report is what was found, in the order of the cases.
type Report struct {
	Rows     Rows
	Server   string
	Load     float64 // the machine's load average at the end, 0 if it has none
	Steal    float64 // what the host took of the machine while calls were timed, in percent
	Findings []Finding
}

// Rows says how much there is.
type Rows struct{ Tenants, Conversations, Messages, Visitors int64 }

// Run looks at every case.
func Run(ctx context.Context, c Config, progress func(what string)) (report *Report, err error) {
	if c.Plans <= 0 {
		c.Plans = 24
	}
	if c.Calls <= 0 {
		c.Calls = 1000
	}
	if c.Tenants <= 0 {
		c.Tenants = 200
	}
	report = &Report{}
	samples, err := draw(ctx, c, report)
	if err != nil {
		return nil, err
	}
	if err := c.plans(ctx, samples, report); err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, c.URL, postgres.Options{})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	before := stealNow()
	for round := range rounds {
		for i := range report.Findings {
			f := &report.Findings[i]
			if progress != nil {
				progress(fmt.Sprintf("round %d of %d: %s", round+1, rounds, f.Case))
			}
			if err := c.time(ctx, db, &cases[i], samples, &f.Any, uint64(round)); err != nil {
				return nil, err
			}
			if err := c.time(ctx, db, &cases[i], samples[:1], &f.Biggest, uint64(round)); err != nil {
				return nil, err
			}
		}
	}
	report.Steal = stealNow().since(before)
	report.Load = loadNow()
	return report, nil
}

// time calls a case for tenants drawn by chance: one round.
func (c *Config) time(ctx context.Context, db *postgres.DB, what *queryCase, samples []sample, to *Timing, round uint64) error {
	h := bench.NewHistogram()
	r := rand.New(rand.NewPCG(c.Seed, round))
	for n := -5; n < (c.Calls+rounds-1)/rounds; n++ { // the first ones fill the connections' caches
		s := &samples[r.IntN(len(samples))]
		began := time.Now()
		if err := what.run(ctx, db, s, r); err != nil {
			return fmt.Errorf("%s: %w", what.name, err)
		}
		if n >= 0 {
			h.Record(time.Since(began).Nanoseconds())
		}
	}
	if to.h == nil {
		to.h = bench.NewHistogram()
	}
	to.h.Merge(h)
	to.All = to.h.Summary()
	to.P99 = append(to.P99, h.Summary().P99)
	return nil
}

// plans calls every case on one connection that reports its plans.
func (c *Config) plans(ctx context.Context, samples []sample, report *Report) error {
	watched, err := watching(c.URL)
	if err != nil {
		return err
	}
	var heard collector
	db, err := postgres.Open(ctx, watched, postgres.Options{MaxConns: 1, Notice: heard.notice})
	if err != nil {
		return err
	}
	defer db.Close()
	r := rand.New(rand.NewPCG(c.Seed, 3))
	for i := range cases {
		what := &cases[i]
		heard.take()
		f := Finding{Case: what.name, Goal: what.goal}
		for n := range c.Plans {
			s := &samples[0]
			if n%2 == 1 {
				s = &samples[r.IntN(len(samples))]
			}
			if err := what.run(ctx, db, s, r); err != nil {
				return fmt.Errorf("%s: %w", what.name, err)
			}
		}
		notices := heard.take()
		if len(notices) == 0 {
			return fmt.Errorf("%s: the server told no plan: is auto_explain installed, and the user a superuser?", what.name)
		}
		for _, n := range notices {
			p, err := parse(n)
			if err != nil {
				return fmt.Errorf("%s: %w", what.name, err)
			}
			f.add(p)
		}
		report.Findings = append(report.Findings, f)
	}
	return nil
}

// watching returns the URL of a connection that tells every plan it uses, with what it really took.
func watching(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("url: it is not one") // it may hold a password
	}
	q := u.Query()
	for name, value := range map[string]string{
		"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_analyze": "on",
		"auto_explain.log_buffers": "on", "auto_explain.log_timing": "off", "auto_explain.log_format": "json",
		"auto_explain.log_level": "notice", "auto_explain.log_nested_statements": "on", "client_min_messages": "notice",
	} {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// collector keeps the plans that the server tells. Safe for concurrent use.
type collector struct {
	mu   sync.Mutex
	said []string
}

func (c *collector) notice(n *pgconn.Notice) {
	if !strings.HasPrefix(n.Message, "duration: ") { // not a plan
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, n.Message)
}

// take returns what was said since the last call.
func (c *collector) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.said
	c.said = nil
	return out
}

// wasted is how many rows a call may read and throw away: a page of 200 has about one for each row.
const wasted = 1000

// Problems lists what must not be: sequential scans of large tables, rows read in vain, and goals that were missed.
func (r *Report) Problems() (out []string) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if len(f.Scans) > 0 {
			out = append(out, fmt.Sprintf("%s: sequential scan of %v\n%s", f.Case, f.Scans, f.Worst))
		}
		if f.Removed > wasted {
			out = append(out, fmt.Sprintf("%s: reads %d rows in vain\n%s", f.Case, f.Removed, f.Worst))
		}
		for _, l := range []struct {
			whose string
			p99   float64
		}{{"any tenant", f.Any.Typical()}, {"the biggest tenant", f.Biggest.Typical()}} {
			if goal := float64(f.Goal.Microseconds()) / 1000; goal > 0 && l.p99 > goal {
				out = append(out, fmt.Sprintf("%s: p99 of %s is %.1f ms, the goal %.0f ms", f.Case, l.whose, l.p99, goal))
			}
		}
	}
	return out
}

// merge adds names that are not there yet.
func merge(to []string, names ...string) []string {
	for _, n := range names {
		if !slices.Contains(to, n) {
			to = append(to, n)
		}
	}
	slices.Sort(to)
	return to
}
