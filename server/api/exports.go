package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/sheet"
)

// exportRoutes are the routes of tables that are made in the background.
func (a *API) exportRoutes() []row {
	who := leads.with(chat.ReportsRead)
	return []row{
		{http.MethodPost, "/api/v1/exports", who, "createExport", "exports", "Have a table made of conversations, messages, visitors or a report", 202, bind(a, a.createExport)},
		{http.MethodGet, "/api/v1/exports", who, "listExports", "exports", "List exports, newest first", 200, bind(a, a.listExports)},
		{http.MethodGet, "/api/v1/exports/{id}", who, "getExport", "exports", "How far an export is", 200, bind(a, a.getExport)},
		{http.MethodGet, "/api/v1/exports/{id}/file", who, "downloadExport", "exports", "The file of an export that is done", 200, bindFile(a, a.downloadExport)},
		{http.MethodDelete, "/api/v1/exports/{id}", who, "deleteExport", "exports", "Delete an export and its file", 204, bind(a, a.deleteExport)},
	}
}

// ExportFilters say what an export is to hold.
type ExportFilters struct {
	Since    *time.Time `json:"since,omitempty" doc:"Conversations, messages' conversations and visitors that began at this time or later; of a report its since."`
	Until    *time.Time `json:"until,omitempty" doc:"And before this time."`
	Status   string     `json:"status,omitempty" maxLength:"100" doc:"Of conversations: one or several of queued, open, bot, snoozed, closed, with commas between."`
	Assignee string     `json:"assignee,omitempty" maxLength:"36" doc:"Of conversations: an agent's id."`
	Team     string     `json:"team,omitempty" maxLength:"36" doc:"Of conversations and reports: a team's id."`
	Label    string     `json:"label,omitempty" maxLength:"50" doc:"Of conversations: a label's name or id."`
	Report   string     `json:"report,omitempty" enum:"overview,volume,first-response,resolution,ratings,handoffs,agents,teams,hours" doc:"Which report."`
	Interval string     `json:"interval,omitempty" enum:"hour,day" doc:"Of a report over time."`
	Timezone string     `json:"timezone,omitempty" maxLength:"64" doc:"Of a report."`
	Agent    string     `json:"agent,omitempty" maxLength:"36" doc:"Of a report: an agent's id."`
}

// Export is a table that is made in the background.
type Export struct {
	ID         string          `json:"id" format:"uuid"`
	Kind       string          `json:"kind" enum:"conversations,messages,visitors,report"`
	Format     string          `json:"format" enum:"csv"`
	Filters    json.RawMessage `json:"filters"`
	State      string          `json:"state" enum:"waiting,running,done,failed"`
	Rows       int64           `json:"rows" doc:"So far."`
	Bytes      int64           `json:"bytes" doc:"Of the file, once it is done."`
	Failure    *string         `json:"failure" nullable:"true"`
	URL        *string         `json:"url" nullable:"true" doc:"Where the file is, once it is done. It needs the credential."`
	CreatedBy  *string         `json:"created_by" nullable:"true" format:"uuid"`
	CreatedAt  time.Time       `json:"created_at"`
	FinishedAt *time.Time      `json:"finished_at" nullable:"true"`
	ExpiresAt  time.Time       `json:"expires_at" doc:"Then the export and its file are deleted."`
}

func showExport(e *chat.Export) Export {
	out := Export{
		ID: e.ID.String(), Kind: e.Kind, Format: "csv", Filters: e.Filters, State: e.State.String(), Rows: e.Rows, Failure: orNull(e.Failure),
		CreatedBy: idOrNull(e.By), CreatedAt: e.CreatedAt.UTC(), FinishedAt: timeOrNull(e.FinishedAt), ExpiresAt: e.ExpiresAt.UTC(),
	}
	if e.State == chat.ExportDone {
		url := "/api/v1/exports/" + out.ID + "/file"
		out.URL, out.Bytes = &url, e.Bytes
	}
	return out
}

// mayExport says whether somebody may have, and see, exports of a kind. Supervisors have reports; a program needs the scopes of what
// is in the table.
func mayExport(actor *chat.Actor, kind string) error {
	if actor.Role != chat.RoleAPI {
		if kind == chat.ExportReport || actor.AgentRole == chat.Owner || actor.AgentRole == chat.Admin {
			return nil
		}
		return errRole
	}
	need := map[string]chat.Scopes{
		chat.ExportConversations: chat.ConversationsRead, chat.ExportMessages: chat.ConversationsRead, chat.ExportVisitors: chat.VisitorsRead,
		chat.ExportReport: chat.ReportsRead,
	}[kind]
	if !actor.Scopes.Has(need) {
		return &scopeError{need}
	}
	return nil
}

// exportLife is how long an export is kept.
const exportLife = 7 * 24 * time.Hour

type createExportInput struct {
	Body struct {
		Kind    string        `json:"kind" enum:"conversations,messages,visitors,report"`
		Format  string        `json:"format,omitempty" enum:"csv"`
		Filters ExportFilters `json:"filters,omitempty"`
	}
}

var errNoExportFiles = &chat.Error{Code: chat.Busy, Message: "there is no place for files; see uploads.store"}

func (a *API) createExport(ctx context.Context, c *call, in *createExportInput) (*answer[Export], error) {
	b, actor := &in.Body, c.actor()
	if a.cfg.Files == nil {
		return nil, errNoExportFiles
	}
	if err := mayExport(actor, b.Kind); err != nil {
		return nil, err
	}
	if err := a.checkFilters(ctx, actor, b.Kind, &b.Filters); err != nil {
		return nil, err
	}
	filters, err := json.Marshal(&b.Filters)
	if err != nil {
		return nil, err
	}
	now := a.now()
	e := chat.Export{
		ID: chat.NewID[chat.Export](), Tenant: actor.Tenant, ExpiresAt: now.Add(exportLife), Kind: b.Kind, Filters: filters, By: actor.User, Role: actor.Role, CreatedAt: now,
	}
	if err := a.cfg.Store.AddExport(ctx, e); err != nil {
		return nil, err
	}
	select {
	case a.exporting <- struct{}{}:
	default:
	}
	return ok(showExport(&e))
}

// checkFilters judges filters now, so that an export does not fail for them later.
func (a *API) checkFilters(ctx context.Context, actor *chat.Actor, kind string, f *ExportFilters) error {
	if kind != chat.ExportReport {
		if f.Report != "" {
			return chat.Errorf(chat.Malformed, "filters.report: is for kind report")
		}
		_, err := a.exportFilter(ctx, actor.Tenant, f)
		return err
	}
	if f.Report == "" {
		return chat.Errorf(chat.Malformed, "filters.report: which one?")
	}
	_, err := a.reportTable(ctx, actor.Tenant, f)
	return err
}

// exportFilter is the filters as the store takes them.
func (a *API) exportFilter(ctx context.Context, t chat.TenantID, f *ExportFilters) (out chat.Filter, err error) {
	out.Limit = exportPage
	if f.Since != nil {
		out.Since = *f.Since
	}
	if f.Until != nil {
		out.Until = *f.Until
	}
	if f.Status != "" {
		for name := range strings.SplitSeq(f.Status, ",") {
			s, err := chat.ParseStatus(strings.TrimSpace(name))
			if err != nil {
				return out, err
			}
			out.Statuses = append(out.Statuses, s)
		}
	}
	if out.Assignee, err = optionalID[chat.Agent]("filters.assignee", f.Assignee); err != nil {
		return out, err
	}
	if out.Team, err = optionalID[chat.Team]("filters.team", f.Team); err != nil || f.Label == "" {
		return out, err
	}
	out.Label, err = a.cfg.Desk.Settings(ctx, t).LabelID(f.Label)
	return out, err
}

func (a *API) listExports(ctx context.Context, c *call, in *listInput) (*answer[List[Export]], error) {
	page, next, err := a.cfg.Store.ExportsOf(ctx, c.actor().Tenant, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[Export]{Data: make([]Export, 0, len(page)), NextCursor: orNull(next)}
	for i := range page {
		if mayExport(c.actor(), page[i].Kind) == nil {
			out.Data = append(out.Data, showExport(&page[i]))
		}
	}
	return ok(out)
}

// exportOf returns an export that the caller may see; any other is as if it were not there.
func (a *API) exportOf(ctx context.Context, c *call, rawID string) (chat.Export, error) {
	id, err := pathID[chat.Export](rawID)
	if err != nil {
		return chat.Export{}, err
	}
	e, err := a.cfg.Store.Export(ctx, c.actor().Tenant, id)
	if err != nil {
		return e, err
	}
	if mayExport(c.actor(), e.Kind) != nil || !a.cfg.Now().Before(e.ExpiresAt) {
		return e, chat.Errorf(chat.NotFound, "there is no such export")
	}
	return e, nil
}

func (a *API) getExport(ctx context.Context, c *call, in *Target) (*answer[Export], error) {
	e, err := a.exportOf(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(showExport(&e))
}

func (a *API) deleteExport(ctx context.Context, c *call, in *Target) (*none, error) {
	e, err := a.exportOf(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return &none{}, a.dropExport(ctx, &e)
}

// dropExport deletes an export's file and then its row. The file of one that is being made is deleted by its maker. Once more after the
// row, because who brings files into another form writes them again and then looks whether the row is still there.
func (a *API) dropExport(ctx context.Context, e *chat.Export) error {
	file := func() error {
		if e.Object == "" || a.cfg.Files == nil {
			return nil
		}
		return a.cfg.Files.Delete(ctx, e.Object)
	}
	if err := file(); err != nil {
		return err
	}
	if err := a.cfg.Store.DeleteExport(ctx, e.Tenant, e.ID); err != nil {
		return err
	}
	return file()
}

var errNotDone = &chat.Error{Code: chat.Conflict, Name: "export_not_done", Message: "the export is not done"}

func (a *API) downloadExport(ctx context.Context, c *call, in *Target) (*served, error) {
	e, err := a.exportOf(ctx, c, in.ID)
	switch {
	case err != nil:
		return nil, err
	case e.State != chat.ExportDone || a.cfg.Files == nil:
		return nil, errNotDone
	}
	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Uploads.Patience)
	r, err := a.cfg.Files.Open(reading, e.Object, 0, e.Bytes)
	if err != nil {
		cancel()
		return nil, err
	}
	head := &c.h.Response.Header
	head.Set("Content-Disposition", `attachment; filename="`+e.Kind+"-"+e.CreatedAt.UTC().Format("20060102-150405")+`.csv"`)
	head.Set("Content-Length", strconv.FormatInt(e.Bytes, 10))
	c.h.SetContentType(sheet.ContentType)
	c.h.SetStatusCode(http.StatusOK)
	c.h.SetBodyStream(stream{r, cancel}, int(e.Bytes))
	return &served{http.StatusOK}, nil
}
