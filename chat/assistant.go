package chat

import (
	"context"
	"time"
)

// Assistant answers staff and programs out of what a tenant knows, with the tenant's engines, within its budget. Of a conversation it reads
// what was said; it writes nothing there. Whether the caller may read the conversation was seen before. Safe for concurrent use.
type Assistant interface {
	// Ask answers as the bot would. It calls delta with each piece of what a visitor would see, in order, never after it has returned; part
	// counts messages from 0: a second one follows where the first broke off. An error of delta ends it, and so does ctx, soon. An
	// engine that fails is no error: what happened instead is in the reply, and in its trace, which is kept.
	Ask(ctx context.Context, q AIQuestion, delta func(part int, text string) error) (AIReply, error)
	// Suggest makes up to three answers to what the visitor wrote last, the best first; none if nothing is known.
	Suggest(ctx context.Context, conversation Key, language string) (AISuggestions, error)
	// Summarize tells what a conversation is about.
	Summarize(ctx context.Context, conversation Key, language string) (AISummary, error)
}

// EngineTester asks an engine one tiny question. Safe for concurrent use.
type EngineTester interface {
	// TestEngine always returns a result: whatever fails is told by it. The engine has its key.
	TestEngine(ctx context.Context, e *AIEngine) AITest
}

// AIQuestion is what staff or a program asks.
type AIQuestion struct {
	Tenant       TenantID
	Conversation ConversationID // what was said there comes before it; zero: nothing was said before
	Text         string
	Language     string // of the answer: a language tag; empty: that of the question
}

// AIReply is what came of a question.
type AIReply struct {
	Step       string // answer, clarify, handoff or silence
	Reason     string // one word that says why
	Text       string // what a visitor would see; of two messages both, with an empty line between
	Buttons    []string
	Sources    []AISource
	Confidence float64
	Language   string
	Engine     string    // that wrote Text; empty: none did
	Trace      AITraceID // zero: none was kept
}

// AISource is what an answer rests on.
type AISource struct {
	Chunk    string
	Document DocumentID
	Title    string
	Heading  string
	URL      string // where people find it; may be empty
}

// AISuggestion is an answer that an agent may send, change or leave.
type AISuggestion struct {
	Text       string
	Sources    []AISource
	Confidence float64
	Engine     string
}

// AISuggestions are the answers to what a visitor wrote last.
type AISuggestions struct {
	List  []AISuggestion
	Trace AITraceID // zero: none was kept
}

// AISummary is what somebody needs to know who takes a conversation over. All of it but Text is taken from the conversation as it stands.
type AISummary struct {
	Language string   // the visitor's
	Intent   string   // one word; may be empty
	Wants    []string // in the visitor's words, oldest first
	Tried    []string // what the bot answered and asked back
	Orders   []string // numbers that look like an order's
	Found    []string // headings of what may have to do with it
	Points   []string // sentences that say most of it, each with who said it
	Text     string   // an engine's; empty if none wrote one that the conversation supports
	Engine   string   // that wrote Text
}

// What is wrong with an engine.
const (
	EngineUnresolved   = "unresolved"       // its name has no address
	EngineNotAllowed   = "not_allowed"      // its address may not be dialled from here
	EngineUnreachable  = "unreachable"      // nobody listens there, or answers in time
	EngineTLS          = "tls"              // its certificate is none that is trusted
	EngineKeyMissing   = "key_unreadable"   // its key is there and can't be read
	EngineUnauthorized = "unauthorized"     // 401 or 403
	EngineUnpaid       = "payment_required" // 402
	EngineNoModel      = "model_unknown"
	EngineNoPath       = "path_unknown" // 404 or 405: base_url is not where an API is
	EngineRedirects    = "redirected"   // redirects are not followed: the key stays here
	EngineLimited      = "limited"      // 429
	EngineDeclined     = "declined"     // another 4xx
	EngineFailed       = "failed"       // 5xx
	EngineSlow         = "slow"         // no whole answer in time
	EngineSlowFirst    = "slow_first_token"
	EngineCut          = "cut"        // the answer ended in its middle
	EngineGarbled      = "bad_answer" // what came is not what the protocol says
	EngineTooLong      = "too_long"
)

// AITest is what came of asking an engine one tiny question.
type AITest struct {
	Problem    string        // one of the Engine constants; empty: it works
	Status     int           // of HTTP, if there was an answer
	FirstToken time.Duration // zero: there was none
	Total      time.Duration
	Text       string // what it said
	Structured bool   // it keeps to the structure that answers are asked for in; else texts are taken as they come
	Used       AIAmount
}
