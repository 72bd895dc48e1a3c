package explain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/postgres"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// sample is a tenant with some of what it has, drawn by chance.
type sample struct {
	tenant        chat.Tenant
	siteKey       string
	agents        []chat.Agent
	teams         []chat.Team
	labels        []chat.Record
	conversations []drawn
	long          []drawn  // those with most messages
	deep          []string // cursors of pages further and further down the list
	deepClosed    []string // the same for closed conversations of one agent
	deepWaiting   []string // the same for who waits
	deepAgent     chat.AgentID
	deepFound     []string  // the same for a search
	orders        []string  // numbers of orders that somebody wrote
	from, to      time.Time // when its conversations began
}

type drawn struct {
	chat.Key
	visitor chat.VisitorID
	last    chat.Seq
	first   chat.Seq
	message chat.MessageID
}

// draw chooses tenants, the biggest first.
func draw(ctx context.Context, c Config, report *Report) (out []sample, err error) {
	conn, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	err = conn.QueryRow(ctx, `SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM conversations), (SELECT count(*) FROM messages),
		(SELECT count(*) FROM visitors), current_setting('server_version')`).
		Scan(&report.Rows.Tenants, &report.Rows.Conversations, &report.Rows.Messages, &report.Rows.Visitors, &report.Server)
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	rows, err := conn.Query(ctx, `WITH sizes AS (SELECT tenant, count(*) AS n FROM conversations GROUP BY tenant)
		(SELECT tenant FROM sizes ORDER BY n DESC LIMIT 1) UNION ALL
		(SELECT tenant FROM sizes WHERE tenant <> (SELECT tenant FROM sizes ORDER BY n DESC LIMIT 1) ORDER BY md5($1::text || tenant::text) LIMIT $2)`,
		strconv.FormatUint(c.Seed, 10), c.Tenants)
	if err != nil {
		return nil, fmt.Errorf("draw tenants: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, fmt.Errorf("draw tenants: %w", err)
	}
	if len(ids) == 0 {
		return nil, errors.New("the database has no conversations: fill it with uniqbench dataset")
	}
	db, err := postgres.Open(ctx, c.URL, postgres.Options{})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	for i, id := range ids {
		conversations, pages := 40, 3
		if i == 0 {
			conversations, pages = 1000, 60
		}
		s, err := drawTenant(ctx, conn, db.Store(), chat.TenantID(id), conversations, pages)
		if err != nil {
			return nil, fmt.Errorf("draw from a tenant: %w", err)
		}
		out = append(out, s)
	}
	return out, nil
}

func drawTenant(ctx context.Context, conn *pgx.Conn, store *sqlstore.Store, id chat.TenantID, conversations, pages int) (s sample, err error) {
	if s.tenant, err = store.Tenant(ctx, id); err != nil {
		return s, err
	}
	if s.agents, _, err = store.Agents(ctx, id, "", 200); err != nil {
		return s, err
	}
	if s.teams, err = store.Teams(ctx, id); err != nil {
		return s, err
	}
	if s.labels, _, err = store.Records(ctx, id, chat.RecordLabel, "", 100); err != nil {
		return s, err
	}
	if len(s.agents) == 0 || len(s.teams) == 0 || len(s.labels) == 0 {
		return s, errors.New("it has no agents, teams or labels: fill the database with uniqbench dataset")
	}
	var from, to int64
	err = conn.QueryRow(ctx, `SELECT min(created_at), max(created_at), (SELECT site_key FROM site_keys WHERE tenant = $1 LIMIT 1)
		FROM conversations WHERE tenant = $1`, id).Scan(&from, &to, &s.siteKey)
	if err != nil {
		return s, err
	}
	s.from, s.to = sqlstore.FromMicros(from), sqlstore.FromMicros(to)
	if s.conversations, err = drawConversations(ctx, conn, id, "md5(c.id::text)", conversations); err != nil {
		return s, err
	}
	if s.long, err = drawConversations(ctx, conn, id, "c.last_seq DESC", 20); err != nil {
		return s, err
	}
	if s.deep, err = walk(ctx, store, id, chat.Filter{}, pages); err != nil {
		return s, err
	}
	s.deepAgent = s.agents[len(s.agents)-1].ID
	if s.deepFound, err = walk(ctx, store, id, chat.Filter{Text: "order"}, pages); err != nil {
		return s, err
	}
	if s.orders, err = drawOrders(ctx, conn, s.conversations); err != nil {
		return s, err
	}
	if s.deepWaiting, err = walk(ctx, store, id, chat.Filter{Statuses: []chat.Status{chat.Queued}, ByWait: true}, pages); err != nil {
		return s, err
	}
	s.deepClosed, err = walk(ctx, store, id, chat.Filter{Statuses: []chat.Status{chat.Closed}, Assignee: s.deepAgent}, pages)
	return s, err
}

func drawConversations(ctx context.Context, conn *pgx.Conn, id chat.TenantID, order string, n int) ([]drawn, error) {
	rows, err := conn.Query(ctx, `SELECT c.id, c.visitor, c.last_seq, m.seq, m.id FROM (SELECT * FROM conversations c WHERE c.tenant = $1 ORDER BY `+
		order+` LIMIT $2) c JOIN LATERAL (SELECT seq, id FROM messages m WHERE m.tenant = c.tenant AND m.conv = c.id ORDER BY seq LIMIT 1) m ON true`, id, n)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d drawn, err error) {
		var last, first int64
		d.Tenant = id
		err = row.Scan(&d.Conversation, &d.visitor, &last, &first, &d.message)
		d.last, d.first = chat.Seq(last), chat.Seq(first)
		return d, err
	})
}

// walk goes down a list and returns the cursors of its pages.
func walk(ctx context.Context, store *sqlstore.Store, id chat.TenantID, f chat.Filter, pages int) (cursors []string, err error) {
	f.Limit = 200
	for range pages {
		var next string
		if _, next, err = store.Conversations(ctx, id, f); err != nil {
			return nil, err
		}
		if next == "" {
			break
		}
		cursors = append(cursors, next)
		f.Cursor = next
	}
	return cursors, nil
}

// steal is what the machine's clock says at a moment: ticks that the host took, and all.
type steal struct{ taken, all float64 }

func stealNow() (s steal) {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(line) {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil || i > 8 { // guest time is part of user time
			continue
		}
		s.all += n
		if i == 8 {
			s.taken = n
		}
	}
	return s
}

// since is the share that the host took since an earlier moment, in percent.
func (s steal) since(before steal) float64 {
	if s.all <= before.all {
		return 0
	}
	return 100 * (s.taken - before.taken) / (s.all - before.all)
}

// loadNow is the load average of the last minute.
func loadNow() float64 {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
}

// drawOrders returns numbers of orders that were written in conversations: words that stand nowhere else.
func drawOrders(ctx context.Context, conn *pgx.Conn, of []drawn) (out []string, err error) {
	for i := range of[:min(len(of), 100)] {
		var n string
		err := conn.QueryRow(ctx, `SELECT COALESCE(max(substring(body FROM '2[0-9]{9}')), '') FROM messages WHERE tenant = $1 AND conv = $2`,
			of[i].Tenant, of[i].Conversation).Scan(&n)
		if err != nil {
			return nil, fmt.Errorf("draw words: %w", err)
		}
		if n != "" {
			out = append(out, n)
		}
	}
	return append(out, "2000000000"), nil
}
