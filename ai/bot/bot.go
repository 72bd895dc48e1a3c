package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// Knowledge finds what a tenant knows. *library.Library is one.
//
// Implementations are safe for concurrent use.
type Knowledge interface {
	Search(ctx context.Context, tenant chat.TenantID, q chat.KnowledgeQuery) (chat.KnowledgeAnswer, error)
}

// Router answers a question with what was found for it. *router.Router is one.
//
// Implementations are safe for concurrent use.
type Router interface {
	Answer(ctx context.Context, ask router.Ask, sink router.Sink) router.Outcome
}

// Embedder makes the vectors that intents are told by. *ai.Local is one.
//
// Implementations are safe for concurrent use.
type Embedder interface {
	Dims() int
	// One writes the vector of a text into dst.
	One(dst []float32, text string)
}

// Config says what a Bot works with.
type Config struct {
	Knowledge Knowledge
	// Router is a tenant's, or what all tenants share.
	Router func(tenant chat.TenantID) Router
	// Builtin is what BuiltinIntents made, with the same Embedder.
	Builtin  *intent.Model
	Embedder Embedder // nil: intents have no vectors
	// Intents is what a tenant has taught its bot; nil, or returning nil: nothing.
	Intents func(ctx context.Context, tenant chat.TenantID) *Own
	// URL is where people find a document, or empty. Nil: sources have no addresses.
	URL func(ctx context.Context, tenant chat.TenantID, document chat.DocumentID) string
	// Model is what the router judges evidence with. Defaults to confidence.Shipped.
	Model confidence.Model
}

// Bot answers. It keeps nothing between questions.
//
// Safe for concurrent use.
type Bot struct{ c Config }

// New makes a Bot.
func New(c Config) (*Bot, error) {
	switch {
	case c.Knowledge == nil:
		return nil, errors.New("bot: knowledge is missing")
	case c.Router == nil:
		return nil, errors.New("bot: router is missing")
	case c.Builtin == nil:
		return nil, errors.New("bot: the built-in intents are missing: train them with BuiltinIntents")
	}
	if c.Model == (confidence.Model{}) {
		c.Model = confidence.Shipped
	}
	return &Bot{c}, nil
}

// BuiltinIntents trains the built-in intents, which takes about a second. One model serves all bots.
func BuiltinIntents(ctx context.Context, e Embedder) (*intent.Model, error) {
	m, _, err := builtin(ctx, e)
	return m, err
}

// builtin is BuiltinIntents with the sentences.
func builtin(ctx context.Context, e Embedder) (*intent.Model, []intent.Example, error) {
	examples := intent.Builtin()
	for i := range examples {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		examples[i].Vector = VectorOf(e, examples[i].Text)
	}
	m, err := intent.Train(ctx, examples)
	if err != nil {
		return nil, nil, fmt.Errorf("built-in intents: %w", err)
	}
	return m, examples, nil
}

// VectorOf is a text's vector, or nil without an embedder.
func VectorOf(e Embedder, text string) []float32 {
	if e == nil {
		return nil
	}
	v := make([]float32, e.Dims())
	e.One(v, text)
	return v
}
