package service

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// tenant is what a node has in memory of one. Safe for concurrent use.
type tenant struct {
	id    chat.TenantID
	load  singleflight.Group
	stale atomic.Bool
	asked atomic.Int64 // when it was asked last, nanoseconds since 1970
	known atomic.Pointer[known]
}

// known is what a tenant has set up, as it was read. It is never changed, but for the health of its engines.
type known struct {
	at       time.Time
	settings *chat.Settings
	bot      chat.BotSettings
	version  string // of all of it: what was answered under another one is not given again
	lineup   *lineup
}

// use is a question's hold on what is known of its tenant.
type use struct {
	*known
	done func()
}

// readWait is how long what a tenant has set up may take to be read.
const readWait = 5 * time.Second

// open returns what a tenant has set up, to be given back with done. What was known goes on if it can't be read again.
func (s *Service) open(ctx context.Context, id chat.TenantID) (use, error) {
	for tries := 0; ; tries++ {
		t, now := s.tenant(id), time.Now()
		t.asked.Store(now.UnixNano())
		k := t.known.Load()
		if k == nil || t.stale.Load() || now.Sub(k.at) > s.o.Refresh {
			var err error
			if k, err = s.renew(ctx, t); k == nil {
				return use{}, err
			}
			if err == nil && tries < 2 && t.stale.Load() {
				continue // it changed while somebody was reading it
			}
		}
		if k.lineup.take() {
			return use{k, k.lineup.give}, nil
		}
		// It was let go, or replaced, in this very moment.
	}
}

// tenant returns a tenant's place.
func (s *Service) tenant(id chat.TenantID) *tenant {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenants[id]
	if t == nil {
		t = &tenant{id: id}
		s.tenants[id] = t
	}
	return t
}

// renew reads a tenant again; many at once read once. Without an error, or with what was known before, it is not nil.
func (s *Service) renew(ctx context.Context, t *tenant) (*known, error) {
	ch := t.load.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWait)
		defer cancel()
		return nil, s.read(ctx, t)
	})
	var err error
	select {
	case <-ctx.Done():
		err = context.Cause(ctx)
	case r := <-ch:
		err = r.Err
	}
	k := t.known.Load()
	if err != nil && k == nil {
		return nil, &chat.Error{Code: chat.Busy, Message: "what the AI needs can't be read; try again"}
	}
	return k, err
}

// read reads what a tenant has set up.
func (s *Service) read(ctx context.Context, t *tenant) error {
	t.stale.Store(false) // what changes from here on makes it so again
	old := t.known.Load()
	records, err := s.o.Store.RecordsOf(ctx, t.id, chat.RecordBot, chat.RecordHours)
	var engines []chat.AIEngine
	if err == nil {
		engines, err = s.o.Store.EnginesInUse(ctx, t.id)
	}
	if err != nil {
		t.stale.Store(old == nil)
		s.stats.unread.Inc()
		if old != nil { // it goes on for a while
			again := *old
			again.at = time.Now()
			t.known.Store(&again)
		}
		s.o.Logger.Warn("what a tenant has set up for the AI can't be read", "tenant", t.id, "err", err)
		return err
	}
	k := &known{at: time.Now(), settings: chat.SettingsOf(records)}
	k.bot = k.settings.Bot()
	if !k.bot.Enabled {
		_ = k.bot.Check() // without a record all of it is as by default, and nothing can be wrong
	}
	h := fnv.New64a()
	for i := range records {
		if r := &records[i]; r.Kind == chat.RecordBot {
			fmt.Fprint(h, r.ID, r.Version)
		}
	}
	key := fingerprint(k.bot.Engines, engines)
	fmt.Fprint(h, key)
	k.version = strconv.FormatUint(h.Sum64(), 36)
	if old != nil && old.lineup.key == key && old.lineup.take() {
		k.lineup = old.lineup
		defer old.lineup.give()
	} else if k.lineup, err = s.newLineup(t, engines, k.bot.Engines, key); err != nil {
		return err
	}
	t.known.Store(k)
	if old != nil && old.lineup != k.lineup {
		s.retire(old.lineup)
	}
	return nil
}

// stale takes in that something of a tenant's has changed.
func (s *Service) stale(id chat.TenantID) {
	s.mu.Lock()
	t := s.tenants[id]
	s.mu.Unlock()
	if t != nil {
		t.stale.Store(true)
	}
}

// tidy lets go of tenants that were asked last before a time.
func (s *Service) tidy(before time.Time) {
	var gone []*tenant
	s.mu.Lock()
	for id, t := range s.tenants {
		if t.asked.Load() < before.UnixNano() {
			delete(s.tenants, id)
			gone = append(gone, t)
		}
	}
	s.mu.Unlock()
	for _, t := range gone {
		if k := t.known.Load(); k != nil {
			s.retire(k.lineup)
		}
	}
}

// bot is a bot that answers by what is known of a tenant.
func (s *Service) bot(ctx context.Context, u *use) (*bot.Bot, error) {
	p, err := s.o.Shared.Parts(ctx)
	if err != nil {
		return nil, err
	}
	return bot.New(bot.Config{
		Knowledge: s.o.Knowledge, Builtin: p.Builtin, Embedder: p.Embedder, Intents: s.own,
		Router: func(chat.TenantID) bot.Router { return versioned{u.lineup.router, u.version} }, URL: s.address,
	})
}

// ownWait is how long a question waits for what its tenant has taught the bot, before it is answered without.
const ownWait = 5 * time.Second

// own is what a tenant has taught its bot; nil if that is nothing, or can't be had in time.
func (s *Service) own(ctx context.Context, id chat.TenantID) *bot.Own {
	if s.o.Intents == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ownWait)
	defer cancel()
	own, err := s.o.Intents.Own(ctx, id)
	if err != nil {
		s.stats.untaught.Inc()
		s.o.Logger.Warn("a question is answered without its tenant's intents", "tenant", id, "err", err)
	}
	return own
}

// address is where people find a document; empty if nowhere, or if nobody can say just now.
func (s *Service) address(ctx context.Context, id chat.TenantID, document chat.DocumentID) string {
	d, err := s.o.Store.Document(ctx, id, document)
	if err != nil {
		return ""
	}
	return d.URL
}

// versioned is a router whose cache doesn't outlive what its answers were made by.
type versioned struct {
	*router.Router
	version string
}

// Answer implements bot.Router.
func (v versioned) Answer(ctx context.Context, ask router.Ask, sink router.Sink) router.Outcome {
	if ask.Knowledge != "" {
		ask.Knowledge += "/" + v.version
	}
	return v.Router.Answer(ctx, ask, sink)
}

// lineup is a tenant's engines, with what is known of their health. Safe for concurrent use.
type lineup struct {
	key    string
	ids    map[string]chat.AIEngineID // by name
	router *router.Router
	close  func() // of what the engines hold

	mu      sync.Mutex
	users   int
	retired bool
	idle    chan struct{} // closed when it is retired and nobody uses it
}

// take holds on to it, unless it was retired.
func (l *lineup) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.retired {
		return false
	}
	l.users++
	return true
}

func (l *lineup) give() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users == 0 && l.retired {
		close(l.idle)
	}
}

// retire has nobody take it any more, and closes it when nobody uses it.
func (s *Service) retire(l *lineup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.retired {
		return
	}
	l.retired = true
	if l.users == 0 {
		close(l.idle)
	}
	s.ended.Go(func() {
		<-l.idle
		l.router.Close()
		l.close()
	})
}

func (l *lineup) health() map[chat.AIEngineID]string {
	out := make(map[chat.AIEngineID]string, len(l.ids))
	for name, state := range l.router.Health() {
		out[l.ids[name]] = state
	}
	return out
}
