package chat

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// DeskConfig is what a Desk is made of.
type DeskConfig struct {
	Log    Log
	Store  Store
	Broker Broker
	// Files keeps what is uploaded. Nil: nothing can be, and nothing is deleted.
	Files      Files
	FileLimits FileLimits
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Heads is how many conversations' heads are kept in memory, 112 bytes each. One that isn't there costs a look-up
	// with the next message. Defaults to 8192.
	Heads int
	// VisitorGrace and AgentGrace are how long somebody whose last connection ended still counts as here.
	// Default to 12s and 45s.
	VisitorGrace time.Duration
	AgentGrace   time.Duration
	// Node names this run of this process among the nodes of a cluster. Defaults to a new id.
	Node NodeID
	// Passive leaves routing to other nodes.
	Passive bool
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// Desk is every action that anyone can take. It checks the rules, computes what a change leads to and appends it to the
// Log; nothing else changes a conversation. Methods take the acting Actor and return *Error for what the actor did wrong.
//
// Safe for concurrent use.
type Desk struct {
	log      Log
	store    Store
	broker   Broker
	now      func() time.Time
	logger   *slog.Logger
	heads    *headCache
	staff    *staffCache
	settings *settingsCache
	passive  bool
	Presence *Presence
	router   *dispatcher

	files      Files
	fileLimits FileLimits
	swept      atomic.Uint64
	retained   retained

	forget  chan []Key // conversations that other nodes have erased
	boards  boards
	asks    chan Signal // other nodes' questions for the board
	steps   stepWriter
	leavers chan PresenceChange // visitors that have gone, whose conversations may wait
	pace    *pace

	announcer announcer
}

// NewDesk returns a Desk. Its Run must be running for presence and routing to work, and Observe must be called with what
// the Log's Tail brings.
func NewDesk(cfg DeskConfig) *Desk {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Heads <= 0 {
		cfg.Heads = 8192
	}
	if cfg.VisitorGrace <= 0 {
		cfg.VisitorGrace = 12 * time.Second
	}
	if cfg.AgentGrace <= 0 {
		cfg.AgentGrace = 45 * time.Second
	}
	if cfg.Node.IsZero() {
		cfg.Node = NewID[Presence]()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	d := &Desk{
		log: cfg.Log, store: cfg.Store, broker: cfg.Broker, now: cfg.Now, logger: cfg.Logger,
		heads: newHeadCache(cfg.Heads), staff: newStaffCache(cfg.Store, cfg.Now),
		settings: newSettingsCache(cfg.Store, cfg.Now, cfg.Logger), passive: cfg.Passive,
		files: cfg.Files, fileLimits: cfg.FileLimits.withDefaults(), forget: make(chan []Key, 256),
		asks: make(chan Signal, 64), steps: stepWriter{store: cfg.Store, queue: make(chan Step, maxSteps)},
		leavers: make(chan PresenceChange, maxLeavers), pace: newPace(cfg.Now),
		announcer: newAnnouncer(),
	}
	d.Presence = newPresence(presenceConfig{
		node: cfg.Node, passive: cfg.Passive, visitor: cfg.VisitorGrace, agent: cfg.AgentGrace, now: cfg.Now,
		changed: d.presenceChanged, publish: d.signal, watched: d.watched,
	})
	d.router = newDispatcher(d)
	return d
}

// Run keeps presence, routing and the sweep of files going until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { d.Presence.run(ctx) })
	parts.Go(func() { d.settings.run(ctx) })
	parts.Go(func() { d.runSweep(ctx) })
	parts.Go(func() { d.forgetErased(ctx) })
	parts.Go(func() { d.answerBoards(ctx) })
	parts.Go(func() { d.steps.run(ctx, d.logger) })
	parts.Go(func() { d.announcer.run(ctx, d.store, d.logger) })
	if !d.passive {
		parts.Go(func() { d.runRetention(ctx) })
		parts.Go(func() { d.wakeSnoozed(ctx) })
		parts.Go(func() { d.watchSLAs(ctx) })
		parts.Go(func() { d.runErasures(ctx) })
		parts.Go(func() { d.noteLeavers(ctx) })
	}
	d.router.run(ctx)
	parts.Wait()
	return nil
}

// Observe takes in what the Log's Tail brought, before anyone is told of it.
func (d *Desk) Observe(events []Event) {
	for i := range events {
		e := &events[i]
		if e.Fork != nil {
			d.heads.forget(e.Fork.Concerns)
			d.router.forget(e.Fork.Concerns)
			d.router.silence.forget(e.Fork.Concerns)
			continue
		}
		d.moved(e)
		d.router.silence.observe(e, e.Time)
		if e.Next != nil {
			d.router.changed(Key{e.Tenant, e.Conversation}, e.Seq)
		}
	}
}

// moved brings the head in memory to where an event has brought its conversation. It may hear of an event more than once.
func (d *Desk) moved(e *Event) {
	h := Head{State: e.State, Last: e.Seq, LastPublic: e.PrevPublic}
	if e.Visibility == Public {
		h.LastPublic = e.Seq
	}
	before, newer := d.heads.advance(Key{e.Tenant, e.Conversation}, h)
	if newer && e.Next != nil && (!before.Exists() || before.Status == Queued) { // who was answered already was not taken out of the queue
		d.pace.observe(e, before.Queued)
	}
}

// changed takes in a change of this node's own that has just been appended: what is asked for next on this node goes by it, and
// need not wait for the Tail.
func (d *Desk) changed(e *Event, r *Receipt) {
	e.State, e.Seq, e.Prev, e.PrevPublic, e.Time = *e.Next, r.Seq, r.Prev, r.PrevPublic, r.Time
	d.moved(e)
}

// HeadIfKnown returns a conversation's head if it is in memory. It is at least as new as the last Observe.
func (d *Desk) HeadIfKnown(key Key) (Head, bool) { return d.heads.get(key) }

// Heads returns where conversations stand, from memory where possible and otherwise in one look-up. A conversation that
// does not exist has the zero Head.
func (d *Desk) Heads(ctx context.Context, keys []Key) ([]Head, error) {
	out := make([]Head, len(keys))
	var missing []Key
	var at []int
	for i, k := range keys {
		h, ok := d.heads.get(k)
		if !ok {
			missing, at = append(missing, k), append(at, i)
		}
		out[i] = h
	}
	if len(missing) == 0 {
		return out, nil
	}
	found, err := d.log.Heads(ctx, missing...)
	if err != nil {
		return nil, err
	}
	for j, h := range found {
		out[at[j]] = h
		if h.Exists() {
			d.heads.advance(missing[j], h)
		}
	}
	return out, nil
}

// MarkRead moves the actor's mark forward and tells the others. A seq beyond the end counts as the end.
func (d *Desk) MarkRead(ctx context.Context, a *Actor, id ConversationID, seq Seq, origin SessionID) (Mark, error) {
	h, err := d.readable(ctx, a, id)
	if err != nil {
		return Mark{}, err
	}
	if seq > h.LastFor(a.Audience()) { // memory may be a moment behind what the actor has seen
		if h, err = d.HeadNow(ctx, a, id); err != nil {
			return Mark{}, err
		}
	}
	seq = min(seq, h.LastFor(a.Audience()))
	m, moved, err := d.store.MarkRead(ctx, Key{a.Tenant, id}, Mark{User: a.User, Role: a.Role, Delivered: seq, Read: seq})
	if err != nil || !moved {
		return m, err
	}
	err = d.broker.Publish(ctx, Signal{
		Kind: SignalReceipt, Tenant: a.Tenant, Conversation: id, User: a.User, Role: a.Role, Origin: origin,
		Delivered: m.Delivered, Read: m.Read,
	})
	return m, err
}

// MaxPreview is how many bytes of a visitor's unsent text agents are shown.
const MaxPreview = 2000

// Typing tells the others that the actor writes. It may be lost.
func (d *Desk) Typing(ctx context.Context, a *Actor, id ConversationID, state uint8, preview string, origin SessionID) error {
	if _, err := d.readable(ctx, a, id); err != nil {
		return err
	}
	if a.Role != RoleVisitor {
		preview = ""
	}
	return d.broker.Publish(ctx, Signal{
		Kind: SignalTyping, Tenant: a.Tenant, Conversation: id, User: a.User, Role: a.Role, Origin: origin,
		State: state, Text: cut(preview, MaxPreview),
	})
}
