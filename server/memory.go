package server

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A burst of arrivals leaves garbage behind that Go would collect only with the next burst. When it has become quiet, it is
// collected and given back to the system, so that 100,000 idle connections cost what they hold and not what they once took.
// It is done twice more when it stays quiet: caches have let go by then, SQLite's within 40 seconds, what a node of a cluster
// keeps of the log after a minute.
const (
	quietEvery = 5 * time.Second
	quietRate  = 2 << 20  // bytes allocated per second, below which it is quiet
	quietWorth = 16 << 20 // bytes allocated since the last time, above which it is worth a collection
	quietLong  = 9        // times quietEvery of quiet, after which caches have let go, and twice that
)

// giveBack watches the allocation rate until ctx ends.
func giveBack(ctx context.Context) error {
	tick := time.NewTicker(quietEvery)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var q quiet
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		metrics.Read(sample)
		if q.look(sample[0].Value.Uint64()) {
			debug.FreeOSMemory()
		}
	}
}

// quiet says when to collect.
type quiet struct {
	before uint64 // bytes allocated until the last look
	given  uint64 // and until the last collection
	looks  int    // since it is quiet
}

// look is called every quietEvery with how many bytes were allocated until now.
func (q *quiet) look(now uint64) bool {
	if now-q.before >= quietRate*uint64(quietEvery/time.Second) {
		q.looks = 0
	} else {
		q.looks++
	}
	q.before = now
	if q.looks == 0 || now-q.given <= quietWorth && q.looks != quietLong && q.looks != 2*quietLong {
		return false
	}
	q.given = now
	return true
}
