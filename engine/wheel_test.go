package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWheelLooksWhenDue(t *testing.T) {
	var w wheel
	looked := map[*Conn]uint32{}
	conns := map[*Conn]uint32{}
	for _, due := range []uint32{1, 2, 2, 200, 255, 256, 257, 1000, 70_000} {
		c := &Conn{state: isOpen}
		conns[c] = due
		w.add(c, due)
	}
	for now := uint32(1); now <= 70_001; now++ {
		w.advance(now, func(c *Conn) uint32 {
			require.Zero(t, looked[c], "looked at twice")
			looked[c] = now
			return 0
		})
	}
	require.Equal(t, conns, looked)
	for i := range w.slots {
		require.Empty(t, w.slots[i])
	}
}

func TestWheelCatchesUpAfterStall(t *testing.T) {
	var w wheel
	n := 0
	for due := uint32(1); due <= 500; due++ {
		w.add(&Conn{state: isOpen}, due)
	}
	w.advance(600, func(*Conn) uint32 { n++; return 0 }) // one late step does the work of all that were missed
	require.Equal(t, 500, n)
}

// TestWheelAgainstModel moves, removes and reschedules connections at random, and compares with a table of deadlines.
func TestWheelAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var w wheel
	due := map[*Conn]uint32{}
	var all []*Conn
	for range 300 {
		c := &Conn{state: isOpen}
		all = append(all, c)
	}
	for now := uint32(1); now < 3000; now++ {
		for range 5 {
			c := all[rnd.IntN(len(all))]
			if rnd.IntN(4) == 0 {
				w.remove(c)
				delete(due, c)
				continue
			}
			at := now + uint32(rnd.IntN(600))
			w.add(c, at)
			due[c] = at
		}
		want := map[*Conn]bool{}
		for c, at := range due {
			if at == now {
				want[c] = true
			}
		}
		got := map[*Conn]bool{}
		w.advance(now, func(c *Conn) uint32 {
			require.False(t, got[c])
			got[c] = true
			switch rnd.IntN(3) {
			case 0:
				delete(due, c)
				return 0
			case 1: // put elsewhere by what look did
				due[c] = now + 7
				w.add(c, now+7)
				return 0
			}
			due[c] = now + 300
			return now + 300
		})
		require.Equal(t, want, got, "second %d", now)
	}
	seen := map[*Conn]bool{}
	w.each(func(c *Conn) {
		require.False(t, seen[c], "in the wheel twice")
		seen[c] = true
		w.remove(c)
	})
	require.Len(t, seen, len(due))
}

func TestWheelForgetsTheClosed(t *testing.T) {
	var w wheel
	a, b, c := &Conn{state: isOpen}, &Conn{state: isOpen}, &Conn{state: isOpen}
	for _, x := range []*Conn{a, b, c} {
		w.add(x, 5)
	}
	w.advance(5, func(x *Conn) uint32 {
		if x == a { // closing one connection ends another one of the same second
			b.state = isGone
			w.remove(b)
		}
		require.NotSame(t, b, x)
		return 9
	})
	n := 0
	w.advance(9, func(*Conn) uint32 { n++; return 0 })
	require.Equal(t, 2, n)
}
