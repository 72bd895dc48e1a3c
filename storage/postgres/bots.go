package postgres

import (
	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// What becomes of conversations' jobs for bots, all at once.
const (
	askBots = `INSERT INTO bot_jobs (tenant, conv, message, seq, asked_at, attempt, due_at, leased_until)
		SELECT k.tenant, k.conv, k.message, k.seq, k.asked_at, 0, k.asked_at, 0
		FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[]) AS k(tenant, conv, message, seq, asked_at)
		ON CONFLICT (tenant, conv) DO UPDATE SET message = excluded.message, seq = excluded.seq, asked_at = excluded.asked_at, attempt = 0,
			due_at = excluded.due_at, leased_until = 0 WHERE bot_jobs.seq < excluded.seq`
	botsAreOver = `DELETE FROM bot_jobs b USING unnest($1::bytea[], $2::bytea[], $3::bigint[]) AS k(tenant, conv, seq)
		WHERE b.tenant = k.tenant AND b.conv = k.conv AND b.seq < k.seq`
)

// queueBots queues what has become of jobs.
func (h *hooks) queueBots(batch *pgx.Batch) {
	type change = project.BotChange
	var asked, over []change
	for i := range h.bots {
		if h.bots[i].Asked() {
			asked = append(asked, h.bots[i])
		} else {
			over = append(over, h.bots[i])
		}
	}
	tenant, conv := func(c *change) []byte { return c.Tenant[:] }, func(c *change) []byte { return c.Conversation[:] }
	seq := func(c *change) int64 { return int64(c.Seq) }
	if len(asked) > 0 {
		batch.Queue(askBots, column(asked, tenant), column(asked, conv), column(asked, func(c *change) []byte { return c.Message[:] }), column(asked, seq),
			column(asked, func(c *change) int64 { return sqlstore.Micros(c.AskedAt) }))
	}
	if len(over) > 0 {
		batch.Queue(botsAreOver, column(over, tenant), column(over, conv), column(over, seq))
	}
}

// asked reports whether there is a question for a bot.
func (h *hooks) asked() bool {
	for i := range h.bots {
		if h.bots[i].Asked() {
			return true
		}
	}
	return false
}
