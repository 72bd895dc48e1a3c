package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// hooks writes down, in the transaction that appends, what webhooks are to be told, and what bots are to answer.
type hooks struct {
	subscribers *project.Subscribers // as of the last transaction that looked
	out         project.Outbox
	wrote       bool // this transaction has written deliveries, if it is committed
	asked       bool // this transaction has written jobs for bots, likewise
	keys        *seal.Keyring
	appended    []*chat.Event // room for what write looks at
}

// begin makes sure of who wants which events. It is called before the transaction changes anything: what is remembered must
// have been committed.
func (h *hooks) begin(ctx context.Context, q sqlstore.Querier, version *sql.Stmt) (err error) {
	h.out, h.wrote, h.asked = project.Outbox{}, false, false
	var now int64
	if err := version.QueryRowContext(ctx).Scan(&now); err != nil {
		return fmt.Errorf("read webhooks: %w", err)
	}
	if h.subscribers == nil || h.subscribers.Version != now {
		h.subscribers, err = sqlstore.LoadSubscribers(ctx, q)
	}
	return err
}

// visitor saves the visitor of an event. If somebody wants to know of contacts, it is seen whether that made or changed one.
func (h *hooks) visitor(ctx context.Context, q sqlstore.Querier, e *chat.Event, save func(context.Context, *chat.Visitor) error) error {
	v := e.Profile
	if !v.Verified || !h.subscribers.Want(v.Tenant, chat.EventContactCreated, chat.EventContactUpdated) {
		return save(ctx, v)
	}
	before, err := h.contact(ctx, q, v)
	if err != nil {
		return err
	}
	if err := save(ctx, v); err != nil {
		return err
	}
	after, err := h.contact(ctx, q, v)
	if err == nil && before != after {
		h.subscribers.Contact(&h.out, v, before == "", e.Time)
	}
	return err
}

// contact is what is known of a visitor, but for the page; empty if nothing is.
func (h *hooks) contact(ctx context.Context, q sqlstore.Querier, v *chat.Visitor) (string, error) {
	kept := chat.Visitor{ID: v.ID, Tenant: v.Tenant}
	err := q.QueryRowContext(ctx, `SELECT name, email, locale, attributes FROM visitors WHERE tenant = $1 AND id = $2`, v.Tenant, v.ID).
		Scan(&kept.Name, &kept.Email, &kept.Locale, (*[]byte)(&kept.Attributes))
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if err := h.keys.Visitor(ctx, &kept); err != nil && !errors.Is(err, seal.ErrUnreadable) { // what can't be read is another than what can
		return "", err
	}
	return project.Known(&kept), nil
}

// write writes what the transaction's events, and the contacts that were seen, are to webhooks and bots.
func (h *hooks) write(ctx context.Context, q sqlstore.Querier, events []chat.Event) error {
	h.appended = h.appended[:0]
	for i := range events {
		h.appended = append(h.appended, &events[i])
	}
	defer clear(h.appended)
	if bots := h.subscribers.Bots(h.appended); len(bots) > 0 {
		h.asked = true
		if err := sqlstore.WriteBotJobs(ctx, q, bots); err != nil {
			return err
		}
	}
	h.subscribers.Log(&h.out, h.appended)
	if h.out.Empty() {
		return nil
	}
	h.wrote = true
	h.out.Close(time.Now())
	return sqlstore.WriteOutbox(ctx, q, &h.out)
}
