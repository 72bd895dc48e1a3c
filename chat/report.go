package chat

import (
	"context"
	"math/bits"
	"time"
)

// Metric is one thing that reports count. The numbers are the database's: none is used twice.
type Metric uint8

// What is counted, each at the time of the event and for its team and agent (docs/reports.md has the definitions). Of those
// that begin with Measure the buckets say how much, in BucketOf's sense, or, of ratings, the score.
const (
	CountCreated         Metric = iota + 1
	CountReopened               // closed before
	CountClosed                 // for its assignee
	CountAbandoned              // closed while its visitor waited for a person's first answer
	CountVisitorMessages        // public ones, for the assignee
	CountAgentMessages          // for who wrote them
	CountBotMessages
	CountAPIMessages
	CountToHuman     // hand-offs
	CountToBot       // hand-offs
	CountTransferred // for who did it
	CountAssigned    // for who got it
	CountLeftQueue   // closed while it waited in the queue
	MeasureFirstResponse
	MeasureResolution
	MeasureQueue
	MeasureRating
)

// ReportSlot is the grain of reports: every time zone in use is a whole number of these away from UTC, so days of all of them
// are made of whole slots.
const ReportSlot = 15 * time.Minute

// SlotOf returns the slot of a time, counted from 1970.
func SlotOf(t time.Time) int64 { return t.Unix() / int64(ReportSlot/time.Second) }

// SlotStart returns when a slot begins.
func SlotStart(slot int64) time.Time { return time.Unix(slot*int64(ReportSlot/time.Second), 0).UTC() }

// Durations are kept in buckets: eight for each doubling, so that the middle of one is at most 6.25 % away from anything in it;
// below 1024 ms they are 128 ms wide.
const (
	bucketsPerDoubling = 8
	linearBits         = 10 // below 1<<10 ms buckets are all of one width
	longest            = 1<<40 - 1
)

// BucketOf returns the bucket of a duration. Less than nothing counts as nothing: clocks of two nodes differ.
func BucketOf(d time.Duration) int {
	ms := uint64(min(max(d.Milliseconds(), 0), longest))
	if ms < 1<<linearBits {
		return int(ms >> (linearBits - 3))
	}
	e := bits.Len64(ms) - 1
	return (e-linearBits+1)*bucketsPerDoubling + int(ms>>(e-3))&(bucketsPerDoubling-1)
}

// BucketMiddle returns the duration that stands for a bucket.
func BucketMiddle(b int) time.Duration {
	low, width := int64(b)<<(linearBits-3), int64(1)<<(linearBits-3)
	if b >= bucketsPerDoubling {
		e := b/bucketsPerDoubling + linearBits - 1
		width = 1 << (e - 3)
		low = 1<<e + int64(b%bucketsPerDoubling)*width
	}
	return time.Duration(low+width/2) * time.Millisecond
}

// ReportBy says what the rows of a report are about.
type ReportBy uint8

// A report has one row for each metric and bucket, and each period, agent or team.
const (
	ByNothing ReportBy = iota
	ByPeriod
	ByAgent
	ByTeam
)

// ReportQuery asks for what was counted of a tenant in [Since, Until), which are rounded down to whole slots.
type ReportQuery struct {
	Since, Until time.Time
	Metrics      []Metric
	Team         TeamID  // zero: all
	Agent        AgentID // zero: all
	By           ReportBy
	// Periods are Step long, and begin where a clock that is Shift ahead of UTC shows a multiple of Step since 1970. With a
	// Cycle they are numbered modulo that.
	Shift, Step time.Duration
	Cycle       int64
}

// ReportRow is a sum of what was counted.
type ReportRow struct {
	Metric Metric
	Bucket int
	Period int64
	Agent  AgentID
	Team   TeamID
	N      int64
	Total  int64 // of durations, in ms
}

// QueueNow is what waits in a team's queue at this moment.
type QueueNow struct {
	Team   TeamID // zero: of no team
	N      int
	Oldest time.Time // since when the one waits that waits longest
}

// Reports are what the events of conversations add up to. Drivers add to them in the transaction that writes an event's row,
// and only for rows that were not there before: every event counts once.
type Reports interface {
	Report(ctx context.Context, tenant TenantID, q ReportQuery) ([]ReportRow, error)
	// QueuesNow returns the queues that are not empty.
	QueuesNow(ctx context.Context, tenant TenantID) ([]QueueNow, error)
	// Uncounted reports whether there are conversations of before reports were kept that were not counted yet.
	Uncounted(ctx context.Context, tenant TenantID) (bool, error)
}
