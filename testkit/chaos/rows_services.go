package chaos

import (
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/testkit/services"
)

// Metrics that tell of lost history.
const (
	metricForks    = "uniqchat_log_forks_total"
	metricLost     = "uniqchat_log_lost_messages_total"
	metricRestored = "uniqchat_log_restored_messages_total"
)

const zeroLost = "zero acknowledged lost, none doubled, none undelivered"

// reported is what must hold where history is lost by design.
const reported = "the fork is detected, live senders resend, any loss is in a metric and the log"

// serviceRows break Redis and PostgreSQL.
var serviceRows = []*Row{
	{
		Name: "power-cut", Fault: "power cut, three times: the disk of Redis and PostgreSQL keeps only what was fsynced (ext4 shut down without its journal), both SIGKILLed",
		Holds: "level `fsync`: " + zeroLost, Setup: Setup{Disk: 4 << 30},
		Break: func(r *Run) {
			for range 3 {
				r.powerCut()
				r.Say(r.messages / 5)
			}
		},
	},
	{
		Name: "power-cut-everything", Fault: "the same, and all three nodes SIGKILLed with it", Holds: "level `fsync`: " + zeroLost, Setup: Setup{Disk: 4 << 30},
		Break: func(r *Run) {
			for range 3 {
				r.blackout()
				r.Say(r.messages / 5)
			}
		},
	},
	{
		Name: "power-cut-redis", Fault: "the same as power-cut-everything, once, with appendfsync everysec; every third visitor closes the browser in that moment",
		Holds: "level `redis`: what is lost is said exactly and reported", Setup: Setup{Disk: 4 << 30, Ack: "redis", Redis: services.RedisOptions{Append: services.AppendEverysec}},
		Reset: true,
		Break: func(r *Run) {
			r.Moment(time.Second)
			r.Leave(len(r.C.talks) / 3)
			r.blackout()
			r.Say(r.messages / 5)
			r.afterwards = append(r.afterwards, func() {
				f, l := r.forks()
				r.Note("lost for good: %d messages, all of visitors who had left in that second; %d acknowledgements were taken back and sent again by senders who were there",
					r.result.Lost, r.result.TakenBack)
				r.Note("nodes that have lost their memory too can't count what Redis lost: they report %.0f forks, %.0f lost, and %d partitions that are behind the database in their logs",
					f, l, r.W.Logged("redis does not hold all"))
			})
		},
	},
	{
		Name: "redis-kill", Fault: "redis-server SIGKILLed three times and restarted, the last time after 6 s",
		Holds: zeroLost + "; " + underLoad + "; first acknowledgement <= 2 s after Redis answers", People: busy, Setup: Setup{Direct: true},
		Break: func(r *Run) {
			r.warmUp()
			for i := range 3 {
				r.goOn()
				r.Fault("SIGKILL redis-server")
				r.Must(r.W.Redis.Kill())
				if i < 2 {
					r.Moment(2 * time.Second)
				} else {
					r.Last(6 * time.Second) // longer than nodes try: clients are told 503 or 504 and send it again
				}
				r.Must(r.W.Redis.Start(r.ctx))
				r.Healed()
			}
			r.goOn()
			r.underLoad()
			r.within("first acknowledgement after Redis answers", 2*time.Second)
		},
	},
	{
		Name: "redis-aof-cut", Fault: "redis-server SIGKILLed, the last 64 KiB of its append-only file cut off, every third visitor gone", Holds: reported, Reset: true,
		Break: func(r *Run) {
			r.loseRedis("the append-only file's tail is cut off", func() {
				r.Must(r.W.Redis.Kill())
				_, err := r.W.Redis.CutAppendFile(64 << 10)
				r.Must(err)
				r.Must(r.W.Redis.Start(r.ctx))
			})
		},
	},
	{
		Name: "redis-aof-flip", Fault: "redis-server SIGKILLed, a byte 64 KiB before the end of its append-only file flipped; it refuses to start; redis-check-aof --fix; every third visitor gone",
		Holds: reported, Reset: true,
		Break: func(r *Run) {
			r.loseRedis("a byte of the append-only file is flipped", func() {
				r.Must(r.W.Redis.Kill())
				r.Must(r.W.Redis.FlipAppendFile(64 << 10))
				r.Check("Redis refuses the damaged file", r.W.Redis.Start(r.ctx) != nil, "done")
				r.Must(r.W.Redis.Kill())
				r.Must(r.W.Redis.RepairAppendFile())
				r.Must(r.W.Redis.Start(r.ctx))
			})
		},
	},
	{
		Name: "redis-flushall", Fault: "FLUSHALL, every third visitor gone", Holds: reported, Reset: true,
		Break: func(r *Run) {
			r.loseRedis("FLUSHALL", func() {
				_, err := r.W.Redis.Do(r.ctx, "FLUSHALL")
				r.Must(err)
			})
		},
	},
	{
		Name: "redis-failover", Fault: "the replica promoted up to 0.5 s before the primary is SIGKILLed and the address switched: what the primary took meanwhile is gone; every third visitor too", Holds: reported,
		Setup: Setup{Replica: true}, Reset: true,
		Break: func(r *Run) { r.loseRedis("failover", r.failover) },
	},
	{
		Name: "redis-failover-replica", Fault: "the same, with level `replica`; nobody leaves", Holds: "level `replica`: " + zeroLost,
		Setup: Setup{Replica: true, Ack: "replica"}, Reset: true,
		Break: func(r *Run) {
			r.Fault("failover")
			r.failover()
			r.Healed()
			r.Say(r.messages / 5)
		},
	},
	{
		Name: "redis-cluster", Fault: "Redis Cluster of three: one node SIGKILLed and restarted, three times", Holds: zeroLost, Setup: Setup{Cluster: true},
		Break: func(r *Run) {
			for i, node := range r.W.Cluster.Nodes {
				r.Fault("SIGKILL node %d of the Redis Cluster", i)
				r.Must(node.Kill())
				r.Moment(2 * time.Second)
				r.Must(node.Start(r.ctx))
				r.Must(r.W.Cluster.WaitOK(r.ctx))
				r.Healed()
				r.Say(r.messages / 5)
			}
		},
	},
	{
		Name: "postgres-kill", Fault: "PostgreSQL SIGKILLed three times and restarted",
		Holds: zeroLost + "; " + underLoad + "; acknowledgements go on; projected <= 30 s after it is back", People: busy, Setup: Setup{Direct: true},
		Break: func(r *Run) {
			r.warmUp()
			for range 3 {
				r.goOn()
				r.Fault("SIGKILL postgres")
				r.Must(r.W.Postgres.Kill())
				r.Moment(4 * time.Second)
				r.Must(r.W.Postgres.Start(r.ctx))
				r.Healed()
			}
			r.goOn()
			r.underLoad()
			r.acksGoOn(time.Second)
			r.drained(30 * time.Second)
		},
	},
	{
		Name: "postgres-stopped", Fault: "PostgreSQL stopped for 2 minutes", Holds: "acknowledgements and live chat go on, p99 unchanged; history answers 503; afterwards lag 0 and counters equal a recount",
		People: Population{Talks: 48, Agents: 6, Watchers: 3, Rate: 500},
		Break:  postgresStopped,
	},
}

// powerCut takes the power of both services and starts them again.
func (r *Run) powerCut() {
	w := r.W
	r.Fault("power cut")
	r.cutDisk()
	r.Must(w.Disk.Revive())
	r.Must(w.Redis.Start(r.ctx))
	r.Must(w.Postgres.Start(r.ctx))
	r.Healed()
}

// cutDisk stops both services where they are, takes from their disk what was not synced, and kills them.
func (r *Run) cutDisk() {
	w := r.W
	r.Must(errors.Join(w.Redis.Pause(), w.Postgres.Pause()))
	r.Must(w.Disk.Cut())
	r.Must(errors.Join(w.Redis.Kill(), w.Postgres.Kill()))
}

// blackout takes the power of both services and of all nodes, and starts everything again.
func (r *Run) blackout() {
	w := r.W
	r.Fault("power cut of everything")
	r.cutDisk()
	for _, n := range w.Nodes {
		n.Kill()
	}
	r.Must(w.Disk.Revive())
	r.Must(w.Redis.Start(r.ctx))
	r.Must(w.Postgres.Start(r.ctx))
	for _, n := range w.Nodes {
		n.Begin()
	}
	for _, n := range w.Nodes {
		n.WaitReady()
	}
	r.Healed()
}

// loseRedis takes the newest part of Redis's history in the moment in which every third visitor leaves.
func (r *Run) loseRedis(what string, lose func()) {
	r.Moment(time.Second)
	forks, lost := r.forks()
	r.Leave(len(r.C.talks) / 3)
	r.Fault("%s", what)
	lose()
	r.Healed()
	r.Say(r.messages / 5)
	r.reportedLoss(forks, lost)
}

// failover promotes the replica while the primary still takes writes, which are lost then; kills the primary, sends every
// node to the new one, and makes the old one its replica.
func (r *Run) failover() {
	r.Must(r.W.Replica.Promote(r.ctx))
	r.Moment(500 * time.Millisecond)
	r.Must(r.W.Redis.Kill())
	for _, n := range r.W.Nodes {
		n.Redis.Retarget(r.W.Replica.Addr)
	}
	r.Must(r.W.Redis.Start(r.ctx))
	r.Must(r.W.Redis.Follow(r.ctx, r.W.Replica))
}

func (r *Run) forks() (forks, lost float64) { return r.W.Metric(metricForks), r.W.Metric(metricLost) }

// reportedLoss says what the nodes tell of a loss.
func (r *Run) reportedLoss(forks, lost float64) {
	r.afterwards = append(r.afterwards, func() {
		f, l := r.forks()
		f, l = f-forks, l-lost
		logged := r.W.Logged("lost")
		r.Note("lost for good: %d messages, all of visitors who had left; nodes report %.0f forks, %.0f lost, %.0f restored from memory, in %d lines of their logs",
			r.result.Lost, f, l, r.W.Metric(metricRestored), logged)
		r.Check("what is lost is reported", r.result.Lost == 0 || l >= float64(r.result.Lost) && logged > 0, "%d lost, %.0f in %s", r.result.Lost, l, metricLost)
	})
}
