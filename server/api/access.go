package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// access is one row of the permission table: who may call an operation. The zero row is a mistake and stops the start.
type access struct {
	public   bool             // no credential needed
	visitor  bool             // a visitor's token will do, for what is the visitor's own
	begun    bool             // for whoever has a challenge: it is proven before
	platform bool             // for the platform's API tokens, and nobody else
	link     chat.LinkPurpose // for whoever holds a link of a mail, and nobody else
	roles    roles
	scope    chat.Scopes // what an API token needs; none: no API token may call it
}

// with is the row for API tokens of a scope, too.
func (a access) with(scope chat.Scopes) access {
	a.scope = scope
	return a
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
	challenged     = access{public: true, begun: true}
	readers        = access{roles: all}
	readersVisitor = access{roles: all, visitor: true}
	workers        = access{roles: staff}
	workersVisitor = access{roles: staff, visitor: true}
	managers       = access{roles: admins}
	platform       = access{platform: true}
	leads          = access{roles: admins | supervisor}
	visitorOnly    = access{visitor: true}
	invited        = access{link: chat.LinkInvite}
	forgetful      = access{link: chat.LinkReset}
)

func (a access) known() bool { return a != access{} }

var (
	errRole     = &chat.Error{Code: chat.Forbidden, Name: "role_not_allowed", Message: "your role does not allow this"}
	errNoTokens = &chat.Error{Code: chat.Forbidden, Name: "role_not_allowed", Message: "an API token can't do this; log in"}
	errLinkOnly = &chat.Error{Code: chat.Forbidden, Name: "link_only", Message: "this takes the token of a link in a mail, as Authorization: Bearer"}
	errPlatform = &chat.Error{Code: chat.Forbidden, Name: "platform_only", Message: "this needs an API token of the platform: uniqchat token create --platform"}
)

// check returns Forbidden unless the credential may call the operation.
func (a access) check(cred *auth.Credential) error {
	actor := cred.Actor
	switch {
	case a.platform && !cred.Platform:
		return errPlatform
	case a.platform:
		return nil
	case cred.Platform:
		return &chat.Error{Code: chat.Forbidden, Name: "platform_only", Message: "a token of the platform manages tenants and nothing inside of one"}
	case a.link != "":
		return errLinkOnly
	case actor.Role == chat.RoleVisitor && a.visitor, actor.Role == chat.RoleAgent && a.roles&roleBits[actor.AgentRole] != 0:
		return nil
	case actor.Role != chat.RoleAPI:
		return errRole
	case a.scope == 0:
		return errNoTokens
	case !actor.Scopes.Has(a.scope):
		return &scopeError{a.scope}
	}
	return nil
}

// scopeError tells an API token which scope it lacks.
type scopeError struct{ scope chat.Scopes }

func (e *scopeError) Error() string {
	return "this needs an API token with the scope " + e.scope.String()
}

// Unwrap makes it a failure for people.
func (e *scopeError) Unwrap() error {
	return &chat.Error{Code: chat.Forbidden, Name: "scope_missing", Message: e.Error()}
}

// describe is the row in words, for the document.
func (a access) describe() string {
	if a.begun {
		return "The challenge of a log-in, in the body; without a valid one 401."
	}
	if a.public {
		return "No credential is needed."
	}
	if a.platform {
		return "An API token of the platform."
	}
	if a.link != "" {
		return "The token of a link in a mail, as Authorization: Bearer; it works once."
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
	if a.scope != 0 {
		return s + "; an API token with the scope " + a.scope.String() + "."
	}
	return s + "; no API token."
}

// permit lets an operation run only for those that its row names. Whether there is a credential at all was seen before.
func (a *API) permit(who access) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := callOf(ctx.Context())
		var err error = errRole
		if who.public || who.link != "" && c.link != nil && c.link.Purpose == who.link {
			err = nil
		} else if c.cred != nil {
			err = who.check(c.cred)
		}
		if err == nil {
			next(ctx)
			return
		}
		if h, ok := ctx.(*hertzContext); ok {
			writeProblem(h.c, problem(c, err))
		}
	}
}
