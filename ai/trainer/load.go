package trainer

import (
	"context"
	"strings"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/shelf"
	"github.com/uniqchat/uniqchat/chat"
)

// book is what a tenant has taught its bot; its value is nil if that is nothing.
type book = shelf.Book[*bot.Own]

// load makes a tenant's model of its rows, if it was trained anew since have was made. Rows that were changed after that are taken as they are:
// the training that they ask for follows.
func (t *Trainer) load(ctx context.Context, tenant chat.TenantID, have *book) (*book, error) {
	st, err := t.o.Store.IntentState(ctx, tenant)
	switch {
	case err != nil:
		return nil, err
	case have != nil && have.Version == st.Trained:
		return have, nil
	case st.Trained == 0 || st.Report == nil:
		return &book{Version: st.Trained}, nil
	}
	all, err := t.o.Store.TrainingIntents(ctx, tenant)
	if err != nil {
		return nil, err
	}
	l, err := t.lesson(ctx, all)
	if err != nil {
		return nil, err
	}
	if l.own == 0 {
		return &book{Version: st.Trained}, nil
	}
	m, err := intent.TrainWith(ctx, l.examples, st.Report.Temperature, workers())
	if err != nil {
		return nil, err
	}
	own := &bot.Own{Model: m, Intents: make(map[string]chat.Intent, len(all)), MinKnown: st.Report.MinKnown, Version: st.Trained}
	bytes := m.Bytes()
	for i := range all {
		if in := all[i]; len(in.Examples) > 0 {
			in.Examples, in.Vectors = nil, ""
			own.Intents[in.Name] = in
			bytes += len(in.Description) + len(in.Reply.ZH) + len(in.Reply.EN) + 256
		}
	}
	return &book{Version: st.Trained, Value: own, Bytes: bytes}, nil
}

// TryIntent implements chat.IntentBase.
func (t *Trainer) TryIntent(ctx context.Context, tenant chat.TenantID, text string) (out chat.IntentTry, err error) {
	p, err := t.o.Shared.Parts(ctx)
	if err != nil {
		return out, err
	}
	own, err := t.Own(ctx, tenant)
	if err != nil {
		return out, err
	}
	text = guard.Cap(strings.TrimSpace(text))
	w := bot.Want(p.Builtin, own, text, bot.VectorOf(p.Embedder, text))
	out = chat.IntentTry{
		Ranked: w.Ranked(), Chosen: w.Label, Builtin: !w.Own, Probability: w.Probability, Known: w.Known, Sure: w.Sure, Action: chat.IntentAnswer,
		Guard: string(guard.Check(text)),
	}
	if own != nil {
		out.OwnKnown, out.MinKnown, out.Trained = w.OwnKnown(), own.MinKnown, own.Version
	}
	switch {
	case out.Guard != "" || w.AsksForPerson():
		out.Action = chat.IntentHandoff
	case w.Own && w.Sure:
		out.Action = w.Intent.Action
	}
	if w.Intent != nil && out.Action == w.Intent.Action {
		out.Team, out.Reply = w.Intent.Team, w.Intent.Reply
	}
	return out, nil
}
