package chaos

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/uniqchat/uniqchat/testkit/api"
)

const fullHolds = "507 or as when it is down; reads work; nothing acknowledged is lost"

// diskRows fill disks and memory.
var diskRows = []*Row{
	{
		Name: "redis-disk-full", Fault: "Redis's disk runs full (tmpfs), 10 s later there is room again", Holds: fullHolds, Setup: Setup{RedisTmpfs: 512 << 20}, People: slowly,
		Break: func(r *Run) {
			r.Fault("Redis's disk is nearly full")
			r.fill(512 << 10)
			r.Wait(20*time.Second, func() bool { return !r.W.Redis.Running() })
			r.Note("Redis with appendfsync always ends itself when its disk is full: running=%t", r.W.Redis.Running())
			r.readsWork()
			r.Last(10 * time.Second)
			r.drainFill()
			if !r.W.Redis.Running() {
				r.Must(r.W.Redis.Start(r.ctx))
			}
			r.Healed()
			r.Say(r.messages / 5)
		},
	},
	{
		Name: "redis-memory-full", Fault: "Redis reaches maxmemory (noeviction) for 10 s", Holds: fullHolds, People: slowly,
		Break: func(r *Run) {
			r.Fault("Redis's memory is full")
			_, err := r.W.Redis.Do(r.ctx, "CONFIG", "SET", "maxmemory", "1mb")
			r.Must(err)
			r.Last(10 * time.Second)
			r.readsWork()
			_, err = r.W.Redis.Do(r.ctx, "CONFIG", "SET", "maxmemory", "0")
			r.Must(err)
			r.Healed()
			codes := map[uint16]int{}
			for _, m := range r.C.members() {
				for code, n := range m.Stats().Errors {
					codes[code] += n
				}
			}
			r.Check("senders are told 507", codes[507] > 0, "ERRORs by code: %v", codes)
			r.Say(r.messages / 5)
		},
	},
	{
		Name: "postgres-disk-full", Fault: "PostgreSQL's disk runs full (tmpfs), 15 s later there is room again", Holds: "acknowledgements go on; " + fullHolds,
		Setup: Setup{PostgresTmpfs: 1 << 30}, People: slowly,
		Break: func(r *Run) {
			r.Fault("PostgreSQL's disk is nearly full")
			r.fill(64 << 10)
			before := r.C.acks.Load()
			r.Last(15 * time.Second)
			r.Check("acknowledgements go on", r.C.acks.Load()-before > 7_500, "%d in 15 s at 1,000 a second", r.C.acks.Load()-before)
			r.mu.Lock()
			rows := r.samples[len(r.samples)-1].n
			r.mu.Unlock()
			r.Check("PostgreSQL has felt it", int(r.C.acks.Load())-rows > 3000, "%d acknowledged, %d in the database when it last answered", r.C.acks.Load(), rows)
			r.drainFill()
			if !r.W.Postgres.Running() {
				r.Note("PostgreSQL had ended itself")
				r.Must(r.W.Postgres.Start(r.ctx))
			}
			r.Must(r.W.Postgres.WaitReady(r.ctx))
			r.Healed()
			r.Say(r.messages / 5)
			r.drained(30 * time.Second)
		},
	},
}

func (r *Run) fillPath() string { return filepath.Join(r.W.Full.Dir, "fill") }

// fill takes all but so many bytes of the small disk.
func (r *Run) fill(left int64) {
	var st syscall.Statfs_t
	r.Must(syscall.Statfs(r.W.Full.Dir, &st))
	f, err := os.Create(r.fillPath())
	r.Must(err)
	_, err = io.CopyN(f, zeros{}, max(int64(st.Bavail)*st.Bsize-left, 0))
	if errors.Is(err, syscall.ENOSPC) { // the server took it meanwhile
		err = nil
	}
	r.Must(errors.Join(err, f.Close()))
}

// drainFill gives the room back.
func (r *Run) drainFill() { r.Must(os.Remove(r.fillPath())) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// readsWork reads over a live connection and over HTTP.
func (r *Run) readsWork() {
	err := r.C.readPage(r.C.watchers[0], r.C.talks[0].id)
	r.Check("a page is read over a live connection", err == nil, "%v", orDone(err))
	a := &api.API{Base: r.W.Nodes[0].BaseURL()}
	login, err := a.Login(r.ctx, "admin@chaos.test", adminPassword)
	if err == nil {
		err = a.Call(r.ctx, http.MethodGet, "/api/v1/conversations?limit=10", login.AccessToken, nil, nil)
	}
	r.Check("the list is read over HTTP", err == nil, "%v", orDone(err))
}
