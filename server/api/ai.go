package api

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// AIConfig is what answers with engines.
type AIConfig struct {
	// Answerer answers staff and programs, Tester tries engines. Nil: nobody does.
	Answerer chat.Answerer
	Tester   chat.EngineTester
	// Intents tells what messages want. Nil: nobody can say.
	Intents chat.IntentBase
	// TLS and Plain say which addresses an engine may have, over TLS and without. TLS defaults to any; Plain nil: none. Whoever dials looks
	// again: this is so that who sets an engine up is told.
	TLS, Plain func(netip.Addr) bool
	// AtOnce is how many questions of staff and programs are answered at once here, and PerTenant how many of them of one tenant. Default
	// to 128 and 16.
	AtOnce, PerTenant int
}

func (c AIConfig) withDefaults() AIConfig {
	if c.AtOnce <= 0 {
		c.AtOnce = 128
	}
	if c.PerTenant <= 0 {
		c.PerTenant = 16
	}
	return c
}

// botPath is the one document that says how a tenant's bot is to answer.
const botPath = "/api/v1/bot"

// aiRoutes are the bot's settings, engines, what they used, traces, and questions of staff and programs. Whoever reads of a conversation here
// needs what reading it takes.
func (a *API) aiRoutes() []row {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	const tag, engines, intents = "AI", "/api/v1/ai/engines", "/api/v1/ai/intents"
	see, change := leads.with(chat.AIRead), managers.with(chat.AIWrite)
	traces, help := readers.with(chat.AIRead|chat.ConversationsRead), workers.with(chat.AIAsk|chat.ConversationsRead)
	return []row{
		{get, botPath, readers.with(chat.SettingsRead), "getBot", "bot", "How the bot answers", 200, bind(a, a.getBot)},
		{patch, botPath, managers.with(chat.SettingsWrite), "updateBot", "bot", "Change how the bot answers", 200, bind(a, a.updateBot)},
		{del, botPath, managers.with(chat.SettingsWrite), "resetBot", "bot", "Turn the bot off and forget its settings", 204, bind(a, a.resetBot)},

		{get, engines, see, "listAIEngines", tag, "List engines, in the order of position; nobody is shown a key", 200, bind(a, a.listEngines)},
		{post, engines, change, "createAIEngine", tag, "Add an engine: a server that speaks like OpenAI's chat completions", 201, bind(a, a.createEngine)},
		{get, engines + "/{id}", see, "getAIEngine", tag, "One engine", 200, bind(a, a.getEngine)},
		{patch, engines + "/{id}", change, "updateAIEngine", tag, "Change an engine", 200, bind(a, a.updateEngine)},
		{del, engines + "/{id}", change, "deleteAIEngine", tag, "Delete an engine and its key", 204, bind(a, a.deleteEngine)},
		{post, engines + "/{id}/test", change, "testAIEngine", tag, "Ask an engine one tiny question, and be told what is wrong", 200, bindFor(a, testPatience, a.testEngine)},
		{get, intents, see, "listIntents", tag, "List the tenant's own intents, by name, without their examples", 200, bind(a, a.listIntents)},
		{get, intents + "/{name}", see, "getIntent", tag, "One intent with its examples", 200, bind(a, a.getIntent)},
		{put, intents + "/{name}", change, "putIntent", tag, "Make an intent, or put another one in its place; it is in use when it was trained", 200, bindExamples(a, a.putIntent)},
		{del, intents + "/{name}", change, "deleteIntent", tag, "Delete an intent", 204, bind(a, a.deleteIntent)},
		{post, intents + "/examples", change, "importIntentExamples", tag, "Add examples to intents, and make the intents that are not there yet", 200, bindExamples(a, a.importIntents)},
		{post, intents + "/test", see, "testIntent", tag, "What a message would be taken for, and what would be done; nothing is written", 200, bindFor(a, askPatience, a.tryIntent)},
		{get, "/api/v1/ai/training", see, "getIntentTraining", tag, "Whether the intents are trained, and how well they are told apart", 200, bind(a, a.getIntentTraining)},
		{get, "/api/v1/ai/usage", see, "getAIUsage", tag, "What engines used, day by day, and what is left of today's budget", 200, bind(a, a.getUsage)},
		{get, tracesPath, traces, "listAITraces", tag, "What became of questions, newest first", 200, bind(a, a.listTraces)},
		{get, tracesPath + "/{id}", traces, "getAITrace", tag, "How one outcome came about", 200, bind(a, a.getTrace)},
		{post, askPath, workers.with(chat.AIAsk), "askAI", tag, "Ask what the bot would answer; nothing is written to a conversation", 200, bindAsk(a)},
		{post, "/api/v1/ai/suggest", help, "suggestAnswers", tag, "Up to three answers to what a visitor wrote last, for an agent to choose from", 200, bindFor(a, askPatience, a.suggest)},
		{post, "/api/v1/ai/summary", help, "summarizeConversation", tag, "What a conversation is about", 200, bindFor(a, askPatience, a.summarize)},
	}
}

// Bot is a tenant's one document of its bot.
type Bot struct {
	chat.BotSettings
	Version   uint64     `json:"version" doc:"Counts changes; 0 while there are no settings: then it is off."`
	UpdatedAt *time.Time `json:"updated_at" nullable:"true"`
}

func (a *API) botDocument() *single[chat.BotSettings, *chat.BotSettings] {
	return &single[chat.BotSettings, *chat.BotSettings]{collection[chat.BotSettings, *chat.BotSettings]{a, chat.RecordBot, 1, nil}}
}

func showBot(b *chat.BotSettings, r *chat.Record) (*answer[Bot], error) {
	return ok(Bot{*b, r.Version, timeOrNull(r.UpdatedAt)})
}

func (a *API) getBot(ctx context.Context, c *call, _ *none) (*answer[Bot], error) {
	r, b, err := a.botDocument().read(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	return showBot(&b, &r)
}

type updateBotInput struct {
	Body Patch[chat.BotSettings]
}

func (a *API) updateBot(ctx context.Context, c *call, in *updateBotInput) (*answer[Bot], error) {
	r, b, err := a.botDocument().patch(ctx, c.actor().Tenant, &in.Body)
	if err != nil {
		return nil, err
	}
	return showBot(&b, &r)
}

func (a *API) resetBot(ctx context.Context, c *call, _ *none) (*none, error) {
	return &none{}, a.botDocument().reset(ctx, c.actor().Tenant)
}

// AIUsage is what a tenant's engines used.
type AIUsage struct {
	Day       string       `json:"day" format:"date" doc:"Today, in UTC: budgets are for days of UTC."`
	Tokens    int64        `json:"tokens" doc:"Used today, with what is reserved for answers that are being written."`
	Money     float64      `json:"money" doc:"Likewise, in the currency that engines' prices are in."`
	MaxTokens *int64       `json:"max_tokens" nullable:"true" doc:"What may be used in a day, by the bot's settings; null: no limit."`
	MaxMoney  *float64     `json:"max_money" nullable:"true" doc:"Likewise."`
	Exhausted bool         `json:"exhausted" doc:"Whether today's budget has no room for even the shortest call. Until resets_at no engine is asked, and the local one answers."`
	Refused   int64        `json:"refused" doc:"How many calls of engines were not made today, because what was left of the budget was less than they may use: the instructions, the question, what was found for it, and the longest answer. Those questions were answered by another engine or the local one. It may be more than 0 while exhausted is false: then there is room for shorter questions only."`
	ResetsAt  time.Time    `json:"resets_at" doc:"When a new day's budget begins."`
	Data      []AIUsageDay `json:"data" nullable:"false" doc:"Days on which something was used or refused, the oldest first."`
}

// AIUsageDay is one day of it.
type AIUsageDay struct {
	Day     string  `json:"day" format:"date"`
	Tokens  int64   `json:"tokens"`
	Money   float64 `json:"money"`
	Refused int64   `json:"refused" doc:"Calls that were not made, because the day's budget had no room for them."`
}

type usageInput struct {
	Days int `query:"days" minimum:"1" maximum:"366" default:"30" doc:"How many days to look back on, today included."`
}

// What the shortest call of an engine is reserved with, in tokens: instructions and a chunk, and an answer (ai/router). Where a day has no room for
// so much, engines are left out.
const (
	promptTokens = 450
	answerTokens = 800
)

// roomFor reports whether a budget has room for a call of the cheapest engine.
func roomFor(b *chat.AIBudget, tokens int64, money float64, engines []chat.AIEngine) bool {
	if b.Tokens > 0 && tokens+promptTokens+answerTokens > b.Tokens {
		return false
	}
	costs := math.Inf(1)
	for i := range engines {
		if e := &engines[i]; e.Enabled {
			costs = min(costs, (promptTokens*e.PromptPrice+answerTokens*e.CompletionPrice)/1e6)
		}
	}
	if math.IsInf(costs, 1) {
		costs = 0
	}
	return b.Money <= 0 || money < b.Money && money+costs <= b.Money
}

func (a *API) getUsage(ctx context.Context, c *call, in *usageInput) (*answer[AIUsage], error) {
	tenant, now := c.actor().Tenant, a.now()
	days, err := a.cfg.Store.AIUsage(ctx, tenant, now.AddDate(0, 0, 1-in.Days), now)
	if err != nil {
		return nil, err
	}
	_, settings, err := a.botDocument().read(ctx, tenant)
	if err != nil {
		return nil, err
	}
	engines, err := a.cfg.Store.AIEngines(ctx, tenant)
	if err != nil {
		return nil, err
	}
	today := now.Truncate(24 * time.Hour)
	budget := settings.Budget
	out := AIUsage{
		Day: today.Format(time.DateOnly), MaxTokens: orNull(budget.Tokens), MaxMoney: orNull(budget.Money), ResetsAt: today.AddDate(0, 0, 1),
		Data: make([]AIUsageDay, len(days)),
	}
	for i, d := range days {
		out.Data[i] = AIUsageDay{d.Day.Format(time.DateOnly), d.Tokens, d.Money, d.Refused}
		if d.Day.Equal(today) {
			out.Tokens, out.Money, out.Refused = d.Tokens, d.Money, d.Refused
		}
	}
	out.Exhausted = !roomFor(&budget, out.Tokens, out.Money, engines)
	return ok(out)
}
