package chat

import (
	"context"
	"time"
)

// BotJob is a visitor's question that a bot is to answer. It names the question and holds nothing of it: that is read when it is
// answered, as it is shown by then.
//
// A conversation has one job at most, for its newest question: who writes three lines in a row is answered once, to all of them. It is
// written with the question's row, and goes when the conversation leaves the bot: a person takes it over or asks for people, it is closed,
// or snoozed.
type BotJob struct {
	Key
	Message MessageID // the question
	Seq     Seq       // its
	AskedAt time.Time // millisecond precision, UTC
	Attempt int       // which claim this is, from 1
	DueAt   time.Time // when it was asked, until RetryBotJob
}

// BotClaim asks for jobs.
type BotClaim struct {
	Now, Until time.Time        // nobody else gets them before Until
	Most       int              // of all tenants
	PerTenant  int              // at once, with those that the caller has in hand: one tenant's rush is not everybody's wait
	Busy       map[TenantID]int // what the caller has in hand
}

// BotQueue is what those work on who answer for bots. A claim ends when it is finished, when its time is over, and when the job is: then
// what its holder does with it changes nothing, and is told.
//
// Whoever answers looks at the conversation first, and appends with its version as Expect: between two looks a person may have taken it
// over. It looks at the tenant's BotSettings, too: one that was turned off a moment ago may have left a job.
type BotQueue interface {
	// ClaimBotJobs takes jobs that are due, the longest due first. Each is another attempt.
	ClaimBotJobs(ctx context.Context, c BotClaim) ([]BotJob, error)
	// KeepBotJob holds on until a time, and reports whether the job still is the caller's. If it is not, it must not be answered.
	KeepBotJob(ctx context.Context, j BotJob, until time.Time) (bool, error)
	// FinishBotJob takes the job away, whatever came of it; RetryBotJob makes it due again. Both report whether it still was the caller's.
	FinishBotJob(ctx context.Context, j BotJob) (bool, error)
	RetryBotJob(ctx context.Context, j BotJob, due time.Time) (bool, error)
	// BotJobsDue holds a token when this node has written jobs. Those of other nodes are found by looking.
	BotJobsDue() <-chan struct{}
}
