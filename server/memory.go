package server

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A burst of arrivals leaves garbage behind that Go would collect only with the next burst. When it has become quiet, it is
// collected and given back to the system, so that 100,000 idle connections cost what they hold and not what they once took.
const (
	quietEvery = 5 * time.Second
	quietRate  = 2 << 20  // bytes allocated per second, below which it is quiet
	quietWorth = 16 << 20 // bytes allocated since the last time, above which it is worth a collection
)

// giveBack watches the allocation rate until ctx ends.
func giveBack(ctx context.Context) error {
	tick := time.NewTicker(quietEvery)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var before, given uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		metrics.Read(sample)
		now := sample[0].Value.Uint64()
		if now-before < quietRate*uint64(quietEvery/time.Second) && now-given > quietWorth {
			debug.FreeOSMemory()
			given = now
		}
		before = now
	}
}
