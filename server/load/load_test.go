package load

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/uniqchat/uniqchat/chat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestMeter: levels come one after the other with the pressure and go one by one when it is over; a pause does nothing.
func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lag atomic.Int64
		var told []Level
		m := New(Config{Lag: func() time.Duration { return time.Duration(lag.Load()) }, Changed: func(_, l Level) { told = append(told, l) }}, Settings{At: 100 * time.Millisecond})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		press := func(d, during time.Duration) Level {
			lag.Store(int64(d))
			time.Sleep(during)
			synctest.Wait()
			return m.Level()
		}
		look := lookEvery
		time.Sleep(look / 2)
		require.Equal(t, Normal, press(99*time.Millisecond, 10*look))
		require.Equal(t, Normal, press(10*time.Second, look), "one pause")
		require.Equal(t, Normal, press(0, look))
		require.Equal(t, Presence, press(100*time.Millisecond, 2*look))
		require.Equal(t, Presence, press(199*time.Millisecond, 10*look))
		require.Equal(t, Typing, press(200*time.Millisecond, 2*look))
		require.Equal(t, Board, press(400*time.Millisecond, 2*look))
		require.Equal(t, AI, press(time.Hour, 2*look))
		require.True(t, m.LeavesOut(Presence) && m.LeavesOut(AI))
		require.Equal(t, AI, press(500*time.Millisecond, 10*look), "less, but not calm")
		require.Equal(t, AI, press(0, calmFor-look))
		require.Equal(t, Board, press(0, look))
		require.Equal(t, Normal, press(0, 3*calmFor))
		require.Equal(t, []Level{Presence, Typing, Board, AI, Board, Typing, Presence, Normal}, told)

		m.Set(Settings{At: 100 * time.Millisecond, Least: Typing})
		require.Equal(t, Typing, press(0, look))
		require.Equal(t, Board, press(400*time.Millisecond, 2*look))
		m.Set(Settings{})
		require.Equal(t, Normal, press(time.Hour, 3*calmFor+look), "nothing is measured")
		cancel()
		require.NoError(t, <-done)
	})
	require.Equal(t, Normal, (*Meter)(nil).Level())
}

func visitor(n byte) chat.VisitorKey {
	k := chat.VisitorKey{}
	k.Visitor[15] = n
	return k
}

// TestDoor: of 40 who come at once, ten are let in a second, in their order, each when it was promised.
func TestDoor(t *testing.T) {
	now := time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)
	d := NewDoor(10, func() time.Time { return now }, nil)
	waits := make([]time.Duration, 40)
	for i := range waits {
		waits[i] = d.Enter(visitor(byte(i)))
		if i <= 10 {
			require.Zero(t, waits[i], "%d", i)
		} else {
			require.Equal(t, time.Duration(i-10)*100*time.Millisecond, waits[i])
		}
	}
	start := now
	now = start.Add(500 * time.Millisecond)
	require.Equal(t, 2500*time.Millisecond, d.Enter(visitor(40)), "newcomers come after all of them")
	require.Equal(t, 500*time.Millisecond, d.Enter(visitor(20)), "too early: the same promise")
	require.Zero(t, d.Enter(visitor(15)))
	now = start.Add(2900 * time.Millisecond)
	require.Zero(t, d.Enter(visitor(39)))
	require.Equal(t, 200*time.Millisecond, d.Enter(visitor(39)), "a turn is for once")
	now = now.Add(ticketLife + 2*time.Second)
	require.Zero(t, d.Enter(visitor(200)))
	require.Empty(t, d.tickets, "who did not come back is forgotten")
	for i := range byte(61) { // ten come in, and 50 stand for five seconds
		d.Enter(visitor(i))
	}
	d.Set(100)
	require.InDelta(t, 500, d.Enter(visitor(150)).Milliseconds(), 25, "as many as before stand there, and are let in sooner")
	d.Set(1)
	require.InDelta(t, 51, d.Enter(visitor(151)).Seconds(), 3)
	d.Set(0)
	for i := range 100 {
		require.Zero(t, d.Enter(visitor(byte(i))))
	}
}

// TestDoorKeepsPromises: whoever comes back when told is let in, whatever others do, and no second brings more than twice the rate.
func TestDoorKeepsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)
		rate := rapid.IntRange(1, 20).Draw(t, "rate")
		d := NewDoor(float64(rate), func() time.Time { return now }, nil)
		promised := map[byte]time.Time{}
		var let []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "ms")) * time.Millisecond)
			n := rapid.Byte().Draw(t, "who")
			wait := d.Enter(visitor(n))
			at, was := promised[n]
			switch {
			case wait == 0:
				delete(promised, n)
				if !was {
					let = append(let, now)
				}
			case was && !now.Before(at) && now.Sub(at) < ticketLife:
				t.Fatalf("%d was to come at %v, came at %v, and is to wait %v", n, at, now, wait)
			default:
				promised[n] = now.Add(wait)
			}
		}
		for i := range let {
			if j := i + 2*rate + 2; j < len(let) && let[j].Sub(let[i]) < time.Second {
				t.Fatalf("%d were let in within %v", j-i+1, let[j].Sub(let[i]))
			}
		}
	})
}
