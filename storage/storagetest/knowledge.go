package storagetest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func (s *suite) document(title, text string) chat.Document {
	return chat.Document{
		ID: chat.NewID[chat.Document](), Tenant: s.tenant, Title: title, Format: "markdown", URL: "https://shop.example/" + title, Language: "zh", Text: text,
		Hash: sha256.Sum256([]byte(text)), Bytes: len(text), Chunks: 1, Enabled: true, CreatedAt: start, UpdatedAt: start,
	}
}

func (s *suite) added(t *testing.T, d chat.Document) chat.Document {
	t.Helper()
	kept, err := s.Store.AddDocument(ctx(), d, chat.KnowledgeLimits{}, start)
	require.NoError(t, err)
	return kept
}

func (s *suite) knows(t *testing.T) chat.KnowledgeState {
	t.Helper()
	st, err := s.Store.KnowledgeState(ctx(), s.tenant)
	require.NoError(t, err)
	return st
}

func testKnowledge(t *testing.T, s *suite) {
	require.Empty(t, cmp.Diff(chat.KnowledgeState{Tenant: s.tenant}, s.knows(t)))
	a := s.added(t, s.document("退货", "七天内可以退货。"))
	b := s.added(t, s.document("shipping", "Two days."))
	require.EqualValues(t, 1, a.Revision)
	require.EqualValues(t, 2, b.Revision)
	got, err := s.Store.Document(ctx(), s.tenant, a.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(a, got))
	_, err = s.Store.Document(ctx(), chat.NewID[chat.Tenant](), a.ID)
	code(t, err, chat.NotFound)

	page, next, err := s.Store.Documents(ctx(), s.tenant, "", 1)
	require.NoError(t, err)
	short := a
	short.Text = ""
	require.Empty(t, cmp.Diff([]chat.Document{short}, page))
	page, next, err = s.Store.Documents(ctx(), s.tenant, next, 1)
	require.NoError(t, err)
	require.Equal(t, b.ID, page[0].ID)
	require.Empty(t, next)

	// Limits hold for what is added and for what grows.
	most := chat.KnowledgeLimits{Documents: 2, DocumentBytes: 40, Bytes: 60}
	_, err = s.Store.AddDocument(ctx(), s.document("third", "x"), most, start)
	code(t, err, chat.Conflict)
	code(t, s.Store.KnowledgeRoom(ctx(), s.tenant, 1, most), chat.Conflict)
	code(t, s.Store.KnowledgeRoom(ctx(), s.tenant, 41, chat.KnowledgeLimits{DocumentBytes: 40}), chat.TooLarge)
	code(t, s.Store.KnowledgeRoom(ctx(), s.tenant, 60, chat.KnowledgeLimits{Bytes: 60}), chat.Conflict)
	require.NoError(t, s.Store.KnowledgeRoom(ctx(), s.tenant, 1, chat.KnowledgeLimits{}))
	grow := func(text string) func(*chat.Document) error {
		return func(d *chat.Document) error {
			d.Text, d.Bytes, d.Hash = text, len(text), sha256.Sum256([]byte(text))
			return nil
		}
	}
	_, err = s.Store.ChangeDocument(ctx(), s.tenant, b.ID, most, start, grow(strings.Repeat("x", 41)))
	code(t, err, chat.TooLarge)
	_, err = s.Store.ChangeDocument(ctx(), s.tenant, b.ID, most, start, grow(strings.Repeat("x", 40)))
	code(t, err, chat.Conflict)
	require.EqualValues(t, 2, s.knows(t).Revision, "what is refused changes nothing")
	b, err = s.Store.ChangeDocument(ctx(), s.tenant, b.ID, most, start, grow("Three days."))
	require.NoError(t, err)
	require.EqualValues(t, 3, b.Revision)
	_, err = s.Store.ChangeDocument(ctx(), chat.NewID[chat.Tenant](), b.ID, most, start, grow("Theirs."))
	code(t, err, chat.NotFound)
	off, err := s.Store.ChangeDocument(ctx(), s.tenant, a.ID, most, start, func(d *chat.Document) error { d.Enabled = false; return nil })
	require.NoError(t, err)
	require.False(t, off.Enabled)
	all, err := s.Store.SourceDocuments(ctx(), s.tenant)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.Document{b}, all))

	// Golden questions go with their document.
	g := chat.GoldenQuestion{ID: chat.NewID[chat.GoldenQuestion](), Tenant: s.tenant, Question: "多久到货？", Document: b.ID, Within: 3, CreatedAt: start, UpdatedAt: start}
	require.NoError(t, s.Store.AddGoldenQuestion(ctx(), g, start))
	one, err := s.Store.GoldenQuestion(ctx(), s.tenant, g.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(g, one))
	lost := g
	lost.ID, lost.Document = chat.NewID[chat.GoldenQuestion](), chat.NewID[chat.Document]()
	code(t, s.Store.AddGoldenQuestion(ctx(), lost, start), chat.NotFound)
	g, err = s.Store.ChangeGoldenQuestion(ctx(), s.tenant, g.ID, start, func(g *chat.GoldenQuestion) error { g.Within = 1; return nil })
	require.NoError(t, err)
	list, _, err := s.Store.GoldenQuestions(ctx(), s.tenant, "", 10)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.GoldenQuestion{g}, list))
	code(t, s.Store.DeleteGoldenQuestion(ctx(), s.tenant, lost.ID, start), chat.NotFound)
	before := s.knows(t).Revision
	require.NoError(t, s.Store.DeleteDocument(ctx(), s.tenant, b.ID, start))
	code(t, s.Store.DeleteDocument(ctx(), s.tenant, b.ID, start), chat.NotFound)
	require.Equal(t, before+1, s.knows(t).Revision)
	_, err = s.Store.GoldenQuestion(ctx(), s.tenant, g.ID)
	code(t, err, chat.NotFound)
}

func testUnanswered(t *testing.T, s *suite) {
	ask := func(q string, minutes int) {
		require.NoError(t, s.Store.NoteUnanswered(ctx(), s.tenant, chat.ConversationID{}, q, start.Add(time.Duration(minutes)*time.Minute)))
	}
	ask("Do you ship to the moon?", 0)
	ask("  do you sell tea  ", 1)
	ask("Do you ship  to the moon", 2)
	ask("?!", 3)
	list := func() []chat.Unanswered {
		all, _, err := s.Store.Unanswered(ctx(), s.tenant, "", 1000)
		require.NoError(t, err)
		return all
	}
	all := list()
	require.Len(t, all, 2)
	require.Equal(t, []string{"do you sell tea", "Do you ship to the moon"}, []string{all[0].Question, all[1].Question})
	require.EqualValues(t, 2, all[1].Count)
	require.Equal(t, start.Add(2*time.Minute), all[1].LastAt)
	page, next, err := s.Store.Unanswered(ctx(), s.tenant, "", 1)
	require.NoError(t, err)
	require.Equal(t, all[0].ID, page[0].ID)
	page, next, err = s.Store.Unanswered(ctx(), s.tenant, next, 1)
	require.NoError(t, err)
	require.Equal(t, all[1].ID, page[0].ID)
	require.Empty(t, next)
	code(t, s.Store.DismissUnanswered(ctx(), chat.NewID[chat.Tenant](), all[0].ID), chat.NotFound)
	require.NoError(t, s.Store.DismissUnanswered(ctx(), s.tenant, all[0].ID))
	require.Len(t, list(), 1)
	require.NoError(t, s.Store.NoteUnanswered(ctx(), s.tenant, chat.ConversationID{}, "much later", start.Add(chat.UnansweredLife+time.Hour)))
	require.Len(t, list(), 1, "what is old is forgotten")
}

// A build is one holder's, and what a build made is there again.
func testKnowledgeBuilds(t *testing.T, s *suite) {
	s.added(t, s.document("one", "text"))
	me, you := [16]byte(chat.NewID[chat.Presence]()), [16]byte(chat.NewID[chat.Presence]())
	now := start.Add(time.Hour)
	_, held, err := s.Store.HoldKnowledge(ctx(), me, start.Add(-time.Second), now)
	require.NoError(t, err)
	require.False(t, held, "not due yet")
	hold := func(who [16]byte, at time.Time) (chat.KnowledgeState, bool) {
		st, held, err := s.Store.HoldKnowledge(ctx(), who, at, at.Add(time.Minute))
		require.NoError(t, err)
		return st, held
	}
	st, held := hold(me, now)
	require.True(t, held)
	require.Equal(t, s.tenant, st.Tenant)
	require.True(t, st.Building(now))
	_, held = hold(you, now)
	require.False(t, held)
	_, held = hold(you, now.Add(time.Minute))
	require.True(t, held, "its holder has died")
	code(t, s.Store.KeepKnowledge(ctx(), s.tenant, me, now.Add(time.Hour), 1, 2), chat.Conflict)
	require.NoError(t, s.Store.KeepKnowledge(ctx(), s.tenant, you, now.Add(time.Hour), 1, 2))
	require.Equal(t, 2, s.knows(t).Total)

	// Chunks are kept once, and read in one go however many they are.
	var chunks []chat.KnowledgeChunk
	var ids [][16]byte
	for i := range 450 {
		c := chat.KnowledgeChunk{ID: [16]byte(chat.NewID[chat.KnowledgeChunk]()), Body: fmt.Sprintf(`{"n":%d,"文":"字"}`, i)}
		chunks, ids = append(chunks, c), append(ids, c.ID)
	}
	require.NoError(t, s.Store.SaveChunks(ctx(), s.tenant, chunks))
	require.NoError(t, s.Store.SaveChunks(ctx(), s.tenant, chunks[:10]))
	got, err := s.Store.Chunks(ctx(), s.tenant, append(ids, [16]byte{1}))
	require.NoError(t, err)
	require.ElementsMatch(t, chunks, got)
	kept, err := s.Store.ChunkIDs(ctx(), s.tenant)
	require.NoError(t, err)
	require.ElementsMatch(t, ids, kept)
	none, err := s.Store.Chunks(ctx(), chat.NewID[chat.Tenant](), ids)
	require.NoError(t, err)
	require.Empty(t, none)

	version := func(revision int64, members [][16]byte) chat.KnowledgeVersion {
		return chat.KnowledgeVersion{Tenant: s.tenant, Revision: revision, Embedder: "m", Documents: 1, Members: members, CreatedAt: now}
	}
	_, err = s.Store.SwapKnowledge(ctx(), me, version(1, ids))
	code(t, err, chat.Conflict)
	v, err := s.Store.SwapKnowledge(ctx(), you, version(1, ids))
	require.NoError(t, err)
	require.EqualValues(t, 1, v.Version)
	whole, err := s.Store.KnowledgeVersion(ctx(), s.tenant, 1)
	require.NoError(t, err)
	require.Equal(t, ids, whole.Members)
	same, err := s.Store.SwapKnowledge(ctx(), you, version(2, ids))
	require.NoError(t, err)
	require.EqualValues(t, 1, same.Version, "nothing else to find")
	require.EqualValues(t, 2, same.Revision)
	for n := range 6 {
		_, err = s.Store.SwapKnowledge(ctx(), you, version(int64(3+n), ids[:10+n]))
		require.NoError(t, err)
	}
	list, err := s.Store.KnowledgeVersions(ctx(), s.tenant)
	require.NoError(t, err)
	require.Len(t, list, chat.KnowledgeVersions)
	require.EqualValues(t, 7, list[0].Version)
	require.EqualValues(t, 15, list[0].Chunks)
	code(t, s.Store.DropChunks(ctx(), s.tenant, me, ids[100:]), chat.Conflict)
	require.NoError(t, s.Store.DropChunks(ctx(), s.tenant, you, ids[100:]))
	kept, err = s.Store.ChunkIDs(ctx(), s.tenant)
	require.NoError(t, err)
	require.Len(t, kept, 100)

	require.NoError(t, s.Store.FailKnowledge(ctx(), s.tenant, you, chat.KnowledgeFailure{At: now, Revision: 8, Reason: chat.FailureGolden, GoldenAsked: 2}))
	require.Equal(t, chat.FailureGolden, s.knows(t).Failure.Reason)
	require.NoError(t, s.Store.ReleaseKnowledge(ctx(), s.tenant, you, now.Add(time.Second)))
	after := s.knows(t)
	require.False(t, after.Building(now))
	_, held = hold(me, now.Add(time.Hour))
	require.False(t, held, "nothing is wanted")

	// Back, and whoever builds meanwhile has built in vain.
	require.NoError(t, s.Store.Reindex(ctx(), s.tenant, start))
	_, held = hold(me, now)
	require.False(t, held, "built was further on: revisions are the store's")
	back, err := s.Store.RollBackKnowledge(ctx(), s.tenant, 0)
	require.NoError(t, err)
	require.EqualValues(t, 6, back.Version)
	require.EqualValues(t, 6, s.knows(t).Active)
	back, err = s.Store.RollBackKnowledge(ctx(), s.tenant, 7)
	require.NoError(t, err)
	require.EqualValues(t, 7, back.Version)
	_, err = s.Store.RollBackKnowledge(ctx(), s.tenant, 1)
	code(t, err, chat.Conflict)
	_, err = s.Store.RollBackKnowledge(ctx(), chat.NewID[chat.Tenant](), 0)
	code(t, err, chat.Conflict)
	require.NoError(t, s.Store.Reindex(ctx(), s.tenant, start))
	_, held = hold(me, now)
	require.True(t, held)
	_, err = s.Store.RollBackKnowledge(ctx(), s.tenant, 0)
	require.NoError(t, err)
	_, err = s.Store.SwapKnowledge(ctx(), me, version(9, ids[:20]))
	code(t, err, chat.Conflict)
	s.reopen()
	require.EqualValues(t, 6, s.knows(t).Active)
}
