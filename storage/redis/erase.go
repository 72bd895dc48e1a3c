package redis

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

var _ chat.Eraser = (*Log)(nil)

// Erased implements chat.Eraser: conversations leave this node's ring, and what is in the rows leaves the partitions' streams, as it would
// a minute later.
func (l *Log) Erased(ctx context.Context, keys ...chat.Key) error {
	if err := l.up(ctx); err != nil {
		return err
	}
	seen := make(map[*partition]bool)
	for _, k := range keys {
		p := &l.parts[partitionOf(k)]
		p.mu.Lock()
		p.forget(k)
		upto := p.projected
		p.mu.Unlock()
		if seen[p] || upto == (project.Cursor{}) {
			continue
		}
		seen[p] = true
		if err := l.trimUpto(ctx, p, upto); err != nil {
			return fmt.Errorf("erase from partition %d: %w", p.number, err)
		}
	}
	return nil
}

// forget takes what is projected of a conversation out of the ring: readers find it in the rows. Readers may hold the events, so
// batches are replaced, not changed. mu must be held.
func (p *partition) forget(key chat.Key) {
	list := p.index[key]
	if len(list) == 0 {
		return
	}
	for i, b := range p.batches[:p.unprojected()] {
		if slices.ContainsFunc(b.Events, func(e chat.Event) bool { return keyOf(&e) == key }) {
			p.batches[i] = p.without(b, key)
		}
	}
	var rest []located
	for _, e := range list {
		if p.projected.Before(e.at) {
			rest = append(rest, e)
		}
	}
	if p.index[key] = rest; len(rest) == 0 {
		delete(p.index, key)
	}
}

func keyOf(e *chat.Event) chat.Key { return chat.Key{Tenant: e.Tenant, Conversation: e.Conversation} }

// without is a batch without the events of a conversation. The index is made to lead to the others in it. mu must be held.
func (p *partition) without(b *project.Batch, key chat.Key) *project.Batch {
	out := *b
	out.Events = make([]chat.Event, 0, len(b.Events)) // never more: the index leads into it
	for j := range b.Events {
		old := &b.Events[j]
		k := keyOf(old)
		if k == key {
			continue
		}
		e := *old
		e.Body = bytes.Clone(old.Body) // bodies of a batch share their memory
		out.Events = append(out.Events, e)
		list := p.index[k]
		for i := range list {
			if list[i].Event == old {
				list[i].Event = &out.Events[len(out.Events)-1]
			}
		}
	}
	return &out
}

// trimUpto deletes a partition's entries up to a cursor that is committed.
func (l *Log) trimUpto(ctx context.Context, p *partition, upto project.Cursor) error {
	next := upto
	next.N++
	err := trimScript.Run(ctx, l.Client, []string{p.scope.meta, p.stream}, streamID(upto), streamID(next), upto.Tag[:], p.field).Err()
	if err != nil {
		return fmt.Errorf("trim: %w", err)
	}
	return nil
}
