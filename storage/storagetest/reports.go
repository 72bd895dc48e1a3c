package storagetest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// counted is one thing that a report has to have.
type counted struct {
	metric chat.Metric
	at     time.Time
	team   chat.TeamID
	agent  chat.AgentID
	ms     int64
	score  int
}

// recount finds everything that is to be counted by looking at every event of every conversation.
func (t *Talk) recount() (all []counted) {
	for _, th := range t.Threads {
		all = append(all, th.recount()...)
	}
	return all
}

func (th *Thread) recount() (all []counted) {
	all = th.words()
	for i := range th.Events {
		e := &th.Events[i]
		put := func(m chat.Metric, since time.Time) {
			all = append(all, counted{m, e.Time, e.State.Team, e.State.Assignee, e.Time.Sub(since).Milliseconds(), 0})
		}
		was := chat.State{Status: chat.Closed}
		if i > 0 {
			was = th.Events[i-1].State
		}
		switch is := e.State; {
		case was.Status == chat.Closed && is.Status != chat.Closed && i == 0:
			put(chat.CountCreated, e.Time)
		case was.Status == chat.Closed && is.Status != chat.Closed:
			put(chat.CountReopened, e.Time)
		case was.Status != chat.Closed && is.Status == chat.Closed:
			put(chat.CountClosed, e.Time)
			if th.waits(i).IsZero() {
				put(chat.MeasureResolution, th.opened(i))
			} else {
				put(chat.CountAbandoned, e.Time)
			}
		}
		if was.Status == chat.Queued && i > 0 && e.State.Status == chat.Open {
			put(chat.MeasureQueue, was.Queued)
		}
		if was.Status == chat.Queued && i > 0 && e.State.Status == chat.Closed {
			put(chat.CountLeftQueue, e.Time)
		}
	}
	for i := len(th.Events) - 1; i >= 0; i-- {
		if e := &th.Events[i]; e.Set != nil {
			return append(all, counted{chat.MeasureRating, e.Time, e.State.Team, e.State.Assignee, 0, e.Set.Rating.Score})
		}
	}
	return all
}

// words is what can be told from single events, and answers.
func (th *Thread) words() (all []counted) {
	for i := range th.Events {
		e := &th.Events[i]
		put := func(m chat.Metric, agent chat.AgentID, ms int64) {
			all = append(all, counted{m, e.Time, e.State.Team, agent, ms, 0})
		}
		var c chat.Change
		if e.Kind == chat.KindSystem && json.Unmarshal(e.Body, &c) != nil {
			panic("a body that is no change")
		}
		switch {
		case c.Event == chat.EventHandoff && c.To == chat.ToHuman:
			put(chat.CountToHuman, chat.AgentID{}, 0)
		case c.Event == chat.EventHandoff:
			put(chat.CountToBot, chat.AgentID{}, 0)
		case c.Event == chat.EventTransferred:
			put(chat.CountTransferred, chat.AgentID(c.By), 0)
		}
		if !c.AssigneeID.IsZero() {
			put(chat.CountAssigned, c.AssigneeID, 0)
		}
		if e.Kind == chat.KindSystem || e.Visibility != chat.Public {
			continue
		}
		switch e.Role {
		case chat.RoleVisitor:
			put(chat.CountVisitorMessages, e.State.Assignee, 0)
		case chat.RoleAgent:
			put(chat.CountAgentMessages, chat.AgentID(e.Sender), 0)
			if since := th.waits(i); !since.IsZero() {
				put(chat.MeasureFirstResponse, chat.AgentID(e.Sender), e.Time.Sub(since).Milliseconds())
			}
		case chat.RoleBot:
			put(chat.CountBotMessages, e.State.Assignee, 0)
		case chat.RoleAPI:
			put(chat.CountAPIMessages, e.State.Assignee, 0)
		case chat.RoleSystem:
		}
	}
	return all
}

// opened returns when a conversation was created or reopened, before an event.
func (th *Thread) opened(i int) time.Time { return th.Events[th.openedAt(i)].Time }

func (th *Thread) openedAt(i int) int {
	for i--; i > 0 && th.Events[i-1].State.Status != chat.Closed; i-- {
	}
	return i
}

// waits returns since when, just before an event, the visitor waits for a person's first answer: since its first message after the
// conversation was opened, or after the bot left it, or since it asked for a person; zero if it does not.
func (th *Thread) waits(i int) (since time.Time) {
	if th.Events[i-1].State.Status == chat.Closed {
		return since
	}
	answered := false
	for _, e := range th.Events[th.openedAt(i):i] {
		var c chat.Change
		if e.Kind == chat.KindSystem {
			_ = json.Unmarshal(e.Body, &c)
		}
		switch {
		case c.To == chat.ToHuman:
			if answered = false; since.IsZero() {
				since = e.Time
			}
		case c.To == chat.ToBot:
			since, answered = time.Time{}, false
		case e.Role == chat.RoleVisitor && e.State.Status != chat.WithBot && !answered && since.IsZero():
			since = e.Time
		case e.Role == chat.RoleAgent && e.Visibility == chat.Public && !since.IsZero():
			since, answered = time.Time{}, true
		}
	}
	return since
}

var allMetrics = func() (all []chat.Metric) {
	for m := chat.CountCreated; m <= chat.MeasureRating; m++ {
		all = append(all, m)
	}
	return all
}()

// Check compares a store's reports with a recount.
func (t *Talk) Check(tb testing.TB, store chat.Reports) {
	tb.Helper()
	all := t.recount()
	zone := 5*time.Hour + 45*time.Minute // Nepal's
	for name, q := range map[string]chat.ReportQuery{
		"all": {}, "agents": {By: chat.ByAgent}, "teams": {By: chat.ByTeam}, "of an agent": {Agent: t.Agents[1]},
		"of a team": {Team: t.Teams[1]}, "of both": {Team: t.Teams[0], Agent: t.Agents[0]},
		"hours":   {By: chat.ByPeriod, Step: time.Hour},
		"days":    {By: chat.ByPeriod, Step: 24 * time.Hour, Shift: zone, Agent: t.Agents[2]},
		"cycle":   {By: chat.ByPeriod, Step: time.Hour, Cycle: 168, Shift: zone},
		"a while": {Since: t.Now.Add(-20 * time.Hour), Until: t.Now.Add(-2 * time.Hour)},
	} {
		if q.Metrics = allMetrics; q.Until.IsZero() {
			q.Since, q.Until = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		got, err := store.Report(ctx(), t.Tenant, q)
		require.NoError(tb, err)
		require.Empty(tb, cmp.Diff(expected(all, &q), got, cmp.Transformer("rows", func(rows []chat.ReportRow) map[chat.ReportRow][2]int64 {
			out := map[chat.ReportRow][2]int64{}
			for _, r := range rows {
				sums := [2]int64{r.N, r.Total}
				if r.N, r.Total = 0, 0; sums != [2]int64{} {
					out[r] = sums
				}
			}
			return out
		})), "%s (-recount +reports)", name)
	}
}

// expected is a report as it is made of what was found.
func expected(all []counted, q *chat.ReportQuery) []chat.ReportRow {
	by := map[chat.ReportRow]*chat.ReportRow{}
	quarter := 15 * time.Minute
	for _, c := range all {
		at := c.at.Truncate(quarter)
		if at.Before(q.Since.Truncate(quarter)) || !at.Before(q.Until.Truncate(quarter)) || !q.Agent.IsZero() && q.Agent != c.agent || !q.Team.IsZero() && q.Team != c.team {
			continue
		}
		r := chat.ReportRow{Metric: c.metric}
		if c.metric == chat.MeasureFirstResponse || c.metric == chat.MeasureResolution || c.metric == chat.MeasureQueue {
			r.Bucket = chat.BucketOf(time.Duration(c.ms) * time.Millisecond)
		} else {
			r.Bucket, c.ms = c.score, 0
		}
		switch q.By {
		case chat.ByAgent:
			r.Agent = c.agent
		case chat.ByTeam:
			r.Team = c.team
		case chat.ByPeriod:
			r.Period = int64(c.at.Add(q.Shift).Sub(time.Unix(0, 0)) / q.Step)
			if q.Cycle > 0 {
				r.Period %= q.Cycle
			}
		case chat.ByNothing:
		}
		if by[r] == nil {
			by[r] = &chat.ReportRow{}
		}
		by[r].N++
		by[r].Total += c.ms
	}
	out := make([]chat.ReportRow, 0, len(by))
	for r, sums := range by {
		r.N, r.Total = sums.N, sums.Total
		out = append(out, r)
	}
	return out
}

// testReports counts what random events add up to, with duplicates, refusals and restarts between.
func testReports(t *testing.T, s *suite) {
	talk := NewTalk(s.tenant, 12)
	var old []chat.Event
	for i := range 900 {
		var batch []chat.Event
		for _, th := range pick(talk.Threads, 1+rand.IntN(4)) {
			next := talk.Next(th)
			th.Accept(next...)
			batch = append(batch, next...)
		}
		s.append(batch...)
		old = append(old, batch...)
		if i%7 == 0 { // sent again: everything of it is there
			e := old[rand.IntN(len(old))]
			e.Joined, e.Expect, e.Time = false, 0, talk.Now.Add(time.Hour)
			r, err := s.Log.Append(ctx(), e)
			require.NoError(t, err)
			require.NoError(t, r[0].Err)
			require.True(t, r[0].Dup)
		}
		if i%11 == 0 { // too late: refused
			th := talk.Threads[rand.IntN(len(talk.Threads))]
			if stale := talk.change(th, chat.Closed, chat.Change{Event: chat.EventClosed}); th.State.Version > 1 {
				stale.Expect, stale.Next.Version = th.State.Version-1, th.State.Version
				r, err := s.Log.Append(ctx(), stale)
				require.NoError(t, err)
				require.Error(t, r[0].Err)
			}
		}
		if i%300 == 299 {
			s.reopen()
		}
	}
	talk.Check(t, s.Store)
	s.reopen()
	talk.Check(t, s.Store)
	other, err := s.Store.Report(ctx(), chat.NewID[chat.Tenant](), chat.ReportQuery{
		Metrics: allMetrics, Since: time.Unix(0, 0), Until: talk.Now.AddDate(1, 0, 0),
	})
	require.NoError(t, err)
	require.Empty(t, other, "another tenant's")
	left, err := s.Store.Uncounted(ctx(), s.tenant)
	require.NoError(t, err)
	require.False(t, left)
	talk.checkQueues(t, s.Store)
}

// pick returns n different conversations.
func pick(all []*Thread, n int) (out []*Thread) {
	for _, i := range rand.Perm(len(all))[:n] {
		out = append(out, all[i])
	}
	return out
}

func (t *Talk) checkQueues(tb testing.TB, store chat.Reports) {
	want := map[chat.TeamID]chat.QueueNow{}
	for _, th := range t.Threads {
		if s := th.State; s.Exists() && s.Status == chat.Queued {
			q, there := want[s.Team]
			if q.N++; !there || s.Queued.Before(q.Oldest) {
				q.Oldest = s.Queued
			}
			q.Team = s.Team
			want[s.Team] = q
		}
	}
	got, err := store.QueuesNow(ctx(), t.Tenant)
	require.NoError(tb, err)
	require.Len(tb, got, len(want))
	for _, q := range got {
		require.Equal(tb, want[q.Team], q)
	}
}

// Percentile returns the exact percentile of what was counted of a metric, in ms: the smallest that p percent are not above.
func (t *Talk) Percentile(m chat.Metric, p int) int64 {
	var all []int64
	for _, c := range t.recount() {
		if c.metric == m {
			all = append(all, c.ms)
		}
	}
	slices.Sort(all)
	return all[(len(all)*p+99)/100-1]
}
