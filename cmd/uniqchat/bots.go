package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/ai"
	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/library"
	"github.com/uniqchat/uniqchat/ai/service"
	"github.com/uniqchat/uniqchat/ai/trainer"
	"github.com/uniqchat/uniqchat/ai/worker"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
	"github.com/uniqchat/uniqchat/outbound/webhook"
	pressure "github.com/uniqchat/uniqchat/server/load"
	"github.com/uniqchat/uniqchat/storage"
)

// embedders makes the local embedder once, when it is first wanted, for all that use it; nil if there is to be none. Intents are told by it wherever
// there is an embedder: each message is asked about, and has no time for a server.
func embedders(c *config.AI) func() (*ai.Local, error) {
	if c.Embedder == config.EmbedderNone {
		return nil
	}
	return sync.OnceValues(func() (*ai.Local, error) { return ai.NewLocal(c.Dictionary) })
}

// answerer makes the AI; nil for a node that has only live connections.
func (p *process) answerer(kept *storage.Storage, known *library.Library, taught *trainer.Trainer, shared *bot.Shared, set *metrics.Set) (*service.Service, error) {
	if known == nil {
		return nil, nil
	}
	allowed, err := p.cfg.AINetworks()
	if err != nil {
		return nil, err
	}
	guard := webhook.NewGuard(allowed...)
	o := service.Options{
		Store: kept.Store, Broker: kept.Broker, Knowledge: known, Control: guard.Control, Plain: guard.Inner().Control, Logger: p.logger, Metrics: set,
		Shared: shared, Intents: taught,
	}
	return service.New(o)
}

// shared is what the bots of all tenants share, with their embedder.
func shared(embedder func() (*ai.Local, error)) *bot.Shared {
	if embedder == nil {
		return bot.NewShared(nil)
	}
	return bot.NewShared(func() (bot.Embedder, error) { return embedder() })
}

// trainer makes what teaches bots tenants' own intents; nil for a node that has only live connections.
func (p *process) trainer(kept *storage.Storage, known *library.Library, shared *bot.Shared, set *metrics.Set) (*trainer.Trainer, error) {
	if known == nil {
		return nil, nil
	}
	o := trainer.Options{Store: kept.Store, Broker: kept.Broker, Shared: shared, Trains: true, Poll: known.Poll, Logger: p.logger, Metrics: set}
	if p.cfg.AI.Embedder != config.EmbedderNone {
		o.EmbedderName = ai.LocalName(p.cfg.AI.Dictionary)
	}
	return trainer.New(o)
}

// engineAddresses are the addresses that tenants' engines may have, over TLS and without; plain is nil if there are none.
func (p *process) engineAddresses() (secure, plain func(netip.Addr) bool, err error) {
	allowed, err := p.cfg.AINetworks()
	guard := webhook.NewGuard(allowed...)
	if len(allowed) > 0 {
		plain = guard.Inner().Allows
	}
	return guard.Allows, plain, err
}

// answering is what runs the AI and what works off questions beside the server; nil if there is none.
func (p *process) answering(kept *storage.Storage, known *service.Service, taught *trainer.Trainer, shelf *library.Library, set *metrics.Set) (func(ctx context.Context) error, error) {
	if known == nil {
		return nil, nil
	}
	serve := func(ctx context.Context) error { return alongside(ctx, taught.Run, known.Run) }
	if p.demo { // its bot is on: the first visitor needn't wait
		run := serve
		serve = func(ctx context.Context) error {
			return alongside(ctx, func(ctx context.Context) error {
				if err := known.Warm(ctx); err != nil && ctx.Err() == nil {
					return err
				}
				return nil
			}, run)
		}
	}
	if p.cfg.AI.Workers == 0 {
		return serve, nil
	}
	o := worker.Options{Store: kept.Store, Desk: p.server.Desk(), AI: known, Workers: p.cfg.AI.Workers, Logger: p.logger, Metrics: set}
	o.Asked = shelf.Asked
	o.Rests = func() bool { return p.server.LeavesOut(pressure.AI) }
	if strings.HasPrefix(p.cfg.Storage.URL, "sqlite:") {
		o.Idle = 5 * time.Second // nobody else writes: it is told of everything
	}
	w, err := worker.New(o)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return alongside(ctx, w.Run, serve) }, nil
}

// seedBot sets the demo's bot up, unless somebody has: for those who ask for it or, if on is wanted, for everybody. Not if off is.
func seedBot(ctx context.Context, store chat.Store, wanted string) error {
	begins := chat.BeginsPeople
	switch wanted {
	case "":
	case "on":
		begins = chat.BeginsBot
	case "off":
		return nil
	default:
		return fmt.Errorf("UNIQCHAT_DEMO_BOT: %q; use on or off", wanted)
	}
	tenant, err := store.TenantBySlug(ctx, "demo")
	if err != nil {
		return err
	}
	there, err := store.RecordsOf(ctx, tenant.ID, chat.RecordBot)
	if err != nil || len(there) > 0 {
		return err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	return store.AddRecord(ctx, chat.Record{
		ID: chat.NewID[chat.Record](), Tenant: tenant.ID, Kind: chat.RecordBot, Name: "bot", Version: 1, CreatedAt: now, UpdatedAt: now,
		Body: []byte(`{"enabled":true,"name":"Fig","begins":"` + begins + `"}`),
	}, 1)
}
