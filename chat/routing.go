package chat

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Waiting is a conversation that wants an agent.
type Waiting struct {
	ID        ConversationID
	Team      TeamID // zero: anyone
	Since     time.Time
	Priority  int     // higher goes first
	LastAgent AgentID // who answered this visitor last; zero if nobody
}

// Candidate is an agent who is online.
type Candidate struct {
	ID       AgentID
	Name     string
	Teams    []TeamID
	Capacity int // how many open conversations at once
	Load     int // how many there are
}

// Decision gives a conversation to an agent and says why.
type Decision struct {
	Conversation ConversationID
	Agent        AgentID
	Name         string
	Why          string
}

// Route decides who answers what: the longest wait first (after priority), to the agent who answered this visitor last if the
// rules want that and there is room, otherwise by their strategy to the least loaded with room, or to the next one with room
// after last, who was given the one before. Whoever finds nobody keeps waiting and holds up no one.
// It changes no argument and is deterministic: ties go to the smaller id. Rules must have been checked.
func Route(queue []Waiting, agents []Candidate, rules Routing, last AgentID) []Decision {
	if rules.Strategy == ByHand {
		return nil
	}
	better := lessLoaded
	if rules.Strategy == RoundRobin {
		better = func(a, b *Candidate) bool { return sooner(a.ID, b.ID, last) }
	}
	queue, agents = slices.Clone(queue), slices.Clone(agents)
	slices.SortStableFunc(queue, func(a, b Waiting) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.Since.Compare(b.Since), slices.Compare(a.ID[:], b.ID[:]))
	})
	var out []Decision
	for i := range queue {
		w := &queue[i]
		best := -1
		sticky := false
		for j := range agents {
			c := &agents[j]
			if c.Load >= c.Capacity || !w.Team.IsZero() && !slices.Contains(c.Teams, w.Team) {
				continue
			}
			if c.ID == w.LastAgent && *rules.Sticky {
				best, sticky = j, true
				break
			}
			if best < 0 || better(c, &agents[best]) {
				best = j
			}
		}
		if best < 0 {
			continue
		}
		c := &agents[best]
		why := fmt.Sprintf("least loaded: %d of %d", c.Load, c.Capacity)
		switch {
		case sticky:
			why = "answered this visitor last"
		case rules.Strategy == RoundRobin:
			why = fmt.Sprintf("next in turn: %d of %d", c.Load, c.Capacity)
			last = c.ID
		}
		c.Load++
		out = append(out, Decision{w.ID, c.ID, c.Name, why})
	}
	return out
}

func lessLoaded(a, b *Candidate) bool {
	return cmp.Or(cmp.Compare(a.Load, b.Load), slices.Compare(a.ID[:], b.ID[:])) < 0
}

// sooner reports whether a's turn comes before b's when last had the one before.
func sooner(a, b, last AgentID) bool {
	laterA, laterB := slices.Compare(a[:], last[:]) > 0, slices.Compare(b[:], last[:]) > 0
	if laterA != laterB {
		return laterA
	}
	return slices.Compare(a[:], b[:]) < 0
}
