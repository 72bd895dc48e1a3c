package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

func scanReport(scan row) (r chat.ReportRow, err error) {
	err = scan(&r.Metric, &r.Bucket, &r.Period, &r.Agent, &r.Team, &r.N, &r.Total)
	return r, err
}

// Report implements chat.Reports.
func (s *Store) Report(ctx context.Context, tenant chat.TenantID, q chat.ReportQuery) ([]chat.ReportRow, error) {
	if len(q.Metrics) == 0 || !q.Until.After(q.Since) {
		return nil, nil
	}
	query, args := reportQuery(tenant, &q)
	return readAll(ctx, s, Of(tenant), scanReport, query, args...)
}

// reportQuery is one range of the primary key for each metric. Sums are cast: PostgreSQL makes them NUMERIC.
func reportQuery(tenant chat.TenantID, q *chat.ReportQuery) (query string, args []any) {
	metrics := make([]string, len(q.Metrics))
	for i, m := range q.Metrics {
		metrics[i] = strconv.Itoa(int(m))
	}
	args = []any{tenant, chat.SlotOf(q.Since), chat.SlotOf(q.Until)}
	whole, where := 1, ""
	if !q.Agent.IsZero() {
		args = append(args, q.Agent)
		whole, where = 0, fmt.Sprintf(" AND agent = $%d", len(args))
	}
	if !q.Team.IsZero() {
		args = append(args, q.Team)
		whole, where = 0, where+fmt.Sprintf(" AND team = $%d", len(args))
	}
	period, agent, team, group := "0", "NULL", "NULL", ""
	switch q.By {
	case chat.ByPeriod:
		period = fmt.Sprintf("((slot + %d) / %d)", q.Shift/chat.ReportSlot, q.Step/chat.ReportSlot)
		if q.Cycle > 0 {
			period += " % " + strconv.FormatInt(q.Cycle, 10)
		}
		group = ", " + period
	case chat.ByAgent:
		whole, agent, group = 0, "agent", ", agent"
	case chat.ByTeam:
		whole, team, group = 0, "team", ", team"
	case chat.ByNothing:
	}
	return fmt.Sprintf(`SELECT metric, bucket, %s, %s, %s, CAST(SUM(n) AS BIGINT), CAST(SUM(total) AS BIGINT) FROM report_counts
		WHERE tenant = $1 AND whole = %d AND metric IN (%s) AND slot >= $2 AND slot < $3%s GROUP BY metric, bucket%s`,
		period, agent, team, whole, strings.Join(metrics, ", "), where, group), args
}

func scanQueue(scan row) (q chat.QueueNow, err error) {
	var oldest int64
	err = scan(&q.Team, &q.N, &oldest)
	q.Oldest = FromMicros(oldest)
	return q, err
}

// QueuesNow implements chat.Reports.
func (s *Store) QueuesNow(ctx context.Context, tenant chat.TenantID) ([]chat.QueueNow, error) {
	return readAll(ctx, s, Of(tenant), scanQueue, `SELECT team, COUNT(*), MIN(queued_at) FROM conversations WHERE tenant = $1 AND status = 0
		GROUP BY team`, tenant)
}

// Uncounted implements chat.Reports.
func (s *Store) Uncounted(ctx context.Context, tenant chat.TenantID) (bool, error) {
	ids, err := readAll(ctx, s, Of(tenant), scanID[chat.Conversation], `SELECT id FROM conversations WHERE tenant = $1 AND tally IS NULL LIMIT 1`, tenant)
	return len(ids) > 0, err
}

// What counting old conversations reads and writes, in the driver's transaction. Their rows must be locked.
const (
	SelectUncounted = `SELECT tenant, id FROM conversations WHERE tally IS NULL ORDER BY tenant, id LIMIT $1`
	// SelectToCount reads the rows of a conversation; of bodies only those that say what happened to it.
	SelectToCount = `SELECT seq, id, sender, role, kind, visibility, sent_at, CASE WHEN kind = 5 THEN body ELSE '' END FROM messages
		WHERE tenant = $1 AND conv = $2 ORDER BY seq`
)

// ScanToCount reads a row of SelectToCount.
func ScanToCount(key chat.Key, scan func(dest ...any) error) (m chat.Message, err error) {
	var at int64
	m.Tenant, m.Conversation = key.Tenant, key.Conversation
	err = scan(&m.Seq, &m.ID, &m.Sender, &m.Role, &m.Kind, &m.Visibility, &at, &m.Body)
	m.Time = FromMicros(at)
	return m, err
}
