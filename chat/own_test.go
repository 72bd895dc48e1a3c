package chat_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
)

// TestOwnChangeAtOnce: what a node has changed itself holds for its next look, though the Tail has not brought it yet.
func TestOwnChangeAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	kept, err := storage.Open(ctx, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "chat.db")})
	must(t, err)
	tenant, team := chat.NewID[chat.Tenant](), chat.NewID[chat.Team]()
	must(t, kept.Store.SaveTenant(ctx, chat.Tenant{ID: tenant, Slug: "one", Name: "One"}))
	must(t, kept.Store.SaveTeam(ctx, chat.Team{ID: team, Tenant: tenant, Name: "T", CreatedAt: time.Now()}))
	var wg sync.WaitGroup
	wg.Go(func() { _ = kept.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait(); must(t, kept.Close()) })
	d := chat.NewDesk(chat.DeskConfig{Log: kept.Log, Store: kept.Store, Broker: kept.Broker}) // nobody follows the Tail for it
	id := chat.NewID[chat.Conversation]()
	must(t, d.Send(ctx, []chat.SendRequest{{
		Actor: &chat.Actor{Tenant: tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor}, Conversation: id,
		CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"hello"}`),
	}})[0].Err)
	admin := &chat.Actor{Tenant: tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleAgent, AgentRole: chat.Admin}
	outsider := &chat.Actor{Tenant: tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleAgent, AgentRole: chat.Member}
	first, err := d.Head(ctx, outsider, id)
	must(t, err)
	must(t, d.Transfer(ctx, admin, id, chat.AgentID{}, team, ""))
	if _, err := d.Head(ctx, outsider, id); !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		t.Errorf("who is not of the team reads it: %v", err)
	}
	// A read mark that goes beyond what memory has heard of is not cut to that.
	visitor := &chat.Actor{Tenant: tenant, User: chat.UserID(first.Visitor), Role: chat.RoleVisitor}
	said := d.Send(ctx, []chat.SendRequest{{Actor: visitor, Conversation: id, CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"more"}`)}})[0]
	must(t, said.Err)
	mark, err := d.MarkRead(ctx, admin, id, said.Seq, chat.SessionID{})
	must(t, err)
	if mark.Read != said.Seq {
		t.Errorf("read up to %d, not %d", mark.Read, said.Seq)
	}
	moved, err := d.Head(ctx, admin, id)
	must(t, err)
	now, err := d.HeadNow(ctx, admin, id)
	must(t, err)
	if moved != now || moved.Version != first.Version+1 || moved.Team != team {
		t.Errorf("in memory %+v, in the log %+v", moved, now)
	}

	// A message that brings a conversation back, too.
	must(t, d.Close(ctx, admin, id))
	if open, err := d.OpenConversation(ctx, visitor); err != nil || !open.IsZero() {
		t.Errorf("closed, and open is %s, %v", open, err)
	}
	must(t, d.Send(ctx, []chat.SendRequest{{Actor: visitor, Conversation: id, CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"again"}`)}})[0].Err)
	if h, ok := d.HeadIfKnown(chat.Key{Tenant: tenant, Conversation: id}); !ok || h.Status != chat.Queued {
		t.Errorf("brought back, and memory has %+v", h)
	}

	// What is recalled can't be edited, and a team that is gone takes nothing.
	must(t, d.Recall(ctx, visitor, id, said.Message))
	if _, err := d.Edit(ctx, visitor, id, said.Message, []byte(`{"text":"other"}`)); !errors.Is(err, &chat.Error{Code: chat.Conflict}) {
		t.Errorf("edited after it was recalled: %v", err)
	}
	must(t, kept.Store.DeleteTeam(ctx, tenant, team))
	d.Heard(chat.Signal{Kind: chat.SignalSettings, Tenant: tenant})
	if err := d.Transfer(ctx, admin, id, chat.AgentID{}, team, ""); !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		t.Errorf("transferred to a team that is gone: %v", err)
	}
}
