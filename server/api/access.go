package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// access is one row of the permission table: who may call an operation. The zero row is a mistake and stops the start.
type access struct {
	public  bool // no credential needed
	visitor bool // a visitor's token will do, for what is the visitor's own
	roles   roles
}

// roles is a set of agents' roles.
type roles uint8

const (
	owner roles = 1 << iota
	admin
	supervisor
	member
	viewer

	admins = owner | admin
	staff  = admins | supervisor | member
	all    = staff | viewer
)

var roleBits = map[chat.AgentRole]roles{
	chat.Owner: owner, chat.Admin: admin, chat.Supervisor: supervisor, chat.Member: member, chat.Viewer: viewer,
}

// The rows in use.
var (
	anyone         = access{public: true}
	readers        = access{roles: all}
	readersVisitor = access{roles: all, visitor: true}
	workers        = access{roles: staff}
	workersVisitor = access{roles: staff, visitor: true}
	managers       = access{roles: admins}
	leads          = access{roles: admins | supervisor}
	visitorOnly    = access{visitor: true}
)

func (a access) known() bool { return a != access{} }

// allows reports whether the actor may call the operation.
func (a access) allows(actor *chat.Actor) bool {
	switch actor.Role {
	case chat.RoleVisitor:
		return a.visitor
	case chat.RoleAgent:
		return a.roles&roleBits[actor.AgentRole] != 0
	default:
		return false
	}
}

// describe is the row in words, for the document.
func (a access) describe() string {
	if a.public {
		return "No credential is needed."
	}
	if a.roles == 0 {
		return "Only a visitor, for its own conversations."
	}
	s := "Roles: "
	for i, r := range []chat.AgentRole{chat.Owner, chat.Admin, chat.Supervisor, chat.Member, chat.Viewer} {
		if a.roles&roleBits[r] != 0 {
			if i > 0 {
				s += ", "
			}
			s += string(r)
		}
	}
	if a.visitor {
		s += "; a visitor, for its own conversations"
	}
	return s + "."
}

// permit lets an operation run only for those that its row names. Whether there is a credential at all was seen before.
func (a *API) permit(who access) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := callOf(ctx.Context())
		if who.public || c.cred != nil && who.allows(c.cred.Actor) {
			next(ctx)
			return
		}
		if h, ok := ctx.(*hertzContext); ok {
			writeProblem(h.c, problem(c, &chat.Error{Code: chat.Forbidden, Name: "role_not_allowed", Message: "your role does not allow this"}))
		}
	}
}
