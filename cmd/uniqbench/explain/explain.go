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
	Removed int64         `json:"rows_removed"`
	Buffers int64         `json:"buffers"`
	Worst   string        `json:"-"` // the plan behind Scans, or else the one that touched most
	Any     bench.Latency `json:"any_tenant"`
	Biggest bench.Latency `json:"biggest_tenant"`
	// Steal is what the host took of the machine while it was timed, in percent.
	Steal float64 `json:"steal_percent"`
}

// Report is what was found, in the order of the cases.
type Report struct {
	Rows     Rows
	Server   string
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
	for i := range report.Findings {
		f := &report.Findings[i]
		if progress != nil {
			progress(f.Case)
		}
		before := stealNow()
		if f.Any, err = c.time(ctx, db, &cases[i], samples); err != nil {
			return nil, err
		}
		if f.Biggest, err = c.time(ctx, db, &cases[i], samples[:1]); err != nil {
			return nil, err
		}
		f.Steal = stealNow().since(before)
	}
	return report, nil
}

// time calls a case for tenants drawn by chance.
func (c *Config) time(ctx context.Context, db *postgres.DB, what *queryCase, samples []sample) (bench.Latency, error) {
	h := bench.NewHistogram()
	r := rand.New(rand.NewPCG(c.Seed, 7))
	for n := -20; n < c.Calls; n++ { // the first ones fill the connections' caches
		s := &samples[r.IntN(len(samples))]
		began := time.Now()
		if err := what.run(ctx, db, s, r); err != nil {
			return bench.Latency{}, fmt.Errorf("%s: %w", what.name, err)
		}
		if n >= 0 {
			h.Record(time.Since(began).Nanoseconds())
		}
	}
	return h.Summary(), nil
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
		"auto_explain.log_level": "notice", "client_min_messages": "notice",
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
			bench.Latency
		}{{"any tenant", f.Any}, {"the biggest tenant", f.Biggest}} {
			if goal := float64(f.Goal.Microseconds()) / 1000; goal > 0 && l.P99 > goal {
				out = append(out, fmt.Sprintf("%s: p99 of %s is %.1f ms, the goal %.0f ms", f.Case, l.whose, l.P99, goal))
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
