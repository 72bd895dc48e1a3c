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

// every does a thing again and again, until ctx ends. trouble is what to log when it begins to fail: once, however long the
// database is away.
func (d *Desk) every(ctx context.Context, period time.Duration, trouble string, do func(context.Context) error) {
	d.everyFrom(ctx, period, period, trouble, do)
}

// everyFrom is every, with the first time after another while.
func (d *Desk) everyFrom(ctx context.Context, first, period time.Duration, trouble string, do func(context.Context) error) {
	next := time.NewTimer(first)
	defer next.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		next.Reset(period)
		err := do(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			d.logger.Warn(trouble, "err", err)
		}
		failing = err != nil
	}
}

// each hands on what comes, one by one, until ctx ends.
func each[T any](ctx context.Context, from <-chan T, do func(T)) {
	for {
		select {
		case <-ctx.Done():
			return
		case one := <-from:
			do(one)
		}
	}
}

// wakeSnoozed wakes the conversations whose time has come, until ctx ends. Every node that routes does: who is slower finds
// the conversation awake.
func (d *Desk) wakeSnoozed(ctx context.Context) {
	d.every(ctx, wakeEvery, "snoozed conversations can't be woken", d.wakeDue)
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
