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
	r.Last(5 * time.Second) // everything is warm
	from := r.C.rec.Now()
	r.Last(20 * time.Second)
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
	r.unharmed("p99 of acknowledgements", window{begin, end}, window{from, begin})
	tl := newTimeline(r.C.rec.Entries())
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
