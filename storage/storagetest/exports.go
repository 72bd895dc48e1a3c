package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// made is an export of a kind that is done, with a file.
func (s *suite) made(kind string) chat.Export {
	s.t.Helper()
	e := chat.Export{ID: chat.NewID[chat.Export](), Tenant: s.tenant, Kind: kind, Filters: []byte(`{}`), CreatedAt: start, ExpiresAt: soon().Add(time.Hour)}
	require.NoError(s.t, s.Store.AddExport(ctx(), e))
	got := s.claimed()
	require.Equal(s.t, e.ID, got.ID)
	got.State, got.Object, got.Rows, got.Bytes, got.FinishedAt = chat.ExportDone, chat.NewExportObject(s.tenant), 3, 99, start
	require.NoError(s.t, s.Store.KeepExport(ctx(), got, time.Time{}))
	return got
}

func (s *suite) claimed() chat.Export {
	s.t.Helper()
	got, err := s.Store.ClaimExport(ctx(), soon(), soon().Add(time.Hour))
	require.NoError(s.t, err)
	return got
}

// Exports of what people wrote go by their age, and are made anew when one of them is erased: whoever is making one finds that it is
// not its own any more.
func testExportsGo(t *testing.T, s *suite) {
	report, done := s.made(chat.ExportReport), s.made(chat.ExportMessages)
	waits := chat.Export{ID: chat.NewID[chat.Export](), Tenant: s.tenant, Kind: chat.ExportVisitors, Filters: []byte(`{}`), CreatedAt: start, ExpiresAt: soon().Add(time.Hour)}
	old, err := s.Store.OldExports(ctx(), s.tenant, soon())
	require.NoError(t, err)
	require.Len(t, old, 1)
	require.Equal(t, done.ID, old[0].ID)
	require.Equal(t, done.Object, old[0].Object)
	for _, none := range []struct {
		tenant chat.TenantID
		before time.Time
	}{{s.tenant, start}, {chat.NewID[chat.Tenant](), soon()}} {
		old, err = s.Store.OldExports(ctx(), none.tenant, none.before)
		require.NoError(t, err)
		require.Empty(t, old)
	}

	require.NoError(t, s.Store.AddExport(ctx(), waits))
	running := s.claimed()
	require.Equal(t, waits.ID, running.ID)
	running.Object = chat.NewExportObject(s.tenant)
	require.NoError(t, s.Store.KeepExport(ctx(), running, soon().Add(time.Hour)))
	none, err := s.Store.RemakeExports(ctx(), chat.NewID[chat.Tenant]())
	require.NoError(t, err)
	require.Empty(t, none)
	for range 5 { // more often than one may be begun
		was, err := s.Store.RemakeExports(ctx(), s.tenant)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{done.Object, running.Object}, []string{was[0].Object, was[1].Object})
		code(t, s.Store.KeepExport(ctx(), running, time.Time{}), chat.Conflict)
		code(t, s.Store.KeepExport(ctx(), done, time.Time{}), chat.Conflict)
		again, err := s.Store.RemakeExports(ctx(), s.tenant)
		require.NoError(t, err)
		require.Empty(t, again, "they wait")
		for _, e := range []*chat.Export{&done, &running} {
			next := s.claimed()
			require.Equal(t, e.ID, next.ID)
			require.Equal(t, e.Object, next.Object, "which is deleted, if it was not")
			require.EqualValues(t, 1, next.Begun())
			require.Zero(t, next.Rows+next.Bytes)
			next.Object = chat.NewExportObject(s.tenant)
			require.NoError(t, s.Store.KeepExport(ctx(), next, soon().Add(time.Hour)))
			*e = next
		}
	}
	got, err := s.Store.Export(ctx(), s.tenant, report.ID)
	require.NoError(t, err)
	require.Equal(t, chat.ExportDone, got.State, "a report names nobody")
}
