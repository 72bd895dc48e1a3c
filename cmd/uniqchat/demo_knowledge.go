package main

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/cmd/uniqchat/demo"
)

// seedKnowledge gives the demo's tenant its knowledge base, if it never had one.
func seedKnowledge(ctx context.Context, store chat.Store, base chat.KnowledgeBase, limits chat.KnowledgeLimits) error {
	tenant, err := store.TenantBySlug(ctx, "demo")
	if err != nil {
		return err
	}
	state, err := store.KnowledgeState(ctx, tenant.ID)
	if err != nil || state.Revision > 0 {
		return err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	for _, want := range demo.Documents {
		raw, err := want.Text()
		if err != nil {
			return err
		}
		d := chat.Document{
			ID: chat.NewID[chat.Document](), Tenant: tenant.ID, Title: want.Title, Format: want.Format, Language: want.Language, Text: string(raw), Bytes: len(raw),
			Hash: sha256.Sum256(raw), Enabled: true, CreatedAt: now, UpdatedAt: now,
		}
		if _, d.Chunks, err = base.Read(d.Format, d.Text); err != nil {
			return err
		}
		if _, err := store.AddDocument(ctx, d, limits, now); err != nil {
			return err
		}
		g := chat.GoldenQuestion{ID: chat.NewID[chat.GoldenQuestion](), Tenant: tenant.ID, Question: want.Golden, Document: d.ID, Within: 3, CreatedAt: now, UpdatedAt: now}
		if err := store.AddGoldenQuestion(ctx, g, now); err != nil {
			return err
		}
	}
	return nil
}
