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

// golden asks for a document among the first hits of a question, from now on.
func (d *desk) golden(question string, document chat.DocumentID) chat.GoldenID {
	d.t.Helper()
	g := chat.GoldenQuestion{ID: chat.NewID[chat.GoldenQuestion](), Tenant: d.tenant, Question: question, Document: document, Within: 1}
	require.NoError(d.t, d.kept.Store.AddGoldenQuestion(d.t.Context(), g, time.Now()))
	return g.ID
}

// A version that fails a golden question that came while it was tried is not put in use, whatever was built when that was seen; one that a newer build's
// failure says nothing of goes on.
func TestCanaryGolden(t *testing.T) {
	d := open(t)
	require.NoError(t, d.kept.Store.PlanCanary(t.Context(), d.tenant, chat.CanaryPlan{Percent: 50, For: time.Hour}))
	l, stop := d.start(nil)
	defer stop()
	returns := d.add("Returns", "Thirty days.")
	require.EqualValues(t, 1, d.settled().Active)
	shipping := d.add("Shipping", "Two days.")
	require.EqualValues(t, 2, d.settled().Canary.Version)
	taken := func(before int64) {
		t.Helper()
		st := d.settled()
		require.Zero(t, st.Canary.Version)
		require.Equal(t, before, st.Active)
		require.Equal(t, chat.FailureGolden, st.Failure.Reason)
		_, err := d.kept.Store.PromoteCanary(t.Context(), d.tenant)
		require.Equal(t, chat.Conflict, chat.CodeOf(err))
	}
	forget := func(id chat.GoldenID) {
		t.Helper()
		require.NoError(t, d.kept.Store.DeleteGoldenQuestion(t.Context(), d.tenant, id, time.Now()))
	}

	// The build is of the very chunks that are tried.
	id := d.golden("thirty", shipping)
	taken(1)
	var talks []chat.ConversationID
	for range 100 {
		talks = append(talks, chat.NewID[chat.Conversation]())
	}
	require.Eventually(t, func() bool { return d.answers(l, talks)[1] == 100 }, 10*time.Second, 10*time.Millisecond)

	// It is of others.
	forget(id)
	require.EqualValues(t, 3, d.settled().Canary.Version)
	change := func(of chat.DocumentID, text string, due time.Time) {
		t.Helper()
		_, err := d.kept.Store.ChangeDocument(t.Context(), d.tenant, of, chat.KnowledgeLimits{}, due, func(doc *chat.Document) error { doc.Text = text; return nil })
		require.NoError(t, err)
	}
	change(returns, "Thirty long days.", time.Now().Add(time.Hour))
	id = d.golden("thirty", shipping)
	taken(1)

	// Those fail alone.
	forget(id)
	require.EqualValues(t, 4, d.settled().Canary.Version)
	d.golden("thirty", returns)
	require.EqualValues(t, 4, d.settled().Canary.Version, "it answers that one")
	change(shipping, "Thirty.", time.Now().Add(time.Hour))
	change(returns, "Whenever you like.", time.Now())
	st := d.settled()
	require.EqualValues(t, 4, st.Canary.Version)
	require.Equal(t, chat.FailureGolden, st.Failure.Reason)
	_, err := d.kept.Store.PromoteCanary(t.Context(), d.tenant)
	require.NoError(t, err)
}

// trying is a desk whose version 2 is tried by one half of these conversations, and a store that can't read it, with a gate before it.
func trying(t *testing.T) (d *desk, broken *brokenStore, talks []chat.ConversationID) {
	t.Helper()
	d = open(t)
	require.NoError(t, d.kept.Store.PlanCanary(t.Context(), d.tenant, chat.CanaryPlan{Percent: 50, For: time.Hour}))
	_, stop := d.start(nil)
	defer stop()
	d.add("Returns", "Thirty days.")
	d.settled()
	d.add("Shipping", "Two days.")
	require.EqualValues(t, 2, d.settled().Canary.Version)
	for range 100 {
		talks = append(talks, chat.NewID[chat.Conversation]())
	}
	return d, &brokenStore{KnowledgeStore: d.kept.Store, version: 2, gate: make(chan struct{})}, talks
}

// asked asks for a conversation aside, and returns which version answered.
func (d *desk) asked(l *library.Library, conv chat.ConversationID) <-chan int64 {
	out := make(chan int64, 1)
	go func() {
		a, err := l.Search(d.t.Context(), d.tenant, chat.KnowledgeQuery{Question: "days", Limit: 1, Conversation: conv})
		if err != nil {
			a.Version = -1
		}
		out <- a.Version
	}()
	return out
}

// After a start each conversation is answered by its own version from the first question on: those that the version in use answers at once, the
// others as soon as the one that is tried is loaded.
func TestCanaryColdStart(t *testing.T) {
	d, store, talks := trying(t)
	store.holds.Store(true)
	l, end := d.start(func(o *library.Options) { o.Store, o.Builds, o.Patience = store, false, time.Minute })
	defer end()
	var waits []<-chan int64
	for _, c := range talks {
		waits = append(waits, d.asked(l, c))
	}
	at := make([]int64, len(talks))
	count := func() (n int) {
		for i := range waits {
			select {
			case at[i] = <-waits[i]:
			default:
			}
			if at[i] == 1 {
				n++
			}
			require.Contains(t, []int64{0, 1}, at[i])
		}
		return n
	}
	a, err := l.Search(t.Context(), d.tenant, chat.KnowledgeQuery{Question: "days", Limit: 1})
	require.NoError(t, err)
	require.EqualValues(t, 1, a.Version, "who is in no conversation does not wait")
	require.Eventually(t, func() bool { return store.asked.Load() == 1 }, 10*time.Second, time.Millisecond, "it is read at once, and aside")
	require.Eventually(t, func() bool { return count() > 20 }, 10*time.Second, time.Millisecond)

	// What comes of those is counted from the start.
	l.Asked(d.tenant, 1, true)
	require.Eventually(t, func() bool { return d.state().Canary.Old == chat.CanaryTally{Asked: 1, Open: 1} }, 10*time.Second, time.Millisecond)
	close(store.gate)
	for i := range waits {
		if at[i] == 0 {
			at[i] = <-waits[i]
		}
	}
	shares := map[int64]int{}
	for i, c := range talks {
		shares[at[i]]++
		require.Equal(t, at[i], <-d.asked(l, c), "and it stays so")
	}
	require.Equal(t, len(talks), shares[1]+shares[2])
	require.InDelta(t, 50, shares[2], 25, "five standard deviations")
}

// A version that is tried and can't be loaded keeps nobody from an answer: nobody waits longer than is said, nor for what can't be had.
func TestCanaryNotThere(t *testing.T) {
	d, broken, talks := trying(t)
	broken.fails.Store(true)
	broken.holds.Store(true)
	l, end := d.start(func(o *library.Options) { o.Store, o.Builds, o.Patience = broken, false, 20*time.Millisecond })
	defer end()
	require.Equal(t, map[int64]int{1: 100}, d.answers(l, talks), "while the other one is being read, after a while")
	require.EqualValues(t, 1, broken.asked.Load())
	close(broken.gate)
	require.Eventually(t, func() bool {
		require.Equal(t, map[int64]int{1: 100}, d.answers(l, talks))
		return broken.asked.Load() > 1
	}, 10*time.Second, 10*time.Millisecond)
	broken.fails.Store(false)
	require.Eventually(t, func() bool { return d.answers(l, talks)[2] > 0 }, 10*time.Second, 10*time.Millisecond)

	// It is known at once that it can't be had: nobody waits until they lose their patience.
	broken.fails.Store(true)
	other, stop := d.start(func(o *library.Options) { o.Store, o.Builds, o.Patience = broken, false, time.Hour })
	defer stop()
	require.Equal(t, map[int64]int{1: 100}, d.answers(other, talks))

	// And who gives up waiting is told so.
	slow := &brokenStore{KnowledgeStore: d.kept.Store, version: 2, gate: make(chan struct{})}
	slow.holds.Store(true)
	defer close(slow.gate)
	last, halt := d.start(func(o *library.Options) { o.Store, o.Builds, o.Patience, o.Poll = slow, false, time.Hour, time.Hour })
	defer halt()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var errs []error
	for _, c := range talks {
		if _, err := last.Search(ctx, d.tenant, chat.KnowledgeQuery{Question: "days", Limit: 1, Conversation: c}); err != nil {
			errs = append(errs, err)
		}
	}
	require.NotEmpty(t, errs)
	require.Equal(t, chat.Busy, chat.CodeOf(errs[0]))
}

// brokenStore can't read one version while it fails, and reads it only when its gate is open while it holds.
type brokenStore struct {
	chat.KnowledgeStore
	version      int64
	fails, holds atomic.Bool
	gate         chan struct{}
	asked        atomic.Int64
}

func (b *brokenStore) KnowledgeVersion(ctx context.Context, tenant chat.TenantID, version int64) (chat.KnowledgeVersion, error) {
	if version == b.version {
		b.asked.Add(1)
		if b.holds.Load() {
			select {
			case <-ctx.Done():
				return chat.KnowledgeVersion{}, ctx.Err()
			case <-b.gate:
			}
		}
		if b.fails.Load() {
			return chat.KnowledgeVersion{}, errors.New("it can't be read")
		}
	}
	return b.KnowledgeStore.KnowledgeVersion(ctx, tenant, version)
}
