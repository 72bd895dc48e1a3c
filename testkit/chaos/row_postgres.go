package chaos

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/testkit/api"
)

// postgresStopped is the row of PostgreSQL's two minutes.
func postgresStopped(r *Run) {
	a := &api.API{Base: r.W.Nodes[0].BaseURL()}
	login, err := a.Login(r.ctx, "admin@chaos.test", adminPassword)
	r.Must(err)
	from := r.C.rec.Now()
	r.Last(15 * time.Second)
	memory := r.redisMemory()
	r.Fault("PostgreSQL is stopped")
	r.Must(r.W.Postgres.Stop())
	begin, top := r.C.rec.Now(), memory
	for range 120 {
		r.Last(time.Second)
		top = max(top, r.redisMemory())
	}
	end := r.C.rec.Now()
	err = a.Call(r.ctx, http.MethodGet, "/api/v1/conversations?limit=10", login.AccessToken, nil, nil)
	var p *api.Problem
	r.Check("lists of the database answer 503", errors.As(err, &p) && p.Status == http.StatusServiceUnavailable, "%v", err)
	r.Must(r.W.Postgres.Start(r.ctx))
	r.Healed()
	tl := newTimeline(r.C.rec.Entries())
	before, during := tl.waits(from, begin, .5, .99), tl.waits(begin, end, .5, .99)
	r.Check("p99 of acknowledgements unchanged (1.5x, and 20 ms for the noise of a shared machine)", during[1] <= before[1]*3/2+20*time.Millisecond,
		"p50 %s, p99 %s before; p50 %s, p99 %s while it was stopped", round(before[0]), round(before[1]), round(during[0]), round(during[1]))
	var steps []string
	for at := begin; at < end; at += (20 * time.Second).Microseconds() {
		steps = append(steps, round(tl.waits(at, at+(20*time.Second).Microseconds(), .99)[0]).String())
	}
	r.Note("p99 in steps of 20 s while it was stopped: %s", strings.Join(steps, ", "))
	got := tl.before(end) - tl.before(begin)
	r.Check("acknowledgements go on", got > 100*500, "%d in 2 minutes at 500 a second", got)
	r.Check("Redis's memory stays within the bound of 1 GiB", top < 1<<30, "%s before, at most %s", size(memory), size(top))
	r.drained(30 * time.Second)
}

// redisMemory is used_memory.
func (r *Run) redisMemory() float64 {
	v, err := r.W.Redis.Do(r.ctx, "INFO", "memory")
	r.Must(err)
	for line := range strings.Lines(fmt.Sprint(v)) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "used_memory:"); ok {
			f, err := strconv.ParseFloat(n, 64)
			r.Must(err)
			return f
		}
	}
	return 0
}
