package seal

import (
	"context"

	"github.com/uniqchat/uniqchat/chat"
)

// OfEngine is the place of an engine's key.
func OfEngine(id chat.AIEngineID) Place { return Place{Column: "ai_engines.api_key", Row: id} }

// OfTrace is the place of what became of a question.
func OfTrace(id chat.AITraceID) Place { return Place{Column: "ai_traces.body", Row: id} }

// Engine opens an engine's key; one that can't be opened is empty.
func (k *Keyring) Engine(ctx context.Context, e *chat.AIEngine) error {
	return k.text(ctx, e.Tenant, &e.Key, OfEngine(e.ID))
}
