package api

import (
	"net/http"
	"slices"

	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/route"
	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// sessionPath is the one route that pages of other origins call without a credential.
const sessionPath = "/api/v1/widget/session"

// configPath is where a page asks how its widget looks, before there is a session. It is no part of /api/v1, where every route but a few
// wants a credential.
const configPath = "/widget/config"

// challengePath is where a challenge in the body stands for a credential.
const challengePath = "/api/v1/auth/totp"

// row is one route: where it is, who may call it, what it is called, and what handles it.
type row struct {
	method, path string
	who          access
	id, tag      string
	summary      string
	status       int // of success
	bind         func(huma.API, huma.Operation)
}

// routes is every route of the API. Who may call it stands beside it; a route without that stops the start.
func (a *API) routes() []row {
	return slices.Concat(a.coreRoutes(), a.settingsRoutes(), a.retentionRoutes(), a.webhookRoutes(), a.mailRoutes(), a.reportRoutes(), a.exportRoutes(), a.peopleRoutes(), a.knowledgeRoutes(), a.aiRoutes())
}

func (a *API) coreRoutes() []row {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	return []row{
		{post, sessionPath, anyone, "openWidgetSession", "widget", "Open or renew a visitor's session", 201, bind(a, a.openSession)},

		{post, "/api/v1/auth/login", anyone, "login", "auth", "Log in with e-mail and password", 200, bind(a, a.login)},
		{post, "/api/v1/auth/refresh", anyone, "refresh", "auth", "Exchange a refresh token", 200, bind(a, a.refresh)},
		{post, "/api/v1/auth/logout", readers, "logout", "auth", "End this log-in, its tokens and connections", 204, bind(a, a.logout)},
		{post, "/api/v1/auth/password", readers, "changePassword", "auth", "Change your password; every earlier log-in of yours ends", 200, bind(a, a.password)},
		{post, challengePath, challenged, "completeChallenge", "auth", "Complete a log-in with a code of the second factor", 200, bind(a, a.completeChallenge)},
		{get, "/api/v1/auth/totp/status", readers, "getSecondFactor", "auth", "Whether your second factor is on", 200, bind(a, a.secondFactor)},
		{post, "/api/v1/auth/totp/enrol", readers, "enrolSecondFactor", "auth", "Get a secret for an authenticator app", 200, bind(a, a.enrol)},
		{post, "/api/v1/auth/totp/confirm", readers, "confirmSecondFactor", "auth", "Turn your second factor on; recovery codes are shown once", 200, bind(a, a.confirmEnrolment)},
		{post, "/api/v1/auth/totp/disable", readers, "disableSecondFactor", "auth", "Turn your second factor off", 204, bind(a, a.endSecondFactor)},

		{get, "/api/v1/conversations", readers.with(chat.ConversationsRead), "listConversations", "conversations", "List conversations, newest activity first, or those that a search finds", 200, bind(a, a.listConversations)},
		{get, "/api/v1/conversations/{id}", readers.with(chat.ConversationsRead), "getConversation", "conversations", "One conversation", 200, bind(a, a.getConversation)},
		{get, "/api/v1/conversations/{id}/messages", readersVisitor.with(chat.ConversationsRead), "listMessages", "conversations", "Messages of a conversation, oldest first", 200, bind(a, a.listMessages)},
		{post, "/api/v1/conversations/{id}/messages", workersVisitor.with(chat.MessagesWrite), "sendMessage", "conversations", "Send a message; the same cmid again is the same message", 201, wordy(bind(a, a.sendMessage))},
		{patch, "/api/v1/conversations/{id}/messages/{mid}", workersVisitor.with(chat.MessagesWrite), "editMessage", "conversations", "Change what a message of the caller's own shows", 200, wordy(bind(a, a.editMessage))},
		{del, "/api/v1/conversations/{id}/messages/{mid}", workersVisitor.with(chat.MessagesWrite), "recallMessage", "conversations", "Take a message back", 204, bind(a, a.recallMessage)},
		{post, "/api/v1/conversations/{id}/notes", workers.with(chat.MessagesWrite), "addNote", "conversations", "Write a note that only the staff sees", 201, wordy(bind(a, a.addNote))},
		{get, "/api/v1/conversations/{id}/transcript", readersVisitor.with(chat.ConversationsRead), "getTranscript", "conversations", "All of a conversation as a text file", 200, bind(a, a.transcript)},
		{post, "/api/v1/conversations/{id}/accept", workers, "acceptConversation", "conversations", "Take a queued conversation", 200, bind(a, a.accept)},
		{post, "/api/v1/conversations/{id}/assign", workers.with(chat.ConversationsWrite), "assignConversation", "conversations", "Give a conversation to an agent, or back to the queue", 200, bind(a, a.assign)},
		{post, "/api/v1/conversations/{id}/transfer", workers.with(chat.ConversationsWrite), "transferConversation", "conversations", "Hand a conversation over to an agent or a team's queue", 200, bind(a, a.transfer)},
		{post, "/api/v1/conversations/{id}/close", workers.with(chat.ConversationsWrite), "closeConversation", "conversations", "Close a conversation", 200, bind(a, a.close)},
		{post, "/api/v1/conversations/{id}/reopen", workers.with(chat.ConversationsWrite), "reopenConversation", "conversations", "Reopen a closed conversation", 200, bind(a, a.reopen)},
		{patch, "/api/v1/conversations/{id}", workers.with(chat.ConversationsWrite), "updateConversation", "conversations", "Change priority and context", 200, bind(a, a.updateConversation)},
		{post, "/api/v1/conversations/{id}/snooze", workers.with(chat.ConversationsWrite), "snoozeConversation", "conversations", "Put a conversation aside until a time, or until its visitor writes", 200, bind(a, a.snooze)},
		{post, "/api/v1/conversations/{id}/labels", workers.with(chat.ConversationsWrite), "labelConversation", "conversations", "Set, add or remove labels", 200, bind(a, a.label)},
		{post, "/api/v1/conversations/{id}/handoff", workersVisitor.with(chat.ConversationsWrite), "handOffConversation", "conversations", "Ask for a person, or for the bot", 200, bind(a, a.handoff)},
		{post, "/api/v1/conversations/{id}/rating", visitorOnly, "rateConversation", "conversations", "Rate a conversation; the last rating counts", 200, bind(a, a.rate)},
		{post, "/api/v1/conversations/{id}/read", workersVisitor.with(chat.ConversationsWrite), "readConversation", "conversations", "Mark everything up to a seq as read", 200, bind(a, a.read)},

		{post, uploadsPath, workersVisitor.with(chat.MessagesWrite), "uploadFile", "uploads", "Send a file up, for a message to name", 201, a.bindUpload()},
		{get, "/api/v1/uploads/{id}", readersVisitor.with(chat.ConversationsRead), "getUpload", "uploads", "A file: the caller's own, or one that a message names which the caller may see", 200, bindFile(a, a.getUpload)},
		{get, "/api/v1/uploads/{id}/thumbnail", readersVisitor.with(chat.ConversationsRead), "getThumbnail", "uploads", "A small picture of an image", 200, bindFile(a, a.getThumbnail)},
		{post, "/api/v1/uploads/{id}/link", readersVisitor.with(chat.ConversationsRead), "linkUpload", "uploads", "An address of the file that needs no credential, for a while", 200, bind(a, a.linkUpload)},
		{del, "/api/v1/uploads/{id}", workersVisitor.with(chat.MessagesWrite), "deleteUpload", "uploads", "Delete a file of the caller's own that no message names", 204, bind(a, a.deleteUpload)},

		{get, "/api/v1/agents", readers.with(chat.AgentsRead), "listAgents", "agents", "List agents", 200, bind(a, a.listAgents)},
		{post, "/api/v1/agents", managers.with(chat.AgentsWrite), "createAgent", "agents", "Create an agent, with a password or by an invite", 201, bind(a, a.createAgent)},
		{get, "/api/v1/agents/{id}", readers.with(chat.AgentsRead), "getAgent", "agents", "One agent", 200, bind(a, a.getAgent)},
		{patch, "/api/v1/agents/{id}", managers.with(chat.AgentsWrite), "updateAgent", "agents", "Change an agent", 200, bind(a, a.updateAgent)},

		{get, "/api/v1/teams", readers.with(chat.AgentsRead), "listTeams", "teams", "List teams", 200, bind(a, a.listTeams)},
		{post, "/api/v1/teams", managers.with(chat.AgentsWrite), "createTeam", "teams", "Create a team", 201, bind(a, a.createTeam)},
		{get, "/api/v1/teams/{id}", readers.with(chat.AgentsRead), "getTeam", "teams", "One team", 200, bind(a, a.getTeam)},
		{patch, "/api/v1/teams/{id}", managers.with(chat.AgentsWrite), "updateTeam", "teams", "Rename a team", 200, bind(a, a.updateTeam)},
		{del, "/api/v1/teams/{id}", managers.with(chat.AgentsWrite), "deleteTeam", "teams", "Delete a team that nobody waits in", 204, bind(a, a.deleteTeam)},

		{get, "/api/v1/api-tokens", managers, "listAPITokens", "API tokens", "List API tokens", 200, bind(a, a.listAPITokens)},
		{post, "/api/v1/api-tokens", managers, "createAPIToken", "API tokens", "Create an API token; it is shown once", 201, bind(a, a.createAPIToken)},
		{get, "/api/v1/api-tokens/{id}", managers, "getAPIToken", "API tokens", "One API token", 200, bind(a, a.getAPIToken)},
		{del, "/api/v1/api-tokens/{id}", managers, "revokeAPIToken", "API tokens", "Revoke an API token and close its connections", 204, bind(a, a.revokeAPIToken)},

		{get, "/api/v1/audit-log", managers.with(chat.AuditRead), "listAuditLog", "audit log", "Who did what, newest first", 200, bind(a, a.listAuditLog)},

		{get, "/api/v1/site-keys", managers.with(chat.SettingsRead), "listSiteKeys", "site keys", "List site keys", 200, bind(a, a.listSiteKeys)},
		{post, "/api/v1/site-keys", managers.with(chat.SettingsWrite), "createSiteKey", "site keys", "Create a site key; its secret is shown once", 201, bind(a, a.createSiteKey)},
		{get, "/api/v1/site-keys/{id}", managers.with(chat.SettingsRead), "getSiteKey", "site keys", "One site key, with the look of its widget", 200, bind(a, a.getSiteKey)},
		{patch, "/api/v1/site-keys/{id}", managers.with(chat.SettingsWrite), "updateSiteKey", "site keys", "Change a site key's name, origins or widget", 200, bind(a, a.updateSiteKey)},
		{del, "/api/v1/site-keys/{id}", managers.with(chat.SettingsWrite), "deleteSiteKey", "site keys", "Delete a site key; its widget stops", 204, bind(a, a.deleteSiteKey)},
		{post, "/api/v1/site-keys/{id}/rotate-secret", managers.with(chat.SettingsWrite), "rotateSecret", "site keys", "Make a new secret; the one before stays good", 200, bind(a, a.rotateSecret)},

		{get, "/api/v1/tenants", platform, "listTenants", "tenants", "List tenants", 200, bind(a, a.listTenants)},
		{post, "/api/v1/tenants", platform, "createTenant", "tenants", "Create a tenant with a site key and, if you like, its owner", 201, bind(a, a.createTenant)},
		{get, "/api/v1/tenants/{id}", platform, "getTenant", "tenants", "One tenant", 200, bind(a, a.getTenant)},
		{patch, "/api/v1/tenants/{id}", platform, "updateTenant", "tenants", "Rename a tenant", 200, bind(a, a.updateTenant)},
	}
}

// maxBody is how large a request's body may be, in bytes.
const maxBody = 1 << 20

// messageRoom is how large a request may be that holds a message: an API token's may have a body of maxBody, and it stands in a request.
const messageRoom = 2 * maxBody

// wordy is for routes that take a message.
func wordy(register func(huma.API, huma.Operation)) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		op.MaxBodyBytes = messageRoom
		register(h, op)
	}
}

// operation is the row as huma and the document want it.
func (r *row) operation(a *API) huma.Operation {
	op := huma.Operation{
		Method: r.method, Path: r.path, OperationID: r.id, Summary: r.summary, Description: r.who.describe(), Tags: []string{r.tag},
		DefaultStatus: r.status, MaxBodyBytes: maxBody, BodyReadTimeout: -1, Middlewares: huma.Middlewares{a.permit(r.who)},
		Security: []map[string][]string{{"bearer": {}}, {"apiToken": {}}},
	}
	if r.takesOnce() {
		op.Middlewares = append(op.Middlewares, a.once(r))
		op.Parameters = append(op.Parameters, onceParameter())
	}
	if r.who.public {
		op.Security = []map[string][]string{}
	}
	return op
}

// humaConfig describes the document and the one format.
func humaConfig(version string) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "uniqchat", Version: version,
				Description: "Every path under /api/v1 answers 401 without a credential, before routing, except those that say otherwise. " +
					"Errors are problem documents (RFC 9457) with a stable code. Times are RFC 3339 in UTC, except in messages, which have the fields of the MESSAGE packet.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer":   {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "An agent's access token, an API token or a visitor's token."},
					"apiToken": {Type: "apiKey", In: "header", Name: "X-API-Token", Description: "The same token in a header of its own."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

// newBareEngine returns a Hertz engine that serves nothing, to register routes with.
func newBareEngine() *route.Engine {
	return route.NewEngine(config.NewOptions([]config.Option{{F: func(o *config.Options) { o.DisablePrintRoute = true }}}))
}
