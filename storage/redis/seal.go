package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// sealed is what Redis gets to see of what is written in an event.
type sealed struct {
	said  []byte
	print uint64
}

// seal seals what is written in events; nil where nothing is sealed.
func (l *Log) seal(ctx context.Context, events []chat.Event) ([]sealed, error) {
	if l.Keys == nil {
		return nil, nil
	}
	out := make([]sealed, len(events))
	var buf []byte
	for i := range events {
		e := &events[i]
		keys, err := l.Keys.Live(ctx, e.Tenant)
		if err != nil {
			return nil, err
		}
		if !keys.Seals() {
			continue
		}
		if buf, err = appendSaid(buf[:0], e); err != nil {
			return nil, asError(err)
		}
		out[i] = sealed{keys.Append(nil, buf, seal.OfEvent(&e.Message)), keys.Print(byte(e.Kind), e.Body)}
	}
	return out, nil
}

// sealed is what stands for what is written in the group's i-th event.
func (g *group) sealed(i int) (s sealed) {
	if g.r.sealed == nil {
		return s
	}
	return g.r.sealed[g.from+i]
}

// print tells the i-th event from another message with its id.
func (g *group) print(i int) uint64 {
	if s := g.sealed(i); s.said != nil {
		return s.print
	}
	return fingerprint(&g.events()[i].Message)
}

// openFor is how long a tenant's keys are waited for.
const openFor = 3 * time.Second

// opener opens what is sealed in entries. Nil where there are no keys.
func (l *Log) opener() opener {
	if l.Keys == nil {
		return nil
	}
	return func(m *chat.Message, said []byte) (plain []byte, err error) {
		ctx, cancel := context.WithTimeout(context.Background(), openFor)
		defer cancel()
		p := seal.OfEvent(m)
		err = l.Keys.Opening(ctx, m.Tenant, func(t *seal.Tenant) (err error) {
			plain, err = t.Open(said, p)
			return err
		})
		switch {
		case err == nil:
			return plain, nil
		case errors.Is(err, seal.ErrUnreadable), errors.Is(err, seal.ErrErased):
			l.Keys.Lost(m.Tenant, &p, err)
			return nil, nil
		}
		return nil, fmt.Errorf("open an entry: %w", err)
	}
}

// readable looks into the rows for messages that could not be opened where they waited: their key may be gone since. Of an erased tenant
// nothing is shown that memory still has.
func (l *Log) readable(ctx context.Context, key chat.Key, messages []chat.Message) error {
	if l.Keys == nil || len(messages) == 0 {
		return nil
	}
	t, err := l.Keys.Of(ctx, key.Tenant)
	if err != nil {
		return err
	}
	var refs []project.Ref
	var at []int
	for i := range messages {
		switch {
		case t.Erased():
			messages[i].Body = seal.Unreadable
		case bytes.Equal(messages[i].Body, seal.Unreadable):
			refs, at = append(refs, project.Ref{Key: key, Message: messages[i].ID}), append(at, i)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	rows, err := l.Database.Find(ctx, refs...)
	if err != nil {
		return busy("read rows", err)
	}
	for j := range rows {
		if rows[j].Seq > 0 {
			messages[at[j]].Body = rows[j].Body
		}
	}
	return nil
}
