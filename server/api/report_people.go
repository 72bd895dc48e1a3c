package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/sheet"
)

// Work is what an agent or a team did.
type Work struct {
	Assigned      int64     `json:"assigned" doc:"Conversations that were given to it, or that it took."`
	Closed        int64     `json:"closed"`
	Abandoned     int64     `json:"abandoned" doc:"Of those closed: the visitor still waited for a person's first answer."`
	Messages      int64     `json:"messages" doc:"Public ones that it wrote."`
	Transfers     int64     `json:"transfers" doc:"That it handed on."`
	FirstResponse Durations `json:"first_response" doc:"Of the first answers that it gave."`
	Resolution    Durations `json:"resolution"`
	Ratings       Scores    `json:"ratings"`
}

var workMetrics = []chat.Metric{
	chat.CountAssigned, chat.CountClosed, chat.CountAbandoned, chat.CountAgentMessages, chat.CountTransferred, chat.MeasureFirstResponse,
	chat.MeasureResolution, chat.MeasureRating,
}

func (f *figures) work() Work {
	return Work{
		f.n[chat.CountAssigned], f.n[chat.CountClosed], f.n[chat.CountAbandoned], f.n[chat.CountAgentMessages], f.n[chat.CountTransferred],
		f.durations(chat.MeasureFirstResponse), f.durations(chat.MeasureResolution), f.scores(),
	}
}

func (w *Work) cells() []any {
	return slices.Concat([]any{w.Assigned, w.Closed, w.Abandoned, w.Messages, w.Transfers}, w.FirstResponse.cells(), w.Resolution.cells(), w.Ratings.cells())
}

var workHeads = slices.Concat([]any{"assigned", "closed", "abandoned", "messages", "transfers"}, durationHeads("first_response"),
	durationHeads("resolution"), scoreHeads)

// AgentWork is a row of the report of agents.
type AgentWork struct {
	AgentID string `json:"agent_id" format:"uuid"`
	Name    string `json:"name" doc:"Empty if there is no such agent any more."`
	Work
}

// AgentsReport is what each agent did.
type AgentsReport struct {
	Span
	Data []AgentWork `json:"data" nullable:"false" doc:"By name. Every agent who can be given conversations is there, whoever did nothing, too."`
}

func (a *API) reportAgents(ctx context.Context, c *call, in *ReportInput) (*AgentsReport, error) {
	s, by, err := a.workBy(ctx, c, in, chat.ByAgent, func(r *chat.ReportRow) [16]byte { return r.Agent })
	if err != nil {
		return nil, err
	}
	staff, err := a.allAgents(ctx, s.tenant)
	if err != nil {
		return nil, err
	}
	out := &AgentsReport{Span: s.Span, Data: []AgentWork{}}
	for i := range staff {
		ag := &staff[i]
		f, did := by[ag.ID]
		if delete(by, ag.ID); !did {
			if ag.Disabled || ag.Role == chat.Viewer || !s.agent.IsZero() && s.agent != ag.ID || !s.team.IsZero() && !slices.Contains(ag.Teams, s.team) {
				continue
			}
			f = new(figures)
		}
		out.Data = append(out.Data, AgentWork{ag.ID.String(), ag.Name, f.work()})
	}
	delete(by, [16]byte{}) // nobody's
	for id, f := range by {
		out.Data = append(out.Data, AgentWork{chat.AgentID(id).String(), "", f.work()})
	}
	slices.SortFunc(out.Data, func(x, y AgentWork) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.AgentID, y.AgentID))
	})
	return out, nil
}

// workBy returns what was counted by agents or teams.
func (a *API) workBy(ctx context.Context, c *call, in *ReportInput, by chat.ReportBy, of func(*chat.ReportRow) [16]byte) (span, map[[16]byte]*figures, error) {
	s, err := a.spanOf(ctx, c, in, maxReport)
	if err != nil {
		return s, nil, err
	}
	q := s.query(workMetrics...)
	q.By = by
	rows, err := a.cfg.Store.Report(ctx, s.tenant, q)
	if err != nil {
		return s, nil, err
	}
	out := map[[16]byte]*figures{}
	for i := range rows {
		id := of(&rows[i])
		if out[id] == nil {
			out[id] = new(figures)
		}
		out[id].add(&rows[i])
	}
	return s, out, nil
}

func (a *API) allAgents(ctx context.Context, t chat.TenantID) (all []chat.Agent, err error) {
	for cursor := ""; ; {
		page, next, err := a.cfg.Store.Agents(ctx, t, cursor, 200)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if cursor = next; cursor == "" {
			return all, nil
		}
	}
}

func (r *AgentsReport) rows(w *sheet.Writer) {
	w.Row(append([]any{"agent_id", "name"}, workHeads...)...)
	for i := range r.Data {
		d := &r.Data[i]
		w.Row(append([]any{d.AgentID, d.Name}, d.cells()...)...)
	}
}

// TeamWork is a row of the report of teams.
type TeamWork struct {
	TeamID *string `json:"team_id" nullable:"true" format:"uuid" doc:"null: conversations of no team."`
	Name   string  `json:"name" doc:"Empty if there is no such team any more."`
	Work
}

// TeamsReport is what each team did.
type TeamsReport struct {
	Span
	Data []TeamWork `json:"data" nullable:"false" doc:"By name."`
}

func (a *API) reportTeams(ctx context.Context, c *call, in *ReportInput) (*TeamsReport, error) {
	s, by, err := a.workBy(ctx, c, in, chat.ByTeam, func(r *chat.ReportRow) [16]byte { return r.Team })
	if err != nil {
		return nil, err
	}
	teams, err := a.cfg.Store.Teams(ctx, s.tenant)
	if err != nil {
		return nil, err
	}
	out := &TeamsReport{Span: s.Span, Data: []TeamWork{}}
	for i := range teams {
		t := &teams[i]
		f := by[t.ID]
		if delete(by, t.ID); f == nil {
			if !s.team.IsZero() && s.team != t.ID {
				continue
			}
			f = new(figures)
		}
		out.Data = append(out.Data, TeamWork{idOrNull(t.ID), t.Name, f.work()})
	}
	for id, f := range by {
		out.Data = append(out.Data, TeamWork{idOrNull(chat.TeamID(id)), "", f.work()})
	}
	slices.SortFunc(out.Data, func(x, y TeamWork) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(deref(x.TeamID), deref(y.TeamID)))
	})
	return out, nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (r *TeamsReport) rows(w *sheet.Writer) {
	w.Row(append([]any{"team_id", "name"}, workHeads...)...)
	for i := range r.Data {
		d := &r.Data[i]
		w.Row(append([]any{deref(d.TeamID), d.Name}, d.cells()...)...)
	}
}

// HourOfWeek is a row of the report of hours.
type HourOfWeek struct {
	Weekday int `json:"weekday" minimum:"1" maximum:"7" doc:"1 is Monday."`
	Hour    int `json:"hour" minimum:"0" maximum:"23"`
	Volume
}

// HoursReport says which hours of the week are busy.
type HoursReport struct {
	Span
	Data []HourOfWeek `json:"data" nullable:"false" doc:"All 168, from Monday 0:00 on."`
}

func (a *API) reportHours(ctx context.Context, c *call, in *ReportInput) (*HoursReport, error) {
	s, err := a.spanOf(ctx, c, in, maxReport)
	if err != nil {
		return nil, err
	}
	const week = 7 * 24
	var cells [week]figures
	for _, st := range s.stretches() {
		q := s.query(volumeMetrics...)
		q.Since, q.Until, q.By, q.Shift, q.Step, q.Cycle = st.since, st.until, chat.ByPeriod, st.shift, time.Hour, week
		rows, err := a.cfg.Store.Report(ctx, s.tenant, q)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			cells[(rows[i].Period+3*24)%week].add(&rows[i]) // 1970 began on a Thursday
		}
	}
	out := &HoursReport{s.Span, make([]HourOfWeek, week)}
	for i := range cells {
		out.Data[i] = HourOfWeek{i/24 + 1, i % 24, cells[i].volume()}
	}
	return out, nil
}

func (r *HoursReport) rows(w *sheet.Writer) {
	w.Row(append([]any{"weekday", "hour"}, volumeHeads...)...)
	for i := range r.Data {
		d := &r.Data[i]
		w.Row(append([]any{d.Weekday, d.Hour}, d.cells()...)...)
	}
}
