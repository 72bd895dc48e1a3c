package chat_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/local"
)

// cluster is several nodes' desks on one broker, as far as presence goes.
type cluster struct {
	t      *testing.T
	broker *local.Broker
	tenant chat.TenantID
	wg     sync.WaitGroup
	ctx    context.Context

	mu    sync.Mutex
	lossy bool     // the broker loses what nodes say of themselves
	told  []string // what the visitor's watchers were told
}

type node struct {
	*chat.Desk
	name string
	id   chat.NodeID
	kill func()

	mu     sync.Mutex
	here   map[chat.UserID]bool
	agents []chat.Availability // what this node's screens were told
}

// losing is a broker that loses what it is told to.
type losing struct {
	chat.Broker
	c *cluster
}

func (l losing) Publish(ctx context.Context, s chat.Signal) error {
	l.c.mu.Lock()
	lost := l.c.lossy && s.Kind == chat.SignalNode
	l.c.mu.Unlock()
	if lost {
		return nil
	}
	return l.Broker.Publish(ctx, s)
}

func inCluster(t *testing.T, f func(c *cluster)) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, broker: local.NewBroker(), tenant: chat.NewID[chat.Tenant]()}
		ctx, cancel := context.WithCancel(t.Context())
		c.ctx = ctx
		c.wg.Go(func() {
			_ = c.broker.Subscribe(ctx, func(s chat.Signal) {
				if s.Kind == chat.SignalPresence {
					c.mu.Lock()
					c.told = append(c.told, map[uint8]string{0: "gone", 1: "here"}[s.State])
					c.mu.Unlock()
				}
			})
		})
		f(c)
		cancel()
		c.wg.Wait()
	})
}

// deaf is a store of which these nodes need only that somebody can be told who comes and goes.
type deaf struct{ chat.Store }

func (deaf) Announce(context.Context, ...chat.Announcement) error { return nil }

func (c *cluster) start(name string) *node {
	n := &node{name: name, id: chat.NewID[chat.Presence](), here: make(map[chat.UserID]bool)}
	n.Desk = chat.NewDesk(chat.DeskConfig{Store: deaf{}, Broker: losing{c.broker, c}, Node: n.id, Passive: true})
	n.Presence.SetHere(func(_ chat.TenantID, u chat.UserID) bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.here[u]
	})
	n.Presence.SetTell(func(p chat.PresenceChange) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.agents = append(n.agents, p.State)
	})
	ctx, kill := context.WithCancel(c.ctx)
	n.kill = kill
	c.wg.Go(func() { _ = c.broker.Subscribe(ctx, n.Heard) })
	synctest.Wait()
	c.wg.Go(func() { _ = n.Run(ctx) })
	synctest.Wait()
	return n
}

func (n *node) up(c *cluster, u chat.UserID, r chat.Role, conv chat.ConversationID) {
	n.mu.Lock()
	n.here[u] = true
	n.mu.Unlock()
	n.Presence.Up(c.tenant, u, r, conv)
	synctest.Wait()
}

func (n *node) down(c *cluster, u chat.UserID, r chat.Role, conv chat.ConversationID) {
	n.mu.Lock()
	delete(n.here, u)
	n.mu.Unlock()
	n.Presence.Down(c.tenant, u, r, conv)
	synctest.Wait()
}

func (c *cluster) agent(want chat.Availability, a chat.AgentID, nodes ...*node) {
	c.t.Helper()
	synctest.Wait()
	for _, n := range nodes {
		if got := n.Presence.Agent(c.tenant, a); got != want {
			c.t.Fatalf("node %s says %v, want %v", n.name, got, want)
		}
		if got := slices.Contains(n.Presence.Available(c.tenant), a); got != (want == chat.Online) {
			c.t.Fatalf("node %s: available %v", n.name, got)
		}
	}
}

func (c *cluster) visitor(want ...string) {
	c.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.told, want) {
		c.t.Fatalf("told %v, want %v", c.told, want)
	}
}

func (n *node) screens(c *cluster, want ...chat.Availability) {
	c.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.agents, want) {
		c.t.Fatalf("node %s told its screens %v, want %v", n.name, n.agents, want)
	}
}

func TestEveryNodeKnowsAgents(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b := c.start("a"), c.start("b")
		alice := chat.NewID[chat.Agent]()
		a.up(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
		a.Presence.Say(c.tenant, alice, chat.Online)
		c.agent(chat.Online, alice, a, b)
		late := c.start("late")
		c.agent(chat.Online, alice, late)
		b.screens(c, chat.Offline, chat.Online)

		// He comes to b as well and says there that he is away: the newest word counts everywhere.
		b.up(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
		b.Presence.Say(c.tenant, alice, chat.Away)
		c.agent(chat.Away, alice, a, b, late)
		// Leaving a changes nothing, since he is on b.
		a.down(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
		time.Sleep(time.Minute)
		c.agent(chat.Away, alice, a, b, late)
		b.down(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
		time.Sleep(44 * time.Second)
		c.agent(chat.Away, alice, a, b, late)
		time.Sleep(3 * time.Second)
		c.agent(chat.Offline, alice, a, b, late)
		b.screens(c, chat.Offline, chat.Online, chat.Away, chat.Offline)

		// What he said outlives his connections and the node that heard it.
		b.kill()
		time.Sleep(15 * time.Second)
		newest := c.start("newest")
		newest.up(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
		c.agent(chat.Away, alice, a, late, newest)
	})
}

func TestLostGossipIsMended(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b := c.start("a"), c.start("b")
		alice := chat.NewID[chat.Agent]()
		lossy := func(is bool) {
			c.mu.Lock()
			c.lossy = is
			c.mu.Unlock()
		}
		lossy(true)
		a.up(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
		a.Presence.Say(c.tenant, alice, chat.Online)
		c.agent(chat.Offline, alice, b)
		lossy(false)
		time.Sleep(4 * time.Second)
		c.agent(chat.Online, alice, b)
		a.down(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
		time.Sleep(44 * time.Second)
		lossy(true)
		time.Sleep(2 * time.Second) // a says that he has gone, and nobody hears
		c.agent(chat.Offline, alice, a)
		c.agent(chat.Online, alice, b)
		lossy(false)
		time.Sleep(4 * time.Second)
		c.agent(chat.Offline, alice, b)
	})
}

// What a snapshot does not name any more is over, if the word that it ended got lost.
func TestSnapshotEndsWhatItDoesNotName(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b := c.start("a"), c.start("b")
		bob := chat.NewID[chat.Actor]() // who never says anything
		a.up(c, bob, chat.RoleAgent, chat.ConversationID{})
		b.screens(c, chat.Offline)
		a.down(c, bob, chat.RoleAgent, chat.ConversationID{})
		time.Sleep(44 * time.Second)
		c.mu.Lock()
		c.lossy = true
		c.mu.Unlock()
		time.Sleep(2 * time.Second)
		b.screens(c, chat.Offline)
		c.mu.Lock()
		c.lossy = false
		c.mu.Unlock()
		time.Sleep(4 * time.Second)
		b.screens(c, chat.Offline, chat.Offline)
	})
}

func TestManyAgentsInParts(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a := c.start("a")
		var all []chat.AgentID
		for range 1200 {
			id := chat.NewID[chat.Agent]()
			all = append(all, id)
			a.Presence.Up(c.tenant, chat.UserID(id), chat.RoleAgent, chat.ConversationID{})
			a.Presence.Say(c.tenant, id, chat.Online)
		}
		b := c.start("b")
		for _, id := range all {
			c.agent(chat.Online, id, b)
		}
		if n := len(b.Presence.Available(c.tenant)); n != len(all) {
			t.Fatalf("%d of %d agents are known", n, len(all))
		}
	})
}

func TestDeadNodesAgentsGo(t *testing.T) {
	for _, polite := range []bool{false, true} {
		t.Run(fmt.Sprintf("polite=%v", polite), func(t *testing.T) {
			inCluster(t, func(c *cluster) {
				a, b := c.start("a"), c.start("b")
				alice := chat.NewID[chat.Agent]()
				a.up(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
				a.Presence.Say(c.tenant, alice, chat.Online)
				if polite {
					a.Presence.Leave()
				}
				a.kill()
				synctest.Wait()
				if polite && b.Presence.Peers() != 0 {
					t.Fatal("a node that said goodbye is still counted")
				}
				time.Sleep(12 * time.Second)
				if b.Presence.Peers() != 0 {
					t.Fatal("a silent node lives on")
				}
				time.Sleep(30 * time.Second)
				c.agent(chat.Online, alice, b) // the grace
				time.Sleep(5 * time.Second)
				c.agent(chat.Offline, alice, b)
			})
		})
	}
}

func TestVisitorOnTwoNodes(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b := c.start("a"), c.start("b")
		vera, conv := chat.NewID[chat.Actor](), chat.NewID[chat.Conversation]()
		a.up(c, vera, chat.RoleVisitor, conv)
		b.up(c, vera, chat.RoleVisitor, conv) // another tab
		c.visitor("here", "here")
		a.down(c, vera, chat.RoleVisitor, conv)
		time.Sleep(time.Minute)
		c.visitor("here", "here") // she is on b
		b.down(c, vera, chat.RoleVisitor, conv)
		time.Sleep(14 * time.Second)
		c.visitor("here", "here", "gone")

		// She leaves both at about the same time: gone once at least, and in the end.
		a.up(c, vera, chat.RoleVisitor, conv)
		b.up(c, vera, chat.RoleVisitor, conv)
		a.down(c, vera, chat.RoleVisitor, conv)
		time.Sleep(5 * time.Second)
		b.down(c, vera, chat.RoleVisitor, conv)
		time.Sleep(14 * time.Second)
		c.visitor("here", "here", "gone", "here", "here", "gone")

		// She moves from a to b inside the grace.
		a.up(c, vera, chat.RoleVisitor, conv)
		a.down(c, vera, chat.RoleVisitor, conv)
		b.up(c, vera, chat.RoleVisitor, conv)
		time.Sleep(time.Minute)
		c.visitor("here", "here", "gone", "here", "here", "gone", "here", "here")
	})
}

func TestLeavingNodeHandsOverGraces(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a := c.start("a")
		c.start("b")
		c.start("d")
		vera, conv := chat.NewID[chat.Actor](), chat.NewID[chat.Conversation]()
		a.up(c, vera, chat.RoleVisitor, conv)
		a.down(c, vera, chat.RoleVisitor, conv)
		a.Presence.Leave()
		a.kill()
		time.Sleep(14 * time.Second)
		c.visitor("here", "gone") // by exactly one of the others
	})
}

// open makes a node know of an open conversation, and who answers it.
func (n *node) open(c *cluster, conv chat.ConversationID, visitor chat.UserID, assignee chat.AgentID) {
	e := chat.Event{State: chat.State{Visitor: chat.VisitorID(visitor), Assignee: assignee, Status: chat.Open, Version: 1}}
	e.Tenant, e.Conversation, e.Seq = c.tenant, conv, 1
	n.Observe([]chat.Event{e})
}

func TestDeadNodesVisitorsGo(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b, d := c.start("a"), c.start("b"), c.start("d")
		alice, bob := chat.NewID[chat.Agent](), chat.NewID[chat.Agent]()
		b.up(c, chat.UserID(alice), chat.RoleAgent, chat.ConversationID{})
		lost, moved, elsewhere, unwatched := chat.NewID[chat.Actor](), chat.NewID[chat.Actor](), chat.NewID[chat.Actor](), chat.NewID[chat.Actor]()
		for _, v := range []chat.UserID{lost, moved, elsewhere} {
			b.open(c, chat.ConversationID(v), v, alice)
		}
		b.open(c, chat.ConversationID(unwatched), unwatched, bob)
		for _, v := range []chat.UserID{lost, moved, unwatched} {
			a.up(c, v, chat.RoleVisitor, chat.ConversationID(v))
		}
		d.up(c, elsewhere, chat.RoleVisitor, chat.ConversationID(elsewhere))
		a.kill()
		time.Sleep(5 * time.Second)
		b.up(c, moved, chat.RoleVisitor, chat.ConversationID(moved))
		c.visitor("here", "here", "here", "here", "here")
		time.Sleep(10 * time.Second)
		c.visitor("here", "here", "here", "here", "here", "gone") // lost
		time.Sleep(time.Minute)
		c.visitor("here", "here", "here", "here", "here", "gone") // and nobody else
	})
}

func TestVisitorWithoutConversationIsNoNews(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a := c.start("a")
		vera := chat.NewID[chat.Actor]()
		a.up(c, vera, chat.RoleVisitor, chat.ConversationID{})
		a.down(c, vera, chat.RoleVisitor, chat.ConversationID{})
		time.Sleep(time.Minute)
		c.visitor()
	})
}
