package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// What the checks refuse with.
var (
	errStale  = &chat.Error{Code: chat.Conflict, Name: "stale", Message: "the conversation has changed in the meantime"}
	errReused = &chat.Error{Code: chat.Conflict, Name: "cmid_conflict", Message: "this cmid was used for another message"}
	errNone   = &chat.Error{Code: chat.NotFound, Message: "there is no such conversation"}
	errMixed  = &chat.Error{Code: chat.Internal, Message: "joined events are of different conversations"}
)

// judge makes all checks of a group before anything of it is written (see chat.Log.Append).
func (w *writer) judge(ctx context.Context, events []chat.Event, receipts []chat.Receipt) (dup bool, refusal, err error) {
	key := chat.Key{Tenant: events[0].Tenant, Conversation: events[0].Conversation}
	row, err := w.row(ctx, key)
	if err != nil {
		return false, nil, err
	}
	if row.Exists() {
		dup, refusal, err = w.findDuplicates(ctx, key, events, receipts)
		if dup || refusal != nil || err != nil {
			return dup, refusal, err
		}
	}
	refusal, err = w.judgeStates(ctx, key, row.State, events)
	return false, refusal, err
}

// judgeStates checks the states that a group's events expect and lead to, from the one that holds before it.
func (w *writer) judgeStates(ctx context.Context, key chat.Key, state chat.State, events []chat.Event) (refusal, err error) {
	for i := range events {
		e := &events[i]
		if e.Tenant != key.Tenant || e.Conversation != key.Conversation {
			return errMixed, nil
		}
		if e.Expect != 0 && e.Expect != state.Version {
			return errStale, nil
		}
		if e.Next == nil {
			if !state.Exists() {
				return errNone, nil
			}
			continue
		}
		if e.Next.Version != state.Version+1 {
			return errStale, nil
		}
		if e.Next.Status != chat.Closed && (!state.Exists() || state.Status == chat.Closed) {
			other, err := w.openOf(ctx, visitorKey{key.Tenant, e.Next.Visitor})
			if err != nil {
				return nil, err
			}
			if !other.IsZero() && other != key.Conversation {
				return &chat.Error{Code: chat.Conflict, Name: "conversation_open", Message: "you have an open conversation already", Conversation: other}, nil
			}
		}
		state = *e.Next
	}
	return nil, nil
}

// openOf returns the visitor's open conversation, this transaction's changes included.
func (w *writer) openOf(ctx context.Context, v visitorKey) (id chat.ConversationID, err error) {
	if id, ok := w.opens[v]; ok {
		return id, nil
	}
	err = w.stmts.open.QueryRowContext(ctx, v.tenant, v.visitor).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

// sameBody reports whether a row's body is an event's. One that can't be read any more counts as such: the message is there.
func (w *writer) sameBody(ctx context.Context, e *chat.Event, kept []byte) (bool, error) {
	m := chat.Message{Tenant: e.Tenant, Conversation: e.Conversation, ID: e.ID, Body: kept}
	one := []chat.Message{m}
	if err := w.keys.Messages(ctx, one); err != nil {
		return false, fmt.Errorf("find duplicates: %w", err)
	}
	got := one[0].Body
	return string(got) == string(e.Body) || len(kept) != len(got) && string(got) == string(seal.Unreadable), nil
}

// findDuplicates looks for messages that are in the log already. If one is, nothing of the group is appended: every
// receipt says Dup, and those of messages that are there name the first one's place.
func (w *writer) findDuplicates(ctx context.Context, key chat.Key, events []chat.Event, receipts []chat.Receipt) (dup bool, refusal, err error) {
	for i := range events {
		e, r := &events[i], &receipts[i]
		var at int64
		var kind chat.Kind
		var body []byte
		err := w.stmts.find.QueryRowContext(ctx, key.Tenant[:], key.Conversation[:], e.ID[:]).Scan(&r.Seq, &r.Prev, &r.PrevPublic, &at, &kind, &body)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return false, nil, fmt.Errorf("find duplicates: %w", err)
		}
		same, err := w.sameBody(ctx, e, body)
		if err != nil {
			return false, nil, err
		}
		if kind != e.Kind || !same {
			clear(receipts)
			return false, errReused, nil
		}
		r.Time = sqlstore.FromMicros(at)
		dup = true
	}
	if dup {
		for i := range receipts {
			receipts[i].Dup = true
		}
	}
	return dup, nil, nil
}
