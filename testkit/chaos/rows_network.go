package chaos

import (
	"time"

	"github.com/uniqchat/uniqchat/testkit/proxy"
)

// cutOffHolds is what must hold of a node that does not reach Redis.
const cutOffHolds = "calls fail in <= 5 s, readiness off, clients moved after 15 s, no write of the cut-off node lands late; " + zeroLost

// slowly is a population for rows that last.
var slowly = Population{Talks: 48, Agents: 6, Watchers: 3, Rate: 1000}

// networkRows break the network between nodes and services.
var networkRows = []*Row{
	{
		Name: "redis-partition", Fault: "one node is cut off from Redis for 30 s; what it sent arrives afterwards", Holds: cutOffHolds, People: slowly,
		Break: func(r *Run) { r.cutOff("no way to Redis", r.W.Nodes[0].Redis.Partition) },
	},
	{
		Name: "redis-one-way-up", Fault: "what one node sends does not reach Redis for 30 s; it arrives afterwards", Holds: cutOffHolds, People: slowly,
		Break: func(r *Run) {
			r.cutOff("no way to Redis, answers would come", func() error { return r.W.Nodes[0].Redis.OneWay(proxy.Up) })
		},
	},
	{
		Name: "redis-one-way-down", Fault: "Redis hears one node, and its answers do not come for 30 s", Holds: cutOffHolds, People: slowly,
		Break: func(r *Run) {
			r.cutOff("no answers of Redis", func() error { return r.W.Nodes[0].Redis.OneWay(proxy.Down) })
		},
	},
	{
		Name: "redis-half-open", Fault: "Redis's side of one node's connections is gone without a word for 30 s; new ones are accepted and mute", Holds: cutOffHolds, People: slowly,
		Break: func(r *Run) { r.cutOff("half-open connections", r.W.Nodes[0].Redis.HalfOpen) },
	},
	{
		Name: "redis-reset", Fault: "every connection of all nodes to Redis is reset, ten times in 5 s, then refused for 2 s", Holds: zeroLost,
		Break: func(r *Run) {
			r.Fault("resets")
			for range 10 {
				for _, n := range r.W.Nodes {
					r.Must(n.Redis.Reset())
				}
				r.Moment(100 * time.Millisecond)
				r.W.Heal()
				r.Moment(800 * time.Millisecond)
			}
			for _, n := range r.W.Nodes {
				r.Must(n.Redis.Cut())
			}
			r.Last(2 * time.Second)
			r.W.Heal()
			r.Healed()
		},
	},
	{
		Name: "redis-away", Fault: "no node reaches Redis for 10 s", Holds: zeroLost, People: slowly,
		Break: func(r *Run) {
			r.Fault("no way to Redis for anybody")
			for _, n := range r.W.Nodes {
				r.Must(n.Redis.Partition())
			}
			r.Last(10 * time.Second)
			r.W.Heal()
			r.Healed()
		},
	},
	{
		Name: "redis-frozen", Fault: "redis-server frozen (SIGSTOP) for 8 s", Holds: zeroLost, People: slowly,
		Break: func(r *Run) {
			r.Fault("SIGSTOP redis-server")
			r.Must(r.W.Redis.Pause())
			r.Last(8 * time.Second)
			r.Must(r.W.Redis.Resume())
			r.Healed()
		},
	},
	{
		Name: "redis-slow", Fault: "one node's way to Redis is 100 ms long each way for 5 s, then carries 20 kB/s for 10 s", Holds: zeroLost, People: slowly,
		Break: func(r *Run) {
			r.Fault("a long, then a narrow way to Redis")
			n := r.W.Nodes[2].Redis
			r.Must(n.Delay(proxy.Up, 100*time.Millisecond))
			r.Must(n.Delay(proxy.Down, 100*time.Millisecond))
			r.Last(5 * time.Second)
			r.Must(n.Heal())
			r.Must(n.Drip(proxy.Up, 20_000))
			r.Last(10 * time.Second)
			r.Must(n.Heal())
			r.Healed()
		},
	},
	{
		Name: "postgres-half-open", Fault: "PostgreSQL's side of every connection is gone without a word for 20 s", Holds: "acknowledgements go on; " + zeroLost, People: slowly,
		Break: func(r *Run) {
			r.Fault("half-open connections to PostgreSQL")
			for _, n := range r.W.Nodes {
				r.Must(n.Postgres.HalfOpen())
			}
			before := r.C.acks.Load()
			r.Last(20 * time.Second)
			r.Check("acknowledgements go on", r.C.acks.Load()-before > 10_000, "%d in 20 s at 1,000 a second", r.C.acks.Load()-before)
			r.W.Heal()
			r.Healed()
			r.drained(30 * time.Second)
		},
	},
}

// cutOff breaks the first node's way to Redis for 30 s and watches what it does.
func (r *Run) cutOff(what string, fault func() error) {
	n := r.W.Nodes[0]
	before := n.Metric("uniqchat_engine_connections")
	r.Check("clients are on the node before", before > 0, "%.0f", before)
	r.Fault("%s", what)
	from := time.Now()
	r.Must(fault())
	notReady, moved := time.Duration(0), time.Duration(0)
	for time.Since(from) < 30*time.Second && r.ctx.Err() == nil {
		if notReady == 0 && !n.Ready(r.ctx) {
			notReady = time.Since(from)
		}
		if moved == 0 && n.Metric("uniqchat_engine_connections") == 0 {
			moved = time.Since(from)
		}
		r.Last(100 * time.Millisecond)
	}
	r.Must(n.Redis.Heal())
	r.Healed()
	r.Check("readiness goes off", notReady > 0 && notReady < 10*time.Second, "after %s", notReady.Round(10*time.Millisecond))
	r.Check("clients are moved after 15 s", moved > 0 && moved < 25*time.Second, "the last one after %s", moved.Round(10*time.Millisecond))
	r.Until(15*time.Second, "the node is ready again", func() bool { return n.Ready(r.ctx) })
	timeouts := 0
	for _, m := range r.C.members() {
		timeouts += m.Stats().Timeouts
	}
	r.Check("every call is answered, with an error in <= 5 s if need be", timeouts == 0, "%d clients gave up after 8 s without an answer", timeouts)
	r.Say(r.messages / 5)
}
