package chat

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// The identifiers of engines and traces.
type (
	AIEngineID = ID[AIEngine]
	AITraceID  = ID[AITrace]
)

// AIEngine is a server that a tenant's questions may be sent to: one that speaks like OpenAI's chat completions.
type AIEngine struct {
	ID      AIEngineID
	Tenant  TenantID
	Name    string // no two of a tenant have the same
	BaseURL string // such as https://api.openai.com/v1
	Model   string
	// Key is empty in all that is read but EnginesInUse and AIEngineWithKey; HasKey says whether there is one. ChangeAIEngine keeps the one that there is if
	// Key stays empty, and takes it away if HasKey is set to false.
	Key    string
	HasKey bool

	Enabled  bool
	Position int // engines are in the order of this, then of their names
	// What a million tokens cost.
	PromptPrice, CompletionPrice float64
	FirstToken, Total            time.Duration // how long is waited; zero: as long as engines are by default. Milliseconds
	CreatedAt, UpdatedAt         time.Time     // microsecond precision, UTC
}

// MaxAIEngines is how many engines a tenant may have.
const MaxAIEngines = 20

// MaxAIWait bounds an engine's times: so long an answer may take over all engines, and nobody waits longer.
const MaxAIWait = 20 * time.Second

// Check brings what people set into one form, and returns Malformed, naming the field, for what can't be.
func (e *AIEngine) Check() error {
	if err := checkTexts(line{"name", &e.Name, 1, 100}, line{"base_url", &e.BaseURL, 1, 500}, line{"model", &e.Model, 1, 200}, line{"key", &e.Key, 0, 2000}); err != nil {
		return err
	}
	e.BaseURL = strings.TrimRight(e.BaseURL, "/")
	u, err := url.Parse(e.BaseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Errorf(Malformed, "base_url: must look like https://api.openai.com/v1")
	}
	if strings.ContainsFunc(e.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Errorf(Malformed, "key: must be printable ASCII without blanks")
	}
	if e.Position < 0 || e.Position > 1000 {
		return Errorf(Malformed, "position: must be 0 to 1000")
	}
	for name, price := range map[string]float64{"prompt_price": e.PromptPrice, "completion_price": e.CompletionPrice} {
		if !(price >= 0 && price <= 1e6) {
			return Errorf(Malformed, "%s: must be 0 to 1e6", name)
		}
	}
	for name, d := range map[string]time.Duration{"first_token_ms": e.FirstToken, "total_ms": e.Total} {
		if d < 0 || d > MaxAIWait || d%time.Millisecond != 0 {
			return Errorf(Malformed, "%s: must be 0 to %d", name, MaxAIWait.Milliseconds())
		}
	}
	if e.Total > 0 && e.FirstToken > e.Total {
		return Errorf(Malformed, "first_token_ms: must not be longer than total_ms")
	}
	return nil
}

// AITrace is what became of one question, for those who want to know why: what was found, who was asked, what was judged. It holds what
// people wrote, so it goes with its conversation, and after AITraceLife.
type AITrace struct {
	ID           AITraceID
	Tenant       TenantID
	Conversation ConversationID  // zero: staff or a program has asked
	Message      MessageID       // the question; zero likewise
	At           time.Time       // microsecond precision, UTC
	Outcome      string          // one word, such as answer
	Body         json.RawMessage // an object; nil in lists
}

const (
	// AITraceLife is how long a trace is kept.
	AITraceLife = 30 * 24 * time.Hour
	// MaxAITrace is how large a trace's body may be, in bytes.
	MaxAITrace = 256 << 10
	// maxOutcome is how long Outcome may be.
	maxOutcome = 40
)

// Check returns Malformed or TooLarge for a trace that can't be kept.
func (t *AITrace) Check() error {
	var object map[string]json.RawMessage
	switch {
	case t.Outcome == "" || len(t.Outcome) > maxOutcome || strings.ContainsFunc(t.Outcome, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }):
		return Errorf(Malformed, "outcome: must be a word of lower-case letters and _")
	case len(t.Body) > MaxAITrace:
		return Errorf(TooLarge, "a trace may have %d bytes", MaxAITrace)
	case json.Unmarshal(t.Body, &object) != nil || object == nil:
		return Errorf(Malformed, "a trace must be a JSON object")
	}
	return nil
}

// AITraceFilter narrows a list of traces. Zero fields ask for nothing.
type AITraceFilter struct {
	Conversation ConversationID
	Outcome      string
	Cursor       string
	Limit        int // 1 to 200
}

// AIAmount is what engines used, or will.
type AIAmount struct {
	Tokens int64
	Money  float64
}

// AIUsage is what a tenant's engines used in one day.
type AIUsage struct {
	Day time.Time // its midnight, UTC
	AIAmount
	Refused int64 // calls that were not made, since the day had no room for them
}

// AIMeter counts what tenants' engines use, day by day (UTC), for all nodes together.
type AIMeter interface {
	// ReserveAI counts an amount as used and reports true, or reports false, and counts only that, if the day of at has no room for it.
	ReserveAI(ctx context.Context, tenant TenantID, b AIBudget, a AIAmount, at time.Time) (bool, error)
	// SettleAI corrects what was reserved at a time to what was used, on the day of that time. Nothing becomes less than nothing.
	SettleAI(ctx context.Context, tenant TenantID, reserved, used AIAmount, at time.Time) error
	// AIUsage lists the days from that of since to that of until on which something was used or refused, in their order.
	AIUsage(ctx context.Context, tenant TenantID, since, until time.Time) ([]AIUsage, error)
}

// AIStore keeps what answering takes. Methods that find one thing return NotFound if there is none.
type AIStore interface {
	AIEngine(ctx context.Context, tenant TenantID, id AIEngineID) (AIEngine, error)
	AIEngines(ctx context.Context, tenant TenantID) ([]AIEngine, error)
	// AIEngineWithKey is AIEngine with its key. If there is one that can't be read, HasKey is true and Key is empty.
	AIEngineWithKey(ctx context.Context, tenant TenantID, id AIEngineID) (AIEngine, error)
	// EnginesInUse are those that are enabled, with their keys. One whose key can't be read is left out.
	EnginesInUse(ctx context.Context, tenant TenantID) ([]AIEngine, error)
	// AddAIEngine returns Conflict if there are MaxAIEngines, or if the name is taken.
	AddAIEngine(ctx context.Context, e AIEngine) error
	// ChangeAIEngine is to an engine what ChangeWebhook is to a webhook.
	ChangeAIEngine(ctx context.Context, tenant TenantID, id AIEngineID, change func(*AIEngine) error) (AIEngine, error)
	DeleteAIEngine(ctx context.Context, tenant TenantID, id AIEngineID) error

	// AddAITrace keeps a trace. One that is there already is no error, and stays as it is but for its Outcome. Of a conversation whose visitor was
	// erased, or is being erased, nothing is kept, and that is no error either.
	AddAITrace(ctx context.Context, t AITrace) error
	AITrace(ctx context.Context, tenant TenantID, id AITraceID) (AITrace, error)
	// AITraces lists the newest first, without their bodies; next is empty at the end.
	AITraces(ctx context.Context, tenant TenantID, f AITraceFilter) (page []AITrace, next string, err error)
	// ForgetAITraces removes up to limit traces, of all tenants, from before a time, and returns how many.
	ForgetAITraces(ctx context.Context, before time.Time, limit int) (int, error)

	AIMeter
	BotQueue
}
