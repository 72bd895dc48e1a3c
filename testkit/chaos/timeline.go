package chaos

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/testkit/journal"
)

// timeline is what the journals say of when messages were sent and acknowledged.
type timeline struct {
	acks []ack // by time
}

// ack is the first SENDACK of a message.
type ack struct {
	sent, at int64 // µs
}

// newTimeline reads it out of the entries of all journals, which are in order.
func newTimeline(entries []journal.Entry) *timeline {
	type message struct{ conv, cmid uuid.UUID }
	sent := map[message]int64{}
	tl := new(timeline)
	for i := range entries {
		e := &entries[i]
		m := message{e.Conv, e.CMID}
		switch e.Op {
		case journal.OpSend:
			if _, again := sent[m]; !again {
				sent[m] = e.Time
			}
		case journal.OpAck:
			if at := sent[m]; at > 0 {
				tl.acks = append(tl.acks, ack{at, e.Time})
				sent[m] = -1
			}
		}
	}
	slices.SortFunc(tl.acks, func(a, b ack) int { return int(a.at - b.at) })
	return tl
}

// before returns how many messages were acknowledged before a time.
func (tl *timeline) before(at int64) int {
	n, _ := slices.BinarySearchFunc(tl.acks, at, func(a ack, at int64) int { return int(a.at - at) })
	return n
}

// after returns how long after a time the next acknowledgement came; -1 if none came.
func (tl *timeline) after(at int64) time.Duration {
	n := tl.before(at)
	if n == len(tl.acks) {
		return -1
	}
	return micros(tl.acks[n].at - at)
}

// gap returns the longest time without an acknowledgement that begins between two times.
func (tl *timeline) gap(from, to int64) (longest time.Duration) {
	last := from
	for _, a := range tl.acks[tl.before(from):] {
		longest = max(longest, micros(a.at-last))
		if last = a.at; last > to {
			break
		}
	}
	return longest
}

// waits returns the quantiles of the time from a message's first SEND to its SENDACK, of those acknowledged between two times.
func (tl *timeline) waits(from, to int64, quantiles ...float64) []time.Duration {
	return tl.pooled([]window{{from, to}}, quantiles...)
}

// pooled is waits of several stretches of time, taken together.
func (tl *timeline) pooled(stretches []window, quantiles ...float64) []time.Duration {
	var all []int64
	for _, w := range stretches {
		for _, a := range tl.acks[tl.before(w.from):tl.before(w.healed)] {
			all = append(all, a.at-a.sent)
		}
	}
	slices.Sort(all)
	out := make([]time.Duration, len(quantiles))
	for i, q := range quantiles {
		if len(all) > 0 {
			out[i] = micros(all[min(int(q*float64(len(all))), len(all)-1)])
		}
	}
	return out
}

// outside returns how many acknowledgements came between two times and how long that is, what lies within the windows aside,
// which must not overlap.
func (tl *timeline) outside(from, to int64, not []window) (n int, d time.Duration) {
	n = tl.before(to) - tl.before(from)
	us := to - from
	for _, w := range not {
		if begin, end := max(w.from, from), min(w.healed, to); begin < end {
			n -= tl.before(end) - tl.before(begin)
			us -= end - begin
		}
	}
	return n, micros(us)
}

func micros(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
