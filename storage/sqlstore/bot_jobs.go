package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// What becomes of a conversation's job, in the transaction that writes the events' rows. (PostgreSQL's projection writes all at once: package
// postgres.)
const (
	askBot = `INSERT INTO bot_jobs (tenant, conv, message, seq, asked_at, attempt, due_at, leased_until) VALUES ($1, $2, $3, $4, $5, 0, $5, 0)
		ON CONFLICT (tenant, conv) DO UPDATE SET message = excluded.message, seq = excluded.seq, asked_at = excluded.asked_at, attempt = 0,
		due_at = excluded.due_at, leased_until = 0 WHERE bot_jobs.seq < excluded.seq`
	botIsOver = `DELETE FROM bot_jobs WHERE tenant = $1 AND conv = $2 AND seq < $3`
)

// WriteBotJobs writes what has become of jobs, in a transaction.
func WriteBotJobs(ctx context.Context, q Querier, all []project.BotChange) error {
	var asked, over []project.BotChange
	for i := range all {
		if all[i].Asked() {
			asked = append(asked, all[i])
		} else {
			over = append(over, all[i])
		}
	}
	err := each(ctx, q, askBot, asked, func(c *project.BotChange) []any {
		return []any{c.Tenant, c.Conversation, c.Message, int64(c.Seq), Micros(c.AskedAt)}
	})
	if err != nil {
		return fmt.Errorf("write jobs for bots: %w", err)
	}
	err = each(ctx, q, botIsOver, over, func(c *project.BotChange) []any { return []any{c.Tenant, c.Conversation, int64(c.Seq)} })
	if err != nil {
		return fmt.Errorf("end jobs for bots: %w", err)
	}
	return nil
}

// BotJobsDue implements chat.BotQueue.
func (s *Store) BotJobsDue() <-chan struct{} { return s.asked }

// BotJobsWritten says that jobs may be due. Whoever writes them calls it once they are there.
func (s *Store) BotJobsWritten() {
	select {
	case s.asked <- struct{}{}:
	default:
	}
}

const botJobColumns = `tenant, conv, message, seq, asked_at, attempt, due_at`

func scanBotJob(scan row) (j chat.BotJob, err error) {
	var asked, due int64
	err = scan(&j.Tenant, &j.Conversation, &j.Message, &j.Seq, &asked, &j.Attempt, &due)
	j.AskedAt, j.DueAt = FromMicros(asked), FromMicros(due)
	return j, err
}

// botShare is how many jobs of a tenant are due, or may be taken.
type botShare struct {
	tenant chat.TenantID
	n      int
}

func scanBotShare(scan row) (b botShare, err error) {
	err = scan(&b.tenant, &b.n)
	return b, err
}

// ClaimBotJobs implements chat.BotQueue.
func (s *Store) ClaimBotJobs(ctx context.Context, c chat.BotClaim) (out []chat.BotJob, err error) {
	// Most of the time there is none: a look does not stand in the writers' line.
	due, err := readAll(ctx, s, System, scanBotShare, `SELECT tenant, COUNT(*) FROM bot_jobs WHERE due_at <= $1 AND leased_until <= $1
		GROUP BY tenant ORDER BY MIN(due_at), tenant`, Micros(c.Now))
	if err != nil {
		return nil, fmt.Errorf("look for jobs for bots: %w", err)
	}
	var shares []botShare
	for _, b := range due {
		if b.n = min(b.n, c.PerTenant-c.Busy[b.tenant], c.Most); b.n > 0 {
			shares = append(shares, b)
			c.Most -= b.n
		}
	}
	if len(shares) == 0 {
		return nil, nil
	}
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		out = out[:0]
		for _, b := range shares {
			rows, err := q.QueryContext(ctx, `SELECT `+botJobColumns+` FROM bot_jobs WHERE tenant = $1 AND due_at <= $2 AND leased_until <= $2
				ORDER BY due_at, conv LIMIT `+strconv.Itoa(b.n)+s.claimed(), b.tenant, Micros(c.Now))
			if err != nil {
				return err
			}
			found, err := collect(rows, scanBotJob)
			if err != nil {
				return err
			}
			out = append(out, found...)
		}
		for i := range out {
			j := &out[i]
			j.Attempt++
			if _, err := q.ExecContext(ctx, `UPDATE bot_jobs SET leased_until = $3, attempt = $4 WHERE tenant = $1 AND conv = $2`,
				j.Tenant, j.Conversation, Micros(c.Until), j.Attempt); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs for bots: %w", err)
	}
	return out, nil
}

// ofBotJob are the rows that a claim holds: one, or none any more.
const ofBotJob = ` WHERE tenant = $1 AND conv = $2 AND message = $3 AND attempt = $4`

// KeepBotJob implements chat.BotQueue.
func (s *Store) KeepBotJob(ctx context.Context, j chat.BotJob, until time.Time) (bool, error) {
	return s.changed(ctx, Of(j.Tenant), `UPDATE bot_jobs SET leased_until = $5`+ofBotJob, j.Tenant, j.Conversation, j.Message, j.Attempt, Micros(until))
}

// FinishBotJob implements chat.BotQueue.
func (s *Store) FinishBotJob(ctx context.Context, j chat.BotJob) (bool, error) {
	return s.changed(ctx, Of(j.Tenant), `DELETE FROM bot_jobs`+ofBotJob, j.Tenant, j.Conversation, j.Message, j.Attempt)
}

// RetryBotJob implements chat.BotQueue.
func (s *Store) RetryBotJob(ctx context.Context, j chat.BotJob, due time.Time) (bool, error) {
	return s.changed(ctx, Of(j.Tenant), `UPDATE bot_jobs SET due_at = $5, leased_until = 0`+ofBotJob, j.Tenant, j.Conversation, j.Message, j.Attempt, Micros(due))
}

// loadBots adds the tenants that have set up a bot to who is to be told of events.
func loadBots(ctx context.Context, q Querier, into *project.Subscribers) error {
	rows, err := q.QueryContext(ctx, `SELECT DISTINCT tenant FROM records WHERE kind = $1`, string(chat.RecordBot))
	if err != nil {
		return fmt.Errorf("read who has a bot: %w", err)
	}
	all, err := collect(rows, scanID[chat.Tenant])
	if err != nil {
		return fmt.Errorf("read who has a bot: %w", err)
	}
	for _, tenant := range all {
		into.AddBot(tenant)
	}
	return nil
}

// botSet takes in, in its transaction, that a tenant has set up a bot, or has none any more.
func botSet(ctx context.Context, q Querier, kind chat.RecordKind) error {
	if kind != chat.RecordBot {
		return nil
	}
	return subscriptionsChanged(ctx, q)
}
