package chat

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

type changes struct {
	mu  sync.Mutex
	got []Availability
}

func (c *changes) add(p PresenceChange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, p.State)
}

func (c *changes) check(t *testing.T, want ...Availability) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if diff := cmp.Diff(want, c.got); diff != "" {
		t.Fatalf("presence changes (-want +got):\n%s", diff)
	}
}

func withPresence(t *testing.T, f func(p *Presence, c *changes)) {
	synctest.Test(t, func(t *testing.T) {
		c := new(changes)
		p := newPresence(presenceConfig{
			node: NewID[Presence](), visitor: 12 * time.Second, agent: 45 * time.Second, now: time.Now, changed: c.add, publish: func(Signal) {},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); p.run(ctx) }()
		f(p, c)
		cancel()
		<-done
	})
}

func TestVisitorReloadChangesNothing(t *testing.T) {
	withPresence(t, func(p *Presence, c *changes) {
		tenant, u := idOf[Tenant](1), idOf[Actor](2)
		p.Up(tenant, u, RoleVisitor, ConversationID{})
		p.Down(tenant, u, RoleVisitor, ConversationID{})
		time.Sleep(11 * time.Second)
		p.Up(tenant, u, RoleVisitor, ConversationID{})
		time.Sleep(time.Minute)
		c.check(t, Online)
		p.Down(tenant, u, RoleVisitor, ConversationID{})
		time.Sleep(14 * time.Second)
		c.check(t, Online, Offline)
	})
}

func TestStillHereWhenGraceEnds(t *testing.T) {
	withPresence(t, func(p *Presence, c *changes) {
		tenant, u := idOf[Tenant](1), idOf[Actor](2)
		p.SetHere(func(TenantID, UserID) bool { return true })
		p.Up(tenant, u, RoleVisitor, ConversationID{})
		p.Down(tenant, u, RoleVisitor, ConversationID{}) // overtaken by another Up
		time.Sleep(time.Minute)
		c.check(t, Online)
	})
}

func TestAgentAvailability(t *testing.T) {
	withPresence(t, func(p *Presence, c *changes) {
		tenant, a := idOf[Tenant](1), idOf[Agent](2)
		p.Up(tenant, UserID(a), RoleAgent, ConversationID{})
		p.Up(tenant, UserID(a), RoleAgent, ConversationID{}) // another tab
		c.check(t, Offline)                                  // connected, but has not said that he takes conversations
		p.Say(tenant, a, Online)
		p.Say(tenant, a, Online)
		c.check(t, Offline, Online)
		if got := p.Available(tenant); len(got) != 1 || got[0] != a {
			t.Fatalf("Available = %v", got)
		}
		if got := p.Available(idOf[Tenant](9)); got != nil {
			t.Fatalf("another tenant sees %v", got)
		}
		p.Down(tenant, UserID(a), RoleAgent, ConversationID{})
		time.Sleep(44 * time.Second)
		if p.Agent(tenant, a) != Online {
			t.Fatal("the grace did not hold")
		}
		time.Sleep(3 * time.Second)
		if p.Agent(tenant, a) != Offline || p.Available(tenant) != nil {
			t.Fatal("still available after the grace")
		}
		p.Up(tenant, UserID(a), RoleAgent, ConversationID{})
		if p.Agent(tenant, a) != Online {
			t.Fatal("what the agent said was forgotten over a reconnect")
		}
	})
}
