package project

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Counts is what events add to reports, on its way to the database: few rows for many events. The zero Counts is empty.
type Counts struct {
	by map[countKey]*sum
}

// place is where something is counted.
type place struct {
	tenant chat.TenantID
	slot   int64
	team   chat.TeamID
	agent  chat.AgentID
}

type countKey struct {
	place
	whole  bool // of the whole tenant: team and agent are zero
	metric chat.Metric
	bucket int
}

type sum struct{ n, total int64 }

// Count is what is to be added to a row.
type Count struct {
	Tenant chat.TenantID
	// Whole rows are the sums over all teams and agents: what most reports ask for is in few rows.
	Whole  bool
	Metric chat.Metric
	Slot   int64
	Team   chat.TeamID
	Agent  chat.AgentID
	Bucket int
	N      int64
	Total  int64
}

func (c *Counts) add(at place, m chat.Metric) { c.change(at, m, 0, 1, 0) }

func (c *Counts) measure(at place, m chat.Metric, d time.Duration) {
	d = max(d, 0) // clocks of two nodes differ
	c.change(at, m, chat.BucketOf(d), 1, d.Milliseconds())
}

// change adds to the row of a team and agent, and to the one of the whole tenant.
func (c *Counts) change(at place, m chat.Metric, bucket int, n, total int64) {
	if c.by == nil {
		c.by = make(map[countKey]*sum)
	}
	whole := countKey{place: place{tenant: at.tenant, slot: at.slot}, whole: true, metric: m, bucket: bucket}
	for _, k := range [2]countKey{{place: at, metric: m, bucket: bucket}, whole} {
		s := c.by[k]
		if s == nil {
			s = new(sum)
			c.by[k] = s
		}
		s.n += n
		s.total += total
	}
}

// Clear forgets everything.
func (c *Counts) Clear() { clear(c.by) }

// Rows returns what is to be added, in the order that everybody adds in: two transactions that add to the same rows wait for
// one another in turn.
func (c *Counts) Rows() []Count {
	out := make([]Count, 0, len(c.by))
	for k, s := range c.by {
		if s.n != 0 || s.total != 0 {
			out = append(out, Count{k.tenant, k.whole, k.metric, k.slot, k.team, k.agent, k.bucket, s.n, s.total})
		}
	}
	slices.SortFunc(out, func(a, b Count) int {
		if a.Whole != b.Whole {
			if a.Whole {
				return 1
			}
			return -1
		}
		return cmp.Or(bytes.Compare(a.Tenant[:], b.Tenant[:]), cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Slot, b.Slot),
			bytes.Compare(a.Team[:], b.Team[:]), bytes.Compare(a.Agent[:], b.Agent[:]), cmp.Compare(a.Bucket, b.Bucket))
	})
	return out
}
