package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Retention is how long a tenant keeps what it has, in days; 0: for ever. There is one record of it at most.
type Retention struct {
	Conversations int `json:"conversations_days,omitempty" minimum:"0" maximum:"36500" doc:"What was written in conversations that have been closed, and untouched, for this long is removed, with their files, what was left while nobody was there, their mails, and exports that are this old. That there was an entry, and when, stays, so that counts hold. 0: never."`
	Uploads       int `json:"uploads_days,omitempty" minimum:"0" maximum:"36500" doc:"Files of closed conversations that are this old are removed. 0: with their conversations."`
	Deliveries    int `json:"deliveries_days,omitempty" minimum:"0" maximum:"36500" doc:"Webhooks' events and deliveries. 0: as long as the program keeps them."`
	Steps         int `json:"events_days,omitempty" minimum:"0" maximum:"36500" doc:"What visitors did on the site: pages, carts, orders. 0: the last 200 of each visitor are kept."`
	Mails         int `json:"mails_days,omitempty" minimum:"0" maximum:"36500" doc:"To whom mails were sent. 0: as long as the program keeps it."`
	Audit         int `json:"audit_days,omitempty" minimum:"0" maximum:"36500" doc:"Entries of the audit log; 30 at least. 0: for ever."`
}

// minAuditDays keeps somebody who may set things up from wiping traces at once.
const minAuditDays = 30

// Check implements RecordBody.
func (r *Retention) Check() error {
	for _, d := range []struct {
		name string
		days int
	}{
		{"conversations_days", r.Conversations},
		{"uploads_days", r.Uploads},
		{"deliveries_days", r.Deliveries},
		{"events_days", r.Steps},
		{"mails_days", r.Mails},
		{"audit_days", r.Audit},
	} {
		if d.days < 0 || d.days > 36_500 {
			return Errorf(Malformed, "%s: must be 0 to 36500", d.name)
		}
	}
	if r.Audit > 0 && r.Audit < minAuditDays {
		return Errorf(Malformed, "audit_days: must be %d at least, or 0", minAuditDays)
	}
	return nil
}

// UniqueName implements RecordBody: there is one.
func (r *Retention) UniqueName() string { return "retention" }

// Removed is how much retention has removed, or would.
type Removed struct {
	Conversations int `json:"conversations"`
	Messages      int `json:"messages"`
	Uploads       int `json:"uploads"`
	Deliveries    int `json:"deliveries"`
	Steps         int `json:"events"`
	Mails         int `json:"mails"`
	Exports       int `json:"exports"`
	AuditEntries  int `json:"audit_entries"`
}

func (r *Removed) add(o Removed) {
	r.Conversations += o.Conversations
	r.Messages += o.Messages
	r.Uploads += o.Uploads
	r.Deliveries += o.Deliveries
	r.Steps += o.Steps
	r.Mails += o.Mails
	r.Exports += o.Exports
	r.AuditEntries += o.AuditEntries
}

// Cutoffs are the times before which things go; zero: they stay.
type Cutoffs struct{ Conversations, Uploads, Deliveries, Steps, Mails, Audit time.Time }

// Cutoffs returns what a retention means at a time.
func (r *Retention) Cutoffs(now time.Time) (l Cutoffs) {
	for _, d := range []struct {
		at   *time.Time
		days int
	}{
		{&l.Conversations, r.Conversations},
		{&l.Uploads, r.Uploads},
		{&l.Deliveries, r.Deliveries},
		{&l.Steps, r.Steps},
		{&l.Mails, r.Mails},
		{&l.Audit, r.Audit},
	} {
		if d.days > 0 {
			*d.at = now.AddDate(0, 0, -d.days)
		}
	}
	return l
}

// Retaining removes what tenants don't keep, in transactions that are short.
type Retaining interface {
	// HoldRetention makes the job the node's own until a time, and reports whether it is: one node at a time has it.
	HoldRetention(ctx context.Context, node NodeID, now, until time.Time) (bool, error)
	// RecordsOfAll returns all records of a kind, of all tenants.
	RecordsOfAll(ctx context.Context, kind RecordKind) ([]Record, error)
	// PurgeConversations takes what was written out of up to limit conversations that are closed and untouched since before, the oldest
	// first, and makes them nobody's find; what was left while nobody was there goes, their mails, and what webhooks were told and
	// answered. Rows stay, so that counts and order hold. more is false once none is left. Their files are dropped: their bytes are to be
	// deleted, and then their rows.
	PurgeConversations(ctx context.Context, tenant TenantID, before time.Time, limit int) (removed Removed, dropped []Upload, more bool, err error)
	// PurgeUploads drops up to limit files of closed conversations that were made before a time.
	PurgeUploads(ctx context.Context, tenant TenantID, before time.Time, limit int) ([]Upload, error)
	// PurgeDeliveries removes up to about most deliveries, and the events before them; 0: there are no more.
	PurgeDeliveries(ctx context.Context, tenant TenantID, before time.Time, most int) (int, error)
	// PurgeMails removes up to most mails that were done before a time, and PurgeSteps what visitors did before it.
	PurgeMails(ctx context.Context, tenant TenantID, before time.Time, most int) (int, error)
	PurgeSteps(ctx context.Context, tenant TenantID, before time.Time, most int) (int, error)
	// OldExports lists the exports of what people wrote that were asked for before a time.
	OldExports(ctx context.Context, tenant TenantID, before time.Time) ([]Export, error)
	// Purgeable counts what would go, at most a million of each.
	Purgeable(ctx context.Context, tenant TenantID, l Cutoffs) (Removed, error)
}

// RetentionOf reads a record's body.
func RetentionOf(r *Record) (out Retention, err error) {
	if err = json.Unmarshal(r.Body, &out); err == nil {
		err = out.Check()
	}
	return out, err
}

const (
	retainFirst = 2 * time.Minute
	retainEvery = time.Hour
	retainLease = 10 * time.Minute // renewed with every batch
	retainBatch = 20               // conversations
	retainMany  = 1000             // deliveries, mails, steps
	pruneMany   = 10_000           // entries of the audit log: each pruning adds one
)

// retained counts what this node's jobs have removed.
type retained struct {
	mu  sync.Mutex
	all Removed
}

func (r *retained) add(o Removed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.add(o)
}

// Retained is what this node has removed because of tenants' retention, since it started.
func (d *Desk) Retained() Removed {
	d.retained.mu.Lock()
	defer d.retained.mu.Unlock()
	return d.retained.all
}

// runRetention removes what tenants don't keep, now and then, until ctx ends.
func (d *Desk) runRetention(ctx context.Context) {
	d.everyFrom(ctx, retainFirst, retainEvery, "what tenants don't keep can't all be removed", func(ctx context.Context) error {
		_, err := d.Retain(ctx)
		return err
	})
}

var errNotHeld = errors.New("another node does it")

// Retain removes what tenants don't keep, unless another node does.
func (d *Desk) Retain(ctx context.Context) (all Removed, err error) {
	if err := d.holdRetention(ctx); err != nil {
		if errors.Is(err, errNotHeld) {
			err = nil
		}
		return all, err
	}
	failed := d.forgetTraces(ctx)
	records, err := d.store.RecordsOfAll(ctx, RecordRetention)
	if err != nil {
		return all, err
	}
	for i := range records {
		removed, err := d.retainTenant(ctx, &records[i])
		all.add(removed)
		d.retained.add(removed)
		failed = errors.Join(failed, err)
		if errors.Is(err, errNotHeld) || ctx.Err() != nil {
			break
		}
	}
	if all != (Removed{}) { // what was removed from rows may be left in a file's gaps
		failed = errors.Join(failed, d.forgetLog(context.WithoutCancel(ctx), nil))
	}
	return all, failed
}

// forgetTraces removes the traces of answers that are older than any are kept.
func (d *Desk) forgetTraces(ctx context.Context) error {
	before := d.now().Add(-AITraceLife)
	return d.retainBefore(ctx, before, func() (bool, error) {
		n, err := d.store.ForgetAITraces(ctx, before, retainMany)
		return n == retainMany, err
	})
}

func (d *Desk) holdRetention(ctx context.Context) error {
	now := d.now()
	held, err := d.store.HoldRetention(ctx, d.Presence.node, now, now.Add(retainLease))
	if err == nil && !held {
		err = errNotHeld
	}
	return err
}

// retainTenant removes what one tenant does not keep, and has the audit log tell how much that was.
func (d *Desk) retainTenant(ctx context.Context, r *Record) (removed Removed, err error) {
	keep, err := RetentionOf(r)
	if err != nil {
		return removed, fmt.Errorf("retention of %s: %w", r.Tenant, err)
	}
	l := keep.Cutoffs(d.now())
	for _, step := range []func(context.Context, TenantID, *Cutoffs, *Removed) error{
		d.retainConversations, d.retainUploads, d.retainExports, d.retainRows, d.retainAudit,
	} {
		if err == nil {
			err = step(ctx, r.Tenant, &l, &removed)
		}
	}
	told := removed
	told.AuditEntries = 0 // they have entries of their own
	if told == (Removed{}) {
		return removed, err
	}
	details, merr := json.Marshal(told)
	return removed, errors.Join(err, merr, d.store.Audit(context.WithoutCancel(ctx), r.Tenant, AuditNote{
		Action: "retention.applied", TargetKind: "tenant", TargetID: r.Tenant.String(), Details: details,
	}))
}

// retainBefore removes some of what is older than a time, again and again until there is no more, as long as this node is the one that does. No time: it is all kept.
func (d *Desk) retainBefore(ctx context.Context, before time.Time, some func() (more bool, err error)) error {
	for more := !before.IsZero(); more; {
		err := d.holdRetention(ctx)
		if err != nil {
			return err
		}
		if more, err = some(); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) retainConversations(ctx context.Context, t TenantID, l *Cutoffs, all *Removed) error {
	return d.retainBefore(ctx, l.Conversations, func() (bool, error) {
		removed, dropped, more, err := d.store.PurgeConversations(ctx, t, l.Conversations, retainBatch)
		all.add(removed)
		return more, errors.Join(err, d.removeAll(ctx, dropped, all))
	})
}

func (d *Desk) retainUploads(ctx context.Context, t TenantID, l *Cutoffs, all *Removed) error {
	return d.retainBefore(ctx, l.Uploads, func() (bool, error) {
		dropped, err := d.store.PurgeUploads(ctx, t, l.Uploads, sweepBatch)
		return len(dropped) == sweepBatch, errors.Join(err, d.removeAll(ctx, dropped, all))
	})
}

// removeAll deletes the bytes of files that were dropped, and their rows. What fails is left to the sweep.
func (d *Desk) removeAll(ctx context.Context, dropped []Upload, all *Removed) (err error) {
	for i := range dropped {
		if d.files == nil {
			break
		}
		one := d.remove(ctx, &dropped[i])
		if one == nil {
			all.Uploads++
		}
		err = errors.Join(err, one)
	}
	return err
}

// retainExports deletes tables of what people wrote that are as old as what goes: what is in them is older. Files go once more after their
// row, because who brings files into another form writes them again and then looks whether a row still names them.
func (d *Desk) retainExports(ctx context.Context, t TenantID, l *Cutoffs, all *Removed) error {
	if l.Conversations.IsZero() || d.files == nil {
		return nil
	}
	old, err := d.store.OldExports(ctx, t, l.Conversations)
	if err != nil {
		return err
	}
	for i := range old {
		file := func() error {
			if old[i].Object == "" {
				return nil
			}
			return d.files.Delete(ctx, old[i].Object)
		}
		if err := file(); err != nil {
			return err
		}
		if err := d.store.DeleteExport(ctx, t, old[i].ID); err != nil {
			return err
		}
		all.Exports++
		if err := file(); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) retainRows(ctx context.Context, t TenantID, l *Cutoffs, all *Removed) error {
	for _, p := range []struct {
		before time.Time
		purge  func(context.Context, TenantID, time.Time, int) (int, error)
		n      *int
	}{
		{l.Deliveries, d.store.PurgeDeliveries, &all.Deliveries},
		{l.Mails, d.store.PurgeMails, &all.Mails},
		{l.Steps, d.store.PurgeSteps, &all.Steps},
	} {
		err := d.retainBefore(ctx, p.before, func() (bool, error) {
			n, err := p.purge(ctx, t, p.before, retainMany)
			*p.n += n
			return n > 0, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) retainAudit(ctx context.Context, t TenantID, l *Cutoffs, all *Removed) error {
	return d.retainBefore(ctx, l.Audit, func() (bool, error) {
		n, err := d.store.PruneAudit(ctx, t, l.Audit, pruneMany)
		all.AuditEntries += n
		return n == pruneMany, err
	})
}
