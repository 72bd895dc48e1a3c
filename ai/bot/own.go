package bot

import (
	"cmp"
	"context"
	"slices"

	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/chat"
)

// Own is a tenant's own intents, ready to be asked. It is never changed.
type Own struct {
	// Model tells the tenant's intents from one another, and from Elsewhere. It was trained with the same Embedder as the built-in one.
	Model   *intent.Model
	Intents map[string]chat.Intent // by name, without their examples
	// MinKnown is how well known a message must be to be one of them.
	MinKnown float64
	Version  int64 // the revision that it was trained of
}

// Elsewhere is the label of what is none of a tenant's intents.
const Elsewhere = ""

// From which probability on a message is taken for one of the tenant's intents, and from which on a fixed text or a hand-off follows from that alone.
const (
	sureOwn = .5
	sureAct = .7
)

// Take is whether a model's guess is taken for a tenant's intent, and whether it is sure enough for more than its name.
func Take(label string, probability, known, minKnown float64) (taken, sure bool) {
	taken = label != Elsewhere && probability >= sureOwn && known >= minKnown
	return taken, taken && probability >= sureAct
}

// Wanted is what a message wants.
type Wanted struct {
	IntentTrace
	Builtin intent.Answer // what the built-in intents say, whatever was chosen
	Sure    bool          // likely enough for what the tenant's intent does
	Intent  *chat.Intent  // the tenant's, if Own
	Of      float64       // the probability that it is none of the tenant's
	own     *intent.Answer
}

// Want says what a message wants. own may be nil; vector is the text's.
func Want(builtin *intent.Model, own *Own, text string, vector []float32) Wanted {
	a := builtin.Classify(text, vector)
	w := Wanted{IntentTrace: IntentTrace{Label: a.Label, Probability: a.Probability, Known: a.Known}, Builtin: a, Of: 1}
	if own == nil {
		return w
	}
	o := own.Model.Classify(text, vector)
	w.own, w.Of = &o, 0
	for i, l := range o.Labels {
		if l == Elsewhere {
			w.Of = o.Probabilities[i]
		}
	}
	i, is := own.Intents[o.Label]
	taken, sure := Take(o.Label, o.Probability, o.Known, own.MinKnown)
	if !is || !taken {
		return w
	}
	w.IntentTrace = IntentTrace{o.Label, o.Probability, o.Known, true}
	w.Intent, w.Sure = &i, sure
	return w
}

// AsksForPerson reports whether the built-in intents say that a person is wanted. What the tenant hands off is handed off its own way.
func (w *Wanted) AsksForPerson() bool {
	return w.Builtin.Label == intent.WantsHuman && w.Builtin.Probability >= sureHuman && (w.Intent == nil || w.Intent.Action != chat.IntentHandoff)
}

// OwnKnown is how well known the message is to the tenant's model; 0 without one.
func (w *Wanted) OwnKnown() float64 {
	if w.own == nil {
		return 0
	}
	return w.own.Known
}

// Ranked are all intents, the likeliest first: what is none of the tenant's is shared out among the built-in ones.
func (w *Wanted) Ranked() (out []chat.RankedIntent) {
	if w.own != nil {
		for i, l := range w.own.Labels {
			if l != Elsewhere {
				out = append(out, chat.RankedIntent{Name: l, Probability: w.own.Probabilities[i]})
			}
		}
	}
	for i, l := range w.Builtin.Labels {
		out = append(out, chat.RankedIntent{Name: l, Builtin: true, Probability: w.Of * w.Builtin.Probabilities[i]})
	}
	slices.SortStableFunc(out, func(a, b chat.RankedIntent) int { return cmp.Compare(b.Probability, a.Probability) })
	return out
}

// want is Want for a message of a tenant's.
func (f *flow) want(ctx context.Context) Wanted {
	var own *Own
	if f.b.c.Intents != nil {
		own = f.b.c.Intents(ctx, f.in.Tenant)
	}
	return Want(f.b.c.Builtin, own, f.text, VectorOf(f.b.c.Embedder, f.text))
}

// act does what the tenant wants to be done for its intent; false if that is what is done for every question.
func (f *flow) act(w *Wanted) (Outcome, bool) {
	if w.Intent == nil || !w.Sure {
		return Outcome{}, false
	}
	switch w.Intent.Action {
	case chat.IntentHandoff:
		o := f.handOff(BecauseIntent)
		o.Team = w.Intent.Team
		return o, true
	case chat.IntentReply:
		text := w.Intent.Reply.EN
		if base(f.language) == "zh" || text == "" {
			text = cmp.Or(w.Intent.Reply.ZH, text)
		}
		return f.say(Answered, BecauseIntent, text, w.Probability), true
	}
	return Outcome{}, false
}
