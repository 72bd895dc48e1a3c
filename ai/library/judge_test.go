package library_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/library"
	"github.com/uniqchat/uniqchat/chat"
)

// pickyStore can't write for some tenants.
type pickyStore struct {
	chat.KnowledgeStore
	mu     sync.Mutex
	broken map[chat.TenantID]bool
	tried  map[chat.TenantID]int // how often
}

func (p *pickyStore) fails(tenant chat.TenantID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tried[tenant]++
	if p.broken[tenant] {
		return errors.New("it can't be written")
	}
	return nil
}

func (p *pickyStore) TallyCanary(ctx context.Context, tenant chat.TenantID, version int64, old, more chat.CanaryTally) error {
	if err := p.fails(tenant); err != nil {
		return err
	}
	return p.KnowledgeStore.TallyCanary(ctx, tenant, version, old, more)
}

func (p *pickyStore) EndCanary(ctx context.Context, tenant chat.TenantID, version int64, f *chat.KnowledgeFailure) (bool, error) {
	if err := p.fails(tenant); err != nil {
		return false, err
	}
	return p.KnowledgeStore.EndCanary(ctx, tenant, version, f)
}

func (p *pickyStore) setBroken(all []*desk, broken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range all {
		p.broken[d.tenant], p.tried[d.tenant] = broken, 0
	}
}

// often reports whether it was tried to write for each of these so often.
func (p *pickyStore) often(all []*desk, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range all {
		if p.tried[d.tenant] < n {
			return false
		}
	}
	return true
}

// What can't be written of one tenant's trial keeps no other from being counted and judged, and is not lost. All of it has a period of its own.
func TestTalliesThatFail(t *testing.T) {
	first := open(t)
	store := &pickyStore{KnowledgeStore: first.kept.Store, broken: map[chat.TenantID]bool{}, tried: map[chat.TenantID]int{}}
	l, stop := first.start(func(o *library.Options) { o.Store, o.Poll = store, time.Hour })
	defer stop()
	all := []*desk{first}
	for len(all) < 6 {
		all = append(all, &desk{t: t, kept: first.kept, tenant: chat.NewID[chat.Tenant]()})
	}
	for _, d := range all {
		require.NoError(t, d.kept.Store.PlanCanary(t.Context(), d.tenant, chat.CanaryPlan{Percent: 50, For: time.Hour}))
		for _, text := range []string{"Thirty days.", "Two days."} {
			d.add(text, text)
			require.Eventually(t, func() bool {
				l.Changed(t.Context(), d.tenant) // again and again: it may not have begun to listen, and looks by itself but once an hour
				st := d.state()
				return st.Built >= st.Wanted && !st.Building(time.Now())
			}, time.Minute, 50*time.Millisecond)
			d.first(l, "days")
		}
		require.EqualValues(t, 2, d.state().Canary.Version)
		require.Eventually(t, func() bool {
			for range 20 {
				a, err := l.Search(t.Context(), d.tenant, chat.KnowledgeQuery{Question: "days", Limit: 1, Conversation: chat.NewID[chat.Conversation]()})
				require.NoError(t, err)
				if a.Version == 2 {
					return true
				}
			}
			return false
		}, 10*time.Second, time.Millisecond)
	}
	broken, others := all[:3], all[3:]
	ask := func() {
		for _, d := range all {
			for n := range 30 {
				l.Asked(d.tenant, 1, false)
				l.Asked(d.tenant, 2, n < 1)
			}
		}
	}
	store.setBroken(broken, true)
	ask()
	for _, d := range others {
		require.Eventually(t, func() bool { return d.state().Canary.New == chat.CanaryTally{Asked: 30, Open: 1} }, 10*time.Second, time.Millisecond)
	}
	require.Eventually(t, func() bool { return store.often(broken, 2) }, 10*time.Second, time.Millisecond, "they are tried again")
	for _, d := range broken {
		require.Zero(t, d.state().Canary.New)
	}
	ask()
	store.setBroken(broken, false)
	for _, d := range all {
		require.Eventually(t, func() bool {
			c := d.state().Canary
			return c.New == chat.CanaryTally{Asked: 60, Open: 2} && c.Old == chat.CanaryTally{Asked: 60}
		}, 10*time.Second, time.Millisecond, "each once")
	}

	// All of them get worse; three of them can't be taken back.
	store.setBroken(broken, true)
	for _, d := range all {
		require.NoError(t, d.kept.Store.TallyCanary(t.Context(), d.tenant, 2, chat.CanaryTally{}, chat.CanaryTally{Asked: 1000, Open: 1000}))
	}
	for _, d := range others {
		require.Eventually(t, func() bool { return d.state().Canary.Version == 0 }, 10*time.Second, time.Millisecond)
	}
	require.Eventually(t, func() bool { return store.often(broken, 2) }, 10*time.Second, time.Millisecond)
	for _, d := range broken {
		require.EqualValues(t, 2, d.state().Canary.Version)
	}
}

// The periods that are promised, whatever Poll is.
func TestPeriods(t *testing.T) {
	l := library.New(library.Options{Poll: 30 * time.Second})
	require.Equal(t, 5*time.Second, l.Judge)
	require.Equal(t, 3*time.Second, l.Patience)
}
