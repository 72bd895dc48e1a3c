package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

const goldenColumns = `tenant, id, document, within, question, created_at, updated_at`

func scanGolden(scan row) (g chat.GoldenQuestion, err error) {
	var created, updated int64
	err = scan(&g.Tenant, &g.ID, &g.Document, &g.Within, &g.Question, &created, &updated)
	g.CreatedAt, g.UpdatedAt = FromMicros(created), FromMicros(updated)
	return g, err
}

// GoldenQuestion implements chat.KnowledgeStore.
func (s *Store) GoldenQuestion(ctx context.Context, tenant chat.TenantID, id chat.GoldenID) (chat.GoldenQuestion, error) {
	g, err := readOne(ctx, s, Of(tenant), "golden question", scanGolden, `SELECT `+goldenColumns+` FROM knowledge_golden WHERE tenant = $1 AND id = $2`, tenant, id)
	if err == nil {
		err = s.keys.Golden(ctx, &g)
	}
	return g, err
}

// GoldenQuestions implements chat.KnowledgeStore.
func (s *Store) GoldenQuestions(ctx context.Context, tenant chat.TenantID, cursor string, limit int) ([]chat.GoldenQuestion, string, error) {
	page, next, err := pageAfter(ctx, s, tenant, scanGolden, `SELECT `+goldenColumns+` FROM knowledge_golden`, cursor, limit,
		func(g *chat.GoldenQuestion) chat.GoldenID { return g.ID })
	for i := range page {
		if err == nil {
			err = s.keys.Golden(ctx, &page[i])
		}
	}
	return page, next, err
}

// expected sees to it that the document of a golden question is there.
func expected(ctx context.Context, q Querier, g *chat.GoldenQuestion) error {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM knowledge_documents WHERE tenant = $1 AND id = $2`, g.Tenant, g.Document).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return chat.Errorf(chat.NotFound, "document_id: there is no such document")
	}
	return nil
}

// goldenSaved notes what a save makes of a golden question.
func (a *acts) goldenSaved(g, old *chat.GoldenQuestion) {
	a.saved(g.Tenant, "golden_question", g.ID.String(), "", old != nil, changesOf(old, g, func(c *changes, old, now *chat.GoldenQuestion) {
		c.secret("question", old.Question != now.Question)
		c.field("document_id", idOrNone(old.Document), now.Document.String())
		c.field("within", old.Within, now.Within)
	}))
}

func idOrNone(id chat.DocumentID) any {
	if id.IsZero() {
		return nil
	}
	return id.String()
}

// AddGoldenQuestion implements chat.KnowledgeStore.
func (s *Store) AddGoldenQuestion(ctx context.Context, g chat.GoldenQuestion, due time.Time) error {
	keys, err := s.keys.Ready(ctx, g.Tenant)
	if err != nil {
		return err
	}
	return s.audited(ctx, Of(g.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		if _, err := revise(ctx, q, g.Tenant, due); err != nil {
			return err
		}
		if err := expected(ctx, q, &g); err != nil {
			return err
		}
		var n int
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM knowledge_golden WHERE tenant = $1`, g.Tenant).Scan(&n); err != nil {
			return err
		}
		if n >= chat.MaxGolden {
			return &chat.Error{Code: chat.Conflict, Name: "too_many", Message: fmt.Sprintf("there may be %d golden questions; delete some first", chat.MaxGolden), Limit: chat.MaxGolden}
		}
		a.goldenSaved(&g, nil)
		_, err := q.ExecContext(ctx, `INSERT INTO knowledge_golden (`+goldenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`, g.Tenant, g.ID, g.Document, g.Within,
			keys.Text(g.Question, seal.OfKnowledge("knowledge_golden.question", g.ID)), Micros(g.CreatedAt), Micros(g.UpdatedAt))
		return err
	})
}

// ChangeGoldenQuestion implements chat.KnowledgeStore.
func (s *Store) ChangeGoldenQuestion(ctx context.Context, tenant chat.TenantID, id chat.GoldenID, due time.Time, change func(*chat.GoldenQuestion) error) (g chat.GoldenQuestion, err error) {
	keys, err := s.keys.Ready(ctx, tenant)
	if err != nil {
		return g, err
	}
	place := seal.OfKnowledge("knowledge_golden.question", id)
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		if _, err := revise(ctx, q, tenant, due); err != nil {
			return err
		}
		old, err := scanGolden(q.QueryRowContext(ctx, `SELECT `+goldenColumns+` FROM knowledge_golden WHERE tenant = $1 AND id = $2`, tenant, id).Scan)
		if err != nil {
			return err
		}
		if old.Question, err = keys.OpenText(old.Question, place); err != nil {
			return err
		}
		g = old
		if err := change(&g); err != nil {
			return err
		}
		if err := expected(ctx, q, &g); err != nil {
			return err
		}
		a.goldenSaved(&g, &old)
		_, err = q.ExecContext(ctx, `UPDATE knowledge_golden SET document = $3, within = $4, question = $5, updated_at = $6 WHERE tenant = $1 AND id = $2`,
			tenant, id, g.Document, g.Within, keys.Text(g.Question, place), Micros(g.UpdatedAt))
		return err
	})
	return g, notFound(err, "golden question")
}

// DeleteGoldenQuestion implements chat.KnowledgeStore.
func (s *Store) DeleteGoldenQuestion(ctx context.Context, tenant chat.TenantID, id chat.GoldenID, due time.Time) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		if _, err := revise(ctx, q, tenant, due); err != nil {
			return err
		}
		a.add(tenant, chat.AuditNote{Action: "golden_question.deleted", TargetKind: "golden_question", TargetID: id.String()})
		return deleted(ctx, q, "golden question", `DELETE FROM knowledge_golden WHERE tenant = $1 AND id = $2`, tenant, id)
	})
}

const unansweredColumns = `tenant, id, question, count, first_at, last_at`

func scanUnanswered(scan row) (u chat.Unanswered, err error) {
	var first, last int64
	err = scan(&u.Tenant, &u.ID, &u.Question, &u.Count, &first, &last)
	u.FirstAt, u.LastAt = FromMicros(first), FromMicros(last)
	return u, err
}

// NoteUnanswered implements chat.KnowledgeStore. On PostgreSQL a question that is asked for the first time twice at once may be there
// twice.
func (s *Store) NoteUnanswered(ctx context.Context, tenant chat.TenantID, conv chat.ConversationID, question string, at time.Time) error {
	question = chat.FoldQuestion(question)
	if question == "" {
		return nil
	}
	keys, err := s.keys.Ready(ctx, tenant)
	if err != nil {
		return err
	}
	print := ""
	if keys.Seals() {
		print = keys.Blind("knowledge_unanswered.question", question)
	}
	return s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		if gone, err := erasing(ctx, q, tenant, conv); err != nil || gone {
			return err
		}
		res, err := q.ExecContext(ctx, `UPDATE knowledge_unanswered SET count = count + 1, last_at = $4, conv = COALESCE($5, conv) WHERE tenant = $1
			AND (print <> '' AND print = $2 OR print = '' AND question = $3)`, tenant, print, question, Micros(at), conv)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		id := chat.NewID[chat.Unanswered]()
		if _, err := q.ExecContext(ctx, `INSERT INTO knowledge_unanswered (tenant, id, question, print, count, first_at, last_at, conv) VALUES ($1, $2, $3, $4, 1, $5, $5, $6)`,
			tenant, id, keys.Text(question, seal.OfKnowledge("knowledge_unanswered.question", id)), print, Micros(at), conv); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `DELETE FROM knowledge_unanswered WHERE tenant = $1 AND (last_at < $2 OR id IN
			(SELECT id FROM knowledge_unanswered WHERE tenant = $1 ORDER BY last_at DESC, id LIMIT 1000000 OFFSET $3))`,
			tenant, Micros(at.Add(-chat.UnansweredLife)), chat.MaxUnanswered)
		return err
	})
}

// Unanswered implements chat.KnowledgeStore.
func (s *Store) Unanswered(ctx context.Context, tenant chat.TenantID, cursor string, limit int) ([]chat.Unanswered, string, error) {
	if limit < 1 || limit > 1000 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 1000")
	}
	before, err := beforeCursor[chat.UnansweredID](cursor)
	if err != nil {
		return nil, "", err
	}
	page, err := readAll(ctx, s, Of(tenant), scanUnanswered, `SELECT `+unansweredColumns+` FROM knowledge_unanswered WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
		tenant, before[:], limit+1)
	next := ""
	if len(page) > limit {
		page, next = page[:limit], encodeCursor(page[limit-1].ID)
	}
	for i := range page {
		err = errors.Join(err, s.keys.Unanswered(ctx, &page[i]))
	}
	return page, next, err
}

// DismissUnanswered implements chat.KnowledgeStore.
func (s *Store) DismissUnanswered(ctx context.Context, tenant chat.TenantID, id chat.UnansweredID) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(tenant, chat.AuditNote{Action: "unanswered.dismissed", TargetKind: "unanswered", TargetID: id.String()})
		return deleted(ctx, q, "question", `DELETE FROM knowledge_unanswered WHERE tenant = $1 AND id = $2`, tenant, id)
	})
}
