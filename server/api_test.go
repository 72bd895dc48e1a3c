package server_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/api"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(withServices{m},
		// gnet's worker pool and logger keep these for the life of a process.
		goleak.IgnoreTopFunction("github.com/panjf2000/ants/v2.(*poolCommon).purgeStaleWorkers"),
		goleak.IgnoreTopFunction("github.com/panjf2000/ants/v2.(*poolCommon).ticktock"),
		goleak.IgnoreTopFunction("github.com/panjf2000/ants/v2.(*goWorker).run.func1"),
		goleak.IgnoreAnyFunction("github.com/cloudwego/hertz/pkg/protocol.UpdateServerDate.func1"), // Hertz's clock, likewise
	)
}

// who may call each operation: a visitor, then roles from owner to viewer; a second time, so that a change is a decision.
var allowed = map[string]string{
	//                        visitor owner admin supervisor agent viewer
	"logout":               "-oasmv",
	"changePassword":       "-oasmv",
	"getSecondFactor":      "-oasmv",
	"enrolSecondFactor":    "-oasmv",
	"confirmSecondFactor":  "-oasmv",
	"disableSecondFactor":  "-oasmv",
	"listConversations":    "-oasmv",
	"getConversation":      "-oasmv",
	"listMessages":         "voasmv",
	"sendMessage":          "voasm-",
	"editMessage":          "voasm-",
	"recallMessage":        "voasm-",
	"addNote":              "-oasm-",
	"getTranscript":        "voasmv",
	"acceptConversation":   "-oasm-",
	"assignConversation":   "-oasm-",
	"transferConversation": "-oasm-",
	"closeConversation":    "-oasm-",
	"reopenConversation":   "-oasm-",
	"readConversation":     "voasm-",
	"updateConversation":   "-oasm-",
	"snoozeConversation":   "-oasm-",
	"labelConversation":    "-oasm-",
	"handOffConversation":  "voasm-",
	"rateConversation":     "v-----",
	"uploadFile":           "voasm-",
	"getUpload":            "voasmv",
	"getThumbnail":         "voasmv",
	"linkUpload":           "voasmv",
	"deleteUpload":         "voasm-",
	"listAgents":           "-oasmv",
	"createAgent":          "-oa---",
	"getAgent":             "-oasmv",
	"updateAgent":          "-oa---",
	"listTeams":            "-oasmv",
	"getTeam":              "-oasmv",
	"getAPIToken":          "-oa---",
	"createTeam":           "-oa---",
	"listWebhooks":         "-oa---",
	"createWebhook":        "-oa---",
	"getWebhook":           "-oa---",
	"updateWebhook":        "-oa---",
	"deleteWebhook":        "-oa---",
	"rotateWebhookSecret":  "-oa---",
	"testWebhook":          "-oa---",
	"listDeliveries":       "-oa---",
	"replayDelivery":       "-oa---",
	"updateTeam":           "-oa---",
	"deleteTeam":           "-oa---",
	"listAPITokens":        "-oa---",
	"createAPIToken":       "-oa---",
	"revokeAPIToken":       "-oa---",
	"listAuditLog":         "-oa---",
	"listSiteKeys":         "-oa---",
	"createSiteKey":        "-oa---",
	"getSiteKey":           "-oa---",
	"updateSiteKey":        "-oa---",
	"deleteSiteKey":        "-oa---",
	"rotateSecret":         "-oa---",
	"listTenants":          "------",
	"createTenant":         "------",
	"getTenant":            "------",
	"updateTenant":         "------",
	"listCannedResponses":  "-oasmv",
	"createCannedResponse": "-oas--",
	"getCannedResponse":    "-oasmv",
	"updateCannedResponse": "-oas--",
	"deleteCannedResponse": "-oas--",
	"listLabels":           "-oasmv",
	"createLabel":          "-oas--",
	"getLabel":             "-oasmv",
	"updateLabel":          "-oas--",
	"deleteLabel":          "-oas--",
	"listBusinessHours":    "-oasmv",
	"createBusinessHours":  "-oa---",
	"getBusinessHours":     "-oasmv",
	"updateBusinessHours":  "-oa---",
	"deleteBusinessHours":  "-oa---",
	"listTriggers":         "-oasmv",
	"createTrigger":        "-oa---",
	"getTrigger":           "-oasmv",
	"updateTrigger":        "-oa---",
	"deleteTrigger":        "-oa---",
	"listBlocks":           "-oasm-",
	"createBlock":          "-oas--",
	"getBlock":             "-oasm-",
	"updateBlock":          "-oas--",
	"deleteBlock":          "-oas--",
	"getRouting":           "-oasmv",
	"updateRouting":        "-oa---",
	"resetRouting":         "-oa---",
	"getRetention":         "-oa---",
	"updateRetention":      "-oa---",
	"resetRetention":       "-oa---",
	"createExport":         "-oas--",
	"listExports":          "-oas--",
	"getExport":            "-oas--",
	"downloadExport":       "-oas--",
	"deleteExport":         "-oas--",
	"reportOverview":       "-oas--",
	"reportVolume":         "-oas--",
	"reportFirstResponse":  "-oas--",
	"reportResolution":     "-oas--",
	"reportRatings":        "-oas--",
	"reportHandoffs":       "-oas--",
	"reportAgents":         "-oas--",
	"reportTeams":          "-oas--",
	"reportHours":          "-oas--",
	"reportQueue":          "-oas--",

	"confirmPasswordReset": "------", // the token of a link is their credential
	"acceptInvite":         "------",
	"inviteAgent":          "-oa---",
	"mailTranscript":       "voasm-",
	"leaveOfflineMessage":  "v-----",
	"listOfflineMessages":  "-oasmv",
	"getOfflineMessage":    "-oasmv",
	"finishOfflineMessage": "-oasm-",
	"listMails":            "-oa---",
	"getMailSettings":      "-oa---",
	"updateMailSettings":   "-oa---",
	"resetMailSettings":    "-oa---",
	"listSLAs":             "-oasmv",
	"createSLA":            "-oa---",
	"getSLA":               "-oasmv",
	"updateSLA":            "-oa---",
	"deleteSLA":            "-oa---",
}

// scoped is what an API token needs for each operation, likewise. An operation that is not here is not for API tokens.
var scoped = map[string]chat.Scopes{
	"listConversations": chat.ConversationsRead, "getConversation": chat.ConversationsRead, "listMessages": chat.ConversationsRead,
	"assignConversation": chat.ConversationsWrite, "transferConversation": chat.ConversationsWrite, "closeConversation": chat.ConversationsWrite,
	"reopenConversation": chat.ConversationsWrite, "readConversation": chat.ConversationsWrite, "getTranscript": chat.ConversationsRead,
	"sendMessage": chat.MessagesWrite, "editMessage": chat.MessagesWrite, "recallMessage": chat.MessagesWrite, "addNote": chat.MessagesWrite,
	"listAgents": chat.AgentsRead, "getAgent": chat.AgentsRead, "createAgent": chat.AgentsWrite, "updateAgent": chat.AgentsWrite,
	"listTeams": chat.AgentsRead, "getTeam": chat.AgentsRead, "createTeam": chat.AgentsWrite, "updateTeam": chat.AgentsWrite, "deleteTeam": chat.AgentsWrite,
	"listAuditLog": chat.AuditRead,
	"listSiteKeys": chat.SettingsRead, "getSiteKey": chat.SettingsRead, "createSiteKey": chat.SettingsWrite, "updateSiteKey": chat.SettingsWrite,
	"deleteSiteKey": chat.SettingsWrite, "rotateSecret": chat.SettingsWrite,
	"updateConversation": chat.ConversationsWrite, "snoozeConversation": chat.ConversationsWrite, "labelConversation": chat.ConversationsWrite,
	"handOffConversation": chat.ConversationsWrite,
	"uploadFile":          chat.MessagesWrite, "getUpload": chat.ConversationsRead, "getThumbnail": chat.ConversationsRead,
	"linkUpload": chat.ConversationsRead, "deleteUpload": chat.MessagesWrite,
	"listCannedResponses": chat.SettingsRead, "createCannedResponse": chat.SettingsWrite, "getCannedResponse": chat.SettingsRead,
	"updateCannedResponse": chat.SettingsWrite, "deleteCannedResponse": chat.SettingsWrite,
	"listLabels": chat.SettingsRead, "createLabel": chat.SettingsWrite, "getLabel": chat.SettingsRead, "updateLabel": chat.SettingsWrite,
	"deleteLabel": chat.SettingsWrite, "listBusinessHours": chat.SettingsRead, "createBusinessHours": chat.SettingsWrite,
	"getBusinessHours": chat.SettingsRead, "updateBusinessHours": chat.SettingsWrite, "deleteBusinessHours": chat.SettingsWrite,
	"listTriggers": chat.SettingsRead, "createTrigger": chat.SettingsWrite, "getTrigger": chat.SettingsRead, "updateTrigger": chat.SettingsWrite,
	"deleteTrigger": chat.SettingsWrite, "listBlocks": chat.SettingsRead, "createBlock": chat.SettingsWrite, "getBlock": chat.SettingsRead,
	"updateBlock": chat.SettingsWrite, "deleteBlock": chat.SettingsWrite, "getRouting": chat.SettingsRead, "updateRouting": chat.SettingsWrite,
	"resetRouting": chat.SettingsWrite,
	"getRetention": chat.SettingsRead, "updateRetention": chat.SettingsWrite, "resetRetention": chat.SettingsWrite,
	"listSLAs": chat.SettingsRead, "createSLA": chat.SettingsWrite, "getSLA": chat.SettingsRead, "updateSLA": chat.SettingsWrite, "deleteSLA": chat.SettingsWrite,
	"inviteAgent": chat.AgentsWrite, "mailTranscript": chat.ConversationsWrite, "listOfflineMessages": chat.ConversationsRead,
	"getOfflineMessage": chat.ConversationsRead, "finishOfflineMessage": chat.ConversationsWrite, "listMails": chat.SettingsRead,
	"getMailSettings": chat.SettingsRead, "updateMailSettings": chat.SettingsWrite, "resetMailSettings": chat.SettingsWrite,
	"listWebhooks": chat.WebhooksWrite, "createWebhook": chat.WebhooksWrite, "getWebhook": chat.WebhooksWrite, "updateWebhook": chat.WebhooksWrite,
	"deleteWebhook": chat.WebhooksWrite, "rotateWebhookSecret": chat.WebhooksWrite, "testWebhook": chat.WebhooksWrite,
	"listDeliveries": chat.WebhooksWrite, "replayDelivery": chat.WebhooksWrite,
	"reportOverview":      chat.ReportsRead,
	"reportVolume":        chat.ReportsRead,
	"reportFirstResponse": chat.ReportsRead,
	"reportResolution":    chat.ReportsRead,
	"reportRatings":       chat.ReportsRead,
	"reportHandoffs":      chat.ReportsRead,
	"reportAgents":        chat.ReportsRead,
	"reportTeams":         chat.ReportsRead,
	"reportHours":         chat.ReportsRead,
	"reportQueue":         chat.ReportsRead,
	"createExport":        chat.ReportsRead, "listExports": chat.ReportsRead, "getExport": chat.ReportsRead, "downloadExport": chat.ReportsRead, "deleteExport": chat.ReportsRead,
}

var public = map[string]bool{"openWidgetSession": true, "login": true, "refresh": true, "completeChallenge": true, "requestPasswordReset": true}

// personal operations change the caller's own account: each call is by somebody new.
var personal = map[string]bool{"changePassword": true, "enrolSecondFactor": true, "confirmSecondFactor": true, "disableSecondFactor": true}

var roles = []chat.AgentRole{chat.Owner, chat.Admin, chat.Supervisor, chat.Member, chat.Viewer}

// Every operation of the document times everybody: no credential, junk, a visitor, each role, and strangers of another tenant.
func TestPermissionMatrix(t *testing.T) { onBoth(t, testPermissionMatrix) }

func testPermissionMatrix(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(func(c *server.Config) { c.SessionsPerAddress = 0 })
	n.SetRequestLimits(api.RequestLimits{}) // thousands of requests from one address are no attack here
	visitor, visitorToken := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	subject, _ := n.agent(n.tenant.ID, chat.Viewer)
	tokens := []string{visitorToken}
	for _, role := range roles {
		_, token := n.agent(n.tenant.ID, role)
		tokens = append(tokens, token)
	}
	_, stranger := n.agent(n.other.ID, chat.Owner)
	_, strangeVisitor := n.visitor("other")
	_, otherVisitor := n.visitor("shop")

	programs, useless := n.programs(), n.useless()
	// A picture that everybody may read who may read the conversation.
	pic := n.uploaded(visitorToken, "a.png", picture(t, 3, 3))
	require.Equal(t, 201, n.say(visitorToken, conv, "image", pic).status)

	doc := n.call("GET", "/api/openapi.json", "", nil)
	require.Equal(t, 200, doc.status)
	seen := map[string]bool{}
	told := told{}
	for path, methods := range doc.body["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			method = strings.ToUpper(method)
			id := op.(map[string]any)["operationId"].(string)
			seen[id] = true
			at := func() string {
				url := strings.Replace(path, "{mid}", chat.NewID[chat.Message]().String(), 1)
				if kind, ok := recordPaths[strings.TrimSuffix(path, "/{id}")]; ok {
					return strings.Replace(url, "{id}", n.record(kind).String(), 1)
				}
				if id == "searchKnowledge" {
					return path + "?q=returns"
				}
				if strings.HasPrefix(path, "/api/v1/uploads/") {
					return strings.Replace(path, "/api/v1/uploads/{id}", pic, 1)
				}
				if thing := n.fresh(path); thing != "" { // what an operation takes away is there again for the next
					return strings.NewReplacer("{id}", thing, "{name}", thing).Replace(url)
				}
				if strings.HasPrefix(path, "/api/v1/agents/") {
					return strings.Replace(url, "{id}", subject.ID.String(), 1)
				}
				return strings.Replace(url, "{id}", conv.String(), 1)
			}
			url := at()
			var body any
			kind := "application/json"
			if method != "GET" {
				body = bodies[id]
			}
			if id == "suggestAnswers" || id == "summarizeConversation" {
				body = map[string]any{"conversation": conv}
			}
			if id == "uploadFile" {
				body, kind = form(t, "a.txt", []byte("text"))
			}
			if id == "completeChallenge" { // a challenge is its credential
				require.Equal(t, 401, n.call(method, url, "", `{"x":1}`).status, id)
				continue
			}
			if public[id] {
				require.NotEqual(t, 401, n.call(method, url, "", `{"x":1}`).status, id)
				continue
			}
			rights, ok := allowed[id]
			require.True(t, ok, "%s is not in this table", id)
			none := n.call(method, at(), "", body, "Content-Type", kind)
			require.Equal(t, 401, none.status, id)
			require.Contains(t, none.header.Get("WWW-Authenticate"), "Bearer", id)
			require.Equal(t, 401, n.call(method, at(), "junk", body, "Content-Type", kind).status, id)
			for what, token := range useless {
				require.Equal(t, 401, n.call(method, url, token, body, "Content-Type", kind).status, "%s with %s", id, what)
			}
			for i, token := range tokens {
				if personal[id] && i > 0 {
					_, token = n.agent(n.tenant.ID, roles[i-1])
				}
				got := told.did(op, n.call(method, at(), token, body, "Content-Type", kind))
				if rights[i] == '-' {
					require.Equal(t, 403, got.status, "%s by %d: %s", id, i, got.raw)
				} else {
					if id == "deleteUpload" && i > 0 {
						require.Equal(t, "not_yours", got.code(), "%s by %d: %s", id, i, got.raw)
						continue
					}
					require.NotContains(t, []int{400, 401, 403}, got.status, "%s by %d: %s", id, i, got.raw)
					if id != "transferConversation" && !strings.Contains(path, "{mid}") { // to a team, of a message, that is not there
						require.NotEqual(t, 404, got.status, "%s by %d: %s", id, i, got.raw)
					}
					require.Less(t, got.status, 500, "%s by %d: %s", id, i, got.raw)
				}
			}
			programs.try(t, id, func(token string) *answer {
				return told.did(op, n.call(method, at(), token, body, "Content-Type", kind))
			})
			if strings.HasPrefix(path, "/api/v1/tenants") {
				got := told.did(op, n.call(method, at(), programs.platform, body))
				require.Less(t, got.status, 400, "%s: %s", id, got.raw)
				continue
			}
			if strings.Contains(path, "{id}") {
				if scoped[id] != 0 {
					require.Equal(t, 404, n.call(method, at(), programs.strange, body, "Content-Type", kind).status, "%s by another tenant's program", id)
				}
				foreign := 404
				if rights[1] == '-' {
					foreign = 403
				}
				url := at()
				require.Equal(t, foreign, n.call(method, url, stranger, body, "Content-Type", kind).status, "%s by another tenant's owner", id)
				want := 403
				if rights[0] == 'v' {
					want = 404
				}
				if id != "sendMessage" { // ids are a tenant's own: it would begin a conversation there
					require.Equal(t, want, n.call(method, at(), strangeVisitor, body, "Content-Type", kind).status, "%s by another tenant's visitor", id)
				}
				require.Equal(t, want, n.call(method, at(), otherVisitor, body, "Content-Type", kind).status, "%s by another visitor", id)
				for who, token := range map[string]string{"owner": stranger, "visitor": strangeVisitor, "other visitor": otherVisitor, "program": programs.strange} {
					if id == "sendMessage" && strings.HasSuffix(who, "visitor") { // an id that nobody has begins a conversation
						continue
					}
					url, nowhere := at(), chat.NewID[chat.Conversation]().String()
					theirs := n.call(method, url, token, body, "Content-Type", kind)
					none := n.call(method, strings.NewReplacer("{id}", nowhere, "{mid}", nowhere).Replace(path), token, body, "Content-Type", kind)
					require.Equal(t, shown(none), shown(theirs), "%s by another tenant's %s: what is there differs from what is not", id, who)
				}
			}
		}
	}
	for id := range allowed {
		require.True(t, seen[id], "%s is gone", id)
	}
	told.check(n)
}

// shown is all that an answer tells, but for its own name and the time.
func shown(a *answer) string {
	head := a.header.Clone()
	for _, name := range []string{"X-Request-Id", "RateLimit-Remaining", "RateLimit-Reset"} { // one request more was made, whatever it was about
		head.Del(name)
	}
	head.Del("Date")
	body := maps.Clone(a.body)
	delete(body, "request_id")
	return fmt.Sprintln(a.status, head, body)
}

var bodies = map[string]any{
	"sendMessage":          map[string]any{"cmid": "01a20823-21e7-7a0d-a091-d3476cc2db54", "body": map[string]any{"text": "hi"}},
	"editMessage":          map[string]any{"body": map[string]any{"text": "hi"}},
	"addNote":              map[string]any{"text": "a note"},
	"assignConversation":   map[string]any{"agent_id": nil},
	"transferConversation": map[string]any{"team_id": "01a20823-21e7-7a0d-a091-d3476cc2db54"},
	"readConversation":     map[string]any{"seq": 1},
	"createTeam":           map[string]any{"name": "T"},
	"createExport":         map[string]any{"kind": "report", "filters": map[string]any{"report": "overview"}},
	"createAgent":          map[string]any{"email": "new@x.test", "name": "New", "password": "long enough"},
	"updateAgent":          map[string]any{"name": "Renamed"},
	"createWebhook":        map[string]any{"url": "https://example.com/", "events": []string{"*"}},
	"updateWebhook":        map[string]any{"description": "Renamed"},
	"changePassword":       map[string]any{"current_password": password, "new_password": "another horse"},
	"enrolSecondFactor":    map[string]any{"password": password},
	"confirmSecondFactor":  map[string]any{"code": "000000"},
	"disableSecondFactor":  map[string]any{"password": password, "code": "000000"},
	"updateTeam":           map[string]any{"name": "Renamed"},
	"createSiteKey":        map[string]any{"name": "Shop"},
	"updateSiteKey":        map[string]any{"name": "Shop"},
	"createTenant":         map[string]any{"slug": "three", "name": "Three"},
	"updateTenant":         map[string]any{"name": "Renamed"},
	"createAPIToken":       map[string]any{"name": "crm", "scopes": []string{"*"}},
	"updateConversation":   map[string]any{"priority": 1},
	"snoozeConversation":   map[string]any{},
	"labelConversation":    map[string]any{"labels": []string{}},
	"handOffConversation":  map[string]any{"to": "human"},
	"rateConversation":     map[string]any{"rating": 5},

	"createCannedResponse": map[string]any{"shortcut": "hi", "text": "Hello"},
	"updateCannedResponse": map[string]any{"text": "Hello"},
	"createLabel":          map[string]any{"name": "vip"},
	"updateLabel":          map[string]any{"color": "#ff0000"},
	"createBusinessHours":  map[string]any{"name": "always", "time_zone": "UTC", "weekly": []any{}},
	"updateBusinessHours":  map[string]any{"time_zone": "Asia/Shanghai"},
	"createTrigger":        map[string]any{"name": "t", "conditions": map[string]any{"seconds_on_page": 5}, "message": map[string]any{"en": "Hi"}},
	"updateTrigger":        map[string]any{"enabled": false},
	"createBlock":          map[string]any{"kind": "address", "value": "192.0.2.7"},
	"updateBlock":          map[string]any{"reason": "spam"},
	"updateRouting":        map[string]any{"sticky": false},
	"updateRetention":      map[string]any{"audit_days": 400},
	"confirmPasswordReset": map[string]any{"password": "another horse"},
	"acceptInvite":         map[string]any{"password": "another horse"},
	"createSLA":            map[string]any{"name": "fast", "first_response_seconds": 60},
	"updateSLA":            map[string]any{"resolution_seconds": 3600},
	"leaveOfflineMessage":  map[string]any{"email": "li@example.com", "text": "call me"},
	"updateMailSettings":   map[string]any{"offline_to": []string{"team@example.com"}},
}

func TestNothingIsToldWithoutCredential(t *testing.T) {
	n := start(t, nil)
	for _, path := range []string{"/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/conversations/x/y/z", "/api/v1//conversations", "/api/v1/auth", "/api/v1/auth/login/x", "/api/v1/%63onversations", "/api/v1/auth/totp"} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			require.Equal(t, 401, n.call(method, path, "", nil).status, "%s %s", method, path)
		}
	}
	_, token := n.agent(n.tenant.ID, chat.Member)
	require.Equal(t, 404, n.call("GET", "/api/v1/nothing", token, nil).status)
	got := n.call("DELETE", "/api/v1/agents", token, nil)
	require.Equal(t, 405, got.status)
	require.Equal(t, "method_not_allowed", got.code())
	require.Equal(t, 200, n.call("GET", "/api/v1/agents", "", nil, "X-API-Token", token).status)
	require.Equal(t, 401, n.call("GET", "/api/v1/agents", "", nil, "Authorization", "Basic "+token).status)
	require.Equal(t, 404, n.call("GET", "/nothing", "", nil).status)
}

func TestConversations(t *testing.T) {
	n := start(t, nil)
	alice, aliceToken := n.agent(n.tenant.ID, chat.Member)
	bob, bobToken := n.agent(n.tenant.ID, chat.Member)
	visitor, visitorToken := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "你好", "second", "third")
	n.conversation(n.tenant.ID, chat.NewID[chat.Visitor](), "another")
	path := "/api/v1/conversations/" + conv.String()

	one := n.call("GET", path, aliceToken, nil)
	require.Equal(t, 200, one.status)
	for key, want := range map[string]any{
		"id": conv.String(), "status": "queued", "visitor_id": visitor.String(), "assignee_id": nil, "team_id": nil, "labels": []any{},
		"priority": 0.0, "context": map[string]any{}, "version": 1.0, "unread": 3.0, "closed_at": nil, "rating": nil,
	} {
		require.Equal(t, want, one.body[key], key)
	}
	last := one.body["last_message"].(map[string]any)
	require.Equal(t, map[string]any{"text": "third"}, last["body"])
	require.Equal(t, "visitor", last["role"])
	for _, key := range []string{"created_at", "queued_at"} {
		at, err := time.Parse(time.RFC3339, one.body[key].(string))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), at, time.Minute)
		require.True(t, strings.HasSuffix(one.body[key].(string), "Z"), "UTC")
	}

	// The slower of two learns who was faster.
	require.Equal(t, "open", n.call("POST", path+"/accept", aliceToken, nil).body["status"])
	slow := n.call("POST", path+"/accept", bobToken, nil)
	require.Equal(t, 409, slow.status)
	require.Equal(t, alice.ID.String(), slow.body["assignee_id"])
	require.Equal(t, "already_assigned", slow.code())
	require.Equal(t, 200, n.call("POST", path+"/accept", aliceToken, nil).status, "once more by the same changes nothing")

	got := n.call("POST", path+"/assign", aliceToken, map[string]any{"agent_id": bob.ID})
	require.Equal(t, bob.ID.String(), got.body["assignee_id"], string(got.raw))
	got = n.call("POST", path+"/assign", aliceToken, map[string]any{"agent_id": nil})
	require.Equal(t, "queued", got.body["status"])
	require.Equal(t, 400, n.call("POST", path+"/assign", aliceToken, map[string]any{"agent_id": "x"}).status)
	require.Equal(t, 400, n.call("POST", path+"/assign", aliceToken, map[string]any{}).status)
	require.Equal(t, 404, n.call("POST", path+"/assign", aliceToken, map[string]any{"agent_id": chat.NewID[chat.Agent]()}).status)
	got = n.call("POST", path+"/transfer", aliceToken, map[string]any{"agent_id": bob.ID, "note": "yours"})
	require.Equal(t, bob.ID.String(), got.body["assignee_id"], string(got.raw))

	mark := n.call("POST", path+"/read", bobToken, map[string]any{"seq": 1 << 40})
	require.Equal(t, 200, mark.status)
	require.Positive(t, mark.body["read"])
	require.EqualValues(t, 0, n.call("GET", path, bobToken, nil).body["unread"])

	got = n.call("POST", path+"/close", bobToken, nil)
	require.Equal(t, "closed", got.body["status"])
	require.NotNil(t, got.body["closed_at"])
	require.Equal(t, 409, n.call("POST", path+"/assign", bobToken, map[string]any{"agent_id": bob.ID}).status)
	require.Equal(t, "open", n.call("POST", path+"/reopen", bobToken, nil).body["status"])

	require.Len(t, n.call("GET", "/api/v1/conversations", bobToken, nil).data(), 2)
	require.Len(t, n.call("GET", "/api/v1/conversations?status=queued", bobToken, nil).data(), 1)
	require.Len(t, n.call("GET", "/api/v1/conversations?status=queued,open", bobToken, nil).data(), 2)
	require.Len(t, n.call("GET", "/api/v1/conversations?assignee=me", bobToken, nil).data(), 1)
	require.Len(t, n.call("GET", "/api/v1/conversations?visitor="+visitor.String(), bobToken, nil).data(), 1)
	require.Len(t, n.call("GET", "/api/v1/conversations?status=queued&sort=waiting", bobToken, nil).data(), 1)
	for _, bad := range []string{"status=x", "limit=0", "limit=1000", "cursor=%21", "assignee=x", "x=y", "since=yesterday", "q=", "q=%20", "q=%3F%21", "q=" + strings.Repeat("x", 201), "sort=x", "sort=waiting", "sort=waiting&status=queued,open", "sort=waiting&status=queued&q=x"} {
		require.Equal(t, 400, n.call("GET", "/api/v1/conversations?"+bad, bobToken, nil).status, bad)
	}
	n.pages(path, visitorToken, bobToken)
}

// pages walks a conversation's messages and the list of conversations by cursor.
func (n *node) pages(path, visitorToken, agentToken string) {
	walk := func(url, token string) (seqs []float64) {
		sep := "?"
		if strings.Contains(url, "?") {
			sep = "&"
		}
		for cursor := ""; ; {
			page := n.call("GET", url+sep+"limit=2"+cursor, token, nil)
			require.Equal(n.t, 200, page.status, string(page.raw))
			for _, m := range page.data() {
				seqs = append(seqs, m.(map[string]any)["seq"].(float64))
			}
			next, ok := page.body["next_cursor"].(string)
			require.Equal(n.t, !ok, page.body["complete"])
			if !ok {
				return seqs
			}
			cursor = "&cursor=" + next
		}
	}
	all := walk(path+"/messages", agentToken)
	require.Greater(n.t, len(all), 6)
	require.IsIncreasing(n.t, all)
	require.Less(n.t, len(walk(path+"/messages", visitorToken)), len(all), "a visitor does not see what is internal")
	require.Equal(n.t, all[len(all)-2:], func() (out []float64) {
		for _, m := range n.call("GET", path+"/messages?newest=true&limit=2", agentToken, nil).data() {
			out = append(out, m.(map[string]any)["seq"].(float64))
		}
		return out
	}())
	require.ElementsMatch(n.t, all, walk(path+"/messages?newest=true", agentToken))
	first := n.call("GET", path+"/messages?limit=1", visitorToken, nil).data()[0].(map[string]any)
	require.Equal(n.t, "system", first["role"])
	require.Equal(n.t, "system", first["kind"])
	require.Nil(n.t, first["sender"])
	list := n.call("GET", "/api/v1/conversations?limit=1", agentToken, nil)
	require.Len(n.t, list.data(), 1)
	rest := n.call("GET", "/api/v1/conversations?limit=1&cursor="+list.body["next_cursor"].(string), agentToken, nil)
	require.Len(n.t, rest.data(), 1)
	require.NotEqual(n.t, list.data()[0].(map[string]any)["id"], rest.data()[0].(map[string]any)["id"])
}

// A refresh whose answer was lost is asked for again with its attempt; without one a token works once.
func TestRefreshAgain(t *testing.T) {
	n := start(t, nil)
	a, _ := n.agent(n.tenant.ID, chat.Member)
	in := n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": a.Email, "password": password})
	refresh := func(token any, attempt string) *answer {
		body := map[string]any{"refresh_token": token}
		if attempt != "" {
			body["attempt"] = attempt
		}
		return n.call("POST", "/api/v1/auth/refresh", "", body)
	}
	first, attempt := in.body["refresh_token"], "0123456789abcdef"
	require.Equal(t, 400, refresh(first, "short").status)
	require.Equal(t, 200, refresh(first, attempt).status)
	again := refresh(first, attempt)
	require.Equal(t, 200, again.status)
	next := refresh(again.body["refresh_token"], "")
	require.Equal(t, 200, next.status)
	require.Equal(t, 401, refresh(again.body["refresh_token"], attempt).status)
	require.Equal(t, "refresh_invalid", refresh(next.body["refresh_token"], "").code())
}

func TestLoginRefreshLogout(t *testing.T) {
	n := start(t, nil)
	a, _ := n.agent(n.tenant.ID, chat.Member)
	in := n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": a.Email, "password": password})
	require.Equal(t, 200, in.status)
	require.EqualValues(t, 900, in.body["expires_in"])
	require.Equal(t, "ws://"+n.WSAddr()+"/ws", in.body["ws_url"])
	require.Equal(t, a.ID.String(), in.body["agent"].(map[string]any)["id"])
	next := n.call("POST", "/api/v1/auth/refresh", "", map[string]any{"refresh_token": in.body["refresh_token"]})
	require.Equal(t, 200, next.status)
	token := next.body["access_token"].(string)
	require.Equal(t, 204, n.call("POST", "/api/v1/auth/logout", token, nil).status)
	require.Equal(t, "token_revoked", n.call("GET", "/api/v1/agents", token, nil).code())
	require.Equal(t, "refresh_invalid", n.call("POST", "/api/v1/auth/refresh", "", map[string]any{"refresh_token": next.body["refresh_token"]}).code())
	require.Equal(t, "wrong_password", n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": a.Email, "password": "x"}).code())
	require.NoError(t, n.kept.Store.SaveAgents(context.Background(), chat.Agent{
		ID: chat.NewID[chat.Agent](), Tenant: n.other.ID, Email: a.Email, Role: chat.Member, PasswordHash: a.PasswordHash, CreatedAt: time.Now(),
	}))
	both := n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": a.Email, "password": password})
	require.Equal(t, http.StatusConflict, both.status)
	require.Equal(t, "tenant_required", both.code())
	require.Equal(t, 200, n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": a.Email, "password": password, "tenant": "two"}).status)
}
