package seal

import (
	"context"

	"github.com/uniqchat/uniqchat/chat"
)

// Document opens a document. Of one of a list, what can't be opened is empty and stops nobody; alone it is an error.
func (k *Keyring) Document(ctx context.Context, d *chat.Document, alone bool) error {
	if alone {
		var err error
		if d.Title, err = k.Text(ctx, d.Tenant, d.Title, OfKnowledge("knowledge_documents.title", d.ID)); err != nil {
			return err
		}
		d.Text, err = k.Text(ctx, d.Tenant, d.Text, OfKnowledge("knowledge_documents.body", d.ID))
		return err
	}
	if err := k.text(ctx, d.Tenant, &d.Title, OfKnowledge("knowledge_documents.title", d.ID)); err != nil {
		return err
	}
	return k.text(ctx, d.Tenant, &d.Text, OfKnowledge("knowledge_documents.body", d.ID))
}

// Golden opens a golden question.
func (k *Keyring) Golden(ctx context.Context, g *chat.GoldenQuestion) error {
	return k.text(ctx, g.Tenant, &g.Question, OfKnowledge("knowledge_golden.question", g.ID))
}

// Unanswered opens a question that nothing answered.
func (k *Keyring) Unanswered(ctx context.Context, u *chat.Unanswered) error {
	return k.text(ctx, u.Tenant, &u.Question, OfKnowledge("knowledge_unanswered.question", u.ID))
}

// Chunk opens a chunk; what can't be opened is empty.
func (k *Keyring) Chunk(ctx context.Context, tenant chat.TenantID, c *chat.KnowledgeChunk) error {
	return k.text(ctx, tenant, &c.Body, OfKnowledge("knowledge_chunks.body", c.ID))
}

// Known opens a column, named with its table, of what a tenant knows; what can't be opened is empty.
func (k *Keyring) Known(ctx context.Context, tenant chat.TenantID, text *string, column string, id [16]byte) error {
	return k.text(ctx, tenant, text, OfKnowledge(column, id))
}
