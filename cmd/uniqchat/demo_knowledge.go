package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// demoTexts is what the demo shop knows, written for it.
//
//go:embed demo/*
var demoTexts embed.FS

var demoDocuments = []struct{ file, format, title, language, golden string }{
	{"orders-en.md", "markdown", "Orders, delivery and returns", "en", "how long do I have to send something back?"},
	{"orders-zh.md", "markdown", "订单、配送与退换", "zh", "运费是多少？"},
	{"goods-en.csv", "csv", "About our things", "en", "is the mug dishwasher safe?"},
	{"goods-zh.csv", "csv", "商品问答", "zh", "运动鞋偏大还是偏小？"},
}

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
	for _, want := range demoDocuments {
		raw, err := demoTexts.ReadFile("demo/" + want.file)
		if err != nil {
			return err
		}
		d := chat.Document{
			ID: chat.NewID[chat.Document](), Tenant: tenant.ID, Title: want.title, Format: want.format, Language: want.language, Text: string(raw), Bytes: len(raw),
			Hash: sha256.Sum256(raw), Enabled: true, CreatedAt: now, UpdatedAt: now,
		}
		if _, d.Chunks, err = base.Read(d.Format, d.Text); err != nil {
			return err
		}
		if _, err := store.AddDocument(ctx, d, limits, now); err != nil {
			return err
		}
		g := chat.GoldenQuestion{ID: chat.NewID[chat.GoldenQuestion](), Tenant: tenant.ID, Question: want.golden, Document: d.ID, Within: 3, CreatedAt: now, UpdatedAt: now}
		if err := store.AddGoldenQuestion(ctx, g, now); err != nil {
			return err
		}
	}
	return nil
}
