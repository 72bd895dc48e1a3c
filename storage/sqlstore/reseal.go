package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// Reindex makes a message findable by a body's words: they were sealed if there are old keys, and are to be if there are new ones.
type Reindex func(ctx context.Context, q Querier, m *chat.Message, old *seal.Tenant, body []byte, keys *seal.Tenant) error

// ResealerOptions says how a Resealer works.
type ResealerOptions struct {
	// Node names the node among others. Defaults to a random name.
	Node string
	// Reindex is how the engine's index is brought up to date. On PostgreSQL messages are queued for its indexer if it is nil.
	Reindex Reindex
	// Finished, if set, is called after all of a tenant's rows were brought into another form: what they were is to leave the engine's
	// files too, as far as it can be made to.
	Finished func(ctx context.Context) error
	// Files, if set, are brought into the form that is written now as well. Before Run.
	Files KeptFiles
	// Poll is how often there is a look for work. Defaults to 5s. A key must be three times as old before rows are sealed with it: by
	// then every node seals with it.
	Poll    time.Duration
	Batch   int // rows of a transaction; defaults to 100
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Resealer brings old rows into the form that is written now: sealed, with the newest key, or plain. It goes on where it, or another
// node's, stopped. One works at a time, and each of its transactions makes sure that it still is the one.
type Resealer struct {
	store *Store
	ResealerOptions
	reindex Reindex
	fence   int64

	rows, rewritten *metrics.Counter
}

// NewResealer returns a Resealer of a store that has a keyring.
func NewResealer(s *Store, o ResealerOptions) *Resealer {
	if o.Node == "" {
		o.Node = chat.NewID[chat.Presence]().String()
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	if o.Batch <= 0 {
		o.Batch = 100
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	r := &Resealer{
		store: s, ResealerOptions: o, reindex: o.Reindex,
		rows: o.Metrics.NewCounter("uniqchat_seal_resealed_rows_total"), rewritten: o.Metrics.NewCounter("uniqchat_seal_resealed_files_total"),
	}
	if r.reindex == nil {
		r.reindex = enqueue
	}
	return r
}

// enqueue queues a message for PostgreSQL's indexer.
func enqueue(ctx context.Context, q Querier, m *chat.Message, _ *seal.Tenant, _ []byte, _ *seal.Tenant) error {
	_, err := q.ExecContext(ctx, `INSERT INTO search_queue (tenants, convs, seqs) VALUES (ARRAY[$1::bytea], ARRAY[$2::bytea], ARRAY[$3::bigint])`,
		m.Tenant[:], m.Conversation[:], int64(m.Seq))
	return err
}

// leaseLife is how long a Resealer that says nothing is waited for.
const leaseLife = 30 * time.Second

var errLostLease = errors.New("another node seals old rows")

// Run works until ctx ends.
func (r *Resealer) Run(ctx context.Context) error {
	for {
		if err := r.Step(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, errLostLease) {
			r.Logger.Warn("old rows are not sealed anew for now", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(r.Poll):
		}
	}
}

// Step does all that there is to do, if no other node does.
func (r *Resealer) Step(ctx context.Context) error {
	mine, err := r.lease(ctx)
	if err != nil || !mine {
		return err
	}
	tenants, err := r.tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		if err := r.tenant(ctx, t); err != nil {
			return fmt.Errorf("tenant %s: %w", t, err)
		}
	}
	return nil
}

// lease takes or keeps the right to work.
func (r *Resealer) lease(ctx context.Context) (mine bool, err error) {
	now := time.Now()
	err = r.store.write(ctx, System, func(ctx context.Context, q Querier) error {
		var owner string
		var until int64
		// First a write, so that two who want it stand in line.
		err := q.QueryRowContext(ctx, `UPDATE seal_state SET version = version RETURNING owner, fence, until`).Scan(&owner, &r.fence, &until)
		if err != nil {
			return err
		}
		if mine = owner == r.Node || until < Micros(now); !mine {
			return nil
		}
		if owner != r.Node {
			r.fence++
		}
		_, err = q.ExecContext(ctx, `UPDATE seal_state SET owner = $1, fence = $2, until = $3`, r.Node, r.fence, Micros(now.Add(leaseLife)))
		return err
	})
	return mine, err
}

// tenants are all whose rows may be sealed.
func (r *Resealer) tenants(ctx context.Context) ([]chat.TenantID, error) {
	all, err := r.store.SealedTenants(ctx)
	if err != nil || !r.store.keys.Seals {
		return all, err
	}
	more, err := readAll(ctx, r.store, System, scanID[chat.Tenant], `SELECT id FROM tenants`)
	all = append(all, more...)
	slices.SortFunc(all, func(a, b chat.TenantID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(all), err
}

// progress is how far a tenant's parts are.
type progress struct {
	target int64
	cursor []byte
	done   bool
}

func (r *Resealer) progress(ctx context.Context, t chat.TenantID) (map[string]progress, error) {
	type named struct {
		name string
		progress
	}
	rows, err := readAll(ctx, r.store, System, func(scan row) (n named, err error) {
		err = scan(&n.name, &n.target, &n.cursor, &n.done)
		return n, err
	}, `SELECT part, target, cursor, done FROM seal_progress WHERE tenant = $1`, t)
	out := make(map[string]progress, len(rows))
	for _, n := range rows {
		out[n.name] = n.progress
	}
	return out, err
}

// retireAfter is how long a key that nothing is sealed with any more is kept: by then nothing that waits in Redis is.
const retireAfter = time.Hour

// tenant brings all of a tenant's rows into the form that is written now.
func (r *Resealer) tenant(ctx context.Context, t chat.TenantID) error {
	keys, err := r.store.keys.Ready(ctx, t)
	if errors.Is(err, &chat.Error{Code: chat.NotFound}) { // erased: nobody can seal its rows anew
		return nil
	}
	if err != nil {
		return err
	}
	f := &form{keys: keys, target: keys.Newest()}
	at, err := r.progress(ctx, t)
	if err != nil {
		return err
	}
	if all, ok := at[""]; ok && all.target == int64(f.target) {
		_, err := r.store.RetireKeys(ctx, t, time.Now(), retireAfter)
		return err
	}
	if time.Since(keys.Since()) < 3*r.Poll {
		return nil
	}
	var waits int
	if err := r.store.read(ctx, System, func(ctx context.Context, q Querier) error {
		return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM search_backlog WHERE tenant = $1 LIMIT 1) AS one`, t).Scan(&waits)
	}); err != nil || waits > 0 { // what is not in the index yet must not be taken out of it
		return err
	}
	rows := 0
	for _, p := range r.parts() {
		from := keyValues{}
		if old := at[p.name]; old.target == int64(f.target) && len(old.cursor) > 0 {
			if old.done {
				continue
			}
			from = readCursor(old.cursor)
		}
		n, err := r.part(ctx, t, &p, f, from)
		if rows += n; err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	n, err := r.files(ctx, t, at, f)
	if err != nil {
		return err
	}
	return r.finish(ctx, t, f, rows+n)
}

// parts are all tables that the store has.
func (r *Resealer) parts() []part {
	all := append([]part{{name: "messages", keys: []keyColumn{{name: "conv"}, {"seq", true}}}}, parts...)
	if _, is := r.store.index.(PostgresIndex); is {
		all = append(all, part{name: deadPart, keys: []keyColumn{{"id", true}}})
	}
	return all
}

// finish notes that all parts have reached the target.
func (r *Resealer) finish(ctx context.Context, t chat.TenantID, f *form, rows int) error {
	err := r.store.write(ctx, System, func(ctx context.Context, q Querier) error {
		if err := r.hold(ctx, q); err != nil {
			return err
		}
		if err := saveProgress(ctx, q, t, "", f, nil, true); err != nil {
			return err
		}
		return keysChanged(ctx, q)
	})
	if err != nil {
		return err
	}
	r.store.keys.Refresh()
	if r.Finished != nil && rows > 0 {
		if err := r.Finished(ctx); err != nil {
			r.Logger.Warn("what rows were before they were sealed may be in the database's files until it is cleaned", "err", err)
		}
	}
	if rows > 0 {
		r.Logger.Info("a tenant's old rows are in their form", "tenant", t, "key", f.target, "rows", rows)
	}
	return nil
}

// hold makes sure, in a transaction, that nobody else works, nor will until it ends.
func (r *Resealer) hold(ctx context.Context, q Querier) error {
	res, err := q.ExecContext(ctx, `UPDATE seal_state SET until = $3 WHERE owner = $1 AND fence = $2`, r.Node, r.fence, Micros(time.Now().Add(leaseLife)))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errLostLease)
	}
	return nil
}

func saveProgress(ctx context.Context, q Querier, t chat.TenantID, name string, f *form, cursor []byte, done bool) error {
	if cursor == nil || done { // a place that nobody goes on from would only keep an id that may be erased
		cursor = make([]byte, cursorLen)
	}
	_, err := q.ExecContext(ctx, `INSERT INTO seal_progress (tenant, part, target, cursor, done) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant, part) DO UPDATE SET target = excluded.target, cursor = excluded.cursor, done = excluded.done`,
		t, name, int64(f.target), cursor, flag(done))
	return err
}

// part goes through a part from a place on, a few rows at a time, and returns how many there were.
func (r *Resealer) part(ctx context.Context, t chat.TenantID, p *part, f *form, from keyValues) (total int, err error) {
	for {
		var n int
		began := time.Now()
		next := from
		err := r.store.write(ctx, System, func(ctx context.Context, q Querier) (err error) {
			if err := r.hold(ctx, q); err != nil {
				return err
			}
			if n, next, err = r.batch(ctx, q, t, p, f, from); err != nil {
				return err
			}
			return saveProgress(ctx, q, t, p.name, f, next.cursor(), n < r.Batch)
		})
		if err != nil {
			return total, err
		}
		r.rows.Add(n)
		from = next
		if total += n; n < r.Batch {
			return total, nil
		}
		select { // half of the time is others'
		case <-ctx.Done():
			return total, ctx.Err()
		case <-time.After(time.Since(began)):
		}
	}
}

// batch brings the rows behind a place into their form, and returns how many there were and where the last one is.
func (r *Resealer) batch(ctx context.Context, q Querier, t chat.TenantID, p *part, f *form, from keyValues) (n int, last keyValues, err error) {
	lost := func(place seal.Place, err error) { r.store.keys.Lost(t, &place, err) }
	last = from
	if p.name == "messages" {
		rows, err := q.QueryContext(ctx, selectSaid+fmt.Sprint(r.Batch), t, from.id[:], from.number)
		if err != nil {
			return 0, from, err
		}
		found, err := collect(rows, scanSaid)
		if err != nil {
			return 0, from, err
		}
		for i := range found {
			if err := r.resealSaid(ctx, q, &found[i], f, lost); err != nil {
				return 0, from, err
			}
			last = keyValues{id: found[i].Conversation, number: int64(found[i].Seq)}
		}
		return len(found), last, nil
	}
	if p.name == deadPart {
		found, err := deadRows(ctx, q, t, from.number, r.Batch)
		if err != nil {
			return 0, from, err
		}
		for i := range found {
			if err := resealDead(ctx, q, &found[i], f, lost); err != nil {
				return 0, from, err
			}
			last = keyValues{number: found[i].id}
		}
		return len(found), last, nil
	}
	found, err := p.read(ctx, q, t, from, r.Batch)
	if err != nil {
		return 0, from, err
	}
	for i := range found {
		if err := p.write(ctx, q, t, &found[i], f, lost); err != nil {
			return 0, from, err
		}
		last = found[i].key
	}
	return len(found), last, nil
}
