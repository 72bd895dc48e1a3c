package auth

import (
	"context"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Limiter keeps a token bucket for each key (an address, an e-mail) in this node's memory, a bounded number of them. Safe for
// concurrent use.
type Limiter struct {
	now func() time.Time

	mu      sync.Mutex
	rate    float64
	burst   int
	buckets *chat.Buckets
}

// NewLimiter returns a Limiter of perSecond events a second and burst at once for each key. 0 a second: no limit.
func NewLimiter(perSecond float64, burst int, now func() time.Time) *Limiter {
	l := &Limiter{now: now}
	l.Set(perSecond, burst)
	return l
}

// Set changes the limit for everyone, at once.
func (l *Limiter) Set(perSecond float64, burst int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate, l.burst, l.buckets = perSecond, max(burst, 1), chat.NewBuckets(l.now)
}

// Take takes one event of a key, and reports how its bucket stands. Without a limit the level's Burst is 0.
func (l *Limiter) Take(key string) chat.Level {
	l.mu.Lock()
	rate, burst, buckets := l.rate, l.burst, l.buckets
	l.mu.Unlock()
	if rate <= 0 {
		return chat.Level{OK: true}
	}
	return buckets.Take(context.Background(), chat.TenantID{}, chat.Bucket{Key: key, Rate: rate, Burst: burst})
}

// Give puts back what was taken for an event that is not to count.
func (l *Limiter) Give(key string) {
	l.mu.Lock()
	rate, burst, buckets := l.rate, l.burst, l.buckets
	l.mu.Unlock()
	if rate > 0 {
		buckets.Give(chat.TenantID{}, chat.Bucket{Key: key, Rate: rate, Burst: burst})
	}
}

// Allow takes one event of a key, or returns TooMany with how long to wait.
func (l *Limiter) Allow(key string) error { return TooMany(l.Take(key)) }

// TooMany is what somebody is told whose bucket is empty; nil if it was not.
func TooMany(l chat.Level) error {
	if l.OK {
		return nil
	}
	return &chat.Error{
		Code: chat.TooMany, Name: "too_many_requests", Message: "too many requests; slow down", RetryAfter: l.Wait, Limit: l.Burst,
	}
}
