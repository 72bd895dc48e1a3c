package knowledge

import (
	"runtime"
	"time"
)

// Bounds of a pace: how long it works between two rests, and rests.
const (
	stint     = 500 * time.Microsecond
	shortRest = 200 * time.Microsecond
	longRest  = 10 * time.Millisecond
	late      = time.Millisecond // who wakes up later than this after a rest finds others waiting, too
)

// pace holds a build back so that whoever asks goes first. The scheduler shares processors evenly: on two cores, a build that never rests takes one of them,
// and questions that need more than the other one wait longer and longer. So it rests, and by how late it wakes up it sees how busy the machine is, this
// process or another: a late one doubles the next rest, each one in time makes it a little shorter.
//
// The zero pace never rests. Not safe for concurrent use.
type pace struct {
	least time.Duration // of a rest; 0: there is none
	rest  time.Duration
	from  time.Time // when it last woke up
}

// Processors is how many processors there are to work on. The runtime may have been given more threads than that, for what waits.
func Processors() int { return min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) }

// newPace leaves all processors but one to others, and half of the only ones.
func newPace() pace {
	least := stint / time.Duration(max(Processors()-1, 1))
	return pace{least: max(least, shortRest), from: time.Now()}
}

// breathe is called after each small piece of work.
func (p *pace) breathe() {
	if p.least == 0 {
		runtime.Gosched()
		return
	}
	now := time.Now()
	if now.Sub(p.from) < stint {
		return
	}
	p.rest = max(p.rest, p.least)
	time.Sleep(p.rest)
	p.from = time.Now()
	p.adjust(p.from.Sub(now) - p.rest)
}

// adjust makes the next rest of how late the last one ended.
func (p *pace) adjust(over time.Duration) {
	if over > late {
		p.rest = min(2*p.rest, longRest)
	} else {
		p.rest = max(p.rest-p.rest/8, p.least)
	}
}
