package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// act is on whose behalf a request is, for the audit log.
func (c *call) act() chat.Act {
	a := chat.Act{ActorKind: chat.ActorAnonymous, Request: c.id}
	if c.addr.IsValid() {
		a.Address = c.addr.String()
	}
	if c.cred == nil || c.cred.Actor == nil {
		return a
	}
	actor := c.cred.Actor
	a.ActorID, a.ActorName = actor.User.String(), actor.Name
	switch actor.Role {
	case chat.RoleVisitor:
		a.ActorKind = chat.ActorVisitor
	case chat.RoleAPI:
		a.ActorKind = chat.ActorToken
	default:
		a.ActorKind = chat.ActorAgent
	}
	return a
}

// AuditEntry is an act in the audit log.
type AuditEntry struct {
	ID      string          `json:"id" format:"uuid"`
	Seq     uint64          `json:"seq" doc:"1, 2, 3, … of the tenant, without a gap."`
	At      time.Time       `json:"at"`
	Actor   AuditActor      `json:"actor"`
	Address string          `json:"address" doc:"Where the request came from; empty for the command line and the program itself."`
	Request string          `json:"request_id"`
	Action  string          `json:"action" doc:"A stable name, such as agent.updated."`
	Target  AuditTarget     `json:"target"`
	Outcome string          `json:"outcome" enum:"ok,failed"`
	Details json.RawMessage `json:"details" doc:"What changed: an object; never secrets, nor what people wrote."`
	Hash    string          `json:"hash" doc:"SHA-256, hexadecimal, of the entry and the hash before it."`
}

// AuditActor is who did it, by the name of the time.
type AuditActor struct {
	Kind string `json:"kind" enum:"agent,api_token,visitor,cli,system,anonymous"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// AuditTarget is what it was done to.
type AuditTarget struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

func showAuditEntry(e *chat.AuditEntry) AuditEntry {
	return AuditEntry{
		ID: e.ID.String(), Seq: e.Seq, At: e.At.UTC(), Actor: AuditActor{e.ActorKind, e.ActorID, e.ActorName}, Address: e.Address,
		Request: e.Request, Action: e.Action, Target: AuditTarget{e.TargetKind, e.TargetID, e.TargetName}, Outcome: e.Outcome,
		Details: e.Details, Hash: hex.EncodeToString(e.Hash[:]),
	}
}

type listAuditInput struct {
	Actor  string    `query:"actor" maxLength:"100" doc:"Id of who did it."`
	Action string    `query:"action" maxLength:"100" doc:"A name, or the start of one with a dot at its end, such as agent."`
	Target string    `query:"target" maxLength:"100" doc:"Id of what it was done to."`
	Since  time.Time `query:"since"`
	Until  time.Time `query:"until"`
	Cursor string    `query:"cursor" maxLength:"100"`
	Limit  int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *API) listAuditLog(ctx context.Context, c *call, in *listAuditInput) (*answer[List[AuditEntry]], error) {
	page, next, err := a.cfg.Store.AuditEntries(ctx, c.actor().Tenant, chat.AuditFilter{
		Actor: in.Actor, Action: in.Action, Target: in.Target, Since: in.Since, Until: in.Until, Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := List[AuditEntry]{Data: make([]AuditEntry, len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i] = showAuditEntry(&page[i])
	}
	return ok(out)
}
