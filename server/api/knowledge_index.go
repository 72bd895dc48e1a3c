package api

import (
	"context"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// KnowledgeIndex is how a tenant's index stands to its documents.
type KnowledgeIndex struct {
	Version     int64              `json:"version" doc:"Which index is in use; 0: none yet."`
	State       string             `json:"state" enum:"idle,waiting,building" doc:"waiting: a build is asked for and begins in a moment."`
	Done        int                `json:"done" doc:"While building: chunks that are ready."`
	Total       int                `json:"total"`
	RolledBack  bool               `json:"rolled_back" doc:"Somebody went back to the version in use: a newer one was in use, or was taken back by hand when it was tried."`
	Documents   int                `json:"documents" doc:"That the index in use has."`
	Chunks      int                `json:"chunks"`
	Embedder    string             `json:"embedder" doc:"Which model made its vectors; empty: it finds by words alone."`
	BuiltAt     *time.Time         `json:"built_at" nullable:"true"`
	Versions    []KnowledgeVersion `json:"versions" nullable:"false" doc:"What can be gone back to, the newest first: the last five that were in use, and a few that were only tried."`
	LastFailure *KnowledgeFailure  `json:"last_failure,omitempty" doc:"Why the last build was not put in use; missing if it was."`
	Plan        CanaryPlan         `json:"canary_plan" doc:"How the next versions are tried."`
	Canary      *KnowledgeCanary   `json:"canary,omitempty" doc:"The version that is being tried; missing if none is."`
}

// KnowledgeVersion is an index that is kept.
type KnowledgeVersion struct {
	Version   int64     `json:"version"`
	Active    bool      `json:"active"`
	Used      bool      `json:"used" doc:"It is or was in use; others were only tried."`
	Documents int       `json:"documents"`
	Chunks    int       `json:"chunks"`
	Embedder  string    `json:"embedder"`
	CreatedAt time.Time `json:"created_at"`
}

// KnowledgeFailure is why a build was not put in use.
type KnowledgeFailure struct {
	At          time.Time       `json:"at"`
	Reason      string          `json:"reason" enum:"golden,too_many,canary" doc:"golden: golden questions did not find their documents; too_many: more chunks than an index may have; canary: it answered fewer questions than the version before when it was tried."`
	GoldenAsked int             `json:"golden_asked"`
	Golden      []GoldenFailure `json:"golden" nullable:"false" doc:"The golden questions that failed, 20 at most."`
	Old         *CanaryTally    `json:"before,omitempty" doc:"Of a canary: what came of questions to the version in use meanwhile."`
	New         *CanaryTally    `json:"tried,omitempty" doc:"Of a canary: what came of questions to it."`
}

// GoldenFailure is a golden question that did not find its document.
type GoldenFailure struct {
	ID       string  `json:"id" format:"uuid"`
	Question string  `json:"question" doc:"Empty if it was deleted since."`
	Expected string  `json:"document_id" doc:"Empty if the question was deleted since."`
	Found    *string `json:"found_document_id" nullable:"true" format:"uuid" doc:"What came first instead; null: nothing was found."`
}

// maxGoldenShown is how many golden questions that failed are shown.
const maxGoldenShown = 20

func (a *API) showIndex(ctx context.Context, tenant chat.TenantID) (*answer[KnowledgeIndex], error) {
	s, err := a.standing(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := KnowledgeIndex{Version: s.Active, State: "idle", Versions: make([]KnowledgeVersion, len(s.versions))}
	switch {
	case s.Building(s.now):
		out.State, out.Done, out.Total = "building", s.Done, s.Total
	case s.Waiting(s.now):
		out.State = "waiting"
	}
	for i := range s.versions {
		v := &s.versions[i]
		out.Versions[i] = KnowledgeVersion{v.Version, v.Version == s.Active, v.Used, v.Documents, v.Chunks, v.Embedder, v.CreatedAt.UTC()}
		out.RolledBack = out.RolledBack || s.leftBehind(v)
		if v.Version == s.Active {
			out.Documents, out.Chunks, out.Embedder, out.BuiltAt = v.Documents, v.Chunks, v.Embedder, timeOrNull(v.CreatedAt)
		}
	}
	out.Plan = CanaryPlan{s.Plan.Percent, int(s.Plan.For / time.Minute)}
	if s.tried > 0 {
		c := &s.Canary
		out.Canary = &KnowledgeCanary{c.Version, c.Percent, c.Began.UTC(), c.Ends.UTC(), CanaryTally(c.Old), CanaryTally(c.New)}
	}
	if s.Failure == nil {
		return ok(out)
	}
	f := KnowledgeFailure{At: s.Failure.At.UTC(), Reason: s.Failure.Reason, GoldenAsked: s.Failure.GoldenAsked, Golden: []GoldenFailure{}}
	if r := s.Failure.Canary; r != nil {
		f.Old, f.New = (*CanaryTally)(&r.Old), (*CanaryTally)(&r.New)
	}
	for _, g := range s.Failure.Golden[:min(len(s.Failure.Golden), maxGoldenShown)] {
		shown := GoldenFailure{ID: g.ID.String()}
		if g.Found != nil {
			shown.Found = idOrNull(*g.Found)
		}
		q, err := a.cfg.Store.GoldenQuestion(ctx, tenant, g.ID)
		if err == nil {
			shown.Question, shown.Expected = q.Question, q.Document.String()
		} else if chat.CodeOf(err) != chat.NotFound {
			return nil, err
		}
		f.Golden = append(f.Golden, shown)
	}
	out.LastFailure = &f
	return ok(out)
}

// leftBehind reports whether somebody went back from a version to the one in use. What was tried and took itself back, or would have failed
// anyhow, nobody did.
func (s *standing) leftBehind(v *chat.KnowledgeVersion) bool {
	return s.Canary.Version == 0 && v.Version > s.Active && v.Revision > s.revision && (v.Used || s.Failure == nil)
}

func (a *API) getKnowledgeIndex(ctx context.Context, c *call, _ *none) (*answer[KnowledgeIndex], error) {
	return a.showIndex(ctx, c.actor().Tenant)
}

func (a *API) reindexKnowledge(ctx context.Context, c *call, _ *none) (*answer[KnowledgeIndex], error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Store.Reindex(ctx, c.actor().Tenant, a.now()); err != nil {
		return nil, err
	}
	base.Changed(ctx, c.actor().Tenant)
	return a.showIndex(ctx, c.actor().Tenant)
}

type rollBackInput struct {
	Body *struct {
		Version int64 `json:"version,omitempty" minimum:"0" doc:"0, the default, is the newest one before the one in use that was in use; while a version is tried, it keeps the one in use, and ends the trial."`
	}
}

func (a *API) rollBackKnowledge(ctx context.Context, c *call, in *rollBackInput) (*answer[KnowledgeIndex], error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	var version int64
	if in.Body != nil {
		version = in.Body.Version
	}
	if _, err := a.cfg.Store.RollBackKnowledge(ctx, c.actor().Tenant, version); err != nil {
		return nil, err
	}
	base.Changed(ctx, c.actor().Tenant)
	return a.showIndex(ctx, c.actor().Tenant)
}

// KnowledgeHit is a piece of a document that may answer.
type KnowledgeHit struct {
	Score    float64         `json:"score" doc:"Higher is better; it does not depend on what else is found."`
	Scores   KnowledgeScores `json:"scores" doc:"What the score is made of."`
	Chunk    KnowledgeChunk  `json:"chunk"`
	Document FoundDocument   `json:"document"`
	LeftOut  string          `json:"left_out,omitempty" doc:"Bots leave it out because of these words, which speak to machines."`
}

// KnowledgeScores are what speaks for a hit.
type KnowledgeScores struct {
	Words         float64 `json:"words" doc:"Share of the question's words, 0 to about 1."`
	Parts         float64 `json:"parts" doc:"The same of parts of words."`
	Concepts      float64 `json:"concepts" doc:"The same of what shops are asked about, in English and Chinese."`
	HeadingVector float64 `json:"heading_vector" doc:"Cosine of the meanings of question and heading; 0 without an embedder."`
	TextVector    float64 `json:"text_vector" doc:"The same of the text."`
}

// KnowledgeChunk is a piece of a document.
type KnowledgeChunk struct {
	ID       string `json:"id" doc:"Follows from what is in it."`
	Heading  string `json:"heading" doc:"Headings above it, or the question that it answers."`
	Question bool   `json:"question" doc:"Whether the heading is a question."`
	Text     string `json:"text"`
}

// FoundDocument is the document of a hit, as it is in the index.
type FoundDocument struct {
	ID    string `json:"id" format:"uuid"`
	Title string `json:"title"`
}

// KnowledgeHits is what was found.
type KnowledgeHits struct {
	Version int64          `json:"version" doc:"The index that was asked; 0: there is none yet."`
	Data    []KnowledgeHit `json:"data" nullable:"false" doc:"The best first."`
}

type searchInput struct {
	Q     string `query:"q" required:"true" minLength:"1" maxLength:"500" doc:"A question, in any language that the documents have, or in English and Chinese on one another's."`
	Limit int    `query:"limit" default:"5" minimum:"1" maximum:"20"`
}

func (a *API) searchKnowledge(ctx context.Context, c *call, in *searchInput) (*answer[KnowledgeHits], error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(in.Q) == "" {
		return nil, chat.Errorf(chat.Malformed, "q: ask something")
	}
	found, err := base.Search(ctx, c.actor().Tenant, chat.KnowledgeQuery{Question: in.Q, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := KnowledgeHits{Version: found.Version, Data: make([]KnowledgeHit, len(found.Hits))}
	for i := range found.Hits {
		h := &found.Hits[i]
		out.Data[i] = KnowledgeHit{
			h.Score,
			KnowledgeScores{h.Words, h.Parts, h.Concepts, h.HeadingVector, h.TextVector},
			KnowledgeChunk{h.Chunk, h.Heading, h.Question, h.Text},
			FoundDocument{h.Document.String(), h.Title},
			base.Suspicious(h),
		}
	}
	return ok(out)
}
