package chat

import (
	"context"
	"time"
)

const (
	// maxLeavers bounds how many visitors that have gone wait to be looked after.
	maxLeavers = 4096
	leaverCall = 5 * time.Second
	// leaverLook is how many of a conversation's newest entries are looked at for a message that was left on purpose.
	leaverLook = 50
)

// noteLeavers says of conversations whose visitors left while they were in the queue that they were abandoned, once for each stay
// in it, until ctx ends. They wait on: the visitor may come back, or be answered nevertheless.
func (d *Desk) noteLeavers(ctx context.Context) {
	each(ctx, d.leavers, func(c PresenceChange) {
		if err := d.noteLeaver(ctx, &c); err != nil && ctx.Err() == nil {
			d.logger.Warn("an abandoned conversation was not noted", "err", err)
		}
	})
}

func (d *Desk) noteLeaver(ctx context.Context, c *PresenceChange) error {
	ctx, cancel := context.WithTimeout(ctx, leaverCall)
	defer cancel()
	system := &Actor{Tenant: c.Tenant, Role: RoleSystem}
	h, err := d.readable(ctx, system, c.Conversation)
	if CodeOf(err) == NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	waits := func(s *State) bool {
		return s.Status == Queued && UserID(s.Visitor) == c.User && s.Queued.Equal(h.Queued)
	}
	if !waits(&h.State) {
		return nil
	}
	page, _, err := d.log.Messages(ctx, Key{c.Tenant, c.Conversation}, Page{Newest: true, Limit: leaverLook})
	if err != nil {
		return err
	}
	for i := range page { // who left a message for later has not given up
		if m := &page[i]; m.Kind == KindSystem && changeName(m.Body) == EventOffline && !m.Time.Before(h.Queued) {
			return nil
		}
	}
	waited := d.now().Sub(h.Queued)
	return d.note(ctx, system, c.Conversation, onceAt("abandoned", h.Queued), Change{Event: EventAbandoned, Extra: map[string]any{
		"waited_seconds": int(waited.Seconds()),
	}}, func(s *State) bool { return !waits(s) })
}
