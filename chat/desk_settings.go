package chat

import "context"

// Settings returns what a tenant has set up. It is as new as the last signal, and costs a query only the first time.
func (d *Desk) Settings(ctx context.Context, t TenantID) *Settings { return d.settings.get(ctx, t) }

// SettingsChanged takes in that a tenant's records of a kind were changed here, and tells the other nodes.
func (d *Desk) SettingsChanged(ctx context.Context, t TenantID, kind RecordKind) error {
	if err := d.settings.load(ctx, t); err != nil {
		d.settings.renew(t)
	}
	d.router.wake(t)
	return d.broker.Publish(ctx, Signal{Kind: SignalSettings, Tenant: t, Text: string(kind)})
}

// Blocked reports whether the tenant keeps a visitor away.
func (d *Desk) Blocked(ctx context.Context, t TenantID, who Suspect) bool {
	return d.settings.get(ctx, t).blocks.blocks(&who, d.now())
}

// BlockedIfKnown is Blocked by what is in memory.
func (d *Desk) BlockedIfKnown(t TenantID, who Suspect) bool {
	s := d.settings.known(t)
	return s != nil && s.blocks.blocks(&who, d.now())
}

// BlockChanges counts how often anything about a blocklist changed: who was let in at the same count still may.
func (d *Desk) BlockChanges() uint32 { return d.settings.blocks.Load() }

// SetBlocksChanged says who is told when a tenant's blocklist has changed. Before Run.
func (d *Desk) SetBlocksChanged(fn func(TenantID)) {
	d.settings.mu.Lock()
	defer d.settings.mu.Unlock()
	d.settings.changed = fn
}
