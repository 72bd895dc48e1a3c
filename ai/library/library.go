package library

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/ai/docfile"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/shelf"
	"github.com/uniqchat/uniqchat/chat"
)

// Options says what a Library works with.
type Options struct {
	Store  chat.KnowledgeStore
	Broker chat.Broker
	// Embedder makes an embedder when the first vector is wanted. Nil: indexes have no vectors.
	Embedder func() (Embedder, error)
	// VectorPatience is how long a search waits for its question's vector before it goes on without. Defaults to 1s.
	VectorPatience time.Duration
	// Builds says that this node builds. Others only load.
	Builds bool
	// Alone says that no other node builds: a build that is held when Run begins was a process's that has died, and goes on at once.
	Alone bool
	// MaxChunks is how many chunks a tenant's index may have. Defaults to 50,000, which a flat scan still searches in milliseconds.
	MaxChunks int
	// MaxBytes is about how much memory the indexes of all tenants may take; those that were asked longest ago go first. Defaults to 1 GiB.
	MaxBytes int
	// Idle is how long an index that nobody asks stays in memory. Defaults to 15m.
	Idle time.Duration
	// Poll is how often there is a look for builds that are due, and how old what is known of a version may be. Defaults to 5s.
	Poll time.Duration
	// Judge is how often what came of questions is counted up while a version is tried, and the versions that are tried are judged. Defaults to 5s.
	Judge time.Duration
	// Patience is how long a conversation that is to be answered by a version that is tried waits for that one to be loaded. Defaults to 3s.
	Patience time.Duration
	// Hold is how long a build that is not heard of is still its holder's. Defaults to 15s.
	Hold    time.Duration
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Embedder is a knowledge.Embedder that is asked for questions, too.
type Embedder interface {
	knowledge.Embedder
	// Ready waits until Name is known. It is called before anything else, and again after an error.
	Ready(ctx context.Context) error
	// Question returns the vector of a text for somebody who waits: nothing is tried twice.
	Question(ctx context.Context, text string) ([]float32, error)
}

// Library implements chat.KnowledgeBase. Run does its work in the background. Safe for concurrent use.
type Library struct {
	Options
	embedder func(ctx context.Context) (Embedder, error) // nil without an error: there is none
	asked    questions
	wake     chan struct{} // holds a token when a build may be due
	shelf    *shelf.Shelf[editions]
	tallies  tallies
	pdfs     docfile.PDFs
	docx     docfile.DOCXs

	searches, builds, failed *metrics.Counter
	embedded                 *metrics.Counter
}

// New returns a Library.
func New(o Options) *Library {
	if o.MaxChunks <= 0 {
		o.MaxChunks = 50_000
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 30
	}
	if o.Idle <= 0 {
		o.Idle = 15 * time.Minute
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	if o.Judge <= 0 {
		o.Judge = 5 * time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 3 * time.Second
	}
	if o.Hold <= 0 {
		o.Hold = 15 * time.Second
	}
	if o.VectorPatience <= 0 {
		o.VectorPatience = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	l := &Library{
		Options: o, wake: make(chan struct{}, 1),
		searches: o.Metrics.NewCounter("uniqchat_knowledge_searches_total"), builds: o.Metrics.NewCounter("uniqchat_knowledge_builds_total"),
		failed: o.Metrics.NewCounter("uniqchat_knowledge_builds_failed_total"), embedded: o.Metrics.NewCounter("uniqchat_knowledge_embedded_chunks_total"),
	}
	l.shelf = l.newShelf()
	l.embedder = ready(o.Embedder)
	l.asked = questions{
		embedder: l.embedder, patience: o.VectorPatience, logger: o.Logger, without: o.Metrics.NewCounter("uniqchat_knowledge_searches_without_vectors_total"),
	}
	o.Metrics.NewGauge("uniqchat_knowledge_index_bytes", func() float64 { return float64(l.shelf.Bytes()) })
	return l
}

// ready returns what makes an embedder once, and has it ready whenever it is wanted.
func ready(make func() (Embedder, error)) func(context.Context) (Embedder, error) {
	if make == nil {
		return func(context.Context) (Embedder, error) { return nil, nil }
	}
	once := sync.OnceValues(make)
	return func(ctx context.Context) (Embedder, error) {
		e, err := once()
		if err == nil {
			err = e.Ready(ctx)
		}
		return e, err
	}
}

// Run builds what is due, follows the other nodes and lets go of what nobody asks, until ctx ends.
func (l *Library) Run(ctx context.Context) error {
	defer l.pdfs.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.Broker.Subscribe(ctx, l.heard) })
	g.Go(func() error { return l.shelf.Run(ctx) })
	g.Go(func() error { return l.try(ctx) })
	if l.Builds {
		g.Go(func() error { return l.buildAll(ctx) })
	}
	if err := g.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// heard takes in a signal of another node, or of this one.
func (l *Library) heard(s chat.Signal) {
	if s.Kind != chat.SignalKnowledge {
		return
	}
	l.shelf.Refresh(s.Tenant)
	l.wakeUp()
}

func (l *Library) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Changed implements chat.KnowledgeBase.
func (l *Library) Changed(ctx context.Context, tenant chat.TenantID) {
	if err := l.Broker.Publish(ctx, chat.Signal{Kind: chat.SignalKnowledge, Tenant: tenant}); err != nil {
		l.wakeUp() // the others look by themselves
	}
}

// buildAll builds what is due, one after the other.
func (l *Library) buildAll(ctx context.Context) error {
	tick := time.NewTicker(l.Poll)
	defer tick.Stop()
	var ahead time.Duration
	if l.Alone {
		ahead = l.Hold
	}
	for {
		next, err := l.buildNext(ctx, ahead)
		ahead = 0
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			l.Logger.Warn("knowledge can't be indexed", "err", err)
			next = false
		}
		if next {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-l.wake:
			// What was changed is due a moment later, so that many changes are one build.
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(chat.KnowledgePause + 50*time.Millisecond):
			}
		}
	}
}

// workers is how many texts are embedded at once: chat goes first.
func workers() int { return max(knowledge.Processors()/2, 1) }
