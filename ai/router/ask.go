package router

import (
	"time"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/model"
)

// Ask is a question with everything that was found out about it.
type Ask struct {
	// Question has what engines see. The router sets Sure and Secrets.
	model.Question
	Tenant    string
	Knowledge string // the version of the tenant's knowledge, for the cache
	Intent    string
	Guard     guard.Reason // why only a person may answer, if so
	Evidence  confidence.Evidence
	Clarified int // how often the visitor was asked back already
	// Thresholds are the tenant's. Zero: the router's.
	Thresholds confidence.Thresholds
}

// Sink gets what visitors may see, while it is made: pieces of a message, then perhaps of another one. It is called from one goroutine at a time. An
// error ends the answer: there is nobody to read it.
type Sink func(message int, piece string) error

// Step is what came of a question.
type Step string

// The steps.
const (
	Answered  Step = "answer"
	Clarified Step = "clarify"
	HandedOff Step = "handoff"
)

// Reason says why.
type Reason string

// The reasons.
const (
	BecauseGuard     Reason = "guard"      // only a person may answer
	BecauseCached    Reason = "cached"     // the same was answered before
	BecauseEasy      Reason = "easy"       // the knowledge has just this question
	BecauseEngine    Reason = "engine"     // an engine's answer, which its sources support
	BecauseUnknown   Reason = "unknown"    // nothing that is known answers
	BecauseUnsure    Reason = "unsure"     // something may answer
	BecauseAsked     Reason = "asked"      // unsure, and the visitor was asked back often enough
	BecauseNoEngine  Reason = "no_engine"  // there is none: the local answer
	BecauseDown      Reason = "down"       // no engine works: the local answer
	BecauseBudget    Reason = "budget"     // the day's tokens or money are used up: the local answer
	BecauseRefused   Reason = "refused"    // what engines said could not be shown, or nothing supports it: the local answer
	BecauseCut       Reason = "cut"        // the engine's answer broke off: the local answer follows it
	BecauseAbandoned Reason = "abandoned"  // the visitor left, or the server ends
	BecauseDeclined  Reason = "own_choice" // engines found that it can't be answered: the local answer
)

// Message is something that is said to the visitor. An engine's message is never ended by another engine.
type Message struct {
	Engine string   `json:"engine"`
	Text   string   `json:"text"`
	Cited  []string `json:"cited,omitempty"` // IDs of chunks
	Cut    bool     `json:"cut,omitempty"`   // it ends before its end
}

// Summary is what a person needs who takes over.
type Summary struct {
	Question string   `json:"question"`
	Intent   string   `json:"intent,omitempty"`
	Why      string   `json:"why"`
	Found    []string `json:"found,omitempty"` // headings of what may have to do with it
}

// Outcome is what came of a question. There always is one.
type Outcome struct {
	Step       Step      `json:"step"`
	Reason     Reason    `json:"reason"`
	Messages   []Message `json:"messages"`          // one; two after one that was cut
	Buttons    []string  `json:"buttons,omitempty"` // of Clarified
	Summary    *Summary  `json:"summary,omitempty"` // of HandedOff
	Confidence float64   `json:"confidence"`
	Trace      *Trace    `json:"-"`
}

// Trace tells how an outcome came about.
type Trace struct {
	ID        string        `json:"id"`
	Tenant    string        `json:"tenant_id"`
	At        time.Time     `json:"at"`
	Took      time.Duration `json:"took_ns"`
	Question  string        `json:"question"`
	Turns     []string      `json:"turns,omitempty"`
	Language  string        `json:"language"`
	Intent    string        `json:"intent,omitempty"`
	Guard     guard.Reason  `json:"guard,omitempty"`
	Knowledge string        `json:"knowledge,omitempty"`
	Chunks    []ChunkTrace  `json:"chunks"`

	Evidence  confidence.Evidence `json:"evidence"`
	Retrieval float64             `json:"retrieval"` // how likely the best chunk answers
	Attempts  []Attempt           `json:"attempts"`
	Chosen    string              `json:"chosen,omitempty"` // the engine, or "cache"
	Step      Step                `json:"step"`
	Reason    Reason              `json:"reason"`
}

// ChunkTrace is a chunk of a trace.
type ChunkTrace struct {
	ID       string  `json:"id"`
	Document string  `json:"document"`
	Heading  string  `json:"heading,omitempty"`
	Score    float64 `json:"score"`
	Left     string  `json:"left_out,omitempty"` // why no engine saw it
}

// Attempt is one engine's part in a trace.
type Attempt struct {
	Engine     string        `json:"engine"`
	Why        string        `json:"why"` // first, hedge, failover, parallel, probe, floor
	Began      time.Duration `json:"began_ns"`
	First      time.Duration `json:"first_ns,omitempty"` // from its beginning to its first sign
	Took       time.Duration `json:"took_ns"`
	Text       string        `json:"text,omitempty"`
	Action     model.Action  `json:"action,omitempty"`
	Cited      []string      `json:"cited,omitempty"`
	Usage      model.Usage   `json:"usage"`
	Cost       float64       `json:"cost"`
	Kind       model.Kind    `json:"kind,omitempty"`
	Error      string        `json:"error,omitempty"`
	Removed    []string      `json:"removed,omitempty"` // what the filter took out
	Features   *Features     `json:"features,omitempty"`
	Confidence float64       `json:"confidence,omitempty"`
	Verdict    string        `json:"verdict"` // chosen, lost, failed, refused, unsupported, proposed
}
