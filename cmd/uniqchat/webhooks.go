package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/outbound/webhook"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/storage"
)

// webhooks returns what sends webhooks' events; nil for a node that has only live connections.
func (p *process) webhooks(kept *storage.Storage, set *metrics.Set) (func(ctx context.Context) error, error) {
	if p.role == server.RoleEngine {
		return nil, nil
	}
	allowed, err := p.cfg.AllowedNetworks()
	if err != nil {
		return nil, err
	}
	c := &p.cfg.Webhooks
	o := webhook.Options{
		Queue: kept.Store, Data: p.server.WebhookData(), AllowNetworks: allowed, Timeout: time.Duration(c.Timeout),
		Retention: time.Duration(c.Retention), Most: max(server.Outgoing()/2, 1), Version: version, Logger: p.logger, Metrics: set,
	}
	if strings.HasPrefix(p.cfg.Storage.URL, "sqlite:") {
		o.Idle = time.Minute // nobody else writes: it is told of everything
	}
	return webhook.New(o).Run, nil
}

// alongside runs main until ctx ends, with aside beside it, which is to end when main has. aside may be nil.
func alongside(ctx context.Context, aside, main func(ctx context.Context) error) error {
	if aside == nil {
		return main(ctx)
	}
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	ended := make(chan error, 1)
	go func() { ended <- aside(lasting) }()
	err := main(ctx)
	end()
	if asideErr := <-ended; asideErr != nil {
		err = errors.Join(err, fmt.Errorf("what goes out: %w", asideErr))
	}
	return err
}
