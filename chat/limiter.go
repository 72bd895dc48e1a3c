package chat

import (
	"context"
	"math"
	"sync"
	"time"
)

// Bucket is a token bucket of a tenant's.
type Bucket struct {
	Key   string  // names it within its tenant
	Rate  float64 // tokens that come in a second, more than 0
	Burst int     // tokens that are in it at most, at least 1
}

// Level is how a bucket stood after it was asked for a token.
type Level struct {
	Bucket
	OK   bool
	Left int           // tokens in it
	Wait time.Duration // until there is one, if there was none
	Full time.Duration // until it has all of them
}

// Limiter keeps token buckets, one of each for all nodes. Safe for concurrent use.
type Limiter interface {
	// Take takes a token of each of a tenant's buckets, or, if one is empty, of none. It returns how the empty one stands, or
	// the one that has the fewest left. It never fails: a Limiter that can't ask the other nodes judges by itself.
	Take(ctx context.Context, tenant TenantID, buckets ...Bucket) Level
}

// Buckets is a Limiter for one process. It holds a bounded number of buckets.
//
// A bucket is the time at which it is full (the generic cell rate algorithm of ITU-T I.371, virtual scheduling): nothing has to be
// filled as time goes by, and one that is full need not be there.
type Buckets struct {
	now  func() time.Time
	base time.Time
	most int

	mu sync.Mutex
	// full is when each is full, in seconds after base.
	full map[bucketKey]float64
}

type bucketKey struct {
	tenant TenantID
	key    string
}

// NewBuckets returns Buckets by a clock; nil: time.Now.
func NewBuckets(now func() time.Time) *Buckets {
	if now == nil {
		now = time.Now
	}
	return &Buckets{now: now, base: now(), most: 100_000, full: make(map[bucketKey]float64)}
}

// slack is what the arithmetic may be wrong by, in seconds.
const slack = 1e-7

// Take implements Limiter.
func (b *Buckets) Take(_ context.Context, tenant TenantID, buckets ...Bucket) Level {
	now := b.now().Sub(b.base).Seconds()
	ahead := make([]float64, 0, 4)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range buckets {
		k := &buckets[i]
		a := max(b.full[bucketKey{tenant, k.Key}]-now, 0)
		if a > k.seconds() { // the limit was another one
			a = k.seconds()
			b.full[bucketKey{tenant, k.Key}] = now + a
		}
		if a+1/k.Rate > k.seconds()+slack {
			return k.Level(a, false)
		}
		ahead = append(ahead, a+1/k.Rate)
	}
	for i := range buckets {
		b.set(bucketKey{tenant, buckets[i].Key}, now, now+ahead[i])
	}
	return Lowest(buckets, ahead)
}

// Give puts a token back that was taken of a bucket.
func (b *Buckets) Give(tenant TenantID, bucket Bucket) {
	now := b.now().Sub(b.base).Seconds()
	k := bucketKey{tenant, bucket.Key}
	b.mu.Lock()
	defer b.mu.Unlock()
	if full, is := b.full[k]; is {
		b.full[k] = max(full-1/bucket.Rate, now)
	}
}

// set puts a bucket's time down. mu must be held.
func (b *Buckets) set(k bucketKey, now, full float64) {
	if _, is := b.full[k]; !is && len(b.full) >= b.most {
		b.makeRoom(now)
	}
	b.full[k] = full
}

// makeRoom drops the buckets that are full, and others until half are left. mu must be held.
func (b *Buckets) makeRoom(now float64) {
	for k, full := range b.full {
		if full <= now {
			delete(b.full, k)
		}
	}
	for k := range b.full {
		if len(b.full) <= b.most/2 {
			break
		}
		delete(b.full, k)
	}
}

// seconds is how long an empty bucket takes to be full.
func (b *Bucket) seconds() float64 { return float64(b.Burst) / b.Rate }

// Level is how a bucket stands that will be full in so many seconds, and whether it gave a token just now.
func (b *Bucket) Level(seconds float64, ok bool) Level {
	l := Level{Bucket: *b, OK: ok, Full: lasting(seconds), Left: int(math.Floor((b.seconds()-seconds)*b.Rate + 1e-6))}
	l.Left = min(max(l.Left, 0), b.Burst)
	if !ok {
		l.Left, l.Wait = 0, lasting(max(seconds+1/b.Rate-b.seconds(), 0))
	}
	return l
}

// Lowest is the level of the bucket that has the fewest tokens left, of those that will be full in so many seconds; of equals, the
// first.
func Lowest(buckets []Bucket, seconds []float64) (out Level) {
	for i := range buckets {
		if l := buckets[i].Level(seconds[i], true); i == 0 || l.Left < out.Left {
			out = l
		}
	}
	if len(buckets) == 0 {
		out.OK = true
	}
	return out
}

func lasting(seconds float64) time.Duration {
	if seconds >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(math.Ceil(seconds * float64(time.Second)))
}
