package library_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/library"
	"github.com/uniqchat/uniqchat/chat"
)

// answers are which versions answer so many conversations, and how many of them each.
func (d *desk) answers(l *library.Library, of []chat.ConversationID) map[int64]int {
	d.t.Helper()
	n := map[int64]int{}
	for _, c := range of {
		a, err := l.Search(d.t.Context(), d.tenant, chat.KnowledgeQuery{Question: "days", Limit: 1, Conversation: c})
		require.NoError(d.t, err)
		n[a.Version]++
	}
	return n
}

func (d *desk) state() chat.KnowledgeState {
	d.t.Helper()
	st, err := d.kept.Store.KnowledgeState(d.t.Context(), d.tenant)
	require.NoError(d.t, err)
	return st
}

// A new version answers its share of the conversations, each by one version all along, on every node; what came of them decides.
func TestCanary(t *testing.T) {
	d := open(t)
	require.NoError(t, d.kept.Store.PlanCanary(t.Context(), d.tenant, chat.CanaryPlan{Percent: 25, For: time.Hour}))
	l, stop := d.start(nil)
	defer stop()
	other, end := d.start(func(o *library.Options) { o.Builds = false })
	defer end()
	d.add("Returns", "Thirty days.")
	require.EqualValues(t, 1, d.settled().Active)
	var talks []chat.ConversationID
	for range 1000 {
		talks = append(talks, chat.NewID[chat.Conversation]())
	}
	for _, node := range []*library.Library{l, other} {
		require.Equal(t, map[int64]int{1: 1000}, d.answers(node, talks))
	}
	d.add("Shipping", "Two days.")
	require.EqualValues(t, 2, d.settled().Canary.Version)
	var shares map[int64]int
	for _, node := range []*library.Library{l, other} {
		require.Eventually(t, func() bool { shares = d.answers(node, talks); return shares[2] > 0 }, 10*time.Second, 10*time.Millisecond)
		require.InDelta(t, 250, shares[2], 70, "five standard deviations")
		require.Equal(t, 1000, shares[1]+shares[2])
		require.Equal(t, shares, d.answers(node, talks), "a conversation stays with its version")
	}
	require.Equal(t, shares, d.answers(l, talks), "on either node")
	a, err := l.Search(t.Context(), d.tenant, chat.KnowledgeQuery{Question: "days", Limit: 1})
	require.NoError(t, err)
	require.EqualValues(t, 1, a.Version, "what nobody asks in a conversation")

	// Both nodes count. It is as good as the other: it stays, and is not put in use before its time.
	for _, node := range []*library.Library{l, other} {
		for n := range 30 {
			node.Asked(d.tenant, 1, n < 10)
			node.Asked(d.tenant, 2, n < 10)
			node.Asked(d.tenant, 77, true)
			node.Asked(chat.NewID[chat.Tenant](), 1, true)
		}
	}
	require.Eventually(t, func() bool { return d.state().Canary.New.Asked == 60 }, 10*time.Second, 10*time.Millisecond)
	st := d.state()
	require.Equal(t, [2]chat.CanaryTally{{Asked: 60, Open: 20}, {Asked: 60, Open: 20}}, [2]chat.CanaryTally{st.Canary.Old, st.Canary.New})
	require.EqualValues(t, 2, st.Canary.Version)

	// It gets worse: it is taken back, everywhere.
	for range 100 {
		other.Asked(d.tenant, 2, true)
	}
	require.Eventually(t, func() bool { return d.state().Canary.Version == 0 }, 10*time.Second, 10*time.Millisecond)
	st = d.state()
	require.EqualValues(t, 1, st.Active)
	require.Equal(t, chat.FailureCanary, st.Failure.Reason)
	require.Equal(t, chat.CanaryTally{Asked: 60, Open: 20}, st.Failure.Canary.Old)
	require.Equal(t, st.Failure.Canary.New.Asked-40, st.Failure.Canary.New.Open, "as far as it had come")
	for _, node := range []*library.Library{l, other} {
		require.Eventually(t, func() bool { return d.answers(node, talks)[1] == 1000 }, 10*time.Second, 10*time.Millisecond)
	}

	// The next one is put in use by a person, and the one after it by time.
	d.add("Payment", "By card.")
	require.EqualValues(t, 3, d.settled().Canary.Version)
	_, err = d.kept.Store.PromoteCanary(t.Context(), d.tenant)
	require.NoError(t, err)
	l.Changed(t.Context(), d.tenant)
	for _, node := range []*library.Library{l, other} {
		require.Eventually(t, func() bool { return d.answers(node, talks)[3] == 1000 }, 10*time.Second, 10*time.Millisecond)
	}
	require.NoError(t, d.kept.Store.PlanCanary(t.Context(), d.tenant, chat.CanaryPlan{Percent: 50, For: time.Second}))
	d.add("Gifts", "In paper.")
	d.settled()
	require.Eventually(t, func() bool { return d.answers(other, talks)[4] == 1000 }, 10*time.Second, 10*time.Millisecond)
	require.EqualValues(t, 4, d.state().Active)
}

// Whoever asks first waits for the version in use alone; and one that is tried and can't be loaded keeps nobody from an answer.
func TestCanaryNotThere(t *testing.T) {
	d := open(t)
	require.NoError(t, d.kept.Store.PlanCanary(t.Context(), d.tenant, chat.CanaryPlan{Percent: 50, For: time.Hour}))
	_, stop := d.start(nil)
	d.add("Returns", "Thirty days.")
	d.settled()
	d.add("Shipping", "Two days.")
	require.EqualValues(t, 2, d.settled().Canary.Version)
	stop()
	v, err := d.kept.Store.KnowledgeVersion(t.Context(), d.tenant, 2)
	require.NoError(t, err)
	var talks []chat.ConversationID
	for range 100 {
		talks = append(talks, chat.NewID[chat.Conversation]())
	}
	broken := &brokenStore{KnowledgeStore: d.kept.Store, version: v.Version, gate: make(chan struct{})}
	broken.fails.Store(true)
	l, end := d.start(func(o *library.Options) { o.Store, o.Builds = broken, false })
	defer end()
	require.Equal(t, map[int64]int{1: 100}, d.answers(l, talks), "while the other one is being read")
	require.Eventually(t, func() bool { return broken.asked.Load() == 1 }, 10*time.Second, time.Millisecond, "it is read at once, and aside")
	close(broken.gate)
	require.Eventually(t, func() bool {
		require.Equal(t, map[int64]int{1: 100}, d.answers(l, talks))
		return broken.asked.Load() > 1
	}, 10*time.Second, 10*time.Millisecond)
	broken.fails.Store(false)
	require.Eventually(t, func() bool { return d.answers(l, talks)[2] > 0 }, 10*time.Second, 10*time.Millisecond)
}

// brokenStore can't read one version, and says so only when its gate is open.
type brokenStore struct {
	chat.KnowledgeStore
	version int64
	fails   atomic.Bool
	gate    chan struct{}
	asked   atomic.Int64
}

func (b *brokenStore) KnowledgeVersion(ctx context.Context, tenant chat.TenantID, version int64) (chat.KnowledgeVersion, error) {
	if version == b.version && b.fails.Load() {
		b.asked.Add(1)
		<-b.gate
		return chat.KnowledgeVersion{}, errors.New("it can't be read")
	}
	return b.KnowledgeStore.KnowledgeVersion(ctx, tenant, version)
}
