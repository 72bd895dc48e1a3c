package chat

import (
	"context"
	"time"
)

const (
	wakeEvery = time.Second
	wakeCall  = 5 * time.Second // one look at most
	wakeBatch = 200
)

// wakeSnoozed wakes the conversations whose time has come, until ctx ends. Every node that routes does: who is slower finds
// the conversation awake.
func (d *Desk) wakeSnoozed(ctx context.Context) {
	tick := time.NewTicker(wakeEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := d.wakeDue(ctx)
		if err != nil && !failing && ctx.Err() == nil { // once, however long the database is away
			d.logger.Warn("snoozed conversations can't be woken", "err", err)
		}
		failing = err != nil
	}
}

// wakeDue wakes what is due now. One that can't be woken holds up no other.
func (d *Desk) wakeDue(ctx context.Context) (failed error) {
	ctx, cancel := context.WithTimeout(ctx, wakeCall)
	defer cancel()
	keys, err := d.store.Asleep(ctx, d.now(), wakeBatch)
	if err != nil {
		return err
	}
	for _, k := range keys {
		err := d.change(ctx, &Actor{Tenant: k.Tenant, Role: RoleSystem}, k.Conversation, func(s State) (State, Change, error) {
			if s.Status != Snoozed || s.Wakes.IsZero() || s.Wakes.After(d.now()) {
				return s, Change{}, nil // the row is behind
			}
			return woken(s), Change{Event: EventWoken, Why: "time"}, nil
		})
		if err != nil {
			failed = err
		}
	}
	return failed
}
