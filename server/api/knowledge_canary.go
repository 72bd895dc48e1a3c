package api

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// CanaryPlan is how a new version of the index is tried.
type CanaryPlan struct {
	Percent int `json:"percent" minimum:"0" maximum:"50" doc:"Of the conversations that a new version answers first; 0: it answers all at once."`
	Minutes int `json:"minutes" minimum:"0" maximum:"10080" doc:"How long it is tried, 1 at least where percent is not 0. It is taken back if it answers markedly fewer questions, and put in use otherwise."`
}

// KnowledgeCanary is a version that is being tried.
type KnowledgeCanary struct {
	Version int64       `json:"version"`
	Percent int         `json:"percent" doc:"Of the conversations."`
	Began   time.Time   `json:"began_at"`
	Ends    time.Time   `json:"ends_at" doc:"When it is put in use, if nothing speaks against it."`
	Old     CanaryTally `json:"before" doc:"What came of questions to the version in use since then; a few seconds late."`
	New     CanaryTally `json:"tried" doc:"The same of the version that is tried."`
}

// CanaryTally counts what came of questions.
type CanaryTally struct {
	Asked int64 `json:"asked"`
	Open  int64 `json:"open" doc:"Those of them that a person had to answer, because the knowledge did not."`
}

type planInput struct{ Body CanaryPlan }

func (a *API) planCanary(ctx context.Context, c *call, in *planInput) (*answer[KnowledgeIndex], error) {
	if _, err := a.base(); err != nil {
		return nil, err
	}
	plan := chat.CanaryPlan{Percent: in.Body.Percent, For: time.Duration(in.Body.Minutes) * time.Minute}
	if err := plan.Check(); err != nil {
		return nil, err
	}
	if err := a.cfg.Store.PlanCanary(ctx, c.actor().Tenant, plan); err != nil {
		return nil, err
	}
	return a.showIndex(ctx, c.actor().Tenant)
}

func (a *API) promoteCanary(ctx context.Context, c *call, _ *none) (*answer[KnowledgeIndex], error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	if _, err := a.cfg.Store.PromoteCanary(ctx, c.actor().Tenant); err != nil {
		return nil, err
	}
	base.Changed(ctx, c.actor().Tenant)
	return a.showIndex(ctx, c.actor().Tenant)
}
