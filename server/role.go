package server

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
)

// observer follows the log and the other nodes for a node without live connections, so that its API answers from the newest
// heads. Safe for concurrent use.
type observer struct {
	desk  *chat.Desk
	deps  Deps
	once  sync.Once
	ready chan struct{}
}

func newObserver(d *chat.Desk, deps Deps) *observer {
	return &observer{desk: d, deps: deps, ready: make(chan struct{})}
}

// run follows until ctx ends. ready is closed once nothing can be missed any more.
func (o *observer) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return o.deps.Log.Tail(ctx, func(events []chat.Event) {
			o.once.Do(func() { close(o.ready) })
			o.desk.Observe(events)
		})
	})
	g.Go(func() error { return o.deps.Broker.Subscribe(ctx, o.desk.Heard) })
	if err := g.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// follow follows the log, for screens or for the API alone.
func (s *Server) follow(ctx context.Context) error {
	if s.live == nil {
		return s.reader.run(ctx)
	}
	return s.live.Run(ctx)
}

// following is closed once the log is followed.
func (s *Server) following() <-chan struct{} {
	if s.live == nil {
		return s.reader.ready
	}
	return s.live.Ready()
}

// accepting is closed once live connections are accepted, or, where there are none, once the log is followed.
func (s *Server) accepting() <-chan struct{} {
	if s.engine == nil {
		return s.reader.ready
	}
	return s.engine.Started()
}
