package api

import (
	"context"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/sheet"
)

// QueueReport says whether customers are waiting, at this moment.
type QueueReport struct {
	Waiting     int          `json:"waiting"`
	LongestWait float64      `json:"longest_wait_seconds" doc:"0 if nobody waits."`
	Teams       []TeamQueue  `json:"teams" nullable:"false" doc:"Queues that are not empty."`
	Online      int          `json:"agents_online" doc:"Who can be given conversations now."`
	Free        int          `json:"free_capacity" doc:"How many more conversations they can be given."`
	Agents      []AgentAtNow `json:"agents" nullable:"false" doc:"Those who are not offline, or have open conversations."`
}

// TeamQueue is what waits in a team's queue.
type TeamQueue struct {
	TeamID      *string `json:"team_id" nullable:"true" format:"uuid" doc:"null: of no team."`
	Name        string  `json:"name"`
	Waiting     int     `json:"waiting"`
	LongestWait float64 `json:"longest_wait_seconds"`
}

// AgentAtNow is an agent's load.
type AgentAtNow struct {
	AgentID  string `json:"agent_id" format:"uuid"`
	Name     string `json:"name"`
	Status   string `json:"status" enum:"offline,online,busy,away"`
	Open     int    `json:"open" doc:"Open conversations."`
	Capacity int    `json:"capacity"`
}

// queueInput is the input of the report of queues.
type queueInput struct{ FormatInput }

func (a *API) reportQueue(ctx context.Context, c *call, _ *queueInput) (*QueueReport, error) {
	t := c.actor().Tenant
	queues, err := a.cfg.Store.QueuesNow(ctx, t)
	if err != nil {
		return nil, err
	}
	teams, err := a.cfg.Store.Teams(ctx, t)
	if err != nil {
		return nil, err
	}
	names := make(map[chat.TeamID]string, len(teams))
	for i := range teams {
		names[teams[i].ID] = teams[i].Name
	}
	out := &QueueReport{Teams: []TeamQueue{}, Agents: []AgentAtNow{}}
	now := a.cfg.Now()
	for _, q := range queues {
		wait := max(now.Sub(q.Oldest).Seconds(), 0)
		out.Waiting += q.N
		out.LongestWait = max(out.LongestWait, wait)
		out.Teams = append(out.Teams, TeamQueue{idOrNull(q.Team), names[q.Team], q.N, wait})
	}
	return out, a.loads(ctx, t, out)
}

// loads adds who is there to answer.
func (a *API) loads(ctx context.Context, t chat.TenantID, out *QueueReport) error {
	open, err := a.cfg.Store.OpenCounts(ctx, t)
	if err != nil {
		return err
	}
	staff, err := a.allAgents(ctx, t)
	if err != nil {
		return err
	}
	for i := range staff {
		ag := &staff[i]
		state, n := a.cfg.Desk.Presence.Agent(t, ag.ID), open[ag.ID]
		if state == chat.Offline && n == 0 {
			continue
		}
		if state == chat.Online && !ag.Disabled && ag.Role != chat.Viewer {
			out.Online++
			out.Free += max(ag.Capacity-n, 0)
		}
		out.Agents = append(out.Agents, AgentAtNow{ag.ID.String(), ag.Name, availabilityNames[state], n, ag.Capacity})
	}
	return nil
}

func (r *QueueReport) rows(w *sheet.Writer) {
	w.Row("team_id", "name", "waiting", "longest_wait_seconds")
	for i := range r.Teams {
		q := &r.Teams[i]
		w.Row(deref(q.TeamID), q.Name, q.Waiting, q.LongestWait)
	}
}
