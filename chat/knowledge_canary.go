package chat

import (
	"context"
	"time"
)

// CanaryPlan says how a new version of a tenant's index is tried: a share of the conversations is answered from it for some time before all
// are. Without a share it is put in use at once.
type CanaryPlan struct {
	Percent int           // of the conversations, 0 to MaxCanaryPercent
	For     time.Duration // MinCanary to MaxCanary, in whole seconds
}

// Bounds of a CanaryPlan.
const (
	MaxCanaryPercent = 50
	MinCanary        = time.Minute
	MaxCanary        = 7 * 24 * time.Hour
)

// Check returns Malformed, naming the field, for what can't be.
func (p CanaryPlan) Check() error {
	if p.Percent < 0 || p.Percent > MaxCanaryPercent {
		return Errorf(Malformed, "percent: must be 0 to %d", MaxCanaryPercent)
	}
	if p.Percent > 0 && (p.For < MinCanary || p.For > MaxCanary || p.For%time.Second != 0) {
		return Errorf(Malformed, "minutes: must be %d to %d", MinCanary/time.Minute, MaxCanary/time.Minute)
	}
	return nil
}

// CanaryTally counts what came of questions that a version was asked.
type CanaryTally struct {
	Asked int64 `json:"asked"`
	Open  int64 `json:"open"` // those of them that it could not answer, so that a person had to
}

// KnowledgeCanary is a version that is being tried. The zero canary is none.
type KnowledgeCanary struct {
	Version     int64
	Percent     int
	Began, Ends time.Time
	// Old counts the version in use since Began, and New this one. They are a few seconds behind.
	Old, New CanaryTally
}

// CanaryResult is what a version that was taken back had done.
type CanaryResult struct {
	Old CanaryTally `json:"old"`
	New CanaryTally `json:"new"`
}

// KnowledgeCanaries is what trying versions needs.
type KnowledgeCanaries interface {
	// PlanCanary says how the next versions are tried. What is tried already goes on as it was begun.
	PlanCanary(ctx context.Context, tenant TenantID, p CanaryPlan) error
	// PromoteCanary puts the version that is tried in use on a person's behalf. Conflict if there is none.
	PromoteCanary(ctx context.Context, tenant TenantID) (KnowledgeVersion, error)
	// Canaries lists the states of those tenants that try a version.
	Canaries(ctx context.Context) ([]KnowledgeState, error)
	// TallyCanary adds what came of questions while a version is tried. If it is not any more nothing happens.
	TallyCanary(ctx context.Context, tenant TenantID, version int64, old, more CanaryTally) error
	// EndCanary ends the trial of a version, and reports whether it was still tried: it is put in use, or, with a failure, is not.
	EndCanary(ctx context.Context, tenant TenantID, version int64, f *KnowledgeFailure) (bool, error)
}
