package service

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// Store is what a Service reads and writes. chat.Store is one.
type Store interface {
	RecordsOf(ctx context.Context, tenant chat.TenantID, kinds ...chat.RecordKind) ([]chat.Record, error)
	EnginesInUse(ctx context.Context, tenant chat.TenantID) ([]chat.AIEngine, error)
	AddAITrace(ctx context.Context, t chat.AITrace) error
	Document(ctx context.Context, tenant chat.TenantID, id chat.DocumentID) (chat.Document, error)
	chat.AIMeter
}

// Intents is what tenants have taught their bots. *trainer.Trainer is one.
//
// Implementations are safe for concurrent use.
type Intents interface {
	// Own is nil for a tenant that has no intents of its own.
	Own(ctx context.Context, tenant chat.TenantID) (*bot.Own, error)
}

// Options says what a Service works with.
type Options struct {
	Store     Store
	Broker    chat.Broker
	Knowledge bot.Knowledge
	// Embedder makes what intents are told by, when the first question is asked. Nil: they are told by words alone.
	Embedder func() (bot.Embedder, error)
	// Shared is what all tenants share, with its own embedder. Made of Embedder by default.
	Shared *bot.Shared
	// Intents are what tenants have taught their bots. Nil: nothing.
	Intents Intents
	// Control sees every address of an engine before it is dialled and may refuse it. Nil: all may be dialled.
	Control func(network, address string, c syscall.RawConn) error
	// Plain is Control for engines without TLS: what they are told, and their keys, can be read on the way. Nil: Control is.
	Plain func(network, address string, c syscall.RawConn) error
	// Deadline is for a whole answer, FirstSign the longest wait for an engine's first or next piece before another one is asked. Default to 20s and 4s.
	Deadline, FirstSign time.Duration
	// Refresh is how old what is known of a tenant may be, should a signal be lost. Defaults to 15s.
	Refresh time.Duration
	// Idle is how long a tenant that asks nothing stays in memory. Defaults to 15m.
	Idle time.Duration
	// Answers is how many answers are kept for when the same is asked again. Defaults to 10,000, some 10 MB.
	Answers int
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// answerLife is how long an answer is given again. A change of the knowledge, the settings or the engines ends it at once.
const answerLife = time.Hour

// Service implements chat.Answerer. Run keeps it up to date. Safe for concurrent use.
type Service struct {
	o     Options
	cache *router.Cache
	stats *stats
	ended sync.WaitGroup // routers that are being closed

	mu      sync.Mutex
	tenants map[chat.TenantID]*tenant
}

// New returns a Service.
func New(o Options) (*Service, error) {
	switch {
	case o.Store == nil || o.Broker == nil:
		return nil, errors.New("ai: store or broker is missing")
	case o.Knowledge == nil:
		return nil, errors.New("ai: knowledge is missing")
	}
	o.Refresh = cmp.Or(o.Refresh, 15*time.Second)
	o.Idle = cmp.Or(o.Idle, 15*time.Minute)
	o.Answers = cmp.Or(o.Answers, 10_000)
	if o.Shared == nil {
		o.Shared = bot.NewShared(o.Embedder)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	s := &Service{o: o, cache: router.NewCache(o.Answers, answerLife), tenants: make(map[chat.TenantID]*tenant)}
	s.stats = newStats(o.Metrics, s)
	return s, nil
}

// Run follows what other nodes change and lets go of tenants that ask nothing, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() {
		tick := time.NewTicker(s.o.Refresh)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.tidy(time.Now().Add(-s.o.Idle))
			}
		}
	})
	err := s.o.Broker.Subscribe(ctx, func(sig chat.Signal) {
		if sig.Kind == chat.SignalSettings {
			s.stale(sig.Tenant)
		}
	})
	parts.Wait()
	s.tidy(time.Now().Add(time.Hour))
	s.ended.Wait()
	if !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Warm makes what all tenants share, so that the first question doesn't wait for it.
func (s *Service) Warm(ctx context.Context) error {
	_, err := s.o.Shared.Parts(ctx)
	return err
}

// SettingsChanged implements chat.Answerer.
func (s *Service) SettingsChanged(tenant chat.TenantID) { s.stale(tenant) }

// EnginesChanged implements chat.Answerer.
func (s *Service) EnginesChanged(ctx context.Context, tenant chat.TenantID) {
	s.stale(tenant)
	if err := s.o.Broker.Publish(ctx, chat.Signal{Kind: chat.SignalSettings, Tenant: tenant, Text: "ai_engine"}); err != nil {
		s.o.Logger.Warn("other nodes are not told of a tenant's engines; they will see it by themselves", "tenant", tenant, "err", err)
	}
}

// EngineHealth implements chat.Answerer.
func (s *Service) EngineHealth(ctx context.Context, id chat.TenantID) (map[chat.AIEngineID]string, error) {
	u, err := s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer u.done()
	return u.lineup.health(), nil
}
