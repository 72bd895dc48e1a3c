package bot

import (
	"time"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// Who wrote a turn.
type Who string

// The writers.
const (
	Visitor Who = "visitor"
	Machine Who = "bot"
	Agent   Who = "agent"
)

// Turn is something that was said before.
type Turn struct {
	Who     Who
	Text    string
	Buttons []string // under a question that the bot asked back
}

// People says whether people have the conversation.
type People uint8

// The states.
const (
	Nobody  People = iota
	Waiting        // it was handed off, and nobody has come yet
	Joined         // an agent has it
)

// Input is a message with all that is known about it.
type Input struct {
	Tenant       chat.TenantID
	Conversation chat.ConversationID
	Message      chat.MessageID
	Text         string
	Turns        []Turn // oldest first; of this conversation since it was opened last
	Locale       string // of the visitor's browser or account, as BCP 47 has it; may be empty
	// Attributes are what the shop told of the visitor. They are in summaries for agents; no engine sees them.
	Attributes map[string]string
	// Settings are the tenant's, as they were checked. Without languages it answers in all.
	Settings  chat.BotSettings
	Clarified int // how often the visitor was asked back in this conversation, where Turns don't go back far enough
	People    People
	Open      bool // people are there now, by the tenant's business hours
}

// Step is what came of a message.
type Step string

// The steps.
const (
	Answered  Step = "answer"
	Clarified Step = "clarify"
	HandedOff Step = "handoff"
	Silent    Step = "silence"
)

// Reasons of the bot's own. Others are the router's.
const (
	BecauseGreeting router.Reason = "greeting"
	BecauseThanks   router.Reason = "thanks"
	BecauseGoodbye  router.Reason = "goodbye"
	BecauseNoted    router.Reason = "noted"    // "ok"
	BecauseHuman    router.Reason = "human"    // the visitor asks for a person
	BecauseIntent   router.Reason = "intent"   // the tenant says what is done for what the message wants
	BecauseTopic    router.Reason = "topic"    // the tenant's settings leave it to people
	BecauseLanguage router.Reason = "language" // the bot doesn't write the visitor's
	BecausePerson   router.Reason = "person"   // an agent has the conversation
	BecauseWaiting  router.Reason = "waiting"  // an agent is coming, and this is nothing that is surely known
	BecauseOffDuty  router.Reason = "off_duty" // it is not the bot's time
	BecauseWordless router.Reason = "wordless" // there is nothing to read
	BecauseBroken   router.Reason = "broken"   // the knowledge can't be asked
)

// Source is what an answer rests on.
type Source struct {
	Chunk    string          `json:"chunk"`
	Document chat.DocumentID `json:"document"`
	Title    string          `json:"title"`
	Heading  string          `json:"heading,omitempty"`
	URL      string          `json:"url,omitempty"`
}

// Outcome is what came of a message. There always is one.
type Outcome struct {
	Step       Step             `json:"step"`
	Reason     router.Reason    `json:"reason"`
	Messages   []router.Message `json:"messages,omitempty"` // what the visitor was told, as the sink had it
	Sources    []Source         `json:"sources,omitempty"`
	Buttons    []string         `json:"buttons,omitempty"` // of Clarified, at most 3
	Summary    *Summary         `json:"summary,omitempty"` // of HandedOff
	Team       chat.TeamID      `json:"-"`                 // of HandedOff: whose queue; zero: anybody's
	Language   string           `json:"language"`
	Confidence float64          `json:"confidence"`
	Trace      *Trace           `json:"-"`
}

// Trace tells how an outcome came about.
type Trace struct {
	Tenant       chat.TenantID       `json:"tenant_id"`
	Conversation chat.ConversationID `json:"conversation_id"`
	Message      chat.MessageID      `json:"message_id"`
	At           time.Time           `json:"at"`
	Took         time.Duration       `json:"took_ns"`
	Question     string              `json:"question"`
	Language     string              `json:"language"`
	Steps        []StepTrace         `json:"steps"`
	Guard        guard.Reason        `json:"guard,omitempty"`
	Intent       IntentTrace         `json:"intent"`
	Context      ContextTrace        `json:"context"`
	Knowledge    int64               `json:"knowledge,omitempty"`
	Chunks       []router.ChunkTrace `json:"chunks,omitempty"`
	Evidence     confidence.Evidence `json:"evidence"`
	Sure         float64             `json:"sure"` // how likely the best chunk answers
	Router       *router.Trace       `json:"router,omitempty"`
	Step         Step                `json:"step"`
	Reason       router.Reason       `json:"reason"`
}

// StepTrace is one of the six steps.
type StepTrace struct {
	Name  string        `json:"name"` // guard, intent, context, retrieve, route, outcome
	Began time.Duration `json:"began_ns"`
	Took  time.Duration `json:"took_ns"`
	Why   string        `json:"why,omitempty"`
}

// IntentTrace is what a message wants.
type IntentTrace struct {
	Label       string  `json:"label,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	Known       float64 `json:"known,omitempty"`
	Own         bool    `json:"own,omitempty"` // by the tenant's model
}

// ContextTrace is whether a message was taken as a follow-up.
type ContextTrace struct {
	Mark    Mark    `json:"mark"`
	Used    bool    `json:"used"`
	Of      string  `json:"of,omitempty"` // the question that it follows
	Alone   float64 `json:"alone"`        // how likely the best chunk answers the message alone
	With    float64 `json:"with"`         // and with the question before it
	Clicked bool    `json:"clicked,omitempty"`
}
