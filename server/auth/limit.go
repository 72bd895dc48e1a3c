package auth

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/uniqchat/uniqchat/chat"
)

// Limiter keeps a token bucket for each key (an address, an e-mail), a bounded number of them. Safe for concurrent use.
type Limiter struct {
	now func() time.Time

	mu      sync.Mutex
	rate    rate.Limit
	burst   int
	most    int
	buckets map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

// NewLimiter returns a Limiter of perSecond events a second and burst at once for each key. 0 a second: no limit.
func NewLimiter(perSecond float64, burst int, now func() time.Time) *Limiter {
	if now == nil {
		now = time.Now
	}
	l := &Limiter{now: now, most: 50_000, buckets: make(map[string]*bucket)}
	l.Set(perSecond, burst)
	return l
}

// Set changes the limit for everyone, at once.
func (l *Limiter) Set(perSecond float64, burst int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate, l.burst = rate.Limit(perSecond), max(burst, 1)
	clear(l.buckets)
}

// Allow takes one event of a key, or returns TooMany with how long to wait.
func (l *Limiter) Allow(key string) error {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate <= 0 {
		return nil
	}
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= l.most {
			l.makeRoom(now)
		}
		b = &bucket{Limiter: rate.NewLimiter(l.rate, l.burst)}
		l.buckets[key] = b
	}
	b.used = now
	r := b.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now)
	return &chat.Error{Code: chat.TooMany, Name: "too_many_requests", Message: "too many requests; slow down", RetryAfter: wait}
}

// makeRoom drops the buckets that are full again, and any until half are left. mu must be held.
func (l *Limiter) makeRoom(now time.Time) {
	full := time.Duration(float64(l.burst) / float64(l.rate) * float64(time.Second))
	for k, b := range l.buckets {
		if now.Sub(b.used) >= full {
			delete(l.buckets, k)
		}
	}
	for k := range l.buckets {
		if len(l.buckets) < l.most/2 {
			break
		}
		delete(l.buckets, k)
	}
}
