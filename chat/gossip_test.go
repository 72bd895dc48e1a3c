package chat

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestOneNodeRoutesEachTenant: with the same picture of the cluster every node comes to the same answer, and each gets its
// share; nodes that route nothing get none.
func TestOneNodeRoutesEachTenant(t *testing.T) {
	var all []*Presence
	add := func(passive bool) {
		p := newPresence(presenceConfig{
			node: NewID[Presence](), passive: passive, visitor: time.Second, agent: time.Second, now: time.Now,
			changed: func(PresenceChange) {}, publish: func(Signal) {},
		})
		all = append(all, p)
	}
	for _, passive := range []bool{false, false, false, true} {
		add(passive)
	}
	for _, p := range all {
		for _, o := range all {
			if o != p {
				n := note{node: o.node, says: saysBeat, beat: 1, parts: 1}
				if o.passive {
					n.flags = flagPassive
				}
				p.heardNote(&n)
			}
		}
	}
	share := make(map[*Presence]int)
	for range 300 {
		tenant := NewID[Tenant]()
		owners := 0
		for _, p := range all {
			if p.routes(tenant) {
				owners++
				share[p]++
			}
		}
		if owners != 1 {
			t.Fatalf("%d nodes route one tenant", owners)
		}
	}
	for _, p := range all {
		if n := share[p]; p.passive != (n == 0) || !p.passive && n < 60 {
			t.Errorf("a node (passive: %v) routes %d of 300 tenants", p.passive, n)
		}
	}
}

func FuzzNote(f *testing.F) {
	who := person{NewID[Tenant](), NewID[Actor]()}
	beat := note{node: NewID[Presence](), says: saysBeat, flags: flagPassive, beat: 7, part: 1, parts: 3, agents: []noteAgent{{who, true, Away, 99}}}
	bye := note{node: NewID[Presence](), says: saysBye, leavers: []noteLeave{{who, NewID[Conversation](), 3 * time.Second}}}
	f.Add(beat.append(nil))
	f.Add(bye.append(nil))
	f.Add([]byte{})
	for _, n := range []note{beat, bye} {
		got, err := parseNote(n.append(nil))
		if diff := cmp.Diff(n, got, cmp.AllowUnexported(note{}, noteAgent{}, noteLeave{}, person{})); err != nil || diff != "" {
			f.Fatalf("%v %s", err, diff)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseNote(b)
		if err != nil {
			return
		}
		again, err := parseNote(n.append(nil))
		if diff := cmp.Diff(n, again, cmp.AllowUnexported(note{}, noteAgent{}, noteLeave{}, person{})); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
	})
}
