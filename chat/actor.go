package chat

// Actor is who acts: the subject of every Desk method, proven by the caller (package server) from a credential.
type Actor struct {
	Tenant TenantID
	User   UserID
	Role   Role
	Scopes Scopes // of RoleAPI: what its token may do
	Name   string // shown to others; may be empty
	// Agent-only: what the agent may do and which teams it is in.
	AgentRole AgentRole
	Teams     []TeamID
	// Visitor-only: what the visitor's token says, written with its first message.
	Profile *Visitor
}

// Audience returns which part of a conversation the actor may see.
func (a *Actor) Audience() Audience {
	if a.Role == RoleVisitor {
		return AudiencePublic
	}
	return AudienceAll
}
