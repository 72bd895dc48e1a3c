package api

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// GoldenQuestion is a question of which it is known what answers it.
type GoldenQuestion struct {
	ID        string    `json:"id" format:"uuid"`
	Question  string    `json:"question"`
	Document  string    `json:"document_id" format:"uuid"`
	Within    int       `json:"within" doc:"The document must be among so many first hits."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func showGolden(g *chat.GoldenQuestion) GoldenQuestion {
	return GoldenQuestion{g.ID.String(), g.Question, g.Document.String(), g.Within, g.CreatedAt.UTC(), g.UpdatedAt.UTC()}
}

func (a *API) listGolden(ctx context.Context, c *call, in *listInput) (*answer[List[GoldenQuestion]], error) {
	page, next, err := a.cfg.Store.GoldenQuestions(ctx, c.actor().Tenant, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[GoldenQuestion]{Data: make([]GoldenQuestion, len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i] = showGolden(&page[i])
	}
	return ok(out)
}

func (a *API) getGolden(ctx context.Context, c *call, in *Target) (*answer[GoldenQuestion], error) {
	id, err := pathID[chat.GoldenQuestion](in.ID)
	if err != nil {
		return nil, err
	}
	g, err := a.cfg.Store.GoldenQuestion(ctx, c.actor().Tenant, id)
	if err != nil {
		return nil, err
	}
	return ok(showGolden(&g))
}

type createGoldenInput struct {
	Body struct {
		Question string `json:"question" minLength:"1" maxLength:"500"`
		Document string `json:"document_id" format:"uuid" doc:"The document that must be found."`
		Within   int    `json:"within,omitempty" minimum:"1" maximum:"10" doc:"Among so many first hits. Defaults to 3."`
	}
}

func (a *API) createGolden(ctx context.Context, c *call, in *createGoldenInput) (*answer[GoldenQuestion], error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	now := a.now()
	g := chat.GoldenQuestion{ID: chat.NewID[chat.GoldenQuestion](), Tenant: c.actor().Tenant, Question: in.Body.Question, Within: in.Body.Within, CreatedAt: now, UpdatedAt: now}
	if g.Document, err = optionalID[chat.Document]("document_id", in.Body.Document); err != nil {
		return nil, err
	}
	if err := g.Check(); err != nil {
		return nil, err
	}
	if err := a.cfg.Store.AddGoldenQuestion(ctx, g, a.due()); err != nil {
		return nil, err
	}
	base.Changed(ctx, g.Tenant)
	return ok(showGolden(&g))
}

type updateGoldenInput struct {
	Target
	Body struct {
		Question *string `json:"question,omitempty" minLength:"1" maxLength:"500"`
		Document *string `json:"document_id,omitempty" format:"uuid"`
		Within   *int    `json:"within,omitempty" minimum:"1" maximum:"10"`
	}
}

func (a *API) updateGolden(ctx context.Context, c *call, in *updateGoldenInput) (*answer[GoldenQuestion], error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	id, err := pathID[chat.GoldenQuestion](in.ID)
	if err != nil {
		return nil, err
	}
	g, err := a.cfg.Store.ChangeGoldenQuestion(ctx, c.actor().Tenant, id, a.due(), func(g *chat.GoldenQuestion) (err error) {
		g.UpdatedAt = a.now()
		set(&g.Question, in.Body.Question)
		set(&g.Within, in.Body.Within)
		if in.Body.Document != nil {
			if g.Document, err = optionalID[chat.Document]("document_id", *in.Body.Document); err != nil {
				return err
			}
		}
		return g.Check()
	})
	if err != nil {
		return nil, err
	}
	base.Changed(ctx, g.Tenant)
	return ok(showGolden(&g))
}

func (a *API) deleteGolden(ctx context.Context, c *call, in *Target) (*none, error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	id, err := pathID[chat.GoldenQuestion](in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Store.DeleteGoldenQuestion(ctx, c.actor().Tenant, id, a.due()); err != nil {
		return nil, err
	}
	base.Changed(ctx, c.actor().Tenant)
	return nil, nil
}

// Unanswered is a question that nothing in the knowledge answered.
type Unanswered struct {
	ID       string    `json:"id" format:"uuid"`
	Question string    `json:"question"`
	Count    int64     `json:"count" doc:"How often it was asked."`
	FirstAt  time.Time `json:"first_at"`
	LastAt   time.Time `json:"last_at"`
}

func (a *API) listUnanswered(ctx context.Context, c *call, in *listInput) (*answer[List[Unanswered]], error) {
	page, next, err := a.cfg.Store.Unanswered(ctx, c.actor().Tenant, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[Unanswered]{Data: make([]Unanswered, len(page)), NextCursor: orNull(next)}
	for i := range page {
		u := &page[i]
		out.Data[i] = Unanswered{u.ID.String(), u.Question, u.Count, u.FirstAt.UTC(), u.LastAt.UTC()}
	}
	return ok(out)
}

type unansweredInput struct {
	Body struct {
		Question string `json:"question" minLength:"1" maxLength:"500"`
	}
}

func (a *API) noteUnanswered(ctx context.Context, c *call, in *unansweredInput) (*none, error) {
	if chat.FoldQuestion(in.Body.Question) == "" {
		return nil, chat.Errorf(chat.Malformed, "question: ask something")
	}
	return nil, a.cfg.Store.NoteUnanswered(ctx, c.actor().Tenant, chat.ConversationID{}, in.Body.Question, a.now())
}

func (a *API) dismissUnanswered(ctx context.Context, c *call, in *Target) (*none, error) {
	id, err := pathID[chat.Unanswered](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Store.DismissUnanswered(ctx, c.actor().Tenant, id)
}
