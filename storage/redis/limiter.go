package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	goredis "github.com/redis/go-redis/v9"

	"github.com/uniqchat/uniqchat/chat"
)

// Limiter implements chat.Limiter: all nodes take from the same buckets, by Redis's clock. What is asked for while a call is under
// way goes with the next one, so a busy node makes few calls; and a bucket that was empty is not asked again before there can
// be a token in it. While Redis does not answer, each node judges by itself. Run must be running. Safe for concurrent use.
type Limiter struct {
	client goredis.UniversalClient
	prefix string
	logger *slog.Logger
	near   *chat.Buckets // for when Redis is away
	queue  chan *taking
	ended  chan struct{} // closed when Run returns
	away   atomic.Bool
	most   time.Duration // one flight at most

	mu  sync.Mutex
	dry map[dryBucket]time.Time // no token before then

	calls, shared, known, alone *metrics.Counter
}

// taking is one call of Take that waits for Redis.
type taking struct {
	tenant  chat.TenantID
	buckets []chat.Bucket
	level   chat.Level
	done    chan struct{} // gets one value when level is there
}

type dryBucket struct {
	tenant chat.TenantID
	chat.Bucket
}

const (
	limitQueue = 8192                   // takings that may wait
	limitBatch = 256                    // takings of one flight
	limitCall  = 250 * time.Millisecond // one flight at most; of a new Limiter
	limitPause = time.Second            // between looks whether Redis is back
	limitDry   = 20_000                 // empty buckets that are remembered
)

// NewLimiter returns a Limiter whose keys are below prefix. The client is the caller's.
func NewLimiter(client goredis.UniversalClient, prefix string, logger *slog.Logger, set *metrics.Set) *Limiter {
	if logger == nil {
		logger = slog.Default()
	}
	if set == nil {
		set = metrics.NewSet()
	}
	l := &Limiter{
		client: client, prefix: prefix + "limit:", most: limitCall, logger: logger, near: chat.NewBuckets(nil), queue: make(chan *taking, limitQueue),
		ended: make(chan struct{}), dry: make(map[dryBucket]time.Time),
		calls:  set.NewCounter("uniqchat_limiter_calls_total"),
		shared: set.NewCounter(`uniqchat_limiter_takes_total{by="redis"}`),
		known:  set.NewCounter(`uniqchat_limiter_takes_total{by="memory"}`),
		alone:  set.NewCounter(`uniqchat_limiter_takes_total{by="node"}`),
	}
	set.NewGauge("uniqchat_limiter_away", func() float64 {
		if l.away.Load() {
			return 1
		}
		return 0
	})
	return l
}

// Take implements chat.Limiter.
func (l *Limiter) Take(ctx context.Context, tenant chat.TenantID, buckets ...chat.Bucket) chat.Level {
	if len(buckets) == 0 {
		return chat.Level{OK: true}
	}
	if level, dry := l.isDry(tenant, buckets); dry {
		l.known.Inc()
		return level
	}
	if !l.away.Load() {
		t := &taking{tenant: tenant, buckets: buckets, done: make(chan struct{}, 1)}
		select {
		case l.queue <- t:
			select {
			case <-t.done:
				return t.level
			case <-l.ended:
			case <-ctx.Done():
			}
		default: // Redis is slow
		}
	}
	l.alone.Inc()
	return l.near.Take(ctx, tenant, buckets...)
}

// isDry reports whether one of the buckets is known to be empty, without asking.
func (l *Limiter) isDry(tenant chat.TenantID, buckets []chat.Bucket) (chat.Level, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.dry) == 0 {
		return chat.Level{}, false
	}
	for i := range buckets {
		until, is := l.dry[dryBucket{tenant, buckets[i]}]
		if !is {
			continue
		}
		if wait := time.Until(until); wait > 0 {
			return chat.Level{Bucket: buckets[i], Wait: wait, Full: wait + spanOf(&buckets[i])}, true
		}
		delete(l.dry, dryBucket{tenant, buckets[i]})
	}
	return chat.Level{}, false
}

// spanOf is how long a bucket takes to be full once it has its first token.
func spanOf(b *chat.Bucket) time.Duration {
	return time.Duration(float64(b.Burst-1) / b.Rate * float64(time.Second))
}

// emptied notes that a bucket that was asked at some time has no token for a while.
func (l *Limiter) emptied(asked time.Time, tenant chat.TenantID, level *chat.Level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.dry) >= limitDry {
		clear(l.dry)
	}
	l.dry[dryBucket{tenant, level.Bucket}] = asked.Add(level.Wait)
}

// Run asks Redis for what is waiting until ctx ends. It outlives every failure of Redis.
func (l *Limiter) Run(ctx context.Context) error {
	defer close(l.ended)
	for {
		select {
		case <-ctx.Done():
			return nil
		case first := <-l.queue:
			if err := l.fly(ctx, l.gather(first)); err != nil && ctx.Err() == nil {
				l.waitForRedis(ctx, err)
			}
		}
	}
}

// gather returns first and what waits behind it.
func (l *Limiter) gather(first *taking) []*taking {
	batch := []*taking{first}
	for len(batch) < limitBatch {
		select {
		case t := <-l.queue:
			batch = append(batch, t)
		default:
			return batch
		}
	}
	return batch
}

// waitForRedis lets everybody judge for themselves until Redis takes tokens again.
func (l *Limiter) waitForRedis(ctx context.Context, why error) {
	l.away.Store(true)
	l.logger.Warn("limits hold for each node by itself", "err", why)
	pause := time.NewTicker(limitPause)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-l.queue:
			l.judge(ctx, t)
		case <-pause.C:
			if l.answers(ctx) {
				l.away.Store(false)
				l.logger.Info("limits hold for all nodes again")
				return
			}
		}
	}
}

// answers reports whether Redis takes tokens: one that has no room left would answer to a PING.
func (l *Limiter) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, l.most)
	defer cancel()
	probe := &taking{buckets: []chat.Bucket{{Key: "probe", Rate: 1000, Burst: 1000}}}
	answers, err := l.call(ctx, l.flights([]*taking{probe}))
	return err == nil && answers[0].Err() == nil
}

// judge answers without Redis.
func (l *Limiter) judge(ctx context.Context, t *taking) {
	l.alone.Inc()
	t.level = l.near.Take(ctx, t.tenant, t.buckets...)
	t.done <- struct{}{}
}

// flight is what one script call is asked for: a tenant's takings.
type flight struct {
	takings []*taking
	keys    []string
	args    []any
}

// fly asks Redis for a batch. If that fails, what it did not answer is judged here.
func (l *Limiter) fly(ctx context.Context, batch []*taking) error {
	ctx, cancel := context.WithTimeout(ctx, l.most)
	defer cancel()
	asked := time.Now()
	flights := l.flights(batch)
	answers, err := l.call(ctx, flights)
	for i := range flights {
		var got []string
		if err == nil {
			got, err = answers[i].StringSlice()
		}
		if err == nil && len(got) != len(flights[i].takings) {
			err = errors.New("the script's answer is not what was asked for")
		}
		for j, t := range flights[i].takings {
			if err == nil {
				err = l.land(asked, t, got[j])
			}
			if err != nil {
				l.judge(ctx, t)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("take tokens: %w", err)
	}
	return nil
}

// land tells a taking what the script said: the place of the empty bucket or 0, and when each that was looked at is full.
func (l *Limiter) land(asked time.Time, t *taking, said string) error {
	var full []float64
	for at := 1; at+8 <= len(said); at += 8 {
		full = append(full, math.Float64frombits(binary.BigEndian.Uint64([]byte(said[at:at+8])))/1e6)
	}
	switch {
	case len(said) > 1 && int(said[0]) == len(full) && len(full) <= len(t.buckets):
		t.level = t.buckets[len(full)-1].Level(full[len(full)-1], false)
		l.emptied(asked, t.tenant, &t.level)
	case len(said) > 1 && said[0] == 0 && len(full) == len(t.buckets):
		t.level = chat.Lowest(t.buckets, full)
	default:
		return errors.New("the script's answer can't be read")
	}
	l.shared.Inc()
	t.done <- struct{}{}
	return nil
}

// flights sorts a batch by tenant, for a tenant's keys are in one slot.
func (l *Limiter) flights(batch []*taking) []*flight {
	var out []*flight
	byTenant := make(map[chat.TenantID]*flight, 1)
	places := make(map[string]int, 2)
	for _, t := range batch {
		f := byTenant[t.tenant]
		if f == nil {
			f = &flight{}
			byTenant[t.tenant], out = f, append(out, f)
		}
		f.takings = append(f.takings, t)
		for i := range t.buckets {
			k := l.key(t.tenant, &t.buckets[i])
			if _, is := places[k]; !is {
				f.keys = append(f.keys, k)
				places[k] = len(f.keys)
				f.args = append(f.args, parameters(&t.buckets[i]))
			}
		}
	}
	for _, f := range out {
		for _, t := range f.takings {
			wants := make([]byte, 0, 8)
			for i := range t.buckets {
				wants = binary.BigEndian.AppendUint16(wants, uint16(places[l.key(t.tenant, &t.buckets[i])]))
			}
			f.args = append(f.args, wants)
		}
	}
	return out
}

// key names a bucket. A tenant's are in one slot of a cluster.
func (l *Limiter) key(tenant chat.TenantID, b *chat.Bucket) string {
	var k strings.Builder
	k.Grow(len(l.prefix) + 40 + len(b.Key))
	k.WriteString(l.prefix)
	k.WriteByte('{')
	k.WriteString(tenant.String())
	k.WriteString("}:")
	k.WriteString(b.Key)
	return k.String()
}

// parameters are a bucket's microseconds for a token and for all of them.
func parameters(b *chat.Bucket) []byte {
	token := 1e6 / b.Rate
	out := binary.BigEndian.AppendUint64(make([]byte, 0, 16), math.Float64bits(token))
	return binary.BigEndian.AppendUint64(out, math.Float64bits(token*float64(b.Burst)))
}

// call makes the calls of some flights, in one round trip.
func (l *Limiter) call(ctx context.Context, flights []*flight) ([]*goredis.Cmd, error) {
	l.calls.Add(len(flights))
	for loaded := false; ; loaded = true {
		out := make([]*goredis.Cmd, len(flights))
		pipe := l.client.Pipeline()
		for i, f := range flights {
			out[i] = takeScript.EvalSha(ctx, pipe, f.keys, f.args...)
		}
		_, err := pipe.Exec(ctx)
		if err == nil || loaded || !goredis.HasErrorPrefix(err, "NOSCRIPT") {
			return out, err
		}
		if err := takeScript.Load(ctx, l.client).Err(); err != nil {
			return nil, fmt.Errorf("load script: %w", err)
		}
	}
}

// takeScript takes tokens out of buckets. A bucket is a number, when it is full in microseconds since 2024, by Redis's clock; one
// that is not there is full. Nothing of this reaches the append-only file or a replica: after a restart or a failover buckets are
// full, and no request waits for a disk. KEYS: buckets. ARGV: for each, microseconds for a token and for all of them; then for each
// taking the places of its buckets. It returns for each taking the place of the empty one among its own, or 0, and in how many
// microseconds those that were looked at are full.
var takeScript = goredis.NewScript(`
redis.set_repl(redis.REPL_NONE)
local time = redis.call('TIME')
local now = (time[1] - 1704067200) * 1e6 + time[2]
local ahead, token, all, changed, out = {}, {}, {}, {}, {}
for i, v in ipairs(redis.call('MGET', unpack(KEYS))) do
	token[i], all[i] = struct.unpack('>dd', ARGV[i])
	local a = v and struct.unpack('>d', v) - now or 0
	ahead[i] = math.max(a, 0)
	if a > all[i] then -- the limit was another one
		ahead[i], changed[i] = all[i], true
	end
end
for i = #KEYS + 1, #ARGV do
	local wants, said, empty = ARGV[i], {}, 0
	for w = 1, #wants / 2 do
		local k = struct.unpack('>H', wants, 2 * w - 1)
		if ahead[k] + token[k] > all[k] + 0.1 then
			empty = w
			said[w] = struct.pack('>d', ahead[k])
			break
		end
		said[w] = struct.pack('>d', ahead[k] + token[k])
	end
	if empty == 0 then
		for w = 1, #wants / 2 do
			local k = struct.unpack('>H', wants, 2 * w - 1)
			ahead[k], changed[k] = ahead[k] + token[k], true
		end
	end
	out[#out + 1] = string.char(empty) .. table.concat(said)
end
for k in pairs(changed) do
	redis.call('SET', KEYS[k], struct.pack('>d', now + ahead[k]), 'PX', string.format('%.0f', math.ceil(ahead[k] / 1000) + 1))
end
return out`)
