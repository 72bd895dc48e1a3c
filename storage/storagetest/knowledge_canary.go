package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// builder builds versions of a tenant's index, however often.
type builder struct {
	*suite
	me       [16]byte
	now      time.Time
	revision int64
}

// builds holds the build that is due.
func (s *suite) builds(t *testing.T) *builder {
	t.Helper()
	b := &builder{suite: s, me: [16]byte(chat.NewID[chat.Presence]()), now: start.Add(time.Minute)}
	_, held, err := s.Store.HoldKnowledge(ctx(), b.me, b.now, b.now.Add(time.Hour))
	require.NoError(t, err)
	require.True(t, held)
	return b
}

// swap puts an index of these chunks in use, or has it tried.
func (b *builder) swap(t *testing.T, members ...byte) chat.KnowledgeVersion {
	t.Helper()
	b.revision++
	v := chat.KnowledgeVersion{Tenant: b.tenant, Revision: b.revision, Documents: 1, CreatedAt: b.now}
	for _, m := range members {
		v.Members = append(v.Members, [16]byte{m})
	}
	v, err := b.Store.SwapKnowledge(ctx(), b.me, v)
	require.NoError(t, err)
	return v
}

// A version is tried, counted, put in use or taken back; whatever overtakes it ends its trial.
func testKnowledgeCanary(t *testing.T, s *suite) {
	plan := chat.CanaryPlan{Percent: 10, For: time.Hour}
	require.NoError(t, s.Store.PlanCanary(ctx(), s.tenant, plan), "before there is anything")
	s.added(t, s.document("one", "text"))
	require.Equal(t, plan, s.knows(t).Plan)
	require.EqualValues(t, 1, s.knows(t).Revision)
	b := s.builds(t)
	me, now := b.me, b.now
	swap := func(members ...byte) chat.KnowledgeVersion { t.Helper(); return b.swap(t, members...) }
	tried := func(want int64) chat.KnowledgeState {
		t.Helper()
		st := s.knows(t)
		require.Equal(t, want, st.Canary.Version)
		all, err := s.Store.Canaries(ctx())
		require.NoError(t, err)
		found := false
		for i := range all {
			found = found || all[i].Tenant == s.tenant
		}
		require.Equal(t, want > 0, found)
		return st
	}

	require.EqualValues(t, 1, swap(1).Version)
	require.EqualValues(t, 1, tried(0).Active, "the first is in use at once: nothing else could be")
	require.EqualValues(t, 2, swap(2).Version)
	st := tried(2)
	require.EqualValues(t, 1, st.Active)
	require.Empty(t, cmp.Diff(chat.KnowledgeCanary{Version: 2, Percent: 10, Began: now, Ends: now.Add(time.Hour)}, st.Canary))
	require.EqualValues(t, 2, swap(2).Version, "the same again goes on")
	require.NoError(t, s.Store.TallyCanary(ctx(), s.tenant, 2, chat.CanaryTally{Asked: 9, Open: 2}, chat.CanaryTally{Asked: 4, Open: 3}))
	require.NoError(t, s.Store.TallyCanary(ctx(), s.tenant, 2, chat.CanaryTally{Asked: 1}, chat.CanaryTally{Asked: 1, Open: 1}))
	require.NoError(t, s.Store.TallyCanary(ctx(), s.tenant, 1, chat.CanaryTally{Asked: 100}, chat.CanaryTally{Asked: 100}), "not tried")
	st = tried(2)
	require.Equal(t, [2]chat.CanaryTally{{Asked: 10, Open: 2}, {Asked: 5, Open: 4}}, [2]chat.CanaryTally{st.Canary.Old, st.Canary.New})
	require.NoError(t, s.Store.PlanCanary(ctx(), s.tenant, chat.CanaryPlan{Percent: 50, For: time.Minute}))
	require.Equal(t, 10, tried(2).Canary.Percent, "it goes on as it was begun")
	s.reopen()
	require.EqualValues(t, 5, tried(2).Canary.New.Asked)

	// Overtaken by a newer one, which begins anew.
	require.EqualValues(t, 3, swap(3).Version)
	st = tried(3)
	require.Empty(t, cmp.Diff(chat.KnowledgeCanary{Version: 3, Percent: 50, Began: now, Ends: now.Add(time.Minute)}, st.Canary))
	ended, err := s.Store.EndCanary(ctx(), s.tenant, 2, nil)
	require.NoError(t, err)
	require.False(t, ended)
	require.EqualValues(t, 1, swap(1).Version, "what is in use is what is wanted")
	require.EqualValues(t, 1, tried(0).Active)
	// However many are tried in vain, the one in use stays.
	for n := range byte(chat.KnowledgeVersions + 2) {
		swap(10 + n)
	}
	require.EqualValues(t, 1, tried(10).Active)
	_, err = s.Store.KnowledgeVersion(ctx(), s.tenant, 1)
	require.NoError(t, err)

	// Taken back: by whoever judges, with the reason, or by a person.
	f := &chat.KnowledgeFailure{At: now, Revision: b.revision, Reason: chat.FailureCanary, Canary: &chat.CanaryResult{New: chat.CanaryTally{Asked: 30, Open: 30}}}
	ended, err = s.Store.EndCanary(ctx(), s.tenant, 10, f)
	require.NoError(t, err)
	require.True(t, ended)
	st = tried(0)
	require.EqualValues(t, 1, st.Active)
	require.Empty(t, cmp.Diff(f, st.Failure))
	require.EqualValues(t, 11, swap(20).Version)
	require.Nil(t, tried(11).Failure)
	back, err := s.Store.RollBackKnowledge(ctx(), s.tenant, 0)
	require.NoError(t, err)
	require.EqualValues(t, 1, back.Version)
	require.EqualValues(t, 1, tried(0).Active)

	// Put in use: by time, or by a person.
	_, err = s.Store.PromoteCanary(ctx(), s.tenant)
	code(t, err, chat.Conflict)
	require.NoError(t, s.Store.Reindex(ctx(), s.tenant, now))
	_, held, err := s.Store.HoldKnowledge(ctx(), me, now, now.Add(time.Hour))
	require.NoError(t, err)
	require.True(t, held)
	require.EqualValues(t, 12, swap(21).Version)
	ended, err = s.Store.EndCanary(ctx(), s.tenant, 12, nil)
	require.NoError(t, err)
	require.True(t, ended)
	require.EqualValues(t, 12, tried(0).Active)
	require.EqualValues(t, 13, swap(22).Version)
	_, err = s.Store.PromoteCanary(ctx(), chat.NewID[chat.Tenant]())
	code(t, err, chat.Conflict)
	v, err := s.Store.PromoteCanary(ctx(), s.tenant)
	require.NoError(t, err)
	require.EqualValues(t, 13, v.Version)
	require.EqualValues(t, 13, tried(0).Active)
	require.NoError(t, s.Store.PlanCanary(ctx(), s.tenant, chat.CanaryPlan{For: time.Hour}))
	require.EqualValues(t, 14, swap(23).Version)
	require.EqualValues(t, 14, tried(0).Active, "without a plan at once")
	require.Zero(t, s.knows(t).Plan)
}
