package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/uniqchat/uniqchat/bench"
	"github.com/uniqchat/uniqchat/storage/postgres"
)

func datasetCommand() *cobra.Command {
	d := bench.TenMillion
	var url string
	c := &cobra.Command{
		Use:   "dataset",
		Short: "Fill a PostgreSQL database with rows to measure against: 10 million messages in 1,000 tenants",
		Long: "Fill a PostgreSQL database, fresh from `uniqchat migrate`, with made-up tenants, agents, visitors, conversations and\n" +
			"messages in Chinese and English: one tenant has a tenth of everything, the others are of very different sizes. The same\n" +
			"numbers make the same rows. The user of the URL must be a superuser. A database that is filled already is left alone.",
		Args:    cobra.NoArgs,
		Example: "  uniqbench dataset --url postgres://postgres@127.0.0.1:5432/measure",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if url == "" {
				return fmt.Errorf("--url: which database? e.g. postgres://postgres@127.0.0.1:5432/measure")
			}
			started := time.Now()
			progress := &bench.Progress{W: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd()))}
			if err := d.Fill(cmd.Context(), url, progress); err != nil {
				return err
			}
			filled := time.Since(started)
			n, err := indexAll(cmd.Context(), url)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d messages in %d conversations of %d tenants are there (%s); %d of them made findable (%s)\n",
				d.Messages, d.Conversations, d.Tenants, filled.Round(time.Second), n, (time.Since(started) - filled).Round(time.Second))
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&url, "url", "", "address of the database")
	f.IntVar(&d.Messages, "messages", d.Messages, "messages")
	f.IntVar(&d.Conversations, "conversations", d.Conversations, "conversations")
	f.IntVar(&d.Tenants, "tenants", d.Tenants, "tenants")
	f.Uint64Var(&d.Seed, "seed", d.Seed, "other rows of the same kind")
	f.IntVar(&d.Workers, "workers", d.Workers, "connections that fill at the same time")
	return c
}

// indexAll makes everything findable, as a node would in the background, and returns how many messages that was.
func indexAll(ctx context.Context, url string) (n int, err error) {
	db, err := postgres.Open(ctx, url, postgres.Options{MaxConns: 2})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	set := metrics.NewSet()
	if err := postgres.NewIndexer(db, postgres.IndexerOptions{Metrics: set}).Finish(ctx); err != nil {
		return 0, err
	}
	n = int(set.GetOrCreateCounter("uniqchat_search_indexed_total").Get())
	if n == 0 {
		return 0, nil
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return n, fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, "VACUUM (ANALYZE) search"); err != nil {
		return n, fmt.Errorf("vacuum search: %w", err)
	}
	return n, nil
}
