package seal

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sync/singleflight"

	"github.com/uniqchat/uniqchat/chat"
)

// The ids of rows that are no data keys. Those of data keys count from 1; the highest seals.
const (
	Erased   = -1 // the tenant's keys were erased
	WordsKey = 0  // the key of search words and fingerprints
)

// Row is a tenant's key as the database keeps it.
type Row struct {
	ID      int64
	Master  string // the master key that it is sealed with
	Wrapped []byte
	Created time.Time
}

// Table is where tenants' keys are kept. Safe for concurrent use.
type Table interface {
	// Keys returns a tenant's rows by id, and the target that all of what the tenant has was brought to: a data key that it is sealed
	// with, at least; 0 if it is plain; -1 if it may be anything.
	Keys(ctx context.Context, tenant chat.TenantID) (keys []Row, done int64, err error)
	// AddKeys adds rows whose ids are not there; the others are left as they are.
	AddKeys(ctx context.Context, tenant chat.TenantID, keys ...Row) error
	// KeyVersion grows with every change of a key of any tenant.
	KeyVersion(ctx context.Context) (int64, error)
}

// Options says how a Keyring works.
type Options struct {
	// Seals says that what is written is sealed. Otherwise it is plain, and only what was sealed before is opened.
	Seals bool
	// Most is how many tenants' keys are held in memory. Defaults to 10000, of which each takes about a kilobyte.
	Most int
	// Poll is how often the database is asked whether keys have changed. Defaults to 2s.
	Poll    time.Duration
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Keyring is the keys of all tenants. A nil Keyring is encryption that is off: it knows no tenant's keys. Safe for concurrent use.
type Keyring struct {
	masters *Masters
	table   Table
	Options
	flight singleflight.Group
	round  atomic.Int64 // counts up when keys may have changed
	unread *metrics.Counter

	mu      sync.RWMutex
	tenants map[chat.TenantID]held
}

// held is a tenant's keys, as of a round.
type held struct {
	*Tenant
	round int64
}

// New returns a Keyring over a table.
func New(m *Masters, table Table, o Options) *Keyring {
	if o.Most <= 0 {
		o.Most = 10_000
	}
	if o.Poll <= 0 {
		o.Poll = 2 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	return &Keyring{
		masters: m, table: table, Options: o, tenants: make(map[chat.TenantID]held),
		unread: o.Metrics.NewCounter("uniqchat_seal_unreadable_total"),
	}
}

// Run notices changed keys until ctx ends. Without it they are noticed when one is needed.
func (k *Keyring) Run(ctx context.Context) error {
	tick := time.NewTicker(k.Poll)
	defer tick.Stop()
	for last := int64(-1); ; {
		now, err := k.table.KeyVersion(ctx)
		if err == nil && now != last { // while the database is away nothing changes
			last = now
			k.Refresh()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Refresh makes every tenant's keys be read again before they are used next, if they can be.
func (k *Keyring) Refresh() {
	if k != nil {
		k.round.Add(1)
	}
}

var errTenantErased = &chat.Error{Code: chat.NotFound, Name: "tenant_erased", Message: "the tenant's data was erased"}

// Ready returns a tenant's keys for writing, made if there are none. Nil if encryption is off.
func (k *Keyring) Ready(ctx context.Context, tenant chat.TenantID) (*Tenant, error) {
	t, err := k.Of(ctx, tenant)
	switch {
	case err != nil || t == nil:
		return nil, err
	case t.erased:
		return nil, errTenantErased
	case !k.Seals || t.seals:
		return t, nil
	}
	if err := k.make(ctx, tenant); err != nil {
		return nil, err
	}
	k.forget(tenant)
	if t, err = k.Of(ctx, tenant); err == nil && !t.seals {
		err = fmt.Errorf("seal: the keys of tenant %s were not kept", tenant)
	}
	return t, err
}

// Live returns a tenant's keys for writing to one whose keys Ready has made. Nil if encryption is off.
func (k *Keyring) Live(ctx context.Context, tenant chat.TenantID) (*Tenant, error) {
	t, err := k.Of(ctx, tenant)
	if err != nil || t == nil {
		return nil, err
	}
	if t.erased {
		return nil, errTenantErased
	}
	if k.Seals && !t.seals {
		return nil, fmt.Errorf("seal: tenant %s: %w", tenant, errNoKey)
	}
	return t, nil
}

// AllReady is Ready for several tenants, of which only the error is wanted.
func (k *Keyring) AllReady(ctx context.Context, events []chat.Event) error {
	if k == nil {
		return nil
	}
	for i := range events {
		if i > 0 && events[i].Tenant == events[i-1].Tenant {
			continue
		}
		if _, err := k.Ready(ctx, events[i].Tenant); err != nil {
			return err
		}
	}
	return nil
}

// All are the keys of some tenants. Nil where encryption is off.
type All map[chat.TenantID]*Tenant

// Writing returns the keys of the events' tenants: see Background.
func (k *Keyring) Writing(ctx context.Context, events []*chat.Event) (All, error) {
	if k == nil {
		return nil, nil
	}
	out := make(All)
	for _, e := range events {
		if out[e.Tenant] != nil {
			continue
		}
		t, err := k.Background(ctx, e.Tenant)
		if err != nil {
			return nil, err
		}
		out[e.Tenant] = t
	}
	return out, nil
}

// Background is Ready for whoever must go on with other tenants: of an erased tenant it returns keys that keep nothing.
func (k *Keyring) Background(ctx context.Context, tenant chat.TenantID) (*Tenant, error) {
	t, err := k.Ready(ctx, tenant)
	if errors.Is(err, errTenantErased) {
		return k.Of(ctx, tenant)
	}
	return t, err
}

// make makes a tenant's first keys, unless it has some.
func (k *Keyring) make(ctx context.Context, tenant chat.TenantID) error {
	rows := []Row{k.newRow(tenant, WordsKey), k.newRow(tenant, 1)}
	if err := k.table.AddKeys(ctx, tenant, rows...); err != nil {
		return fmt.Errorf("seal: keep a tenant's keys: %w", err)
	}
	return nil
}

func (k *Keyring) newRow(tenant chat.TenantID, id int64) Row { return k.masters.NewRow(tenant, id) }

// NewRow makes a random key.
func (m *Masters) NewRow(tenant chat.TenantID, id int64) Row {
	var key [keyLen]byte
	_, _ = rand.Read(key[:]) // never fails
	name, wrapped := m.wrap(tenant, id, key[:])
	return Row{ID: id, Master: name, Wrapped: wrapped, Created: time.Now()}
}

// Of returns a tenant's keys for reading: one who has none opens nothing. Nil if encryption is off.
func (k *Keyring) Of(ctx context.Context, tenant chat.TenantID) (*Tenant, error) {
	if k == nil {
		return nil, nil
	}
	round := k.round.Load()
	k.mu.RLock()
	h := k.tenants[tenant]
	k.mu.RUnlock()
	if h.Tenant != nil && h.round == round {
		return h.Tenant, nil
	}
	got, err, _ := k.flight.Do(string(tenant[:]), func() (any, error) { return k.load(context.WithoutCancel(ctx), tenant, round) })
	if err == nil {
		return got.(*Tenant), nil
	}
	if h.Tenant != nil { // the database is away: what was known holds
		return h.Tenant, nil
	}
	return nil, err
}

// Fresh is Of with keys that were just read: for whoever overwrites what it can't open. Otherwise another node may have sealed with a key
// that is not known here yet.
func (k *Keyring) Fresh(ctx context.Context, tenant chat.TenantID) (*Tenant, error) {
	if k == nil {
		return nil, nil
	}
	return k.load(ctx, tenant, k.round.Load())
}

// loadFor is how long reading a tenant's keys may take.
const loadFor = 3 * time.Second

func (k *Keyring) load(ctx context.Context, tenant chat.TenantID, round int64) (*Tenant, error) {
	ctx, cancel := context.WithTimeout(ctx, loadFor)
	defer cancel()
	rows, done, err := k.table.Keys(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("seal: read a tenant's keys: %w", err)
	}
	t, err := k.open(tenant, rows)
	if err != nil {
		k.Logger.Error("a tenant's keys can't be opened", "tenant", tenant, "err", err)
		return nil, &chat.Error{Code: chat.Busy, Name: "keys_unavailable", Message: "the tenant's keys can't be opened"}
	}
	// A tenant without a key has nothing that is sealed, nor was anything sealed in a form that is not written any more.
	t.mixed = len(t.live) > 0 && (t.seals && done < 1 || !t.seals && done != 0)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.tenants) >= k.Most {
		for other := range k.tenants { // any will do: who is busy comes back
			delete(k.tenants, other)
			if len(k.tenants) < k.Most*9/10 {
				break
			}
		}
	}
	k.tenants[tenant] = held{t, round}
	return t, nil
}

// open opens a tenant's keys.
func (k *Keyring) open(tenant chat.TenantID, rows []Row) (*Tenant, error) {
	t := &Tenant{id: tenant, live: make(map[uint32]cipher.AEAD)}
	haveWords := false
	for _, r := range rows {
		if r.ID == Erased {
			return &Tenant{id: tenant, erased: true}, nil
		}
		key, err := k.masters.unwrap(tenant, r)
		if err != nil {
			return nil, err
		}
		if r.ID == WordsKey {
			haveWords = true
			copy(t.macs[:], key)
			clear(key)
			if t.live[WordsKey], err = chacha20poly1305.NewX(t.macs.derive("values")); err != nil {
				return nil, err
			}
			continue
		}
		if t.live[uint32(r.ID)], err = chacha20poly1305.NewX(key); err != nil {
			return nil, err
		}
		clear(key)
		if t.newest = max(t.newest, uint32(r.ID)); t.newest == uint32(r.ID) {
			t.since = r.Created
		}
	}
	t.seals = k.Seals && haveWords && t.newest > 0
	return t, nil
}

func (k *Keyring) forget(tenant chat.TenantID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.tenants, tenant)
}

// Opening calls open with a tenant's keys, once more with fresh ones if a key is missing: another node may just have made it.
func (k *Keyring) Opening(ctx context.Context, tenant chat.TenantID, open func(*Tenant) error) error {
	t, err := k.Of(ctx, tenant)
	if err != nil {
		return err
	}
	if err = open(t); !errors.Is(err, errNoKey) || k == nil {
		return err
	}
	k.forget(tenant)
	if t, err = k.Of(ctx, tenant); err != nil {
		return err
	}
	if err = open(t); errors.Is(err, errNoKey) {
		return fmt.Errorf("%w (%w)", ErrUnreadable, err)
	}
	return err
}

// Unreadable is what stands for a body that can't be opened.
var Unreadable = []byte(`{"unreadable":true}`)

// Lost notes that a value can't be opened.
func (k *Keyring) Lost(tenant chat.TenantID, p *Place, err error) {
	if k == nil {
		return
	}
	k.unread.Inc()
	if !errors.Is(err, ErrErased) {
		k.Logger.Error("a sealed value can't be opened", "tenant", tenant, "column", p.Column, "row", fmt.Sprintf("%x", p.Row), "sub", fmt.Sprintf("%x", p.Sub), "err", err)
	}
}
