package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/server/sheet"
)

const (
	exportPage  = 200              // rows that are read at once
	exportPoll  = 5 * time.Second  // until others' exports are looked for
	exportLease = 60 * time.Second // how long a maker that says nothing counts as alive
	exportBeat  = 10 * time.Second // how often it says something
	exportSweep = time.Minute      // until expired ones are looked for
	exportSlow  = time.Hour        // how long one may take
)

// RunExports makes the tables that were asked for, one at a time, until ctx ends. Of several nodes each one that is free takes one.
func (a *API) RunExports(ctx context.Context) error {
	if a.cfg.Files == nil {
		return nil
	}
	poll, sweep := time.NewTicker(exportPoll), time.NewTicker(exportSweep)
	defer poll.Stop()
	defer sweep.Stop()
	failing := false
	for {
		err := a.nextExport(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			a.cfg.Logger.Warn("exports can't be made; it is tried again", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		case <-a.exporting:
		case <-sweep.C:
			a.sweepExports(ctx)
		}
	}
}

// nextExport makes exports until none waits.
func (a *API) nextExport(ctx context.Context) error {
	for ctx.Err() == nil {
		now := a.now()
		e, err := a.cfg.Store.ClaimExport(ctx, now, now.Add(exportLease))
		if errors.Is(err, &chat.Error{Code: chat.NotFound}) {
			return nil
		}
		if err != nil {
			return err
		}
		if e.Object != "" { // of an attempt that ended in the middle
			if err := a.cfg.Files.Delete(ctx, e.Object); err != nil {
				return err
			}
		}
		if err := a.makeExport(ctx, &e); err != nil {
			return err
		}
	}
	return nil
}

// makeExport makes one export. What fails is written down for whoever asked for it.
func (a *API) makeExport(ctx context.Context, e *chat.Export) error {
	work, cancel := context.WithTimeout(ctx, exportSlow)
	defer cancel()
	e.Rows, e.Bytes, e.Object = 0, 0, chat.NewExportObject(e.Tenant)
	var err error
	if e.Begun() > chat.MaxExportAttempts {
		err = chat.Errorf(chat.Internal, "it was begun %d times and never finished", chat.MaxExportAttempts)
	} else if err = a.cfg.Store.KeepExport(work, *e, a.now().Add(exportLease)); err == nil { // the name first: nothing is forgotten in the store of files
		err = a.writeExport(work, e)
	}
	if ctx.Err() != nil {
		return nil // another node begins anew
	}
	e.State, e.FinishedAt = chat.ExportDone, a.now()
	if err != nil {
		e.State, e.Failure = chat.ExportFailed, "it could not be made; try again"
		var told *chat.Error
		if errors.As(err, &told) && told.Code != chat.Internal {
			e.Failure = told.Message
		}
		a.cfg.Logger.Warn("an export failed", "export", e.ID, "kind", e.Kind, "err", err)
		e.Bytes = 0
	}
	err = a.cfg.Store.KeepExport(ctx, *e, time.Time{})
	if e.State == chat.ExportFailed || errors.Is(err, &chat.Error{Code: chat.Conflict}) { // deleted meanwhile, or another's
		if err := a.cfg.Files.Delete(ctx, e.Object); err != nil {
			return err
		}
	}
	if errors.Is(err, &chat.Error{Code: chat.Conflict}) {
		return nil
	}
	return err
}

// writeExport writes a table into a file here, which may grow beyond what memory takes, and puts that where files are kept.
func (a *API) writeExport(ctx context.Context, e *chat.Export) (err error) {
	f, err := a.temporary() // without a name: nothing is left of it if the node dies
	if err != nil {
		return fmt.Errorf("make a file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	t := &exporter{API: a, e: e, w: sheet.NewWriter(f), said: a.now()}
	if err := t.write(ctx); err != nil {
		return err
	}
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	if e.Bytes, err = f.Seek(0, io.SeekEnd); err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	if err := a.cfg.Store.KeepExport(ctx, *e, a.now().Add(a.cfg.Uploads.Patience+exportLease)); err != nil {
		return err
	}
	putting, cancel := context.WithTimeout(ctx, a.cfg.Uploads.Patience)
	defer cancel()
	return a.cfg.Files.Put(putting, e.Object, f, e.Bytes)
}

// sweepExports deletes what has expired.
func (a *API) sweepExports(ctx context.Context) {
	stale, err := a.cfg.Store.StaleExports(ctx, a.now(), exportPage)
	for i := range stale {
		if err == nil {
			err = a.dropExport(ctx, &stale[i])
		}
	}
	if err != nil && ctx.Err() == nil {
		a.cfg.Logger.Warn("exports that have expired can't be deleted; it is tried again", "err", err)
	}
}

// exporter writes one export.
type exporter struct {
	*API
	e     *chat.Export
	w     *sheet.Writer
	said  time.Time // when it was last said that it is being made
	names map[chat.UserID]string
}

// row writes one row.
func (t *exporter) row(cells ...any) {
	t.w.Row(cells...)
	t.e.Rows++
}

// beat says from time to time that the export is being made. It fails if it is not this one's any more.
func (t *exporter) beat(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := t.now()
	if now.Sub(t.said) < exportBeat {
		return nil
	}
	t.said = now
	return t.cfg.Store.KeepExport(ctx, *t.e, now.Add(exportLease))
}

func (t *exporter) write(ctx context.Context) error {
	var f ExportFilters
	if err := json.Unmarshal(t.e.Filters, &f); err != nil {
		return fmt.Errorf("read filters: %w", err)
	}
	if t.e.Kind == chat.ExportReport {
		table, err := t.reportTable(ctx, t.e.Tenant, &f)
		if err == nil {
			table.rows(t.w)
		}
		return err
	}
	filter, err := t.exportFilter(ctx, t.e.Tenant, &f)
	if err != nil {
		return err
	}
	if t.e.Kind == chat.ExportVisitors {
		return t.visitors(ctx, &filter)
	}
	staff, err := t.allAgents(ctx, t.e.Tenant)
	if err != nil {
		return err
	}
	t.names = make(map[chat.UserID]string, len(staff))
	for i := range staff {
		t.names[chat.UserID(staff[i].ID)] = staff[i].Name
	}
	if t.e.Kind == chat.ExportMessages {
		t.w.Row("conversation_id", "message_id", "seq", "time", "role", "sender_id", "sender_name", "kind", "visibility", "state", "text", "body")
		return t.conversations(ctx, filter, t.messages)
	}
	t.w.Row("id", "status", "visitor_id", "visitor_name", "assignee_id", "assignee_name", "team_id", "labels", "priority", "context", "rating",
		"rating_comment", "created_at", "closed_at", "last_message")
	return t.conversations(ctx, filter, t.conversation)
}

// eachOf calls fn with everything that read returns, page by page. Each page is what follows the last one's key.
func eachOf[K, V any](ctx context.Context, t *exporter, read func(after K) ([]V, error), key func(*V) K, fn func(*V) error) error {
	for after := *new(K); ; {
		page, err := read(after)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			if err := fn(&page[i]); err != nil {
				return err
			}
		}
		after = key(&page[len(page)-1])
		if err := t.beat(ctx); err != nil {
			return err
		}
	}
}

// conversations calls fn with each conversation.
func (t *exporter) conversations(ctx context.Context, f chat.Filter, fn func(context.Context, *chat.Conversation) error) error {
	return eachOf(ctx, t,
		func(after chat.ConversationID) ([]chat.Conversation, error) {
			return t.cfg.Store.ConversationsFrom(ctx, t.e.Tenant, f, after)
		},
		func(c *chat.Conversation) chat.ConversationID { return c.ID },
		func(c *chat.Conversation) error { return fn(ctx, c) })
}

func (t *exporter) conversation(ctx context.Context, c *chat.Conversation) error {
	var rating any
	if c.Rating.Score > 0 {
		rating = c.Rating.Score
	}
	last := ""
	if c.LastMessage != nil {
		last = strings.Join(chat.Said(nil, c.LastMessage.Kind, c.LastMessage.Body), "\n")
	}
	labels := t.cfg.Desk.Settings(ctx, t.e.Tenant).LabelNames(c.Labels)
	t.row(c.ID.String(), c.Status.String(), c.Visitor.String(), c.VisitorName, idText(c.Assignee), t.names[chat.UserID(c.Assignee)], idText(c.Team),
		strings.Join(labels, ", "), c.Priority, []byte(c.Context), rating, c.Rating.Comment, c.CreatedAt, c.ClosedAt, last)
	return nil
}

func idText[Of any](id chat.ID[Of]) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

var revisedNames = [...]string{"", "edited", "recalled"}

func (t *exporter) messages(ctx context.Context, c *chat.Conversation) error {
	key := chat.Key{Tenant: c.Tenant, Conversation: c.ID}
	read := func(after chat.Seq) ([]chat.ShownMessage, error) {
		return t.cfg.Store.ShownFrom(ctx, key, after, exportPage)
	}
	return eachOf(ctx, t, read, func(m *chat.ShownMessage) chat.Seq { return m.Seq }, func(m *chat.ShownMessage) error {
		name := t.names[m.Sender]
		if m.Role == chat.RoleVisitor {
			name = c.VisitorName
		}
		text := strings.Join(chat.Said(nil, m.Kind, m.Body), "\n")
		t.row(c.ID.String(), m.ID.String(), uint64(m.Seq), m.Time, m.Role.String(), idText(m.Sender), name, kindNames[m.Kind], visibilityNames[m.Visibility&1],
			revisedNames[m.Revised], text, m.Body)
		return nil
	})
}

func (t *exporter) visitors(ctx context.Context, f *chat.Filter) error {
	t.w.Row("id", "external_id", "verified", "name", "email", "locale", "page", "attributes", "created_at")
	read := func(after chat.VisitorID) ([]chat.Visitor, error) {
		return t.cfg.Store.VisitorsFrom(ctx, t.e.Tenant, f.Since, f.Until, after, exportPage)
	}
	return eachOf(ctx, t, read, func(v *chat.Visitor) chat.VisitorID { return v.ID }, func(v *chat.Visitor) error {
		verified := "no"
		if v.Verified {
			verified = "yes"
		}
		t.row(v.ID.String(), v.ExternalID, verified, v.Name, v.Email, v.Locale, v.Page, []byte(v.Attributes), v.CreatedAt)
		return nil
	})
}

// reportTable makes a report as its route would.
func (a *API) reportTable(ctx context.Context, tenant chat.TenantID, f *ExportFilters) (table, error) {
	in := ReportInput{Zone: f.Timezone, Team: f.Team, Agent: f.Agent}
	if f.Since != nil {
		in.Since = f.Since.Format(time.RFC3339)
	}
	if f.Until != nil {
		in.Until = f.Until.Format(time.RFC3339)
	}
	series := seriesInput{ReportInput: in, Interval: f.Interval}
	if series.Interval == "" {
		series.Interval = "day"
	}
	c := &call{cred: &auth.Credential{Actor: &chat.Actor{Tenant: tenant, Role: chat.RoleSystem}}}
	switch f.Report {
	case "overview":
		return a.reportOverview(ctx, c, &in)
	case "volume":
		return a.reportVolume(ctx, c, &series)
	case "first-response":
		return a.reportFirstResponse(ctx, c, &series)
	case "resolution":
		return a.reportResolution(ctx, c, &series)
	case "ratings":
		return a.reportRatings(ctx, c, &series)
	case "handoffs":
		return a.reportHandoffs(ctx, c, &series)
	case "agents":
		return a.reportAgents(ctx, c, &in)
	case "teams":
		return a.reportTeams(ctx, c, &in)
	case "hours":
		return a.reportHours(ctx, c, &in)
	}
	return nil, chat.Errorf(chat.Malformed, "filters.report: there is no such report")
}
