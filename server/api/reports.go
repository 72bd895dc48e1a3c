package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/sheet"
)

// reportRoutes are the routes of reports; docs/reports.md defines every figure.
func (a *API) reportRoutes() []row {
	who := leads.with(chat.ReportsRead)
	report := func(path, id, summary string, bind func(huma.API, huma.Operation)) row {
		return row{http.MethodGet, "/api/v1/reports/" + path, who, id, "reports", summary, 200, bind}
	}
	return []row{
		report("overview", "reportOverview", "What happened, in one look", bindTable(a, a.reportOverview)),
		report("volume", "reportVolume", "Conversations and messages over time", bindTable(a, a.reportVolume)),
		report("first-response", "reportFirstResponse", "How long visitors waited for a person's first answer", bindTable(a, a.reportFirstResponse)),
		report("resolution", "reportResolution", "How long conversations took", bindTable(a, a.reportResolution)),
		report("ratings", "reportRatings", "What visitors thought", bindTable(a, a.reportRatings)),
		report("handoffs", "reportHandoffs", "Hand-offs to people and to the bot, and transfers", bindTable(a, a.reportHandoffs)),
		report("agents", "reportAgents", "Each agent", bindTable(a, a.reportAgents)),
		report("teams", "reportTeams", "Each team", bindTable(a, a.reportTeams)),
		report("hours", "reportHours", "Which hours of the week are busy", bindTable(a, a.reportHours)),
		report("queue", "reportQueue", "Who waits at this moment, and who is there to answer", bindTable(a, a.reportQueue)),
	}
}

// FormatInput says in which form a table is wanted.
type FormatInput struct {
	Format string `query:"format" enum:"json,csv" doc:"csv: a table for a spreadsheet, as with Accept: text/csv."`
	Accept string `header:"Accept" hidden:"true"`
}

func (in *FormatInput) wantsCSV() bool {
	if in.Format != "" {
		return in.Format == "csv"
	}
	return prefersCSV(in.Accept)
}

// prefersCSV reports whether an Accept header likes CSV better than JSON (RFC 9110, 12.5.1).
func prefersCSV(accept string) bool {
	quality := map[string]float64{}
	for part := range strings.SplitSeq(accept, ",") {
		kind, params, _ := strings.Cut(part, ";")
		q := 1.0
		for p := range strings.SplitSeq(params, ";") {
			if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(p)), "q="); ok {
				q, _ = strconv.ParseFloat(v, 64) // nonsense is 0: not wanted
			}
		}
		kind = strings.ToLower(strings.TrimSpace(kind))
		quality[kind] = max(quality[kind], q)
	}
	return quality["text/csv"] > max(quality["application/json"], 0) && quality["text/csv"] > 0
}

// table is an answer that can be shown as JSON or as a table.
type table interface {
	// rows writes the heads of the columns and then the rows.
	rows(w *sheet.Writer)
}

// bindTable is bind for a route that answers with JSON or, if asked, with CSV.
func bindTable[I any, O table, In interface {
	*I
	wantsCSV() bool
}](a *API, fn func(context.Context, *call, *I) (O, error)) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		kind := reflect.TypeFor[O]()
		op.Responses = map[string]*huma.Response{strconv.Itoa(op.DefaultStatus): {
			Description: "The report.",
			Content: map[string]*huma.MediaType{
				"application/json": {Schema: h.OpenAPI().Components.Schemas.Schema(kind, true, kind.Name())},
				"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		}}
		name := op.OperationID
		bind(a, func(ctx context.Context, c *call, in *I) (*download, error) {
			out, err := fn(ctx, c, in)
			if err != nil {
				return nil, err
			}
			c.h.Response.Header.Add("Vary", "Accept")
			if In(in).wantsCSV() {
				return csvOf(name, out)
			}
			body, err := json.Marshal(out)
			return &download{ContentType: "application/json", Body: body}, err
		})(h, op)
	}
}

func csvOf(name string, t table) (*download, error) {
	var b strings.Builder
	w := sheet.NewWriter(&b)
	t.rows(w)
	if err := w.Flush(); err != nil {
		return nil, fmt.Errorf("write a table: %w", err)
	}
	return &download{ContentType: sheet.ContentType, Disposition: `attachment; filename="` + name + `.csv"`, Body: []byte(b.String())}, nil
}

// ReportInput is what every report of a span of time takes.
type ReportInput struct {
	FormatInput
	Since string `query:"since" maxLength:"40" doc:"From this time on: RFC 3339, or a date, which begins at midnight in timezone. Rounded down to a quarter of an hour. Defaults to 7 days before until."`
	Until string `query:"until" maxLength:"40" doc:"Up to this time, which does not count any more; a date is a day that still counts. Rounded up to a quarter of an hour. Defaults to now."`
	Zone  string `query:"timezone" maxLength:"64" doc:"Whose days and hours: an IANA name such as Asia/Shanghai. Defaults to UTC."`
	Team  string `query:"team" doc:"Only what a team did: its id."`
	Agent string `query:"agent" doc:"Only what an agent did: its id, or me."`
}

// seriesInput is a ReportInput for a report over time.
type seriesInput struct {
	ReportInput
	Interval string `query:"interval" enum:"hour,day" default:"day" doc:"How long one row's time is. By hours a report takes 31 days at most."`
}

// What a report may span.
const (
	maxReport       = 366 * 24 * time.Hour
	maxHourlyReport = 31 * 24 * time.Hour
	defaultReport   = 7 // days
)

// Span is what a report was asked for.
type Span struct {
	Since    time.Time `json:"since" doc:"As it was rounded."`
	Until    time.Time `json:"until" doc:"As it was rounded."`
	Timezone string    `json:"timezone"`
	TeamID   *string   `json:"team_id" nullable:"true" format:"uuid"`
	AgentID  *string   `json:"agent_id" nullable:"true" format:"uuid"`
	Complete bool      `json:"complete" doc:"false: after an upgrade, conversations of before are still being counted."`
}

// span is a Span on its way.
type span struct {
	Span
	tenant chat.TenantID
	zone   *time.Location
	team   chat.TeamID
	agent  chat.AgentID
}

// spanOf reads what a report is asked for.
func (a *API) spanOf(ctx context.Context, c *call, in *ReportInput, most time.Duration) (s span, err error) {
	s.tenant, s.Timezone = c.actor().Tenant, in.Zone
	if s.Timezone == "" {
		s.Timezone = "UTC"
	}
	if s.zone, err = time.LoadLocation(s.Timezone); err != nil || s.Timezone == "Local" {
		return s, chat.Errorf(chat.Malformed, "timezone: must be an IANA name such as Asia/Shanghai")
	}
	now := a.cfg.Now()
	if s.Until, err = parseDay("until", in.Until, s.zone, 1, now); err != nil {
		return s, err
	}
	if s.Since, err = parseDay("since", in.Since, s.zone, 0, s.Until.In(s.zone).AddDate(0, 0, -defaultReport)); err != nil {
		return s, err
	}
	s.Since = s.Since.UTC().Truncate(chat.ReportSlot)
	s.Until = s.Until.UTC().Add(chat.ReportSlot - 1).Truncate(chat.ReportSlot)
	switch {
	case !s.Since.Before(s.Until):
		return s, chat.Errorf(chat.Malformed, "since: must be before until")
	case s.Since.Year() < 2000 || s.Until.Year() > 9998:
		return s, chat.Errorf(chat.Malformed, "since and until: are out of range")
	case s.Until.Sub(s.Since) > most+time.Hour: // a day of the change of clocks is longer
		return s, chat.Errorf(chat.Malformed, "since and until: at most %d days apart", most/(24*time.Hour))
	}
	if s.team, err = optionalID[chat.Team]("team", in.Team); err != nil {
		return s, err
	}
	if in.Agent == "me" && c.actor().Role == chat.RoleAgent {
		s.agent = chat.AgentID(c.actor().User)
	} else if s.agent, err = optionalID[chat.Agent]("agent", in.Agent); err != nil {
		return s, err
	}
	s.TeamID, s.AgentID = idOrNull(s.team), idOrNull(s.agent)
	old, err := a.cfg.Store.Uncounted(ctx, s.tenant)
	s.Complete = !old
	return s, err
}

// parseDay reads a time, or a date as its midnight or the one that many days later.
func parseDay(name, s string, zone *time.Location, later int, otherwise time.Time) (time.Time, error) {
	if s == "" {
		return otherwise, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return midnight(day.Year(), day.Month(), day.Day()+later, zone), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, chat.Errorf(chat.Malformed, "%s: must be a time such as 2026-03-01T00:00:00Z, or a date", name)
	}
	return t, nil
}

// midnight is when a day begins: where clocks are put forward at midnight, an hour later.
func midnight(year int, month time.Month, day int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	for range 8 { // time.Date may have gone back into the day before
		if t.Day() == time.Date(year, month, day, 12, 0, 0, 0, time.UTC).Day() {
			break
		}
		t = t.Add(chat.ReportSlot)
	}
	return t
}

// query is what the span asks the store for.
func (s *span) query(metrics ...chat.Metric) chat.ReportQuery {
	return chat.ReportQuery{Since: s.Since, Until: s.Until, Metrics: metrics, Team: s.team, Agent: s.agent}
}
