package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// What was only tried is not gone back to unless it is named, and drives nothing out that was in use.
func testKnowledgeUsed(t *testing.T, s *suite) {
	s.added(t, s.document("one", "text"))
	b := s.builds(t)
	plan := func(percent int) {
		t.Helper()
		require.NoError(t, s.Store.PlanCanary(ctx(), s.tenant, chat.CanaryPlan{Percent: percent, For: time.Hour}))
	}
	// kept are the versions that are kept, those with a minus that were only tried.
	kept := func() (all []int64) {
		t.Helper()
		list, err := s.Store.KnowledgeVersions(ctx(), s.tenant)
		require.NoError(t, err)
		for i := range list {
			v := list[i].Version
			if !list[i].Used {
				v = -v
			}
			all = append(all, v)
		}
		return all
	}
	end := func(version int64, f *chat.KnowledgeFailure) {
		t.Helper()
		ended, err := s.Store.EndCanary(ctx(), s.tenant, version, f)
		require.NoError(t, err)
		require.True(t, ended)
	}
	back := func(to, want int64) {
		t.Helper()
		v, err := s.Store.RollBackKnowledge(ctx(), s.tenant, to)
		require.NoError(t, err)
		require.Equal(t, want, v.Version)
		require.True(t, v.Used)
		require.Equal(t, want, s.knows(t).Active)
	}
	again := func() {
		t.Helper()
		require.NoError(t, s.Store.Reindex(ctx(), s.tenant, b.now))
		revision := b.revision
		b = s.builds(t)
		b.revision = revision
	}
	worse := &chat.KnowledgeFailure{Reason: chat.FailureCanary}

	require.True(t, b.swap(t, 1).Used)
	require.True(t, b.swap(t, 2).Used)
	plan(50)
	require.False(t, b.swap(t, 3).Used)
	require.Equal(t, []int64{-3, 2, 1}, kept())
	require.False(t, b.swap(t, 3).Used, "the same again")
	end(3, worse)
	require.False(t, b.swap(t, 4).Used)
	end(4, nil)
	require.Equal(t, []int64{4, -3, 2, 1}, kept(), "it has become the one in use")
	require.True(t, b.swap(t, 4).Used, "the same again")
	s.reopen()
	back(0, 2) // past what was rejected
	require.Equal(t, []int64{4, -3, 2, 1}, kept())
	back(3, 3) // named, it is
	require.Equal(t, []int64{4, 3, 2, 1}, kept())
	back(0, 2)
	back(4, 4)
	back(0, 3)

	// What a person puts in use was in use.
	again()
	require.EqualValues(t, 5, b.swap(t, 5).Version)
	v, err := s.Store.PromoteCanary(ctx(), s.tenant)
	require.NoError(t, err)
	require.True(t, v.Used)
	require.EqualValues(t, 6, b.swap(t, 6).Version)
	back(6, 6)
	require.Equal(t, []int64{6, 5, 4, 3, 2, 1}, kept(), "too many are forgotten by the next build")
	again()

	// However many are tried in vain, the last that were in use stay, the one that is being tried, and a few that were.
	for n := range byte(7) {
		b.swap(t, 20+n)
	}
	require.Equal(t, []int64{-13, -12, -11, 6, 5, 4, 3, 2}, kept())
	end(13, worse)
	back(0, 5)
	back(2, 2)
	again()
	b.swap(t, 40)
	end(14, nil)
	back(2, 2)
	again()
	b.swap(t, 41)
	require.Equal(t, []int64{-15, 14, -13, -12, 6, 5, 4, 3, 2}, kept(), "the one in use besides, however old it is")
	end(15, nil)
	plan(0)
	for n := range byte(4) {
		b.swap(t, 60+n)
	}
	require.Equal(t, []int64{19, 18, 17, 16, 15, -13, -12}, kept())
	_, err = s.Store.KnowledgeVersion(ctx(), s.tenant, 2)
	code(t, err, chat.NotFound)
}
