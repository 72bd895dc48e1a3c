package sqlstore

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

const traceColumns = `tenant, id, conv, message, created_at, outcome`

func scanTrace(scan row) (chat.AITrace, error) { return traceOf(scan) }

func traceOf(scan row, more ...any) (t chat.AITrace, err error) {
	var at int64
	err = scan(append([]any{&t.Tenant, &t.ID, &t.Conversation, &t.Message, &at, &t.Outcome}, more...)...)
	t.At = FromMicros(at)
	return t, err
}

func scanWholeTrace(scan row) (chat.AITrace, error) {
	var body string
	t, err := traceOf(scan, &body)
	t.Body = json.RawMessage(body)
	return t, err
}

// AddAITrace implements chat.AIStore. What is written while a person is being erased is found by the erasure's second round.
func (s *Store) AddAITrace(ctx context.Context, t chat.AITrace) error {
	if err := t.Check(); err != nil {
		return err
	}
	keys, err := s.keys.Ready(ctx, t.Tenant)
	if err != nil {
		return err
	}
	return s.write(ctx, Of(t.Tenant), func(ctx context.Context, q Querier) error {
		if gone, err := erasing(ctx, q, t.Tenant, t.Conversation); err != nil || gone {
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO ai_traces (`+traceColumns+`, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (tenant, id) DO UPDATE SET outcome = excluded.outcome`,
			t.Tenant, t.ID, t.Conversation, t.Message, Micros(t.At), t.Outcome, keys.Text(string(t.Body), seal.OfTrace(t.ID)))
		return err
	})
}

// erasing reports whether a conversation's visitor was erased, or is being erased.
func erasing(ctx context.Context, q Querier, tenant chat.TenantID, conv chat.ConversationID) (bool, error) {
	gone := 0
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM conversations c WHERE c.tenant = $1 AND c.id = $2 AND (
		EXISTS (SELECT 1 FROM visitors v WHERE v.tenant = c.tenant AND v.id = c.visitor AND v.erased_at > 0) OR
		EXISTS (SELECT 1 FROM erasures e WHERE e.tenant = c.tenant AND e.stranger IS NOT NULL AND (e.visitor = c.visitor OR e.stranger = c.visitor)))`,
		tenant, conv[:]).Scan(&gone)
	return gone > 0, err
}

// AITrace implements chat.AIStore.
func (s *Store) AITrace(ctx context.Context, tenant chat.TenantID, id chat.AITraceID) (chat.AITrace, error) {
	t, err := readOne(ctx, s, Of(tenant), "trace", scanWholeTrace, `SELECT `+traceColumns+`, body FROM ai_traces WHERE tenant = $1 AND id = $2`, tenant, id)
	if err != nil {
		return t, err
	}
	body, err := s.keys.Text(ctx, tenant, string(t.Body), seal.OfTrace(id))
	t.Body = json.RawMessage(body)
	return t, err
}

// AITraces implements chat.AIStore.
func (s *Store) AITraces(ctx context.Context, tenant chat.TenantID, f chat.AITraceFilter) ([]chat.AITrace, string, error) {
	if f.Limit < 1 || f.Limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	before, err := beforeCursor[chat.AITraceID](f.Cursor)
	if err != nil {
		return nil, "", err
	}
	where, args := ` WHERE tenant = $1 AND id < $2`, []any{tenant, before[:]}
	and := func(column string, v any) {
		args = append(args, v)
		where += " AND " + column + " = $" + strconv.Itoa(len(args))
	}
	if !f.Conversation.IsZero() {
		and("conv", f.Conversation)
	}
	if f.Outcome != "" {
		and("outcome", f.Outcome)
	}
	page, err := readAll(ctx, s, Of(tenant), scanTrace, `SELECT `+traceColumns+` FROM ai_traces`+where+` ORDER BY id DESC LIMIT `+strconv.Itoa(f.Limit+1), args...)
	if err != nil || len(page) <= f.Limit {
		return page, "", err
	}
	return page[:f.Limit], encodeCursor(page[f.Limit-1].ID), nil
}

// ForgetAITraces implements chat.AIStore.
func (s *Store) ForgetAITraces(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, `DELETE FROM ai_traces WHERE (tenant, id) IN (SELECT tenant, id FROM ai_traces WHERE created_at < $1
			ORDER BY created_at LIMIT $2)`, Micros(before), limit)
		if err != nil {
			return err
		}
		gone, err := res.RowsAffected()
		n = int(gone)
		return err
	})
	return n, err
}

const secondsPerDay = 86_400

// dayOf counts days (UTC) since 1970.
func dayOf(at time.Time) int64 { return at.Unix() / secondsPerDay }

// ReserveAI implements chat.AIMeter.
func (s *Store) ReserveAI(ctx context.Context, tenant chat.TenantID, b chat.AIBudget, a chat.AIAmount, at time.Time) (room bool, err error) {
	tokens, money := int64(math.MaxInt64), math.MaxFloat64
	if b.Tokens > 0 {
		tokens = b.Tokens
	}
	if b.Money > 0 {
		money = b.Money
	}
	err = s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		if _, err := q.ExecContext(ctx, `INSERT INTO ai_usage (tenant, day, tokens, money) VALUES ($1, $2, 0, 0) ON CONFLICT (tenant, day) DO NOTHING`, tenant, dayOf(at)); err != nil {
			return err
		}
		res, err := q.ExecContext(ctx, `UPDATE ai_usage SET tokens = tokens + $3, money = money + $4 WHERE tenant = $1 AND day = $2
			AND tokens + $3 <= $5 AND money + $4 <= $6`, tenant, dayOf(at), a.Tokens, a.Money, tokens, money)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if room = n > 0; room || err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE ai_usage SET refused = refused + 1 WHERE tenant = $1 AND day = $2`, tenant, dayOf(at))
		return err
	})
	return room && err == nil, err
}

// SettleAI implements chat.AIMeter.
func (s *Store) SettleAI(ctx context.Context, tenant chat.TenantID, reserved, used chat.AIAmount, at time.Time) error {
	tokens, money := used.Tokens-reserved.Tokens, used.Money-reserved.Money
	return s.exec(ctx, Of(tenant), `INSERT INTO ai_usage (tenant, day, tokens, money) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, day) DO UPDATE SET
		tokens = CASE WHEN ai_usage.tokens + $5 < 0 THEN 0 ELSE ai_usage.tokens + $5 END,
		money = CASE WHEN ai_usage.money + $6 < 0 THEN 0 ELSE ai_usage.money + $6 END`, tenant, dayOf(at), max(0, tokens), max(0, money), tokens, money)
}

func scanUsage(scan row) (u chat.AIUsage, err error) {
	var day int64
	err = scan(&day, &u.Tokens, &u.Money, &u.Refused)
	u.Day = time.Unix(day*secondsPerDay, 0).UTC()
	return u, err
}

// AIUsage implements chat.AIMeter.
func (s *Store) AIUsage(ctx context.Context, tenant chat.TenantID, since, until time.Time) ([]chat.AIUsage, error) {
	return readAll(ctx, s, Of(tenant), scanUsage, `SELECT day, tokens, money, refused FROM ai_usage WHERE tenant = $1 AND day BETWEEN $2 AND $3
		AND (tokens > 0 OR money > 0 OR refused > 0) ORDER BY day`, tenant, dayOf(since), dayOf(until))
}
