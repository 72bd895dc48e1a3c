package chat

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Settings is what a tenant has set up, to work with. It is never changed.
type Settings struct {
	labels    labelBook
	hours     []BusinessHours
	schedules []*schedule
	triggers  []namedTrigger
	blocks    *blocklist
	blocked   []Record // what blocks was made of
	routing   Routing
	slas      []SLA
	bot       BotSettings
	assumed   bool // they could not be read: others may hold
}

type namedTrigger struct {
	id RecordID
	Trigger
}

// settingsKinds is what Settings are made of.
var settingsKinds = []RecordKind{RecordLabel, RecordHours, RecordTrigger, RecordBlock, RecordRouting, RecordSLA, RecordBot}

// SettingsOf makes Settings of a tenant's records: what of it needs others than those is as it is by default.
func SettingsOf(records []Record) *Settings {
	s := &Settings{labels: labelsOf(records), blocks: blocklistOf(records)}
	s.hours, s.schedules = schedulesOf(records)
	for i := range records {
		r := &records[i]
		switch r.Kind {
		case RecordTrigger:
			t := namedTrigger{id: r.ID}
			if json.Unmarshal(r.Body, &t.Trigger) == nil && t.Check() == nil {
				s.triggers = append(s.triggers, t)
			}
		case RecordSLA:
			var b SLA
			if json.Unmarshal(r.Body, &b) == nil && b.Check() == nil {
				s.slas = append(s.slas, b)
			}
		case RecordBlock:
			s.blocked = append(s.blocked, *r)
		case RecordRouting:
			_ = json.Unmarshal(r.Body, &s.routing)
		case RecordBot:
			if b, err := BotSettingsOf(r); err == nil {
				s.bot = b
			}
		}
	}
	if s.routing.Check() != nil {
		s.routing = Routing{}
		_ = s.routing.Check()
	}
	return s
}

// Bot returns how the tenant's bot is to answer, or that it is off. It must not be changed.
func (s *Settings) Bot() BotSettings { return s.bot }

// LabelNames returns the names of labels; those that were deleted have none.
func (s *Settings) LabelNames(ids []RecordID) []string { return s.labels.namesOf(ids) }

// LabelID finds a label by its id or name.
func (s *Settings) LabelID(ref string) (RecordID, error) {
	ids, err := s.labels.ids([]string{ref})
	if err != nil {
		return RecordID{}, err
	}
	return ids[0], nil
}

// Hours returns the business hours of a site.
func (s *Settings) Hours(site string) []BusinessHours {
	out := []BusinessHours{}
	for i := range s.hours {
		if s.hours[i].SiteKey == "" || s.hours[i].SiteKey == site {
			out = append(out, s.hours[i])
		}
	}
	return out
}

// Opens tells whether a site is open at a time and, if not, when it opens next; the zero time if not within a year. A site
// without business hours is always open.
func (s *Settings) Opens(site string, now time.Time) (open bool, next time.Time) {
	any := false
	for _, h := range s.schedules {
		if h.site != "" && site != "" && h.site != site {
			continue
		}
		any = true
		open, at := h.opens(now)
		if open {
			return true, time.Time{}
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return !any, next
}

// VisitorTrigger is a trigger as it holds for one visitor.
type VisitorTrigger struct {
	ID      RecordID
	HeldOut bool // the visitor is one of those who never get it
	Trigger
}

// Triggers returns the triggers of a site that are enabled. A visitor who is held out of one is so on every device and for ever.
func (s *Settings) Triggers(site string, v VisitorID) []VisitorTrigger {
	var out []VisitorTrigger
	for i := range s.triggers {
		t := &s.triggers[i]
		if !*t.Enabled || t.SiteKey != "" && t.SiteKey != site {
			continue
		}
		h := fnv.New64a()
		_, _ = h.Write(t.id[:])
		_, _ = h.Write(v[:])
		out = append(out, VisitorTrigger{t.id, mix(h.Sum64())%100 < uint64(t.HoldOut), t.Trigger})
	}
	return out
}

// mix spreads what is different anywhere in x over all of its bits (the end of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// settingsCache keeps tenants' Settings, so that they cost nobody a query. Safe for concurrent use.
//
// While the database can't be asked, what was known goes on; of a tenant of whom nothing is known, the defaults hold: nobody is
// kept away because nobody could look whether he is blocked.
type settingsCache struct {
	store  Store
	now    func() time.Time
	logger *slog.Logger
	wake   chan struct{}
	blocks atomic.Uint32 // counts changes of blocklists

	mu      sync.Mutex
	all     map[TenantID]*settingsEntry
	stale   map[TenantID]bool
	tickets uint64
	changed func(TenantID)
}

type settingsEntry struct {
	s      *Settings
	ticket uint64 // of the look-up that brought them; later ones win
	used   bool   // since the last look
}

const (
	settingsEvery = 15 * time.Second // how soon a change is seen of which no signal came
	settingsCall  = time.Second
	settingsMost  = 10_000 // tenants
)

func newSettingsCache(store Store, now func() time.Time, logger *slog.Logger) *settingsCache {
	return &settingsCache{
		store: store, now: now, logger: logger, wake: make(chan struct{}, 1), all: make(map[TenantID]*settingsEntry), stale: make(map[TenantID]bool),
	}
}

// known returns what is in memory, or nil.
func (c *settingsCache) known(t TenantID) *Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.all[t]
	if e == nil {
		return nil
	}
	e.used = true
	return e.s
}

// get returns a tenant's Settings, from the database only the first time.
func (c *settingsCache) get(ctx context.Context, t TenantID) *Settings {
	if s := c.known(t); s != nil {
		return s
	}
	if err := c.load(ctx, t); err == nil {
		return c.known(t)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.all[t]; e != nil {
		return e.s
	}
	e := &settingsEntry{s: SettingsOf(nil), used: true}
	e.s.assumed = true
	c.all[t], c.stale[t] = e, true // it is asked for again, but nobody waits for it again
	return e.s
}

// load reads a tenant's Settings.
func (c *settingsCache) load(ctx context.Context, t TenantID) error {
	ctx, cancel := context.WithTimeout(ctx, settingsCall)
	defer cancel()
	c.mu.Lock()
	c.tickets++
	ticket := c.tickets
	delete(c.stale, t)
	c.mu.Unlock()
	records, err := c.store.RecordsOf(ctx, t, settingsKinds...)
	if err != nil {
		c.mu.Lock()
		c.stale[t] = true
		c.mu.Unlock()
		return err
	}
	s := SettingsOf(records)
	c.mu.Lock()
	old := c.all[t]
	if old != nil && old.ticket > ticket {
		c.mu.Unlock()
		return nil
	}
	for other := range c.all {
		if old != nil || len(c.all) < settingsMost {
			break
		}
		delete(c.all, other)
	}
	c.all[t] = &settingsEntry{s: s, ticket: ticket, used: true}
	changed := c.changed
	c.mu.Unlock()
	if old != nil && sameRecords(old.s.blocked, s.blocked) || old == nil && len(s.blocked) == 0 {
		return nil
	}
	c.blocks.Add(1)
	if changed != nil {
		changed(t)
	}
	return nil
}

func sameRecords(a, b []Record) bool {
	return slices.EqualFunc(a, b, func(x, y Record) bool { return x.ID == y.ID && x.Version == y.Version })
}

// renew asks for a tenant's Settings to be read again soon, if anybody here needs them. It never blocks.
func (c *settingsCache) renew(t TenantID) {
	c.mu.Lock()
	if c.all[t] == nil {
		c.mu.Unlock()
		return
	}
	c.stale[t] = true
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run keeps what is in memory up to date, until ctx ends.
func (c *settingsCache) run(ctx context.Context) {
	tick := time.NewTicker(settingsEvery)
	defer tick.Stop()
	failing := false
	for {
		all := false
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			all = true
		case <-c.wake:
		}
		var err error
		for _, t := range c.due(all) {
			if err = c.load(ctx, t); err != nil {
				break // the others are asked for again as well
			}
		}
		if err != nil && !failing && ctx.Err() == nil { // once, however long the database is away
			c.logger.Warn("tenants' settings can't be read", "err", err)
		}
		failing = err != nil
	}
}

// due returns whose Settings are to be read again: those that changed, and from time to time those that somebody used.
func (c *settingsCache) due(all bool) []TenantID {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]TenantID, 0, len(c.stale))
	for t := range c.stale {
		out = append(out, t)
	}
	if !all {
		return out
	}
	for t, e := range c.all {
		if e.used && !c.stale[t] {
			out = append(out, t)
		}
		e.used = false
	}
	return out
}
