package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

const retentionPath = "/api/v1/retention"

func TestRetainSQLite(t *testing.T) { testRetain(t, alone) }

func TestRetainPostgres(t *testing.T) { testRetain(t, cluster) }

func TestRetainSealedSQLite(t *testing.T) { testRetain(t, sealed(alone)) }

func TestRetainSealedPostgres(t *testing.T) { testRetain(t, sealed(cluster)) }

// nightly has the lease of the job whatever the day is.
var nightly = chat.NewID[chat.Presence]()

// retain does the hourly job as if it were days later.
func (n *node) retain(days int) chat.Removed {
	n.t.Helper()
	desk := chat.NewDesk(chat.DeskConfig{
		Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker, Files: n.files, Node: nightly, Now: func() time.Time { return time.Now().AddDate(0, 0, days) },
	})
	removed, err := desk.Retain(context.Background())
	require.NoError(n.t, err)
	return removed
}

// testRetain plants a secret in everything that is kept of a conversation, sets the tenant's retention, lets time go by, and looks for the
// secret in every store.
func testRetain(t *testing.T, on backEnd) {
	o, where := on(t)
	n := startOn(t, o, func(c *server.Config) { c.SessionsPerAddress = 0 })
	where["uploads"] = inDir(n.shelf)
	owner := n.owner()
	hook := n.do("POST", "/api/v1/webhooks", owner, map[string]any{"url": "https://example.com/hook", "events": []string{"*"}})
	visitor, token := n.visitor("shop")
	conv := n.written(token, owner)
	path := "/api/v1/conversations/" + conv
	n.tracked(visitor.String())
	n.left(token, "li")
	cmid := chat.NewID[chat.Event]().String()
	last := map[string]any{"cmid": cmid, "body": map[string]any{"text": secret}}
	n.do("POST", path+"/messages", token, last)
	n.delivered(token, conv)
	table := n.exported(owner, `{"kind":"messages"}`)
	n.do("POST", path+"/close", owner, nil)
	n.sealing(o, where)
	open := n.conversation(n.tenant.ID, chat.NewID[chat.Visitor](), "of somebody else")
	file := n.objects()
	require.NotEmpty(t, file)
	all := func() (found []string) {
		for name, look := range where {
			for _, at := range look(t) {
				found = append(found, name+": "+at)
			}
		}
		return found
	}
	before := n.call("GET", path, owner, nil).body
	entries := n.call("GET", path+"/messages?limit=200", owner, nil).data()
	var figures []byte
	require.Eventually(t, func() bool { // rows come after what is said
		got := n.do("GET", "/api/v1/reports/overview", owner, nil)
		figures = got.raw
		return got.body["created"] == 2.0 && got.body["closed"] == 1.0
	}, 20*time.Second, 20*time.Millisecond)

	require.Zero(t, n.retain(4000), "nobody said that anything goes")
	n.do("PATCH", retentionPath, owner, map[string]any{
		"conversations_days": 30, "deliveries_days": 30, "events_days": 30, "mails_days": 30, "audit_days": 4000,
	})
	require.Zero(t, n.retain(29))
	for name, look := range where {
		require.NotEmpty(t, look(t), "nothing was planted in the %s", name)
	}
	id, err := chat.ParseID[chat.Conversation](conv)
	require.NoError(t, err)
	if log, ok := n.kept.Log.(chat.Eraser); ok { // what a minute does to a log beside the rows
		require.NoError(t, log.Erased(t.Context(), chat.Key{Tenant: n.tenant.ID, Conversation: id}))
	}
	removed := n.retain(31)
	require.Empty(t, all())
	require.Equal(t, []int{1, len(entries), 2, 1, 1}, []int{removed.Conversations, removed.Messages, removed.Uploads, removed.Exports, removed.Steps})
	require.Greater(t, removed.Deliveries, 5)
	require.Zero(t, n.retain(31), "it is done")

	// What is counted is as it was.
	after := n.call("GET", path, owner, nil).body
	for _, same := range []string{"status", "visitor_id", "rating", "labels", "priority", "created_at", "closed_at", "unread", "assignee_id"} {
		require.Equal(t, before[same], after[same], same)
	}
	require.JSONEq(t, string(figures), string(n.do("GET", "/api/v1/reports/overview", owner, nil).raw))
	now := n.call("GET", path+"/messages?limit=200", owner, nil)
	require.Len(t, now.data(), len(entries))
	for _, got := range []*answer{
		now, n.call("GET", path, owner, nil), n.call("GET", path+"/transcript", owner, nil), n.call("GET", path+"/messages", token, nil),
		n.call("GET", visitorsPath+"/"+visitor.String()+"/export", owner, nil), n.call("GET", "/api/v1/offline-messages", owner, nil), n.call("GET", "/api/v1/mails", owner, nil),
	} {
		require.Equal(t, 200, got.status, string(got.raw))
		require.NotContains(t, strings.ToLower(string(got.raw)), needle)
	}
	require.Empty(t, n.call("GET", "/api/v1/conversations?q="+secret, owner, nil).data())
	require.Equal(t, 404, n.call("GET", table, owner, nil).status)
	require.Empty(t, n.call("GET", "/api/v1/webhooks/"+hook.body["id"].(string)+"/deliveries", owner, nil).data())
	require.Contains(t, string(n.call("GET", "/api/v1/conversations/"+open.String()+"/messages", owner, nil).raw), "of somebody else")
	if o.Redis == "" { // in Redis the fingerprint lives on for a while, and answers that it is a duplicate
		again := n.call("POST", path+"/messages", token, last)
		require.Equal(t, 409, again.status, string(again.raw))
	}
	told := n.call("GET", "/api/v1/audit-log?action=retention.applied", owner, nil).data()
	require.Len(t, told, 1)
	require.EqualValues(t, len(entries), told[0].(map[string]any)["details"].(map[string]any)["messages"])
}
