package model

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind says what failed in an engine.
type Kind string

// The kinds.
const (
	Unreachable Kind = "unreachable" // no connection
	Slow        Kind = "slow"        // no first token, or none for a while, in time
	Limited     Kind = "limited"     // asked too often; RetryAfter may say for how long
	Refused     Kind = "refused"     // the key, the address or the model's name is wrong
	Declined    Kind = "declined"    // this one question is not answered: too long, or against the engine's own rules
	Failed      Kind = "failed"      // the server's own failure
	Cut         Kind = "cut"         // the answer ended in its middle
	Garbled     Kind = "garbled"     // the answer is not what the protocol says
	TooLong     Kind = "too_long"    // the answer is larger than any may be
	Canceled    Kind = "canceled"    // nobody waits for it any longer
)

// Error is a failure of an engine.
type Error struct {
	Kind   Kind
	Engine string
	Status int // of HTTP, if there was an answer
	// RetryAfter is how long the engine wants to be left alone; 0 if it didn't say.
	RetryAfter time.Duration
	Err        error // may be nil; never holds a key, or what somebody wrote
}

func (e *Error) Error() string {
	s := fmt.Sprintf("engine %s: %s", e.Engine, e.Kind)
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of an engine's error. A context that ended is Canceled or Slow; what is no *Error is Failed.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Slow
	}
	return Failed
}
