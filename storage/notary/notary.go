package notary

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
)

// Options says where the files are.
type Options struct {
	Key        string // path of the key file
	Checkpoint string // path of the checkpoint
	// Every is how long a new entry may be without a checkpoint. Defaults to 1s.
	Every time.Duration
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Metrics defaults to a set of its own.
	Metrics *metrics.Set
}

// othersEvery is how soon entries of other processes are seen.
const othersEvery = 5 * time.Second

// slack is how far clocks of nodes may be apart: heads of entries that old are looked at again.
const slack = 10 * time.Minute

// Notary signs, and writes down how far each chain has come. Safe for concurrent use.
type Notary struct {
	*Keys
	o    Options
	wake chan struct{}

	failed, wrote, shrunk *metrics.Counter

	mu    sync.Mutex // one round at a time; it guards what follows
	seen  map[chat.TenantID]uint64
	since time.Time
}

// Open opens both files. The key is made if it is missing.
func Open(o Options) (*Notary, error) {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	keys, err := OpenKeys(o.Key)
	if err != nil {
		return nil, err
	}
	n := &Notary{
		Keys: keys, o: o, wake: make(chan struct{}, 1), seen: map[chat.TenantID]uint64{},
		failed: o.Metrics.NewCounter("uniqchat_audit_checkpoint_failures_total"),
		wrote:  o.Metrics.NewCounter("uniqchat_audit_checkpoint_lines_total"),
		shrunk: o.Metrics.NewCounter("uniqchat_audit_shorter_than_checkpoint_total"),
	}
	marks, err := ReadMarks(o.Checkpoint, keys, func(int, string) {}) // verify tells of bad lines
	if err == nil {
		for tenant, all := range marks {
			n.seen[tenant] = all[len(all)-1].Seq
		}
	}
	return n, nil
}

// Appended says that there are new entries. It never blocks.
func (n *Notary) Appended() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run writes checkpoints of a store until ctx ends, and then a last one.
func (n *Notary) Run(ctx context.Context, src chat.AuditSource) error {
	tick := time.NewTicker(othersEvery)
	defer tick.Stop()
	failing := false
	for {
		err := n.Write(ctx, src)
		if err != nil && !failing && ctx.Err() == nil { // once, however long it lasts
			n.o.Logger.Error("the audit log's checkpoint can't be written", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			return n.Write(last, src)
		case <-tick.C:
		case <-n.wake:
			select { // what comes together is written together
			case <-ctx.Done():
			case <-time.After(n.o.Every):
			}
		}
	}
}

// Write writes the heads down that are new. A chain that is shorter than it was is told in the log: it was cut, or an older copy of the
// database was put in its place.
func (n *Notary) Write(ctx context.Context, src chat.AuditSource) (err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer func() {
		if err != nil {
			n.failed.Inc()
		}
	}()
	heads, err := src.AuditHeads(ctx, n.since)
	if err != nil {
		return err
	}
	newest := n.since
	fresh := heads[:0]
	for i := range heads {
		if heads[i].At.After(newest) {
			newest = heads[i].At
		}
		switch h, seen := &heads[i], n.seen[heads[i].Tenant]; {
		case h.Seq > seen:
			fresh = append(fresh, *h)
		case h.Seq < seen:
			n.shrunk.Inc()
			n.o.Logger.Error("an audit log is shorter than its checkpoint says; run uniqchat audit verify", "chain", ChainName(h.Tenant), "seq", h.Seq, "checkpoint", seen)
			n.seen[h.Tenant] = h.Seq // once
		}
	}
	if len(fresh) > 0 {
		if err := appendHeads(n.o.Checkpoint, fresh); err != nil {
			return fmt.Errorf("audit.checkpoint: %w", err)
		}
	}
	for i := range fresh {
		n.seen[fresh[i].Tenant] = fresh[i].Seq
	}
	n.wrote.Add(len(fresh))
	if newest = newest.Add(-slack); newest.After(n.since) {
		n.since = newest
	}
	return nil
}

// ordered sorts the marks of each chain.
func ordered(all map[chat.TenantID][]chat.AuditMark) map[chat.TenantID][]chat.AuditMark {
	for _, marks := range all {
		slices.SortStableFunc(marks, func(a, b chat.AuditMark) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return all
}
