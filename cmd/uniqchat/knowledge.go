package main

import (
	"context"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/ai"
	"github.com/uniqchat/uniqchat/ai/library"
	"github.com/uniqchat/uniqchat/ai/openai"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/storage"
)

// library makes the knowledge base; nil for a node that has only live connections.
func (p *process) library(kept *storage.Storage, local func() (*ai.Local, error), set *metrics.Set) (*library.Library, error) {
	if p.role == server.RoleEngine {
		return nil, nil
	}
	o := library.Options{Store: kept.Store, Broker: kept.Broker, Builds: true, Logger: p.logger, Metrics: set}
	if strings.HasPrefix(p.cfg.Storage.URL, "sqlite:") {
		o.Poll, o.Alone = 30*time.Second, true // nobody else writes: it is told of everything
	}
	switch p.cfg.AI.Embedder {
	case config.EmbedderLocal:
		o.Embedder = func() (library.Embedder, error) { return local() }
	case config.EmbedderOpenAI:
		e, err := openai.NewEmbedder(p.cfg.AI.Server())
		if err != nil {
			return nil, err
		}
		o.Embedder = func() (library.Embedder, error) { return e, nil }
	}
	return library.New(o), nil
}

// knowledgeLimits is what a tenant's knowledge base may hold.
func (p *process) knowledgeLimits() chat.KnowledgeLimits {
	c := &p.cfg.AI
	return chat.KnowledgeLimits{Documents: c.MaxDocuments, DocumentBytes: c.MaxDocumentBytes, Bytes: c.TenantBytes}
}

// reading is what runs a library beside the server; nil if there is none.
func reading(l *library.Library) func(ctx context.Context) error {
	if l == nil {
		return nil
	}
	return l.Run
}
