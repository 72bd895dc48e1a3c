package chat

import (
	"context"
	"time"
)

// EngineTester asks an engine one tiny question, for whoever sets it up. Safe for concurrent use.
type EngineTester interface {
	// TestEngine always returns a result: whatever fails is told by it. The engine has its key.
	TestEngine(ctx context.Context, e *AIEngine) AITest
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
