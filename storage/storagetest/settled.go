package storagetest

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// settled is a Store whose rows are waited for before what events make is read.
type settled struct {
	chat.Store
	wait  func()
	index func()
}

func (s settled) Conversation(ctx context.Context, key chat.Key) (chat.Conversation, error) {
	s.wait()
	return s.Store.Conversation(ctx, key)
}

func (s settled) Conversations(ctx context.Context, t chat.TenantID, f chat.Filter) ([]chat.Conversation, string, error) {
	s.wait()
	if f.Text != "" {
		s.index()
	}
	return s.Store.Conversations(ctx, t, f)
}

func (s settled) Waiting(ctx context.Context, t chat.TenantID, limit int) ([]chat.Conversation, error) {
	s.wait()
	return s.Store.Waiting(ctx, t, limit)
}

func (s settled) Queue(ctx context.Context, t chat.TenantID, limit int) ([]chat.Queuer, error) {
	s.wait()
	return s.Store.Queue(ctx, t, limit)
}

func (s settled) SLADue(ctx context.Context, t chat.TenantID, target chat.SLATarget, before, now time.Time, limit int) ([]chat.ConversationID, error) {
	s.wait()
	return s.Store.SLADue(ctx, t, target, before, now, limit)
}

func (s settled) OpenCounts(ctx context.Context, t chat.TenantID) (map[chat.AgentID]int, error) {
	s.wait()
	return s.Store.OpenCounts(ctx, t)
}

func (s settled) TenantsWaiting(ctx context.Context) ([]chat.TenantID, error) {
	s.wait()
	return s.Store.TenantsWaiting(ctx)
}

func (s settled) Messages(ctx context.Context, key chat.Key, p chat.Page) ([]chat.Message, bool, error) {
	s.wait()
	return s.Store.Messages(ctx, key, p)
}

func (s settled) Message(ctx context.Context, key chat.Key, id chat.MessageID) (chat.Message, error) {
	s.wait()
	return s.Store.Message(ctx, key, id)
}

func (s settled) Visitor(ctx context.Context, t chat.TenantID, id chat.VisitorID) (chat.Visitor, error) {
	s.wait()
	return s.Store.Visitor(ctx, t, id)
}

func (s settled) Asleep(ctx context.Context, now time.Time, limit int) ([]chat.Key, error) {
	s.wait()
	return s.Store.Asleep(ctx, now, limit)
}

func (s settled) Report(ctx context.Context, t chat.TenantID, q chat.ReportQuery) ([]chat.ReportRow, error) {
	s.wait()
	return s.Store.Report(ctx, t, q)
}

func (s settled) QueuesNow(ctx context.Context, t chat.TenantID) ([]chat.QueueNow, error) {
	s.wait()
	return s.Store.QueuesNow(ctx, t)
}
