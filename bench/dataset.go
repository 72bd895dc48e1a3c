package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

// Dataset is rows to measure against: messages of conversations of tenants, of very different sizes, made up from word lists.
// The same numbers make the same rows.
type Dataset struct {
	Tenants       int
	Conversations int
	Messages      int // at least four for every conversation
	Seed          uint64
	Workers       int // connections that fill at the same time
}

// TenMillion is the set that the figures on docs/performance.md are measured with.
var TenMillion = Dataset{Tenants: 1000, Conversations: 1_000_000, Messages: 10_000_000, Seed: 1, Workers: 2}

// perBlock is how many conversations go into one transaction. Their messages are interleaved as time would have had it, so
// that the rows of one conversation do not lie side by side.
const perBlock = 2000

// When the rows were made up to happen.
var (
	datasetStart = time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)
	datasetSpan  = 365 * 24 * time.Hour
)

// ErrOtherData is returned for a database that holds tenants that are not the data set's, or a part of it.
var ErrOtherData = errors.New("the database holds other data, or a part of the data set: make a fresh one")

func (d Dataset) validate() error {
	switch {
	case d.Tenants < 2:
		return errors.New("tenants: at least 2")
	case d.Conversations < d.Tenants:
		return errors.New("conversations: at least as many as tenants")
	case d.Messages < 4*d.Conversations:
		return errors.New("messages: at least four for each conversation")
	case d.Workers < 1:
		return errors.New("workers: at least 1")
	}
	return nil
}

// Fill writes the data set into a PostgreSQL database that `uniqchat migrate` has prepared. It is no error if it is there
// already. The URL's user must not be held to row-level security (a superuser). A nil progress shows nothing.
func (d Dataset) Fill(ctx context.Context, url string, progress *Progress) (err error) {
	if err := d.validate(); err != nil {
		return err
	}
	conn, err := connectDataset(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if done, err := d.check(ctx, conn); err != nil || done {
		return err
	}
	p := newPlan(d)
	if err := p.writePeople(ctx, conn); err != nil {
		return fmt.Errorf("write tenants: %w", err)
	}
	if err := p.writeBlocks(ctx, url, progress); err != nil {
		return err
	}
	end := progress.phase("vacuum", 1, func() (int64, string) { return 0, "" })
	defer end()
	for _, table := range []string{"tenants", "teams", "agents", "visitors", "conversations", "messages", "marks", "records", "conversation_labels"} {
		if _, err := conn.Exec(ctx, "VACUUM (ANALYZE) "+table); err != nil {
			return fmt.Errorf("vacuum %s: %w", table, err)
		}
	}
	if _, err := conn.Exec(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// connectDataset connects for writing much at once. A crash may lose the last of it: then it is filled again.
func connectDataset(ctx context.Context, url string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	cfg.RuntimeParams["synchronous_commit"] = "off"
	cfg.RuntimeParams["application_name"] = "uniqbench dataset"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}

// check reports whether the data set is there, and refuses a database that it can't be written to.
func (d Dataset) check(ctx context.Context, conn *pgx.Conn) (done bool, err error) {
	var held bool
	err = conn.QueryRow(ctx, `SELECT row_security_active('messages')`).Scan(&held)
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "42P01" {
		return false, errors.New("the database has no schema: run uniqchat migrate first")
	}
	if err != nil {
		return false, fmt.Errorf("look at the database: %w", err)
	}
	if held {
		return false, errors.New("row-level security holds for the user of the URL, and COPY can't work under it: use a superuser")
	}
	var tenants, ours, messages int
	err = conn.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE slug LIKE 'data-%') FROM tenants`).Scan(&tenants, &ours)
	if err == nil && tenants > 0 {
		err = conn.QueryRow(ctx, `SELECT count(*) FROM messages`).Scan(&messages)
	}
	switch {
	case err != nil:
		return false, fmt.Errorf("look at the database: %w", err)
	case tenants == 0:
		return false, nil
	case ours == tenants && tenants == d.Tenants && messages == d.Messages:
		return true, nil
	}
	return false, ErrOtherData
}

// writeBlocks writes conversations and messages, block by block.
func (p *plan) writeBlocks(ctx context.Context, url string, progress *Progress) error {
	var next, written atomic.Int64
	end := progress.phase("messages", int64(p.Messages), func() (int64, string) { return written.Load(), "" })
	defer end()
	group, ctx := errgroup.WithContext(ctx)
	for range p.Workers {
		group.Go(func() (err error) {
			conn, err := connectDataset(ctx, url)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
			for {
				n := int(next.Add(1)) - 1
				if n >= p.blocks {
					return nil
				}
				b := p.block(n)
				if err := b.write(ctx, conn); err != nil {
					return fmt.Errorf("write block %d: %w", n, err)
				}
				written.Add(int64(len(b.messages)))
			}
		})
	}
	return group.Wait()
}

// write writes the block in one transaction.
func (b *block) write(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // no-op after Commit
	for _, c := range []struct {
		table   string
		columns []string
		n       int
		row     func(i int) []any
	}{
		{"visitors", visitorColumns, len(b.visitors), func(i int) []any { return b.visitors[i] }},
		{"conversations", conversationColumns, len(b.conversations), func(i int) []any { return b.conversations[i].row() }},
		{"messages", messageColumns, len(b.messages), func(i int) []any { return b.messages[i].row() }},
		{"marks", markColumns, len(b.marks), func(i int) []any { return b.marks[i] }},
		{"conversation_labels", labelColumns, len(b.labels), func(i int) []any { return b.labels[i] }},
	} {
		source := pgx.CopyFromSlice(c.n, func(i int) ([]any, error) { return c.row(i), nil })
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{c.table}, c.columns, source); err != nil {
			return fmt.Errorf("copy %s: %w", c.table, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// share divides n among weights, leaving no one without at least least. The order of weights is kept, the sum is exact.
func share(n, least int, weights []float64) []int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	out := make([]int, len(weights))
	left := n - least*len(weights)
	given, so := 0, 0.0
	for i, w := range weights {
		so += w
		upto := int(math.Round(float64(left) * so / sum))
		out[i] = least + upto - given
		given = upto
	}
	return out
}
