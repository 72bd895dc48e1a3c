package router

import (
	"context"
	"sync"
	"time"
)

// Budget is what a tenant may use in a day (UTC). A zero has no limit.
type Budget struct {
	Tokens int
	Money  float64
}

// Amount is what was used, or will be.
type Amount struct {
	Tokens int
	Money  float64
}

// Meter counts what tenants use. Where several nodes answer for a tenant it counts for all of them.
//
// Implementations are safe for concurrent use.
type Meter interface {
	// Reserve counts an amount as used and reports true, or reports false if the day of at has no room for it.
	Reserve(ctx context.Context, tenant string, b Budget, a Amount, at time.Time) (bool, error)
	// Settle corrects what was reserved at a time to what was used: on that day, though another one may have begun.
	Settle(ctx context.Context, tenant string, reserved, used Amount, at time.Time) error
}

// Memory is a Meter of one process. The zero Memory is ready.
//
// Safe for concurrent use.
type Memory struct {
	mu   sync.Mutex
	day  int64
	used map[string]Amount
}

const secondsPerDay = 86400

// on begins the day of a time if that is a new one, and reports false for one that is over. mu must be held.
func (m *Memory) on(at time.Time) bool {
	day := at.Unix() / secondsPerDay
	if day > m.day || m.used == nil {
		m.day, m.used = day, map[string]Amount{}
	}
	return day == m.day
}

// Reserve implements Meter.
func (m *Memory) Reserve(_ context.Context, tenant string, b Budget, a Amount, at time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on(at)
	u := m.used[tenant]
	u.Tokens += a.Tokens
	u.Money += a.Money
	if b.Tokens > 0 && u.Tokens > b.Tokens || b.Money > 0 && u.Money > b.Money {
		return false, nil
	}
	m.used[tenant] = u
	return true, nil
}

// Settle implements Meter. Nobody can ask any more what was used on a day that is over.
func (m *Memory) Settle(_ context.Context, tenant string, reserved, used Amount, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on(at) {
		return nil
	}
	u := m.used[tenant]
	m.used[tenant] = Amount{max(0, u.Tokens+used.Tokens-reserved.Tokens), max(0, u.Money+used.Money-reserved.Money)}
	return nil
}

// Used is what a tenant has used today.
func (m *Memory) Used(tenant string) Amount {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on(time.Now())
	return m.used[tenant]
}

// allowance bounds extra calls to a share of all calls: each call earns a part of one, up to a few.
//
// Safe for concurrent use.
type allowance struct {
	mu    sync.Mutex
	share float64
	left  float64
}

// mostExtra is how many extra calls can be saved up.
const mostExtra = 20

func (a *allowance) earn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = min(a.left+a.share, mostExtra)
}

func (a *allowance) spend() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}
