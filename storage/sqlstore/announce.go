package sqlstore

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// Announce implements chat.Webhooks. Each tenant's are a transaction of its own; for those that nobody wants there is none.
func (s *Store) Announce(ctx context.Context, all ...chat.Announcement) error {
	subscribers, err := s.currentSubscribers(ctx)
	if err != nil || subscribers.None() {
		return err
	}
	byTenant := make(map[chat.TenantID]*project.Outbox)
	for i := range all {
		a := &all[i]
		o := byTenant[a.Tenant]
		if o == nil {
			o = new(project.Outbox)
			byTenant[a.Tenant] = o
		}
		subscribers.Tell(o, project.OutboxEvent{
			Tenant: a.Tenant, ID: chat.NewID[chat.WebhookEvent](), Type: a.Type, At: a.At, Subject: a.Subject, Data: string(a.Data),
		})
	}
	for tenant, o := range byTenant {
		if o.Empty() {
			continue
		}
		o.Close(time.Now())
		if err := s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error { return WriteOutbox(ctx, q, o) }); err != nil {
			return err
		}
		s.WebhooksWritten()
	}
	return nil
}

// currentSubscribers returns who wants which events: what was read last, if nothing has changed since.
func (s *Store) currentSubscribers(ctx context.Context) (*project.Subscribers, error) {
	known := s.subscribers.Load()
	err := s.read(ctx, System, func(ctx context.Context, q Querier) error {
		var version int64
		if err := q.QueryRowContext(ctx, SelectSubscribersVersion).Scan(&version); err != nil {
			return err
		}
		if known != nil && known.Version == version {
			return nil
		}
		fresh, err := LoadSubscribers(ctx, q)
		if err == nil {
			known = fresh
			s.subscribers.Store(fresh)
		}
		return err
	})
	return known, err
}
