package webhook

import (
	"math/rand/v2"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// schedule is when a delivery that failed is tried again: quickTries soon after one another, then with pauses that double, each a
// random part of it shorter or longer, until it has been tried for giveUpAfter.
type schedule struct{ quick, first time.Duration }

const (
	quickTries  = 3
	giveUpAfter = 24 * time.Hour
)

var defaultSchedule = schedule{quick: time.Second, first: 30 * time.Second}

// next returns when a delivery is due after its tries-th attempt failed at now; false: it is given up. hint is what the endpoint
// asked for (Retry-After), or 0.
func (s schedule) next(tries int, since, now time.Time, hint time.Duration) (time.Time, bool) {
	end := since.Add(giveUpAfter)
	if !now.Before(end) {
		return time.Time{}, false
	}
	pause := s.quick
	if tries >= quickTries {
		pause = giveUpAfter
		if doubled := tries - quickTries; doubled < 12 { // later it is longer than all of it
			pause = min(s.first<<doubled, giveUpAfter)
		}
	}
	due := now.Add(max(jitter(pause), hint))
	if due.After(end) {
		due = end
	}
	return due, true
}

// jitter is a random time around d: half of it to one and a half.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// defaultBreaker opens after five failures in a row, for 10 s, then twice as long each time, up to 15 minutes.
var defaultBreaker = chat.Breaker{Failures: 5, Cooldown: func(times int) time.Duration {
	return jitter(min(10*time.Second<<min(times-1, 10), 15*time.Minute))
}}
