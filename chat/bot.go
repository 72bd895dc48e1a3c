package chat

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
)

// BotSettings is how a tenant's bot is to answer. There is one record of them at most; without one the bot is off.
type BotSettings struct {
	Enabled   bool      `json:"enabled" doc:"While it is off conversations begin with people, and what it had not answered yet goes to them."`
	Begins    string    `json:"begins,omitempty" enum:"bot,people" doc:"Who has a conversation that begins, or that its visitor reopens: bot (the default), or people, and the bot is there for those who ask for it."`
	Name      string    `json:"name,omitempty" maxLength:"100" doc:"Under which its answers are shown. Defaults to Bot."`
	Greeting  Bilingual `json:"greeting,omitzero" doc:"What it says first. None by default."`
	Tone      string    `json:"tone,omitempty" enum:"friendly,neutral,formal" doc:"Defaults to friendly."`
	Languages []string  `json:"languages,omitempty" maxItems:"2" doc:"In which it answers: zh, en. Who writes in another language gets a person. Both by default."`
	Topics    []string  `json:"topics,omitempty" maxItems:"50" doc:"What it may talk about, as people name it: people answer all else. Whatever the knowledge base holds by default."`
	Avoid     []string  `json:"avoid,omitempty" maxItems:"50" doc:"What it leaves to people, as people name it: words of a question, or what is meant by it, such as refund."`
	Hours     string    `json:"hours,omitempty" enum:"always,open,closed" doc:"When it answers: always, only within the business hours, or only outside of them. Defaults to always."`
	// Clarify is how often a visitor is asked back in one conversation. Nil: twice.
	Clarify    *int          `json:"clarify,omitempty" minimum:"0" maximum:"2" doc:"How often it asks back in one conversation, with buttons, before a person takes over: 0 to 2. Defaults to 2."`
	Thresholds BotThresholds `json:"thresholds,omitzero"`
	Engines    string        `json:"engines,omitempty" enum:"cheapest,parallel" doc:"How engines are asked: cheapest, one by one, the next when one is slow or fails; or parallel, the four cheapest at once, of which the first answer that the knowledge supports is said, and each of which is paid for. Defaults to cheapest."`
	Budget     AIBudget      `json:"budget,omitzero"`
}

// BotThresholds are from which confidence on a bot does something; below both it brings in a person. A zero is as the product is shipped.
type BotThresholds struct {
	Answer  float64 `json:"answer,omitempty" minimum:"0" maximum:"1" doc:"From which confidence on it answers, 0 to 1. As shipped by default."`
	Clarify float64 `json:"clarify,omitempty" minimum:"0" maximum:"1" doc:"From which confidence on it asks back; at most answer. As shipped by default."`
}

// AIBudget is what a tenant's engines may use in a day (UTC). A zero has no limit.
type AIBudget struct {
	Tokens int64   `json:"tokens_per_day,omitempty" minimum:"0" maximum:"1000000000000" doc:"0: no limit."`
	Money  float64 `json:"money_per_day,omitempty" minimum:"0" maximum:"1000000000" doc:"In the currency that engines' prices are in. 0: no limit."`
}

// Who has a conversation first.
const (
	BeginsBot    = "bot"
	BeginsPeople = "people"
)

// How a bot's engines are asked.
const (
	EnginesCheapest = "cheapest"
	EnginesParallel = "parallel"
)

// When a bot answers.
const (
	BotAlways = "always"
	BotOpen   = "open"
	BotClosed = "closed"
)

var (
	botBegins    = []string{BeginsBot, BeginsPeople}
	botTones     = []string{"friendly", "neutral", "formal"}
	botLanguages = []string{"zh", "en"}
	botEngines   = []string{EnginesCheapest, EnginesParallel}
	botHours     = []string{BotAlways, BotOpen, BotClosed}
)

const (
	maxBotTopics = 50
	// maxBotClarify is how often a visitor is asked back at most: whoever was asked twice wants a person.
	maxBotClarify = 2
	maxAITokens   = 1e12
	maxAIMoney    = 1e9
)

// Check implements RecordBody.
func (b *BotSettings) Check() error {
	for _, f := range []struct {
		name  string
		value *string
		of    []string
		words string
	}{
		{"begins", &b.Begins, botBegins, "bot or people"},
		{"tone", &b.Tone, botTones, "friendly, neutral or formal"},
		{"engines", &b.Engines, botEngines, "cheapest or parallel"},
		{"hours", &b.Hours, botHours, "always, open or closed"},
	} {
		if *f.value == "" {
			*f.value = f.of[0]
		}
		if !slices.Contains(f.of, *f.value) {
			return Errorf(Malformed, "%s: must be %s", f.name, f.words)
		}
	}
	if len(b.Languages) == 0 {
		b.Languages = slices.Clone(botLanguages)
	}
	for i, l := range b.Languages {
		if !slices.Contains(botLanguages, l) || slices.Contains(b.Languages[:i], l) {
			return Errorf(Malformed, "languages: must be zh, en or both, each once")
		}
	}
	if b.Name == "" {
		b.Name = "Bot"
	}
	for _, l := range []struct {
		name string
		list []string
	}{{"topics", b.Topics}, {"avoid", b.Avoid}} {
		if len(l.list) > maxBotTopics {
			return Errorf(Malformed, "%s: at most %d", l.name, maxBotTopics)
		}
	}
	texts := []line{{"name", &b.Name, 1, 100}, {"greeting.zh", &b.Greeting.ZH, 0, 2000}, {"greeting.en", &b.Greeting.EN, 0, 2000}}
	for i := range b.Topics {
		texts = append(texts, line{"topics", &b.Topics[i], 1, 100})
	}
	for i := range b.Avoid {
		texts = append(texts, line{"avoid", &b.Avoid[i], 1, 100})
	}
	if err := checkTexts(texts...); err != nil {
		return err
	}
	if b.Clarify != nil && (*b.Clarify < 0 || *b.Clarify > maxBotClarify) {
		return Errorf(Malformed, "clarify: must be 0 to %d", maxBotClarify)
	}
	if err := b.Thresholds.check(); err != nil {
		return err
	}
	return b.Budget.check()
}

func (t *BotThresholds) check() error {
	switch {
	case !(t.Answer >= 0 && t.Answer <= 1): // NaN is none of it
		return Errorf(Malformed, "thresholds.answer: must be 0 to 1")
	case !(t.Clarify >= 0 && t.Clarify <= 1) || t.Answer > 0 && t.Clarify > t.Answer:
		return Errorf(Malformed, "thresholds.clarify: must be 0 to 1, and at most thresholds.answer")
	}
	return nil
}

func (b *AIBudget) check() error {
	switch {
	case b.Tokens < 0 || b.Tokens > maxAITokens:
		return Errorf(Malformed, "budget.tokens_per_day: must be 0 to 1e12")
	case !(b.Money >= 0 && b.Money <= maxAIMoney): // NaN is none of it
		return Errorf(Malformed, "budget.money_per_day: must be 0 to 1e9")
	}
	return nil
}

// OnDuty reports whether the bot answers while people are there, or while they are not. It says nothing of whether it is on.
func (b *BotSettings) OnDuty(open bool) bool {
	return b.Hours != BotOpen && b.Hours != BotClosed || open == (b.Hours == BotOpen)
}

// UniqueName implements RecordBody: there is one.
func (b *BotSettings) UniqueName() string { return "bot" }

// BotSettingsOf reads a record's body.
func BotSettingsOf(r *Record) (out BotSettings, err error) {
	if err = json.Unmarshal(r.Body, &out); err == nil {
		err = out.Check()
	}
	return out, err
}

// BotID is who a tenant's bot is: the sender of all that it says, on every node and for ever.
func BotID(tenant TenantID) UserID {
	return UserID(version8(sha256.Sum256(append([]byte("bot\x00"), tenant[:]...))))
}

// AnswerCMID is the cmid of what a bot says to a question, so that who answers it twice says it once: the first 16 bytes of
// SHA-256("answer" ‖ 00 ‖ question's mid ‖ part) with version 8 and the RFC 9562 variant (protocol rule 2). part counts what is said to one question,
// from 0.
func AnswerCMID(question MessageID, part uint8) CMID {
	in := append([]byte("answer\x00"), question[:]...)
	return CMID(version8(sha256.Sum256(append(in, part))))
}
