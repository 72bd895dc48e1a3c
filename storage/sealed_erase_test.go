package storage_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// closed is that a conversation is closed.
func (k *talk) closed() chat.Event {
	next := k.state
	next.Status, next.Version = chat.Closed, next.Version+1
	e := k.message("", chat.Public)
	e.Kind, e.Role, e.Body, e.Expect, e.Next = chat.KindSystem, chat.RoleSystem, []byte(`{"event":"conversation.status","status":"closed"}`), k.state.Version, &next
	return e
}

// A node that has not heard of a new key yet erases what another one sealed with it: what happened in a conversation stays, as it would
// if nothing were sealed.
func TestErasingLearnsOfNewKeys(t *testing.T) {
	p := sqlitePlace(t)
	masters, err := seal.MastersOf(seal.NewMasterKey())
	require.NoError(t, err)
	s, stop := p.on(t, storage.Encryption{Masters: masters, Poll: 20 * time.Millisecond})
	defer stop()
	o := p.o
	o.Encryption = storage.Encryption{Masters: masters, Poll: time.Hour}
	behind, closeStore, err := storage.OpenStore(t.Context(), o)
	require.NoError(t, err)
	defer func() { require.NoError(t, closeStore()) }()
	tenant := chat.NewID[chat.Tenant]()
	for name, erase := range map[string]func(k *talk) error{
		"erasure": func(k *talk) error {
			return behind.EraseConversations(t.Context(), chat.Erasure{
				Tenant: tenant, Visitor: k.visitor, Stranger: chat.NewID[chat.Visitor](), At: time.Now(),
			}, k.key.Conversation)
		},
		"retention": func(*talk) error {
			_, _, _, err := behind.PurgeConversations(t.Context(), tenant, time.Now().Add(time.Hour), 10)
			return err
		},
	} {
		k := plant(t, s, tenant, "planted")
		_, _, err = behind.Messages(t.Context(), k.key, chat.Page{Limit: 100}) // it knows the keys of now
		require.NoError(t, err)
		_, err = s.Store.RotateKeys(t.Context(), masters, tenant, true)
		require.NoError(t, err)
		s.Store.Keyring().Refresh()
		send(t, s, k.closed())
		settle(t, s)
		require.NoError(t, erase(k), name)
		rows, _, err := s.Store.Messages(t.Context(), k.key, chat.Page{Limit: 100})
		require.NoError(t, err)
		require.Len(t, rows, 6, name)
		for _, m := range rows {
			require.NotContains(t, string(m.Body), "planted", name)
		}
		require.JSONEq(t, `{"event":"conversation.status","status":"closed"}`, string(rows[5].Body), name)
		found, _, err := s.Store.Conversations(t.Context(), tenant, chat.Filter{Text: "planted", Limit: 10})
		require.NoError(t, err)
		require.Empty(t, found, name)
	}
}

// moving is a store of files. While one is brought into another form, something happens.
type moving struct {
	chat.Files
	meanwhile func()
	deleted   chan string
}

func (m *moving) Again(context.Context, string, int64) (bool, error) {
	m.meanwhile()
	return true, nil
}

func (m *moving) Delete(_ context.Context, name string) error {
	m.deleted <- name
	return nil
}

// An export is made anew, because somebody was erased, and done, while its old file is being sealed: what was written of that again goes.
func TestErasedExportIsNotSealedAgain(t *testing.T) {
	p := sqlitePlace(t)
	masters, err := seal.MastersOf(seal.NewMasterKey())
	require.NoError(t, err)
	s, stop := p.on(t, storage.Encryption{})
	tenant := chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "one", Name: "One", CreatedAt: time.Now()}
	require.NoError(t, s.Store.SaveTenant(t.Context(), tenant))
	old := chat.Export{
		ID: chat.NewID[chat.Export](), Tenant: tenant.ID, Kind: chat.ExportMessages, Filters: []byte(`{}`), CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	}
	require.NoError(t, s.Store.AddExport(t.Context(), old))
	makeIt := func(s *storage.Storage) string {
		e, err := s.Store.ClaimExport(t.Context(), time.Now(), time.Now().Add(time.Minute))
		require.NoError(t, err)
		e.State, e.Object, e.Bytes = chat.ExportDone, chat.NewExportObject(tenant.ID), 3
		require.NoError(t, s.Store.KeepExport(t.Context(), e, time.Time{}))
		return e.Object
	}
	first := makeIt(s)
	stop()

	ready := make(chan struct{})
	var second string
	m := &moving{deleted: make(chan string, 10)}
	m.meanwhile = sync.OnceFunc(func() {
		<-ready
		_, err := s.Store.RemakeExports(t.Context(), tenant.ID)
		require.NoError(t, err)
		second = makeIt(s)
	})
	p.files = m
	s, stop = p.on(t, storage.Encryption{Masters: masters, Poll: 20 * time.Millisecond})
	defer stop()
	close(ready)
	reached(t, s, tenant.ID, 1)
	require.Len(t, m.deleted, 1)
	require.Equal(t, first, <-m.deleted)
	require.NotEqual(t, first, second)
}
