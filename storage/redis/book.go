package redis

import (
	"strconv"
	"time"

	"github.com/google/uuid"
)

// clock is Redis's clock as far as we know it, in ms since 1970.
func (l *Log) clock() int64 { return time.Now().UnixMilli() + l.offset.Load() }

func (l *Log) learnClock(v any) {
	s, _ := v.(string)
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return
	}
	l.offset.Store(ms - time.Now().UnixMilli())
	l.answered()
}

// book is what a node remembers of a scope's bookkeeping.
type book struct {
	window, generation    uint64
	dupsSince, headsSince int64 // ms: ids dated later were not in use before what Redis holds
	windowAt, generatedAt int64 // ms: when the current ones began
}

// skew is how far a client's clock may be ahead while Redis holds its first window or generation.
const skew = 5 * time.Second

// datedSince is from which date on an id can't have been in use before since, when the older of the two that Redis holds began. From the
// second on that is a whole period ago, and nearly as much is left for clocks that are ahead: an id that was used with a date some hours
// ahead would be taken for a new one when that date has come, though Redis has long let go of it.
func datedSince(since int64, number uint64, period time.Duration) int64 {
	if number < 2 {
		return since + skew.Milliseconds()
	}
	return since + max(skew, period-period/12).Milliseconds()
}

// isFresh reports whether an id was made so recently that Redis must know it if it was ever used.
func (m *book) isFresh(id [16]byte, now time.Time, since int64) bool {
	if uuid.UUID(id).Version() != 7 {
		return false
	}
	ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
	return ms >= since && ms <= now.UnixMilli()+time.Minute.Milliseconds()
}
