package server_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// table reads a CSV answer.
func (a *answer) table(t *testing.T) [][]string {
	t.Helper()
	require.Equal(t, 200, a.status, string(a.raw))
	require.True(t, strings.HasPrefix(a.header.Get("Content-Type"), "text/csv"), a.header.Get("Content-Type"))
	text, found := strings.CutPrefix(string(a.raw), "\ufeff")
	require.True(t, found, "a byte order mark")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	return rows
}

// column returns a column of a table by its head.
func column(t *testing.T, rows [][]string, head string) (out []string) {
	t.Helper()
	for i, h := range rows[0] {
		if h == head {
			for _, r := range rows[1:] {
				out = append(out, r[i])
			}
			return out
		}
	}
	require.Fail(t, "no column "+head)
	return nil
}

// A day of a shop, as each report tells it.
func TestReports(t *testing.T) {
	n := start(t, nil)
	boss, token := n.agent(n.tenant.ID, chat.Supervisor)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	v, visitor := n.visitor("shop")
	w, _ := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, v, "hello", "anybody?")
	n.conversation(n.tenant.ID, w, "me too")
	path := "/api/v1/conversations/" + conv.String()
	require.Equal(t, 201, n.call("POST", path+"/messages", token, map[string]any{"cmid": chat.NewID[chat.Event]().String(), "kind": "text", "body": map[string]string{"text": "yes"}}).status)
	require.Equal(t, 200, n.call("POST", path+"/rating", visitor, `{"rating":2}`).status)
	require.Equal(t, 200, n.call("POST", path+"/rating", visitor, `{"rating":4}`).status)
	require.Equal(t, 200, n.call("POST", path+"/close", token, nil).status)

	got := n.call("GET", "/api/v1/reports/overview", token, nil)
	require.Equal(t, 200, got.status, string(got.raw))
	for name, want := range map[string]float64{"created": 2, "closed": 1, "abandoned": 0, "visitor_messages": 3, "agent_messages": 1} {
		require.EqualValues(t, want, got.body[name], "%s: %s", name, got.raw)
	}
	require.Equal(t, true, got.body["complete"])
	first := got.body["first_response"].(map[string]any)
	require.EqualValues(t, 1, first["count"])
	require.Less(t, first["median_seconds"], 30.0)
	ratings := got.body["ratings"].(map[string]any)
	require.EqualValues(t, map[string]any{"count": 1.0, "mean": 4.0, "distribution": map[string]any{"1": 0.0, "2": 0.0, "3": 0.0, "4": 1.0, "5": 0.0}}, ratings)

	// The same as a table, asked for in both ways.
	for _, rows := range [][][]string{
		n.call("GET", "/api/v1/reports/overview?format=csv", token, nil).table(t),
		n.call("GET", "/api/v1/reports/overview", token, nil, "Accept", "text/csv;q=0.9, application/json;q=0.1").table(t),
	} {
		require.Equal(t, []string{"2"}, column(t, rows, "created"))
		require.Equal(t, []string{"4"}, column(t, rows, "ratings_mean"))
	}
	json := n.call("GET", "/api/v1/reports/overview?format=json", token, nil, "Accept", "text/csv")
	require.Equal(t, "application/json", json.header.Get("Content-Type"))

	sum := func(rows []string) (n int) {
		for _, r := range rows {
			n += int(r[0] - '0')
		}
		return n
	}
	volume := n.call("GET", "/api/v1/reports/volume?interval=hour&timezone=Asia/Kathmandu&format=csv", token, nil).table(t)
	require.InDelta(t, 7*24+1, len(volume), 2)
	require.Equal(t, 3, sum(column(t, volume, "visitor_messages")))
	hours := n.call("GET", "/api/v1/reports/hours?timezone=America/New_York&format=csv", token, nil).table(t)
	require.Len(t, hours, 169)
	require.Equal(t, 2, sum(column(t, hours, "created")))
	for _, report := range []string{"first-response", "resolution", "ratings", "handoffs"} {
		got := n.call("GET", "/api/v1/reports/"+report, token, nil)
		require.Equal(t, 200, got.status, string(got.raw))
		require.InDelta(t, 8, len(got.data()), 1)
	}

	agents := n.call("GET", "/api/v1/reports/agents", token, nil)
	require.Len(t, agents.data(), 1, string(agents.raw))
	me := agents.data()[0].(map[string]any)
	require.Equal(t, []any{boss.ID.String(), 1.0, 1.0, 1.0}, []any{me["agent_id"], me["assigned"], me["closed"], me["messages"]})
	require.EqualValues(t, 1, n.call("GET", "/api/v1/reports/overview?agent=me", token, nil).body["agent_messages"])
	require.EqualValues(t, 0, n.call("GET", "/api/v1/reports/overview?agent="+chat.NewID[chat.Agent]().String(), token, nil).body["agent_messages"])
	teams := n.call("GET", "/api/v1/reports/teams", token, nil)
	require.Nil(t, teams.data()[0].(map[string]any)["team_id"])

	queue := n.call("GET", "/api/v1/reports/queue", token, nil)
	require.EqualValues(t, 1, queue.body["waiting"], string(queue.raw))
	require.Positive(t, queue.body["longest_wait_seconds"])
	require.Equal(t, []string{"1"}, column(t, n.call("GET", "/api/v1/reports/queue?format=csv", token, nil).table(t), "waiting"))

	other := n.call("GET", "/api/v1/reports/overview", stranger, nil)
	require.EqualValues(t, 0, other.body["created"])
	require.Empty(t, other.body["first_response"].(map[string]any)["median_seconds"])
}

func TestReportsRefuse(t *testing.T) {
	n := start(t, nil)
	_, token := n.agent(n.tenant.ID, chat.Supervisor)
	for _, query := range []string{
		"since=yesterday", "until=2026-13-01", "since=2026-03-02&until=2026-03-01", "since=2024-01-01&until=2026-01-01", "timezone=Mars/Olympus", "timezone=Local",
		"timezone=../../etc/passwd", "team=x", "agent=x", "format=xml", "since=0001-01-01&until=0001-01-02", "interval=week",
	} {
		require.Equal(t, 400, n.call("GET", "/api/v1/reports/volume?"+query, token, nil).status, query)
	}
	long := n.call("GET", "/api/v1/reports/volume?interval=hour&since=2026-01-01&until=2026-02-28", token, nil)
	require.Equal(t, 400, long.status)
	require.Contains(t, long.body["detail"], "31 days")
	require.Equal(t, 200, n.call("GET", "/api/v1/reports/volume?interval=hour&since=2026-03-01&until=2026-03-31&timezone=Europe/Berlin", token, nil).status)
	days := n.call("GET", "/api/v1/reports/volume?since=2026-03-28&until=2026-03-30&timezone=Europe/Berlin", token, nil)
	require.Equal(t, 200, days.status, string(days.raw))
	var starts []string
	for _, d := range days.data() {
		starts = append(starts, d.(map[string]any)["start"].(string))
	}
	require.Equal(t, []string{"2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"}, starts)
	require.Equal(t, "2026-03-30T22:00:00Z", days.body["until"])
}
