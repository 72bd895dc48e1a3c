package chat

import "context"

// Messages returns a page of a conversation, restricted to what the actor may see, and whether nothing is left in the
// asked range. p.Audience is filled here.
func (d *Desk) Messages(ctx context.Context, a *Actor, id ConversationID, p Page) ([]Message, bool, error) {
	h, err := d.readable(ctx, a, id)
	if err != nil {
		return nil, false, err
	}
	p.Audience = a.Audience()
	key := Key{a.Tenant, id}
	messages, complete, err := d.log.Messages(ctx, key, p)
	toTheEnd := p.Before == 0 && (p.Newest || complete)
	if err != nil || !toTheEnd || h.LastFor(p.Audience) <= max(p.After, lastOf(messages)) {
		return messages, complete, err
	}
	// The head is ahead of the page: another node has just appended.
	if err := d.log.CatchUp(ctx, key, h.Last); err != nil {
		return nil, false, err
	}
	return d.log.Messages(ctx, key, p)
}

func lastOf(m []Message) Seq {
	if len(m) == 0 {
		return 0
	}
	return m[len(m)-1].Seq
}

// Follow returns up to limit events after a seq that the actor may see, and whether that was all: what a resuming reader
// missed.
func (d *Desk) Follow(ctx context.Context, a *Actor, id ConversationID, after Seq, limit int) ([]Event, bool, error) {
	key := Key{a.Tenant, id}
	events, err := d.log.Read(ctx, key, after, limit)
	if err != nil {
		return nil, false, err
	}
	last := after
	if n := len(events); n > 0 {
		last = events[n-1].Seq
	}
	if h, ok := d.heads.get(key); ok && len(events) < limit && h.Last > last { // another node has just appended
		if err := d.log.CatchUp(ctx, key, h.Last); err != nil {
			return nil, false, err
		}
		if events, err = d.log.Read(ctx, key, after, limit); err != nil {
			return nil, false, err
		}
	}
	all := len(events) < limit
	if a.Audience() == AudienceAll {
		return events, all, nil
	}
	kept := events[:0:0]
	for i := range events {
		if events[i].Visibility == Public {
			kept = append(kept, events[i])
		}
	}
	return kept, all, nil
}
