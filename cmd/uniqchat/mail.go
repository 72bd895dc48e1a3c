package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/outbound/mail"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/api"
	"github.com/uniqchat/uniqchat/storage"
)

// mailConfig is what the API knows of mail.
func (p *process) mailConfig() api.MailConfig {
	return api.MailConfig{
		Enabled: p.cfg.SMTP.Host != "", BaseURL: strings.TrimRight(p.cfg.HTTP.PublicURL, "/"),
		PerTenant: p.cfg.SMTP.TenantPerHour, PerRecipient: p.cfg.SMTP.RecipientPerHour,
	}
}

// mailer returns what sends mail; nil where none is to be sent, and for a node that has only live connections.
func (p *process) mailer(kept *storage.Storage, set *metrics.Set) (func(ctx context.Context) error, error) {
	c := &p.cfg.SMTP
	if c.Host == "" || p.role == server.RoleEngine {
		return nil, nil
	}
	s, err := mail.New(mail.Options{
		Queue: kept.Store, Data: p.server.MailData, Resets: p.server.MailResets, GiveUp: time.Duration(c.GiveUp), Logger: p.logger, Metrics: set,
		Server: mail.Server{
			Host: c.Host, Port: p.cfg.MailPort(), TLS: c.TLS, Username: c.Username, Password: string(c.Password), From: c.From,
			Timeout: time.Duration(c.Timeout),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return s.Run, nil
}
