package model

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/uniqchat/uniqchat/ai/knowledge"
)

// Engine writes answers.
//
// Implementations are safe for concurrent use.
type Engine interface {
	// Name says which engine it is, in traces and metrics. It never changes.
	Name() string
	// Answer answers q. It calls piece with each piece of the text that a visitor may see, in order, from one goroutine at a time and
	// never after it has returned; an error of piece ends it and is returned. A text that must not be seen (the action is HandOff) is only
	// in the result. When ctx ends, so does Answer, soon and with ctx's error. Other errors are *Error, or one that is inside.
	//
	// The result of an error holds what was used up until then.
	Answer(ctx context.Context, q *Question, piece func(text string) error) (Result, error)
}

// Action is what an engine proposes to do.
type Action string

// The actions.
const (
	Answer  Action = "answer"
	Clarify Action = "clarify" // ask which of a few things is meant
	HandOff Action = "handoff" // a person must answer
)

// Bounds of what goes into an engine and what comes out.
const (
	MaxTurns   = 10
	MaxChunks  = 8
	MaxButtons = 3
	MaxButton  = 60    // characters of a button
	MaxText    = 4_000 // characters of an answer: an engine that says more is broken
)

// Question is what an engine is asked. Engines change nothing of it.
type Question struct {
	Text   string
	Turns  []Turn  // what was said before, oldest first
	Chunks []Chunk // what may answer, best first
	// Sure is how likely the best chunk answers, by package confidence.
	Sure     float64
	Language string // of the answer: "zh", "en", or another BCP 47 tag
	Tone     string // how the tenant wants to sound, in its own words; may be empty
	// Secrets are new for each question.
	Secrets Secrets
}

// Turn is something that was said in the conversation.
type Turn struct {
	Visitor bool // else the bot or an agent
	Text    string
}

// Chunk is a chunk that was found for a question.
type Chunk struct {
	*knowledge.Chunk
	Score float64
}

// Secrets are random words of one question. Neither may ever be seen by a visitor: if one is, the engine tells what it should not.
type Secrets struct {
	Canary string // stands in the instructions, for no other purpose
	Fence  string // marks where texts of others begin and end
}

// NewSecrets draws secrets of 80 random bits and more each.
func NewSecrets() Secrets {
	return Secrets{Canary: strings.ToLower(rand.Text()), Fence: strings.ToLower(rand.Text())}
}

// Result is what an engine says at the end.
type Result struct {
	Text    string
	Action  Action
	Buttons []string // of Clarify, at most MaxButtons
	Cited   []string // IDs of chunks of the question that the text rests on; empty if the engine doesn't say
	Usage   Usage
	// Plain says that the engine did not keep to the structure, and its text was taken as it came.
	Plain bool
}

// Usage is how many tokens were used. Estimated says that the engine did not tell, and they were counted from the text's length.
type Usage struct {
	Prompt     int  `json:"prompt"`
	Completion int  `json:"completion"`
	Estimated  bool `json:"estimated,omitempty"`
}

// Total is all tokens.
func (u Usage) Total() int { return u.Prompt + u.Completion }

// Price is what an engine costs, in one currency for a million tokens.
type Price struct{ Prompt, Completion float64 }

// Of is what a usage costs.
func (p Price) Of(u Usage) float64 {
	return (p.Prompt*float64(u.Prompt) + p.Completion*float64(u.Completion)) / 1e6
}

// Tokens estimates how many tokens a text is: a quarter of its bytes, and a character of Chinese is about one.
func Tokens(text string) int {
	n, wide := 0, 0
	for _, r := range text {
		if r >= 0x2E80 {
			wide++
		} else {
			n++
		}
	}
	return (n+3)/4 + wide
}
