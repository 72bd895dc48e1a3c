package chat

import (
	"context"
	"time"
)

// SLATimers remembers when conversations are to be looked at for what was promised.
type SLATimers interface {
	// SLADue returns up to limit conversations of a tenant that an agent has to do with (queued, open or snoozed), were created
	// before a time, and whose timer for a target has run out by now or was never set.
	SLADue(ctx context.Context, tenant TenantID, target SLATarget, createdBefore, now time.Time, limit int) ([]ConversationID, error)
	// SetSLATimer says when to look again; the zero time: never.
	SetSLATimer(ctx context.Context, key Key, target SLATarget, due time.Time) error
}

const (
	slaEvery = 5 * time.Second
	slaCall  = 20 * time.Second // one tenant's look at most
	slaBatch = 200
	// slaMost is how many entries of a conversation are read at most to see how it stands.
	slaMost = 5000
)

// watchSLAs looks for broken promises, until ctx ends: for each tenant, the node that routes it. Should two do so at once, it is
// said once all the same: the entry's id is derived from the conversation, the target and when its time began.
func (d *Desk) watchSLAs(ctx context.Context) {
	d.every(ctx, slaEvery, "promises can't be looked after", d.slaPass)
}

func (d *Desk) slaPass(ctx context.Context) (failed error) {
	tenants, err := d.store.TenantsWith(ctx, RecordSLA)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		if !d.Presence.routes(t) {
			continue
		}
		s := d.Settings(ctx, t)
		for _, target := range []SLATarget{FirstResponse, Resolution} {
			if err := d.slaTenant(ctx, t, s, target); err != nil {
				failed = err
			}
		}
	}
	return failed
}

// slaTenant looks at a tenant's conversations for which some time has run out.
func (d *Desk) slaTenant(ctx context.Context, t TenantID, s *Settings, target SLATarget) error {
	shortest := time.Duration(0)
	for i := range s.slas {
		if w := s.slas[i].within(target); w > 0 && (shortest == 0 || w < shortest) {
			shortest = w
		}
	}
	if shortest == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, slaCall)
	defer cancel()
	now := d.now().UTC()
	due, err := d.store.SLADue(ctx, t, target, now.Add(-shortest), now, slaBatch)
	if err != nil {
		return err
	}
	var failed error
	for _, id := range due {
		if err := d.slaLook(ctx, Key{t, id}, s, target, now); err != nil {
			failed = err
		}
	}
	return failed
}

// slaLook looks at one conversation: says so if a promise was broken, and otherwise sets the timer.
func (d *Desk) slaLook(ctx context.Context, key Key, s *Settings, target SLATarget, now time.Time) error {
	system := &Actor{Tenant: key.Tenant, Role: RoleSystem}
	h, err := d.readable(ctx, system, key.Conversation)
	if err != nil {
		return err
	}
	sla := s.slaOf(h.Team)
	if sla == nil || sla.within(target) == 0 {
		return d.store.SetSLATimer(ctx, key, target, now.Add(time.Hour)) // it may come to another team
	}
	entries, err := d.slaEntries(ctx, key)
	if err != nil {
		return err
	}
	stand := standOf(target, entries)
	if stand.since.IsZero() {
		return nil
	}
	due := stand.since.Add(sla.within(target))
	if !sla.AnyTime {
		due = s.Due(stand.since, sla.within(target))
	}
	late := now
	if !stand.ended.IsZero() {
		late = stand.ended
	}
	switch {
	case due.IsZero() || !stand.ended.IsZero() && !late.After(due):
		return d.store.SetSLATimer(ctx, key, target, time.Time{})
	case due.After(now):
		return d.store.SetSLATimer(ctx, key, target, due)
	}
	err = d.note(ctx, system, key.Conversation, onceAt("sla "+string(target), stand.since), Change{Event: EventSLABreached, Extra: map[string]any{
		"target": target, "sla": sla.Name, "within_seconds": int(sla.within(target).Seconds()), "since": stand.since.UTC(), "due_at": due.UTC(),
	}}, nil)
	if err != nil {
		return err
	}
	return d.store.SetSLATimer(ctx, key, target, time.Time{})
}

// slaEntries reads a conversation from its beginning.
func (d *Desk) slaEntries(ctx context.Context, key Key) (out []Message, err error) {
	p := Page{Limit: 200}
	for len(out) < slaMost {
		page, complete, err := d.log.Messages(ctx, key, p)
		if err != nil {
			return nil, err
		}
		if out = append(out, page...); complete || len(page) == 0 {
			break
		}
		p.After = page[len(page)-1].Seq
	}
	return out, nil
}
