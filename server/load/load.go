// Package load says how pressed a node is, what it leaves out while it is, and who may come in meanwhile. Messages are never left out.
package load

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// Level is how much is left out: each level leaves out what those before it do, and more.
type Level uint8

// The levels.
const (
	Normal   Level = iota
	Presence       // whether visitors are here, and who looks at what
	Typing         // that somebody types
	Board          // changes of the live board
	AI             // answers of bots: people get the questions
)

var names = [...]string{"normal", "presence", "typing", "board", "ai"}

func (l Level) String() string { return names[min(int(l), len(names)-1)] }

// ParseLevel reads a level's name.
func ParseLevel(s string) (Level, error) {
	for i, n := range names {
		if n == s {
			return Level(i), nil
		}
	}
	return 0, fmt.Errorf("%q is none of normal, presence, typing, board and ai", s)
}

const (
	lookEvery = 250 * time.Millisecond
	// upAfter is how many looks in a row must see a pressure before the level is raised, so that one pause does nothing.
	upAfter = 2
	// calmFor is how long it must be calm before the level is lowered by one.
	calmFor = 3 * time.Second
)

// Settings can change while a Meter runs.
type Settings struct {
	// At is how late work may be before the first level is reached. Each further level is reached at twice as much. 0: by hand only.
	At time.Duration
	// Least is left out whatever the pressure.
	Least Level
}

// Config is what a Meter is made of.
type Config struct {
	// Lag returns how long the oldest work has waited, or the longest that any has since the last call.
	Lag func() time.Duration
	// Changed is told each change of the level. It must not wait.
	Changed func(was, is Level)
	Logger  *slog.Logger // Defaults to slog.Default().
	Metrics *metrics.Set // nil: none
}

// Meter knows a node's level. A nil *Meter is always Normal. Safe for concurrent use.
type Meter struct {
	cfg      Config
	settings atomic.Pointer[Settings]
	level    atomic.Uint32
	lag      atomic.Int64

	// Of Run.
	measured Level
	above    int
	calm     time.Duration
}

// New returns a Meter; see Run.
func New(c Config, s Settings) *Meter {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	m := &Meter{cfg: c}
	m.settings.Store(&s)
	m.level.Store(uint32(s.Least))
	if c.Metrics != nil {
		c.Metrics.NewGauge("uniqchat_load_level", func() float64 { return float64(m.Level()) })
		c.Metrics.NewGauge("uniqchat_load_lag_seconds", func() float64 { return time.Duration(m.lag.Load()).Seconds() })
	}
	return m
}

// Set changes the settings; they hold from the next look on.
func (m *Meter) Set(s Settings) { m.settings.Store(&s) }

// Level is what is left out now.
func (m *Meter) Level() Level {
	if m == nil {
		return Normal
	}
	return Level(m.level.Load())
}

// LeavesOut reports whether what a level names is left out now.
func (m *Meter) LeavesOut(l Level) bool { return m.Level() >= l }

// Run looks until ctx ends.
func (m *Meter) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := time.Now()
		late := now.Sub(last) - lookEvery // that this goroutine itself is late says that processors are short
		last = now
		m.look(max(m.cfg.Lag(), late, 0))
	}
}

// look takes in one measurement.
func (m *Meter) look(lag time.Duration) {
	s := m.settings.Load()
	m.lag.Store(int64(lag))
	want := s.level(lag)
	switch {
	case s.At <= 0:
		m.measured, m.above, m.calm = Normal, 0, 0
	case want > m.measured:
		m.calm = 0
		if m.above++; m.above >= upAfter {
			m.measured, m.above = want, 0
		}
	case 2*lag > s.needs(m.measured) || m.measured == Normal:
		m.above, m.calm = 0, 0
	default: // well below what it takes
		m.above = 0
		if m.calm += lookEvery; m.calm >= calmFor {
			m.measured, m.calm = m.measured-1, 0
		}
	}
	level := max(m.measured, s.Least)
	if old := Level(m.level.Swap(uint32(level))); old != level {
		m.cfg.Logger.Warn("what is left out has changed", "from", old, "to", level, "lag", lag)
		if m.cfg.Changed != nil {
			m.cfg.Changed(old, level)
		}
	}
}

// level is what a lag asks for.
func (s *Settings) level(lag time.Duration) (l Level) {
	for l < AI && lag >= s.needs(l+1) {
		l++
	}
	return l
}

// needs is the lag that it takes to reach a level.
func (s *Settings) needs(l Level) time.Duration {
	if l == Normal {
		return 0
	}
	return s.At << (l - 1)
}
