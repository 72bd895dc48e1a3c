package chat

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an Error is. The numbers are the protocol's ERROR codes; package server has the one
// table that maps them to HTTP statuses and close codes.
type Code uint16

// The codes of protocol.md. Retryable ones are Busy, Unknown, Full and TooMany.
const (
	Malformed       Code = 400
	Unauthenticated Code = 401
	Forbidden       Code = 403
	NotFound        Code = 404
	Conflict        Code = 409
	TooLarge        Code = 413
	TooMany         Code = 429
	Internal        Code = 500
	Busy            Code = 503
	Unknown         Code = 504 // the outcome is unknown: the same cmid may be sent again
	Full            Code = 507
)

// Retryable reports whether the same request may succeed later without being changed.
func (c Code) Retryable() bool {
	return c == TooMany || c == Busy || c == Unknown || c == Full
}

// Error is a failure that the person or program at the other end is told about.
type Error struct {
	Code    Code
	Name    string // stable machine-readable name for problem documents, such as "conversation_open"; may be empty
	Message string // for people; never holds a body, token or key
	// Conversation is the one that stands in the way of a 409: the visitor's open conversation. Zero otherwise.
	Conversation ConversationID
	// Assignee is who was faster, in a 409 of Accept. Zero otherwise.
	Assignee AgentID
	// RetryAfter is how long to wait at least. Zero: back off as usual.
	RetryAfter time.Duration
	// Limit is how many there may be at once, of what there were TooMany of. Zero: that is not told.
	Limit int
}

func (e *Error) Error() string { return e.Message }

// Is makes errors.Is(err, &Error{Code: NotFound}) compare codes.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// Errorf returns an Error with a message for people.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the Error in err's chain, or Internal.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
