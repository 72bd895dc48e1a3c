package chat

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func idOf[Of any](b byte) (id ID[Of]) {
	id[15] = b
	return id
}

func TestRoute(t *testing.T) {
	base := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	conv, agent, team := idOf[Conversation], idOf[Agent], idOf[Team]
	wait := func(n byte, minutes int) Waiting {
		return Waiting{ID: conv(n), Since: base.Add(time.Duration(minutes) * time.Minute)}
	}
	type pair struct{ Conv, Agent byte }
	yes, no := true, false
	plain := Routing{LeastLoaded, &yes, 0}
	tests := []struct {
		name   string
		queue  []Waiting
		agents []Candidate
		rules  Routing
		want   []pair
	}{
		{"nobody online", []Waiting{wait(1, 0)}, nil, plain, nil},
		{"nobody waits", nil, []Candidate{{ID: agent(1), Capacity: 3}}, plain, nil},
		{"longest wait first", []Waiting{wait(1, 5), wait(2, 1), wait(3, 3)}, []Candidate{{ID: agent(1), Capacity: 2}}, plain, []pair{{2, 1}, {3, 1}}},
		{"priority before wait", []Waiting{wait(1, 0), {ID: conv(2), Since: base.Add(time.Hour), Priority: 1}}, []Candidate{{ID: agent(1), Capacity: 1}}, plain, []pair{{2, 1}}},
		{"least loaded", []Waiting{wait(1, 0)}, []Candidate{{ID: agent(1), Capacity: 5, Load: 2}, {ID: agent(2), Capacity: 5, Load: 1}}, plain, []pair{{1, 2}}},
		{"load grows while routing", []Waiting{wait(1, 0), wait(2, 1), wait(3, 2)}, []Candidate{{ID: agent(1), Capacity: 5, Load: 1}, {ID: agent(2), Capacity: 5}}, plain, []pair{{1, 2}, {2, 1}, {3, 2}}},
		{"no capacity", []Waiting{wait(1, 0)}, []Candidate{{ID: agent(1), Capacity: 1, Load: 1}}, plain, nil},
		{"sticky", []Waiting{{ID: conv(1), Since: base, LastAgent: agent(1)}}, []Candidate{{ID: agent(1), Capacity: 5, Load: 4}, {ID: agent(2), Capacity: 5}}, plain, []pair{{1, 1}}},
		{"sticky but full", []Waiting{{ID: conv(1), Since: base, LastAgent: agent(1)}}, []Candidate{{ID: agent(1), Capacity: 4, Load: 4}, {ID: agent(2), Capacity: 5}}, plain, []pair{{1, 2}}},
		{"team", []Waiting{{ID: conv(1), Since: base, Team: team(7)}}, []Candidate{{ID: agent(1), Capacity: 5}, {ID: agent(2), Capacity: 5, Load: 3, Teams: []TeamID{team(7)}}}, plain, []pair{{1, 2}}},
		{"a team without staff holds up no one", []Waiting{{ID: conv(1), Since: base, Team: team(9)}, wait(2, 1)}, []Candidate{{ID: agent(1), Capacity: 5}}, plain, []pair{{2, 1}}},
		{"by hand", []Waiting{wait(1, 0)}, []Candidate{{ID: agent(1), Capacity: 5}}, Routing{ByHand, &yes, 0}, nil},
		{"in turn, after the second", []Waiting{wait(1, 0), wait(2, 1), wait(3, 2)}, []Candidate{{ID: agent(1), Capacity: 5}, {ID: agent(2), Capacity: 5}, {ID: agent(3), Capacity: 5, Load: 4}}, Routing{RoundRobin, &yes, 0}, []pair{{1, 3}, {2, 1}, {3, 2}}},
		{"not sticky", []Waiting{{ID: conv(1), Since: base, LastAgent: agent(1)}}, []Candidate{{ID: agent(1), Capacity: 5, Load: 4}, {ID: agent(2), Capacity: 5}}, Routing{LeastLoaded, &no, 0}, []pair{{1, 2}}},
		{"ties go to the smaller id", []Waiting{wait(1, 0)}, []Candidate{{ID: agent(2), Capacity: 5}, {ID: agent(1), Capacity: 5}}, plain, []pair{{1, 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []pair
			for _, d := range Route(tt.queue, tt.agents, tt.rules, agent(2)) {
				got = append(got, pair{d.Conversation[15], d.Agent[15]})
				if d.Why == "" {
					t.Errorf("decision for %v does not explain itself", d.Conversation)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Route (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the input: nobody gets more than the capacity, no conversation goes twice, the arguments stay as they were.
func TestRouteProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var queue []Waiting
		for i := range rapid.IntRange(0, 20).Draw(t, "waiting") {
			queue = append(queue, Waiting{
				ID: idOf[Conversation](byte(i + 1)), Since: time.Unix(rapid.Int64Range(0, 5).Draw(t, "since"), 0),
				LastAgent: idOf[Agent](rapid.Byte().Draw(t, "last") % 6),
			})
		}
		var agents []Candidate
		for i := range rapid.IntRange(0, 5).Draw(t, "agents") {
			agents = append(agents, Candidate{ID: idOf[Agent](byte(i + 1)), Capacity: rapid.IntRange(0, 4).Draw(t, "cap"), Load: rapid.IntRange(0, 4).Draw(t, "load")})
		}
		before := append([]Candidate(nil), agents...)
		given := map[AgentID]int{}
		seen := map[ConversationID]bool{}
		room := 0
		for _, a := range agents {
			room += max(0, a.Capacity-a.Load)
		}
		sticky := rapid.Bool().Draw(t, "sticky")
		rules := Routing{rapid.SampledFrom([]string{LeastLoaded, RoundRobin}).Draw(t, "strategy"), &sticky, 0}
		decisions := Route(queue, agents, rules, idOf[Agent](rapid.Byte().Draw(t, "turn")%6))
		for _, d := range decisions {
			if seen[d.Conversation] {
				t.Fatalf("conversation %v given twice", d.Conversation)
			}
			seen[d.Conversation] = true
			given[d.Agent]++
		}
		for _, a := range agents {
			if given[a.ID] > 0 && a.Load+given[a.ID] > a.Capacity {
				t.Fatalf("agent %v has %d of %d", a.ID, a.Load+given[a.ID], a.Capacity)
			}
		}
		if want := min(room, len(queue)); len(decisions) != want {
			t.Fatalf("%d decisions, room for %d", len(decisions), want)
		}
		if diff := cmp.Diff(before, agents); diff != "" {
			t.Fatalf("Route changed its argument:\n%s", diff)
		}
	})
}
