package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// claimable are the active endpoints that have something due and are not left alone, the longest waiting first.
const claimable = `SELECT ` + webhookColumns + ` FROM webhooks w WHERE state = 0 AND open_until <= $1 AND EXISTS (SELECT 1 FROM webhook_deliveries d
	WHERE d.tenant = w.tenant AND d.webhook = w.id AND d.state = 0 AND d.due_at <= $1 AND d.leased_until <= $1)
	ORDER BY (SELECT MIN(d.due_at) FROM webhook_deliveries d WHERE d.tenant = w.tenant AND d.webhook = w.id AND d.state = 0), id`

// waiting tells whether an active endpoint has anything to come.
const waiting = `SELECT COUNT(*) FROM (SELECT 1 FROM webhooks w WHERE state = 0 AND EXISTS (SELECT 1 FROM webhook_deliveries d
	WHERE d.tenant = w.tenant AND d.webhook = w.id AND d.state = 0) LIMIT 1) AS one`

// ClaimDeliveries implements chat.WebhookQueue.
func (s *Store) ClaimDeliveries(ctx context.Context, c chat.Claim) (out []chat.Claimed, pending bool, err error) {
	var endpoints []chat.Webhook
	err = s.read(ctx, System, func(ctx context.Context, q Querier) error {
		rows, err := q.QueryContext(ctx, claimable, Micros(c.Now))
		if err != nil {
			return err
		}
		if endpoints, err = collect(rows, scanWebhook); err != nil || len(endpoints) > 0 {
			pending = true
			return err
		}
		return q.QueryRowContext(ctx, waiting).Scan(&pending)
	})
	if err != nil {
		return nil, false, fmt.Errorf("look for due deliveries: %w", err)
	}
	type share struct {
		w chat.Webhook
		n int
	}
	var shares []share
	for _, w := range endpoints {
		n := min(c.PerWebhook-c.Busy[w.ID], c.Most)
		if w.Failures > 0 { // one at a time until it answers
			n = min(n, 1-c.Busy[w.ID])
		}
		if n > 0 {
			shares = append(shares, share{w, n})
			c.Most -= n
		}
	}
	if len(shares) == 0 {
		return nil, pending, nil
	}
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		out = out[:0]
		for i := range shares {
			taken, err := s.claim(ctx, q, &c, &shares[i].w, shares[i].n)
			if err != nil {
				return err
			}
			out = append(out, taken...)
		}
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("claim deliveries: %w", err)
	}
	for i := range out {
		if err := s.keys.Delivery(ctx, &out[i].Delivery); err != nil { // claimed for nothing: they come back
			return nil, false, fmt.Errorf("claim deliveries: %w", err)
		}
	}
	return out, pending, nil
}

// claim takes up to n deliveries of one endpoint.
func (s *Store) claim(ctx context.Context, q Querier, c *chat.Claim, w *chat.Webhook, n int) ([]chat.Claimed, error) {
	// The limit is part of the text: PostgreSQL takes a parameter for a tenth of the table, and would plan anew each time.
	rows, err := q.QueryContext(ctx, selectDelivery+`WHERE d.tenant = $1 AND d.webhook = $2 AND d.state = 0 AND d.due_at <= $3 AND d.leased_until <= $3
		ORDER BY d.due_at, d.sequence LIMIT `+strconv.Itoa(n)+s.skipLocked(), w.Tenant, w.ID, Micros(c.Now))
	if err != nil {
		return nil, err
	}
	found, err := collect(rows, scanDelivery)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	probe := w.Failures >= c.Breaker.Failures
	if probe { // until it is decided, nobody else sends
		res, err := q.ExecContext(ctx, `UPDATE webhooks SET open_until = $3 WHERE tenant = $1 AND id = $2 AND state = 0 AND open_until <= $4`,
			w.Tenant, w.ID, Micros(c.Until), Micros(c.Now))
		if err != nil {
			return nil, err
		}
		if took, err := res.RowsAffected(); err != nil || took == 0 {
			return nil, err
		}
	}
	out := make([]chat.Claimed, len(found))
	args := []any{w.Tenant, Micros(c.Until)}
	for i := range found {
		out[i] = chat.Claimed{Delivery: found[i], Endpoint: *w, Probe: probe}
		out[i].Attempt++
		out[i].Tries++
		args = append(args, found[i].ID)
	}
	_, err = q.ExecContext(ctx, `UPDATE webhook_deliveries SET leased_until = $2, attempt = attempt + 1, tries = tries + 1
		WHERE tenant = $1 AND id IN (`+placeholders(3, len(found))+`)`, args...)
	return out, err
}

// skipLocked makes a reader of deliveries leave alone what another is taking. SQLite has one writer at a time.
func (s *Store) skipLocked() string {
	if _, ok := s.index.(PostgresIndex); ok {
		return ` FOR UPDATE OF d SKIP LOCKED`
	}
	return ""
}

// KeepEventData implements chat.WebhookQueue.
func (s *Store) KeepEventData(ctx context.Context, tenant chat.TenantID, sequence int64, data json.RawMessage) (kept json.RawMessage, err error) {
	keys, err := s.keys.Ready(ctx, tenant)
	if err != nil {
		return nil, err
	}
	place := seal.OfEventData(sequence)
	var text string
	err = s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		return q.QueryRowContext(ctx, `UPDATE webhook_events SET data = CASE WHEN data = '' THEN $3 ELSE data END
			WHERE tenant = $1 AND sequence = $2 RETURNING data`, tenant, sequence, keys.Text(string(data), place)).Scan(&text)
	})
	if err != nil {
		return nil, notFound(err, "event")
	}
	text, err = s.keys.Text(ctx, tenant, text, place)
	return json.RawMessage(text), err
}

// FinishDeliveries implements chat.WebhookQueue.
func (s *Store) FinishDeliveries(ctx context.Context, b chat.Breaker, outcomes []chat.Outcome) error {
	// The same order everywhere: two that finish deliveries of the same endpoints wait for one another in turn.
	outcomes = slices.Clone(outcomes)
	slices.SortStableFunc(outcomes, func(a, b chat.Outcome) int {
		x, y := &a.Claimed.Endpoint, &b.Claimed.Endpoint
		return cmp.Or(bytes.Compare(x.Tenant[:], y.Tenant[:]), bytes.Compare(x.ID[:], y.ID[:]))
	})
	logs, err := s.sealAttempts(ctx, outcomes)
	if err != nil {
		return fmt.Errorf("finish deliveries: %w", err)
	}
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		if err := judge(ctx, q, b, outcomes); err != nil {
			return err
		}
		for from := 0; from < len(outcomes); from += rowsAtOnce {
			to := min(from+rowsAtOnce, len(outcomes))
			if err := conclude(ctx, q, outcomes[from:to], logs[from:to]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("finish deliveries: %w", err)
	}
	return nil
}

// rowsAtOnce is how many rows a statement writes that has parameters for each.
const rowsAtOnce = 32

// conclude writes what became of deliveries, unless they were claimed by somebody else since, or replayed, and logs the attempts.
func conclude(ctx context.Context, q Querier, outcomes []chat.Outcome, logs []chat.DeliveryAttempt) error {
	var done, logged statement
	for i := range outcomes {
		o := &outcomes[i]
		tenant, l := o.Claimed.Event.Tenant, &logs[i]
		logged.add(", ", "(", tenant, o.Claimed.ID, l.Attempt, Micros(l.At), l.Took.Microseconds(), l.URL, l.Status, l.Answer, l.Error)
		if o.State == chat.DeliveryDone {
			done.add(" OR ", "(tenant, id, attempt) = (", tenant, o.Claimed.ID, o.Claimed.Attempt)
			continue
		}
		if _, err := q.ExecContext(ctx, `UPDATE webhook_deliveries SET state = $4, due_at = $5, leased_until = 0
			WHERE tenant = $1 AND id = $2 AND attempt = $3 AND state = 0`, tenant, o.Claimed.ID, o.Claimed.Attempt, int(o.State), Micros(o.Due)); err != nil {
			return err
		}
	}
	if len(done.args) > 0 {
		if _, err := q.ExecContext(ctx, `UPDATE webhook_deliveries SET state = 1, leased_until = 0 WHERE state = 0 AND (`+done.text.String()+`)`, done.args...); err != nil {
			return err
		}
	}
	_, err := q.ExecContext(ctx, `INSERT INTO webhook_attempts (tenant, delivery, attempt, at, took, url, status, answer, error)
		VALUES `+logged.text.String()+` ON CONFLICT (tenant, delivery, attempt) DO NOTHING`, logged.args...)
	return err
}

// sealAttempts are the attempts of outcomes as their rows keep them. Nothing is kept of what was said to an erased tenant.
func (s *Store) sealAttempts(ctx context.Context, outcomes []chat.Outcome) ([]chat.DeliveryAttempt, error) {
	logs := make([]chat.DeliveryAttempt, len(outcomes))
	for i := range outcomes {
		o := &outcomes[i]
		logs[i] = o.Log
		keys, err := s.keys.Ready(ctx, o.Claimed.Event.Tenant)
		switch {
		case errors.Is(err, &chat.Error{Code: chat.NotFound}):
			logs[i].URL, logs[i].Answer, logs[i].Error = "", "", ""
		case err != nil:
			return nil, err
		default:
			logs[i] = keys.Attempt(o.Claimed.ID, o.Log)
		}
	}
	return logs, nil
}

// statement is a part of one that has parameters for several rows.
type statement struct {
	text strings.Builder
	args []any
}

// add adds a row: between stands before all but the first, open before its parameters.
func (s *statement) add(between, open string, args ...any) {
	if len(s.args) > 0 {
		s.text.WriteString(between)
	}
	s.text.WriteString(open + placeholders(len(s.args)+1, len(args)) + ")")
	s.args = append(s.args, args...)
}

// judge notes what outcomes say of their endpoints. One that takes what it is sent, as before, costs nothing.
func judge(ctx context.Context, q Querier, b chat.Breaker, outcomes []chat.Outcome) error {
	for i := range outcomes {
		o := &outcomes[i]
		w := &o.Claimed.Endpoint
		var err error
		switch {
		case o.Result == chat.ResultTaken && (w.Failures > 0 || o.Claimed.Probe):
			_, err = q.ExecContext(ctx, `UPDATE webhooks SET failures = 0, opened = 0, open_until = 0 WHERE tenant = $1 AND id = $2`, w.Tenant, w.ID)
		case o.Result == chat.ResultFailed:
			err = failed(ctx, q, b, o)
		case o.Result == chat.ResultGone:
			err = gone(ctx, q, o)
		case o.Result == chat.ResultNone && o.Claimed.Probe: // somebody else must find out
			_, err = q.ExecContext(ctx, `UPDATE webhooks SET open_until = 0 WHERE tenant = $1 AND id = $2`, w.Tenant, w.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// failed counts a failure, and opens the breaker if that was one too many. What was under way when it opened does not open it
// further.
func failed(ctx context.Context, q Querier, b chat.Breaker, o *chat.Outcome) error {
	w := &o.Claimed.Endpoint
	var failures, opened int
	var until int64
	err := q.QueryRowContext(ctx, `UPDATE webhooks SET failures = failures + 1 WHERE tenant = $1 AND id = $2 RETURNING failures, opened, open_until`,
		w.Tenant, w.ID).Scan(&failures, &opened, &until)
	if errors.Is(err, sql.ErrNoRows) { // it was deleted
		return nil
	}
	ended := o.Log.At.Add(o.Log.Took)
	if err != nil || failures < b.Failures || until > Micros(ended) && !o.Claimed.Probe {
		return err
	}
	_, err = q.ExecContext(ctx, `UPDATE webhooks SET opened = $3, open_until = $4 WHERE tenant = $1 AND id = $2`, w.Tenant, w.ID,
		opened+1, Micros(ended.Add(b.Cooldown(opened+1))))
	return err
}

// gone disables an endpoint that says that it is no more.
func gone(ctx context.Context, q Querier, o *chat.Outcome) error {
	w := &o.Claimed.Endpoint
	res, err := q.ExecContext(ctx, `UPDATE webhooks SET state = $3, why = $4, updated_at = $5 WHERE tenant = $1 AND id = $2 AND state <> $3`,
		w.Tenant, w.ID, int(chat.WebhookDisabled), "the endpoint answered 410 Gone", Micros(o.Log.At))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return subscriptionsChanged(ctx, q)
}

// ForgetDeliveries implements chat.WebhookQueue. Ids are times: what is oldest stands first in each tenant's keys.
func (s *Store) ForgetDeliveries(ctx context.Context, before time.Time, most int) (int, error) {
	tenants, err := readAll(ctx, s, System, scanID[chat.Tenant], `SELECT tenant FROM webhook_sequences ORDER BY tenant`)
	if err != nil {
		return 0, fmt.Errorf("forget deliveries: %w", err)
	}
	total := 0
	for _, t := range tenants {
		n := 0
		err := s.write(ctx, Of(t), func(ctx context.Context, q Querier) (err error) {
			n, err = forget(ctx, q, t, firstIDOf(before), most)
			return err
		})
		if total += n; err != nil {
			return total, fmt.Errorf("forget deliveries: %w", err)
		}
		if total >= most {
			break
		}
	}
	return total, nil
}

// forget removes up to most of a tenant's deliveries that are older than an id, their attempts, and the events before all that are
// left. (Those were made in the order of ids, but for a moment.)
func forget(ctx context.Context, q Querier, t chat.TenantID, first [16]byte, most int) (int, error) {
	var end chat.DeliveryID
	err := q.QueryRowContext(ctx, `SELECT id FROM webhook_deliveries WHERE tenant = $1 AND id < $2 ORDER BY id LIMIT 1 OFFSET $3`, t, first[:], most).Scan(&end)
	if errors.Is(err, sql.ErrNoRows) {
		end, err = chat.DeliveryID(first), nil
	}
	if err != nil {
		return 0, err
	}
	res, err := q.ExecContext(ctx, `DELETE FROM webhook_deliveries WHERE tenant = $1 AND id < $2`, t, end)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, err
	}
	if _, err := q.ExecContext(ctx, `DELETE FROM webhook_attempts WHERE tenant = $1 AND delivery < $2`, t, end); err != nil {
		return 0, err
	}
	_, err = q.ExecContext(ctx, `DELETE FROM webhook_events WHERE tenant = $1 AND created_at < $2 AND sequence < COALESCE(
		(SELECT MIN(sequence) FROM (SELECT sequence FROM webhook_deliveries WHERE tenant = $1 ORDER BY id LIMIT 1000) AS d),
		(SELECT last + 1 FROM webhook_sequences WHERE tenant = $1))`, t, Micros(end.MadeAt()))
	return int(n), err
}

// firstIDOf is smaller than every UUIDv7 that was made later, and larger than those made before.
func firstIDOf(at time.Time) (id [16]byte) {
	ms := uint64(max(at.UnixMilli(), 0))
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = 0x70
	return id
}
