package api

import (
	"context"
	"net/http"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// settingsRoutes are what tenants set up: who may call each stands beside it, for reading and for changing.
func (a *API) settingsRoutes() (rows []row) {
	canned := &collection[chat.CannedResponse, *chat.CannedResponse]{a, chat.RecordCanned, 5000, a.checkCanned}
	labels := &collection[chat.Label, *chat.Label]{a, chat.RecordLabel, 1000, nil}
	hours := &collection[chat.BusinessHours, *chat.BusinessHours]{a, chat.RecordHours, 100, nil}
	triggers := &collection[chat.Trigger, *chat.Trigger]{a, chat.RecordTrigger, 200, nil}
	blocks := &collection[chat.Block, *chat.Block]{a, chat.RecordBlock, 5000, nil}
	rows = append(rows, canned.rows("/api/v1/canned-responses", "canned responses", "CannedResponse", "CannedResponses", readers.with(chat.SettingsRead), leads.with(chat.SettingsWrite))...)
	rows = append(rows, labels.rows("/api/v1/labels", "labels", "Label", "Labels", readers.with(chat.SettingsRead), leads.with(chat.SettingsWrite))...)
	rows = append(rows, hours.rows("/api/v1/business-hours", "business hours", "BusinessHours", "BusinessHours", readers.with(chat.SettingsRead), managers.with(chat.SettingsWrite))...)
	rows = append(rows, triggers.rows("/api/v1/triggers", "triggers", "Trigger", "Triggers", readers.with(chat.SettingsRead), managers.with(chat.SettingsWrite))...)
	rows = append(rows, blocks.rows("/api/v1/blocklist", "blocklist", "Block", "Blocks", workers.with(chat.SettingsRead), leads.with(chat.SettingsWrite))...)
	slas := &collection[chat.SLA, *chat.SLA]{a, chat.RecordSLA, 100, a.checkSLA}
	rows = append(rows, slas.rows("/api/v1/sla", "promises", "SLA", "SLAs", readers.with(chat.SettingsRead), managers.with(chat.SettingsWrite))...)
	return append(rows,
		row{http.MethodGet, "/api/v1/routing", readers.with(chat.SettingsRead), "getRouting", "routing", "How conversations find their agents", 200, bind(a, a.getRouting)},
		row{http.MethodPatch, "/api/v1/routing", managers.with(chat.SettingsWrite), "updateRouting", "routing", "Change how conversations find their agents", 200, bind(a, a.updateRouting)},
		row{http.MethodDelete, "/api/v1/routing", managers.with(chat.SettingsWrite), "resetRouting", "routing", "Go back to what holds by default", 204, bind(a, a.resetRouting)},
	)
}

// checkCanned sees to it that the team of a canned response is there.
func (a *API) checkCanned(ctx context.Context, t chat.TenantID, b *chat.CannedResponse) error {
	return a.checkTeam(ctx, t, b.TeamID)
}

// checkSLA does the same of what is promised.
func (a *API) checkSLA(ctx context.Context, t chat.TenantID, b *chat.SLA) error {
	return a.checkTeam(ctx, t, b.TeamID)
}

func (a *API) checkTeam(ctx context.Context, t chat.TenantID, id string) error {
	if id == "" {
		return nil
	}
	teams, err := a.cfg.Store.Teams(ctx, t)
	if err != nil {
		return err
	}
	for i := range teams {
		if teams[i].ID.String() == id {
			return nil
		}
	}
	return chat.Errorf(chat.NotFound, "team_id: there is no such team")
}

// Routing is a tenant's one document of routing.
type Routing struct {
	Strategy  string     `json:"strategy" enum:"least_loaded,round_robin,manual"`
	Sticky    bool       `json:"sticky"`
	Reoffer   int        `json:"reoffer_seconds" doc:"0: nobody loses a conversation by silence."`
	Version   uint64     `json:"version" doc:"Counts changes; 0 while it is what holds by default."`
	UpdatedAt *time.Time `json:"updated_at" nullable:"true"`
}

func (a *API) routingDocument() *single[chat.Routing, *chat.Routing] {
	return &single[chat.Routing, *chat.Routing]{collection[chat.Routing, *chat.Routing]{a, chat.RecordRouting, 1, nil}}
}

func showRouting(b *chat.Routing, r *chat.Record) (*answer[Routing], error) {
	return ok(Routing{b.Strategy, *b.Sticky, b.Reoffer, r.Version, timeOrNull(r.UpdatedAt)})
}

func (a *API) getRouting(ctx context.Context, c *call, _ *none) (*answer[Routing], error) {
	r, b, err := a.routingDocument().read(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	return showRouting(&b, &r)
}

type updateRoutingInput struct {
	Body Patch[chat.Routing]
}

func (a *API) updateRouting(ctx context.Context, c *call, in *updateRoutingInput) (*answer[Routing], error) {
	r, b, err := a.routingDocument().patch(ctx, c.actor().Tenant, &in.Body)
	if err != nil {
		return nil, err
	}
	return showRouting(&b, &r)
}

func (a *API) resetRouting(ctx context.Context, c *call, _ *none) (*none, error) {
	return &none{}, a.routingDocument().reset(ctx, c.actor().Tenant)
}
