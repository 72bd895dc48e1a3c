// Package trainer teaches bots what their tenants' visitors want: it trains a model of a tenant's own intents aside, says how well it does, and
// keeps it ready while it is asked.
//
// It owns when a model is trained, loaded and let go. What an intent and its examples are is in the store (chat.IntentStore); how a sentence is
// told is package intent's business, and what follows from it package bot's. A question takes the model that is in use and never waits for
// training. Training is one node's at a time, by a hold in the store that ends by itself; every node makes its model of the same rows, with the
// temperature that was found then.
package trainer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/shelf"
	"github.com/uniqchat/uniqchat/chat"
)

// Options says what a Trainer works with.
type Options struct {
	Store  chat.IntentStore
	Broker chat.Broker
	// Shared is what all tenants share, the embedder among it; EmbedderName is what that is called, empty without one.
	Shared       *bot.Shared
	EmbedderName string
	// Trains says that this node trains. Others only load.
	Trains bool
	// MaxBytes is about how much memory the models of all tenants may take; those that were asked longest ago go first. Defaults to 256 MiB.
	MaxBytes int
	// Idle is how long a model that nobody asks stays in memory. Defaults to 15m.
	Idle time.Duration
	// Poll is how often there is a look for training that is due, and how old what is known of a tenant may be. Defaults to 5s.
	Poll time.Duration
	// Hold is how long a training that is not heard of is still its holder's. Defaults to 15s.
	Hold    time.Duration
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Trainer implements chat.IntentBase. Run does its work in the background. Safe for concurrent use.
type Trainer struct {
	o     Options
	shelf *shelf.Shelf[*bot.Own]
	wake  chan struct{} // holds a token when training may be due

	trainings, failed, embedded *metrics.Counter
}

// New returns a Trainer.
func New(o Options) (*Trainer, error) {
	if o.Store == nil || o.Broker == nil || o.Shared == nil {
		return nil, errors.New("trainer: store, broker or shared is missing")
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 256 << 20
	}
	if o.Idle <= 0 {
		o.Idle = 15 * time.Minute
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	if o.Hold <= 0 {
		o.Hold = 15 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	t := &Trainer{
		o: o, wake: make(chan struct{}, 1), trainings: o.Metrics.NewCounter("uniqchat_intents_trainings_total"),
		failed: o.Metrics.NewCounter("uniqchat_intents_trainings_failed_total"), embedded: o.Metrics.NewCounter("uniqchat_intents_embedded_examples_total"),
	}
	t.shelf = shelf.New(shelf.Options[*bot.Own]{
		Load: t.load, Patience: time.Minute, Poll: o.Poll, Idle: o.Idle, MaxBytes: o.MaxBytes,
		Failed: func(tenant chat.TenantID, err error) {
			o.Logger.Warn("a tenant's newest intents can't be loaded; those before stay in use", "tenant", tenant, "err", err)
		},
	})
	o.Metrics.NewGauge("uniqchat_intents_model_bytes", func() float64 { return float64(t.shelf.Bytes()) })
	return t, nil
}

// Run trains what is due, follows the other nodes and lets go of what nobody asks, until ctx ends.
func (t *Trainer) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return t.o.Broker.Subscribe(ctx, t.heard) })
	g.Go(func() error { return t.shelf.Run(ctx) })
	if t.o.Trains {
		g.Go(func() error { return t.trainAll(ctx) })
	}
	if err := g.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// heard takes in a signal of another node, or of this one.
func (t *Trainer) heard(s chat.Signal) {
	if s.Kind == chat.SignalIntents {
		t.shelf.Refresh(s.Tenant)
		t.wakeUp()
	}
}

func (t *Trainer) wakeUp() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// IntentsChanged implements chat.IntentBase.
func (t *Trainer) IntentsChanged(ctx context.Context, tenant chat.TenantID) {
	if err := t.o.Broker.Publish(ctx, chat.Signal{Kind: chat.SignalIntents, Tenant: tenant}); err != nil {
		t.wakeUp() // the others look by themselves
	}
}

// Own returns what a tenant has taught its bot; nil if that is nothing. Only who asks first for a while waits, for the model to be made.
func (t *Trainer) Own(ctx context.Context, tenant chat.TenantID) (*bot.Own, error) {
	b, err := t.shelf.Get(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return b.Value, nil
}

// workers is how many processors training and embedding take: chat goes first.
func workers() int { return max(knowledge.Processors()/2, 1) }
