package bot

import (
	"context"
	"testing"

	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/chat"
)

// taught is a tenant's intents: one of each kind, among the built-in sentences.
func taught(t *testing.T, actions map[string]chat.Intent) *Own {
	t.Helper()
	p := parts()
	var examples []intent.Example
	for label, texts := range map[string][]string{
		"engraving": {"can you engrave my name", "I want an engraving", "engrave initials on the mug", "is engraving possible", "do you engrave", "我想刻字", "能帮我刻名字吗"},
		"wholesale": {"wholesale prices please", "we want to resell your goods", "do you sell to resellers", "bulk order for our company", "wholesale catalogue", "可以批发吗"},
	} {
		for _, s := range texts {
			examples = append(examples, intent.Example{Text: s, Label: label, Vector: VectorOf(p.local, s), Weight: 3})
		}
	}
	for _, e := range intent.Builtin() {
		examples = append(examples, intent.Example{Text: e.Text, Label: Elsewhere, Vector: VectorOf(p.local, e.Text)})
	}
	m, err := intent.TrainWith(t.Context(), examples, .25, 2)
	if err != nil {
		t.Fatal(err)
	}
	return &Own{Model: m, Intents: actions, MinKnown: .5, Version: 1}
}

// TestOwnIntents: what the tenant has taught comes before the built-in intents, and does what the tenant says; all else is as it was.
func TestOwnIntents(t *testing.T) {
	team := chat.NewID[chat.Team]()
	own := taught(t, map[string]chat.Intent{
		"engraving": {Name: "engraving", Action: chat.IntentReply, Reply: chat.Bilingual{EN: "We engrave.", ZH: "可以刻字。"}},
		"wholesale": {Name: "wholesale", Action: chat.IntentHandoff, Team: team},
	})
	b := newBot(t, nil, nil)
	b.c.Intents = func(context.Context, chat.TenantID) *Own { return own }
	ask := func(text string, change func(*Input)) Outcome {
		in := input(text)
		if change != nil {
			change(&in)
		}
		return b.Answer(t.Context(), in, nil)
	}
	for text, want := range map[string]string{"can you engrave my initials?": "We engrave.", "能刻我的名字吗": "可以刻字。"} {
		if o := ask(text, nil); o.Step != Answered || o.Reason != BecauseIntent || o.Messages[0].Text != want || !o.Trace.Intent.Own || o.Trace.Intent.Label != "engraving" {
			t.Errorf("%s: %s because %s, %+v, %+v", text, o.Step, o.Reason, o.Messages, o.Trace.Intent)
		}
	}
	if o := ask("wholesale prices for our company please", nil); o.Step != HandedOff || o.Reason != BecauseIntent || o.Team != team || o.Summary == nil || o.Summary.Intent != "wholesale" {
		t.Errorf("%s because %s, %+v", o.Step, o.Reason, o.Summary)
	}
	if o := ask("wholesale prices for our company please", func(i *Input) { i.People = Waiting }); o.Step != Silent {
		t.Errorf("people are on their way: %s because %s", o.Step, o.Reason)
	}
	if o := ask("can you engrave initials?", func(i *Input) { i.Settings.Avoid = []string{"engraving"} }); o.Reason != BecauseTopic {
		t.Errorf("what the settings leave to people: %s", o.Reason)
	}
	if o := ask("where is my order", nil); o.Trace.Intent.Label != "order_status" || o.Trace.Intent.Own {
		t.Errorf("%+v", o.Trace.Intent)
	}
	if o := ask("I want to talk to a real person about engraving", nil); o.Step != HandedOff || !o.Team.IsZero() {
		t.Errorf("%s because %s", o.Step, o.Reason)
	}
	own.Intents = map[string]chat.Intent{"engraving": {Name: "engraving", Action: chat.IntentAnswer}}
	if o := ask("can you engrave my initials?", nil); o.Reason == BecauseIntent || !o.Trace.Intent.Own || o.Trace.Router == nil || o.Trace.Router.Intent == "engraving" {
		t.Errorf("%s because %s, %+v", o.Step, o.Reason, o.Trace.Intent)
	}
}
