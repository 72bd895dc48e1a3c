package api

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

type listInput struct {
	Cursor string `query:"cursor" maxLength:"500"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *API) listAgents(ctx context.Context, c *call, in *listInput) (*answer[List[Agent]], error) {
	agents, next, err := a.cfg.Store.Agents(ctx, c.actor().Tenant, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[Agent]{Data: make([]Agent, len(agents)), NextCursor: orNull(next)}
	for i := range agents {
		out.Data[i] = a.showAgent(&agents[i])
	}
	return ok(out)
}

func (a *API) getAgent(ctx context.Context, c *call, in *Target) (*answer[Agent], error) {
	g, err := a.agent(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(a.showAgent(&g))
}

func (a *API) agent(ctx context.Context, c *call, rawID string) (chat.Agent, error) {
	id, err := pathID[chat.Agent](rawID)
	if err != nil {
		return chat.Agent{}, err
	}
	return a.cfg.Store.Agent(ctx, c.actor().Tenant, id)
}

const defaultCapacity = 5

type createAgentInput struct {
	Body struct {
		Email    string   `json:"email" minLength:"3" maxLength:"320"`
		Name     string   `json:"name" minLength:"1" maxLength:"100"`
		Role     string   `json:"role,omitempty" enum:"owner,admin,supervisor,agent,viewer" default:"agent"`
		Password string   `json:"password,omitempty" minLength:"8" maxLength:"256" doc:"Without one the agent is invited, and chooses it."`
		Locale   string   `json:"locale,omitempty" enum:"zh,en" doc:"Of the invite. Defaults to the caller's."`
		Teams    []string `json:"teams,omitempty" maxItems:"100" doc:"Ids of teams."`
		Capacity int      `json:"capacity,omitempty" minimum:"1" maximum:"1000" default:"5"`
	}
}

func (a *API) createAgent(ctx context.Context, c *call, in *createAgentInput) (*answer[NewAgent], error) {
	b := &in.Body
	g := chat.Agent{
		ID: chat.NewID[chat.Agent](), Tenant: c.actor().Tenant, Email: auth.NormalEmail(b.Email), Name: strings.TrimSpace(b.Name),
		Role: chat.AgentRole(b.Role), Capacity: b.Capacity, CreatedAt: a.cfg.Now().UTC().Truncate(time.Microsecond),
	}
	if g.Role == "" {
		g.Role = chat.Member
	}
	if g.Capacity == 0 {
		g.Capacity = defaultCapacity
	}
	if err := mayGrant(c.actor(), g.Role); err != nil {
		return nil, err
	}
	if g.Name == "" {
		return nil, errBlankName
	}
	err := validEmail(g.Email)
	if err != nil {
		return nil, err
	}
	if g.Teams, err = a.teamIDs(ctx, c, b.Teams); err != nil {
		return nil, err
	}
	if b.Password == "" {
		g.PasswordHash = auth.UnusableHash
		invite, err := a.invite(ctx, c, &g, true, b.Locale)
		if err != nil {
			return nil, emailTaken(err)
		}
		return ok(NewAgent{a.showAgent(&g), invite})
	}
	if g.PasswordHash, err = a.cfg.Auth.HashPassword(ctx, b.Password); err != nil {
		return nil, err
	}
	if err := a.cfg.Store.SaveAgents(ctx, g); err != nil {
		return nil, emailTaken(err)
	}
	return ok(NewAgent{Agent: a.showAgent(&g)})
}

func validEmail(email string) error {
	if addr, err := mail.ParseAddress(email); err != nil || addr.Address != email {
		return chat.Errorf(chat.Malformed, "email: %.80q is not an address", email)
	}
	return nil
}

var errBlankName = chat.Errorf(chat.Malformed, "name: is only blanks")

func emailTaken(err error) error {
	if errors.Is(err, &chat.Error{Code: chat.Conflict}) {
		return &chat.Error{Code: chat.Conflict, Name: "email_taken", Message: "another agent has this e-mail address"}
	}
	return err
}

// mayGrant says whether the actor may make somebody, or change somebody who is, of that role.
func mayGrant(actor *chat.Actor, role chat.AgentRole) error {
	if role == chat.Owner && actor.AgentRole != chat.Owner {
		return &chat.Error{Code: chat.Forbidden, Name: "owner_only", Message: "only an owner may do this to an owner"}
	}
	if role == chat.Admin && actor.Role == chat.RoleAPI && !actor.Scopes.Has(chat.AllScopes) {
		// Otherwise a token of one scope could make itself an admin with a password of its choice, who may do everything.
		return &chat.Error{Code: chat.Forbidden, Name: "admin_only", Message: "an API token needs the scope * to do this to an admin"}
	}
	return nil
}

type updateAgentInput struct {
	Target
	Body struct {
		Name     *string   `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Role     *string   `json:"role,omitempty" enum:"owner,admin,supervisor,agent,viewer"`
		Password *string   `json:"password,omitempty" minLength:"8" maxLength:"256" doc:"Ends every log-in of the agent."`
		Teams    *[]string `json:"teams,omitempty" maxItems:"100"`
		Capacity *int      `json:"capacity,omitempty" minimum:"1" maximum:"1000"`
		Disabled *bool     `json:"disabled,omitempty" doc:"true ends every log-in of the agent."`
	}
}

func (a *API) updateAgent(ctx context.Context, c *call, in *updateAgentInput) (*answer[Agent], error) {
	g, err := a.agent(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if err := mayGrant(c.actor(), g.Role); err != nil {
		return nil, err
	}
	p, err := a.agentPatch(ctx, c, in)
	if err != nil {
		return nil, err
	}
	revoke := false
	// What somebody else has changed in the meantime (who was locked, or has another role or password by now) stays as it is.
	g, err = a.cfg.Store.ChangeAgent(ctx, g.Tenant, g.ID, func(g *chat.Agent) (err error) {
		if err := mayGrant(c.actor(), g.Role); err != nil {
			return err
		}
		revoke, err = p.apply(c.actor(), g, a.cfg.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	if revoke {
		if err := a.cfg.Auth.Revoked(ctx, g.Tenant, g.ID); err != nil {
			return nil, err
		}
	}
	if err := a.settingsChanged(ctx, g.Tenant); err != nil {
		return nil, err
	}
	return ok(a.showAgent(&g))
}

// agentPatch is what is to be changed of an agent, looked up and hashed: what remains takes no time.
type agentPatch struct {
	*updateAgentInput
	teams []chat.TeamID
	hash  string // of the new password; empty: the old one stays
}

func (a *API) agentPatch(ctx context.Context, c *call, in *updateAgentInput) (p agentPatch, err error) {
	p.updateAgentInput = in
	b := &in.Body
	if b.Name != nil && strings.TrimSpace(*b.Name) == "" {
		return p, errBlankName
	}
	if b.Teams != nil {
		if p.teams, err = a.teamIDs(ctx, c, *b.Teams); err != nil {
			return p, err
		}
	}
	if b.Password != nil {
		p.hash, err = a.cfg.Auth.HashPassword(ctx, *b.Password)
	}
	return p, err
}

// apply changes g as asked. revoke is true if live connections must be closed, because what they were let in with no longer holds.
func (p *agentPatch) apply(by *chat.Actor, g *chat.Agent, now time.Time) (revoke bool, err error) {
	b := &p.Body
	if chat.UserID(g.ID) == by.User && (b.Role != nil && *b.Role != string(g.Role) || b.Disabled != nil && *b.Disabled) {
		return false, &chat.Error{Code: chat.Conflict, Name: "self", Message: "you can't disable yourself or change your own role"}
	}
	if b.Name != nil {
		g.Name = strings.TrimSpace(*b.Name)
	}
	if b.Capacity != nil {
		g.Capacity = *b.Capacity
	}
	if b.Role != nil && *b.Role != string(g.Role) {
		if err := mayGrant(by, chat.AgentRole(*b.Role)); err != nil {
			return false, err
		}
		g.Role, revoke = chat.AgentRole(*b.Role), true
	}
	if b.Teams != nil {
		g.Teams, revoke = p.teams, true
	}
	if p.hash != "" {
		g.PasswordHash, revoke = p.hash, true
		g.EndTokens(now)
	}
	if b.Disabled != nil && *b.Disabled != g.Disabled {
		g.Disabled = *b.Disabled
		if g.Disabled {
			g.EndTokens(now)
			revoke = true
		}
	}
	return revoke, nil
}

// teamIDs reads ids of the tenant's teams.
func (a *API) teamIDs(ctx context.Context, c *call, raw []string) ([]chat.TeamID, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	teams, err := a.cfg.Store.Teams(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	known := make(map[chat.TeamID]bool, len(teams))
	for i := range teams {
		known[teams[i].ID] = true
	}
	out := make([]chat.TeamID, 0, len(raw))
	for _, s := range raw {
		id, err := bodyID[chat.Team]("teams", s)
		if err != nil {
			return nil, err
		}
		if !known[id] {
			return nil, chat.Errorf(chat.NotFound, "teams: there is no team %s", id)
		}
		out = append(out, id)
	}
	return out, nil
}

func (a *API) listTeams(ctx context.Context, c *call, in *listInput) (*answer[List[Team]], error) {
	teams, err := a.cfg.Store.Teams(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	return pageOf(teams, in, func(t *chat.Team) string { return t.Name + "\x00" + t.ID.String() }, showTeam)
}

type createTeamInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100"`
	}
}

func (a *API) createTeam(ctx context.Context, c *call, in *createTeamInput) (*answer[Team], error) {
	t := chat.Team{ID: chat.NewID[chat.Team](), Tenant: c.actor().Tenant, Name: strings.TrimSpace(in.Body.Name), CreatedAt: a.cfg.Now().UTC().Truncate(time.Microsecond)}
	if t.Name == "" {
		return nil, errBlankName
	}
	if err := a.cfg.Store.SaveTeam(ctx, t); err != nil {
		return nil, err
	}
	if err := a.settingsChanged(ctx, t.Tenant); err != nil {
		return nil, err
	}
	return ok(showTeam(&t))
}

func showTeam(t *chat.Team) Team { return Team{t.ID.String(), t.Name, t.CreatedAt.UTC()} }
