package bot

import (
	"context"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/uniqchat/uniqchat/ai/intent"
)

// Parts are what all tenants' bots share and what takes a second or two to make.
type Parts struct {
	Builtin  *intent.Model
	Embedder Embedder // nil: there is none
	// Sentences are those that Builtin was trained on, with their vectors. Nobody may change them.
	Sentences []intent.Example
}

// Shared makes Parts when they are asked for first. Safe for concurrent use.
type Shared struct {
	embedder func() (Embedder, error)
	making   singleflight.Group

	mu    sync.Mutex
	ready *Parts
}

// NewShared returns a Shared. embedder may be nil: then there is none.
func NewShared(embedder func() (Embedder, error)) *Shared { return &Shared{embedder: embedder} }

// Parts returns what is shared. Whoever gives up waiting leaves it to be made for the next one.
func (s *Shared) Parts(ctx context.Context) (*Parts, error) {
	s.mu.Lock()
	p := s.ready
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	ch := s.making.DoChan("", func() (any, error) { return s.make(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-ch:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Parts), nil
	}
}

func (s *Shared) make(ctx context.Context) (p *Parts, err error) {
	p = &Parts{}
	if s.embedder != nil {
		if p.Embedder, err = s.embedder(); err != nil {
			return nil, err
		}
	}
	if p.Builtin, p.Sentences, err = builtin(ctx, p.Embedder); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = p
	return p, nil
}
