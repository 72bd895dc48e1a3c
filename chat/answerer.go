package chat

import "context"

// AIQuestion is what the AI is asked, with all that it may know of it.
type AIQuestion struct {
	Conversation ConversationID // what is asked has to do with; may be zero
	Message      MessageID      // the question's; zero: staff or a program asks, whom no hours of the bot's bind
	Text         string
	Turns        []AITurn // what was said before, oldest first
	Locale       string   // of the visitor's browser or account, as BCP 47 has it; may be empty
	Site         string   // the site key whose business hours hold; empty: those that hold everywhere
	// Attributes are what the shop told of the visitor. They are in summaries for agents; no engine sees them.
	Attributes map[string]string
	// KeepsTrace says that the caller keeps the answer's Trace, once it knows what has become of it.
	KeepsTrace bool
}

// AITurn is something that was said in a conversation.
type AITurn struct {
	Role    Role // RoleVisitor, RoleBot, or anything else for people
	Text    string
	Buttons []string // under a question that the bot asked back
}

// AISource is a document that an answer rests on.
type AISource struct {
	Document DocumentID `json:"document"`
	Title    string     `json:"title"`
	Heading  string     `json:"heading,omitempty"`
	URL      string     `json:"url,omitempty"`
}

// What becomes of a question: AIAnswer.Outcome.
const (
	AIAnswered  = "answer"
	AIClarified = "clarify" // the visitor is asked back, with buttons
	AIHandedOff = "handoff" // a person takes over
	AISilent    = "silence" // there is nothing to say
)

// AIAnswer is what comes of a question. There always is something: what fails is told by the reason.
type AIAnswer struct {
	Outcome    string
	Reason     string   // why: a word, such as engine, cached, unknown, budget
	Messages   []string // what is said, each a message of its own
	Sources    []AISource
	Buttons    []string   // of AIClarified, 2 or 3
	Summary    *AISummary // of AIHandedOff
	Team       TeamID     // of AIHandedOff: whose queue; zero: anybody's
	Language   string
	Confidence float64
	Knowledge  int64  // which version of the index was asked; 0: none
	Engine     string // who wrote the last message: an engine's name, or local
	Trace      AITrace
}

// AISummary is what a person needs to know who takes a conversation over. All but Text is taken from the conversation as it stands there.
type AISummary struct {
	Language string   `json:"language"` // the visitor's
	Intent   string   `json:"intent,omitempty"`
	Why      string   `json:"why,omitempty"`    // of a hand-off
	Wants    []string `json:"wants"`            // in the visitor's words, oldest first
	Tried    []string `json:"tried,omitempty"`  // what the bot answered and asked back
	Orders   []string `json:"orders,omitempty"` // numbers that look like an order's
	Found    []string `json:"found,omitempty"`  // headings of what may have to do with it
	Points   []string `json:"points,omitempty"` // sentences that say most of the conversation, each with who said it
	Text     string   `json:"text,omitempty"`   // an engine's
	Engine   string   `json:"engine,omitempty"` // that wrote Text
}

// AISuggestion is an answer that an agent may send, change or leave.
type AISuggestion struct {
	Text       string
	Sources    []AISource
	Confidence float64
	Engine     string
}

// Answerer is the AI, for those who ask it. It works by a tenant's settings and engines as they are kept, and says nothing in any conversation itself.
// An error is Busy: what a tenant has set up can't be read.
//
// Safe for concurrent use.
type Answerer interface {
	// Answer answers as the bot does, and keeps a trace of it. What a visitor may see goes through piece while it is made: pieces of a
	// message, then perhaps of another one. An error of piece ends it. piece may be nil.
	Answer(ctx context.Context, tenant TenantID, q AIQuestion, piece func(message int, text string) error) (AIAnswer, error)
	// Suggest makes up to three answers for an agent, the best first: to the question's text or, if that is empty, to what the visitor
	// wrote last. It keeps a trace, whose id it returns.
	Suggest(ctx context.Context, tenant TenantID, q AIQuestion) ([]AISuggestion, AITraceID, error)
	// Summarize sums a conversation up, in a language if an engine does it. It keeps a trace, whose id it returns.
	Summarize(ctx context.Context, tenant TenantID, q AIQuestion, language string) (AISummary, AITraceID, error)
	// EngineHealth says of each engine in use whether it is asked (closed), left alone (open) or tried again (half-open).
	EngineHealth(ctx context.Context, tenant TenantID) (map[AIEngineID]string, error)
	// SettingsChanged takes in that something else of what a tenant has set up was changed here: what is asked next goes by it.
	SettingsChanged(tenant TenantID)
	// EnginesChanged takes in that a tenant's engines were changed, and tells the other nodes.
	EnginesChanged(ctx context.Context, tenant TenantID)
}
