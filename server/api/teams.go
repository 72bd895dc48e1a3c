package api

import (
	"context"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

// team finds a team of the caller's tenant.
func (a *API) team(ctx context.Context, c *call, raw string) (*chat.Team, error) {
	id, err := pathID[chat.Team](raw)
	if err != nil {
		return nil, err
	}
	teams, err := a.cfg.Store.Teams(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	for i := range teams {
		if teams[i].ID == id {
			return &teams[i], nil
		}
	}
	return nil, chat.Errorf(chat.NotFound, "there is no such team")
}

func (a *API) getTeam(ctx context.Context, c *call, in *Target) (*answer[Team], error) {
	t, err := a.team(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(showTeam(t))
}

func (a *API) updateTeam(ctx context.Context, c *call, in *renameInput) (*answer[Team], error) {
	t, err := a.team(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if t.Name = strings.TrimSpace(in.Body.Name); t.Name == "" {
		return nil, errBlankName
	}
	if err := a.cfg.Store.SaveTeam(ctx, *t); err != nil {
		return nil, err
	}
	if err := a.settingsChanged(ctx, t.Tenant); err != nil {
		return nil, err
	}
	return ok(showTeam(t))
}

// deleteTeam removes a team. Conversations that are not closed and are the team's would be seen by nobody but supervisors
// afterwards, so somebody must move them first.
func (a *API) deleteTeam(ctx context.Context, c *call, in *Target) (*none, error) {
	id, err := pathID[chat.Team](in.ID)
	if err != nil {
		return nil, err
	}
	tenant := c.actor().Tenant
	busy, _, err := a.cfg.Store.Conversations(ctx, tenant, chat.Filter{
		Team: id, Statuses: []chat.Status{chat.Queued, chat.Open, chat.WithBot, chat.Snoozed}, Limit: 1,
	})
	if err != nil {
		return nil, err
	}
	if len(busy) > 0 {
		return nil, &chat.Error{
			Code: chat.Conflict, Name: "team_in_use", Message: "the team has conversations that are not closed; transfer them first", Conversation: busy[0].ID,
		}
	}
	if err := a.cfg.Store.DeleteTeam(ctx, tenant, id); err != nil {
		return nil, err
	}
	return &none{}, a.settingsChanged(ctx, tenant)
}
