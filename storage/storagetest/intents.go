package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func (s *suite) intent(name string, examples ...string) chat.Intent {
	return chat.Intent{
		Tenant: s.tenant, Name: name, Description: "about " + name, Action: chat.IntentReply, Reply: chat.Bilingual{ZH: "好的", EN: "Sure"},
		Examples: examples, Count: len(examples), CreatedAt: start, UpdatedAt: start,
	}
}

// keeps makes a tenant's intents those.
func (s *suite) keeps(t *testing.T, all ...chat.Intent) {
	t.Helper()
	require.NoError(t, s.Store.ChangeIntents(ctx(), s.tenant, start, func([]chat.Intent) ([]chat.Intent, error) { return all, nil }))
}

func (s *suite) taught(t *testing.T) chat.IntentState {
	t.Helper()
	st, err := s.Store.IntentState(ctx(), s.tenant)
	require.NoError(t, err)
	return st
}

// inList is an intent as it is listed.
func inList(i chat.Intent) chat.Intent {
	i.Examples = nil
	return i
}

func testIntents(t *testing.T, s *suite) {
	require.Empty(t, cmp.Diff(chat.IntentState{Tenant: s.tenant}, s.taught(t)))
	s.keeps(t)
	require.Zero(t, s.taught(t).Revision, "nothing was changed")
	size, gift := s.intent("size_advice", "which size fits me", "我该买多大码"), s.intent("gift_wrap", "can you wrap it")
	gift.Action, gift.Reply, gift.Team = chat.IntentHandoff, chat.Bilingual{}, chat.NewID[chat.Team]()
	s.keeps(t, size, gift)
	require.EqualValues(t, 1, s.taught(t).Revision)
	all, err := s.Store.Intents(ctx(), s.tenant)
	require.NoError(t, err)
	require.Len(t, all, 2)
	gift.ID, size.ID = all[0].ID, all[1].ID
	require.Empty(t, cmp.Diff([]chat.Intent{inList(gift), inList(size)}, all))
	one, err := s.Store.Intent(ctx(), s.tenant, "size_advice")
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(size, one))
	_, err = s.Store.Intent(ctx(), chat.NewID[chat.Tenant](), "size_advice")
	code(t, err, chat.NotFound)

	// What changes is seen, what doesn't makes no revision, what fails changes nothing.
	refused := errors.New("no")
	change := func(fn func(all []chat.Intent) ([]chat.Intent, error)) error {
		return s.Store.ChangeIntents(ctx(), s.tenant, start, func(all []chat.Intent) ([]chat.Intent, error) {
			require.Empty(t, cmp.Diff([]chat.Intent{gift, size}, all))
			return fn(all)
		})
	}
	require.NoError(t, change(func(all []chat.Intent) ([]chat.Intent, error) { return all, nil }))
	require.ErrorIs(t, change(func([]chat.Intent) ([]chat.Intent, error) { return nil, refused }), refused)
	twice := s.intent("another", "CAN you wrap it?")
	code(t, change(func(all []chat.Intent) ([]chat.Intent, error) { return append(all, twice), nil }), chat.Conflict)
	twin := s.intent("gift_wrap", "another one")
	code(t, change(func(all []chat.Intent) ([]chat.Intent, error) { return append(all, twin), nil }), chat.Conflict)
	many := make([]chat.Intent, chat.MaxIntents+1)
	for i := range many {
		many[i] = s.intent(fmt.Sprint("i", i))
	}
	code(t, change(func([]chat.Intent) ([]chat.Intent, error) { return many, nil }), chat.Conflict)
	long := []chat.Intent{s.intent("a"), s.intent("b")}
	for i := range chat.MaxExamples + 1 {
		long[i%2].Examples = append(long[i%2].Examples, fmt.Sprint("example ", i))
	}
	code(t, change(func([]chat.Intent) ([]chat.Intent, error) { return long, nil }), chat.Conflict)
	require.EqualValues(t, 1, s.taught(t).Revision)
	require.NoError(t, change(func(all []chat.Intent) ([]chat.Intent, error) {
		all[1].Examples, all[1].UpdatedAt = append(all[1].Examples, "is it true to size"), start.Add(time.Hour)
		return all, nil
	}))
	size.Examples, size.Count, size.UpdatedAt = append(size.Examples, "is it true to size"), 3, start.Add(time.Hour)
	require.EqualValues(t, 2, s.taught(t).Revision)
	// One goes, and another takes its name.
	fresh := s.intent("gift_wrap", "wrap it, please")
	require.NoError(t, change(func(all []chat.Intent) ([]chat.Intent, error) { return []chat.Intent{all[1], fresh}, nil }))
	one, err = s.Store.Intent(ctx(), s.tenant, "gift_wrap")
	require.NoError(t, err)
	fresh.ID = one.ID
	require.NotEqual(t, gift.ID, one.ID)
	require.Empty(t, cmp.Diff(fresh, one))
	mine := s.tenant
	s.tenant = chat.NewID[chat.Tenant]()
	all, err = s.Store.TrainingIntents(ctx(), s.tenant)
	require.NoError(t, err)
	require.Empty(t, all)
	s.tenant = mine
	all, err = s.Store.TrainingIntents(ctx(), mine)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.Intent{fresh, size}, all))

	acts := map[string]int{}
	for _, e := range s.auditLog(mine) {
		acts[e.Action]++
		require.NotContains(t, string(e.Details), "true to size", "what tenants write is told nowhere")
	}
	require.Equal(t, map[string]int{"intent.created": 3, "intent.updated": 1, "intent.deleted": 1}, acts)
}

func testIntentTraining(t *testing.T, s *suite) {
	hold := func(holder byte, now time.Time) (chat.IntentState, bool) {
		t.Helper()
		st, held, err := s.Store.HoldIntents(ctx(), [16]byte{holder}, now, now.Add(time.Minute))
		require.NoError(t, err)
		return st, held
	}
	_, held := hold(1, start)
	require.False(t, held, "nothing is due")
	s.keeps(t, s.intent("size_advice", "which size fits me"))
	_, held = hold(1, start.Add(-time.Second))
	require.False(t, held, "not yet")
	st, held := hold(1, start)
	require.True(t, held)
	require.Equal(t, s.tenant, st.Tenant)
	require.True(t, st.Training(start))
	_, held = hold(2, start)
	require.False(t, held, "one trains at a time")
	require.NoError(t, s.Store.KeepIntents(ctx(), s.tenant, [16]byte{1}, start.Add(2*time.Minute)))
	code(t, s.Store.KeepIntents(ctx(), s.tenant, [16]byte{2}, start), chat.Conflict)
	_, held = hold(2, start.Add(90*time.Second))
	require.False(t, held)

	// Who died is replaced, and can finish nothing.
	_, held = hold(2, start.Add(2*time.Minute))
	require.True(t, held)
	all, err := s.Store.TrainingIntents(ctx(), s.tenant)
	require.NoError(t, err)
	training := chat.IntentTraining{
		Revision: 1, Vectors: map[chat.IntentID]string{all[0].ID: "AAAA"},
		Report: chat.IntentReport{At: start, Examples: 1, Temperature: .2, Intents: []chat.IntentResult{{Intent: "size_advice", Examples: 1, Accuracy: 1}}},
	}
	code(t, s.Store.FinishIntents(ctx(), s.tenant, [16]byte{1}, training), chat.Conflict)
	require.NoError(t, s.Store.FinishIntents(ctx(), s.tenant, [16]byte{2}, training))
	st = s.taught(t)
	require.EqualValues(t, 1, st.Trained)
	require.False(t, st.Training(start))
	require.Empty(t, cmp.Diff(&training.Report, st.Report))
	all, err = s.Store.TrainingIntents(ctx(), s.tenant)
	require.NoError(t, err)
	require.Equal(t, "AAAA", all[0].Vectors)
	_, held = hold(3, start.Add(time.Hour))
	require.False(t, held, "all is trained")

	// A change while somebody trains is trained after it.
	all[0].Examples = append(all[0].Examples, "what is my size")
	s.keeps(t, all...)
	_, held = hold(3, start.Add(time.Hour))
	require.True(t, held)
	all[0].Examples = all[0].Examples[:1]
	s.keeps(t, all...)
	training.Revision = 2
	require.NoError(t, s.Store.FinishIntents(ctx(), s.tenant, [16]byte{3}, training))
	_, held = hold(4, start.Add(time.Hour))
	require.True(t, held)
	// Who gives up has it tried again later.
	require.NoError(t, s.Store.ReleaseIntents(ctx(), s.tenant, [16]byte{4}, start.Add(2*time.Hour)))
	_, held = hold(5, start.Add(time.Hour))
	require.False(t, held)
	_, held = hold(5, start.Add(2*time.Hour))
	require.True(t, held)
	require.NoError(t, s.Store.ReleaseIntents(ctx(), s.tenant, [16]byte{5}, start))
}
