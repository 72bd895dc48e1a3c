package server_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
)

// guest opens a session and a connection of it.
func (n *node) guest(t *testing.T, addr, site string, session map[string]any) (*line, string, string) {
	t.Helper()
	session["site_key"] = site
	got := n.call("POST", "/api/v1/widget/session", "", session)
	require.Equal(t, 201, got.status, string(got.raw))
	token := got.body["token"].(string)
	return dialLine(t, addr, token), token, got.body["visitor"].(map[string]any)["id"].(string)
}

func (l *line) track(name, data string) { l.write(&codec.Track{Name: name, Data: []byte(data)}) }

// settledTracks waits until what was written before has been handled.
func (l *line) settledTracks() {
	l.write(&codec.Ping{Time: 42})
	until[*codec.Pong](l)
}

// The board shows who is connected to any node: filtered, sorted and in pages.
func TestOnlineBoard(t *testing.T) {
	n := start(t, func(c *server.Config) { c.SessionsPerAddress = 0 })
	other := n.beside(server.Config{}, nil)
	api := n.beside(server.Config{Role: server.RoleAPI}, nil)
	_, agent := n.agent(n.tenant.ID, chat.Member)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	board := func(query string) *answer {
		t.Helper()
		got := n.call("GET", visitorsPath+"/online?"+query, agent, nil)
		require.Equal(t, 200, got.status, string(got.raw))
		return got
	}
	require.Eventually(t, func() bool { return board("").body["complete"] == true }, 10*time.Second, 10*time.Millisecond)

	la, _, anna := n.guest(t, n.TCPAddr(), "shop", map[string]any{"name": "Anna", "locale": "de-AT"})
	lb, tokenB, bo := n.guest(t, other.TCPAddr(), "shop", map[string]any{"name": "Bo", "locale": "zh-Hans-CN"})
	lc, _, cem := n.guest(t, other.TCPAddr(), "shop", map[string]any{"name": "Cem", "locale": "tr"})
	n.guest(t, n.TCPAddr(), "other", map[string]any{"name": "Of another tenant"})
	for i := range 12 {
		la.track("page_view", fmt.Sprintf(`{"url":"https://shop.example/shoes?p=%d&x=1"}`, i))
	}
	la.track("cart_updated", `{"items":[{"sku":"a"}],"total":99.5,"currency":"EUR"}`)
	lb.track("page_view", `{"url":"https://shop.example/hats"}`)
	lb.track("cart_updated", `{"items":[],"total":0}`)
	for _, bad := range []*codec.Track{{Name: "steal", Data: []byte(`{}`)}, {Name: "custom", Data: []byte(`[1]`)}, {Name: "custom", Data: make([]byte, 5000)}} {
		lc.write(bad)
		require.Contains(t, []uint16{400, 413}, until[*codec.Error](lc).Code)
	}
	for _, l := range []*line{la, lb, lc} {
		l.settledTracks()
	}
	conv := chat.NewID[chat.Conversation]().String()
	require.Equal(t, 201, n.call("POST", "/api/v1/conversations/"+conv+"/messages", tokenB, map[string]any{
		"cmid": chat.NewID[chat.Event]().String(), "body": map[string]any{"text": "hi"},
	}).status)
	until[*codec.Message](lb)

	ids := func(query string) (out []string) {
		t.Helper()
		for cursor := ""; ; {
			got := board(query + "&limit=1" + cursor)
			for _, row := range got.data() {
				out = append(out, row.(map[string]any)["id"].(string))
			}
			next, more := got.body["next_cursor"].(string)
			if !more {
				return out
			}
			cursor = "&cursor=" + url.QueryEscape(next)
		}
	}
	all := board("sort=since&order=asc")
	require.EqualValues(t, 3, all.body["total"])
	require.Equal(t, []string{anna, bo, cem}, ids("sort=since&order=asc"))
	require.Equal(t, []string{cem, bo, anna}, ids("sort=since"))
	require.Equal(t, []string{anna, bo, cem}, ids("sort=pages"))
	require.Equal(t, anna, ids("sort=cart_value")[0])
	for query, want := range map[string][]string{
		"has_cart=true": {anna}, "q=BO": {bo}, "q=hats": {bo}, "page=/shoes?p=11%26x": {anna}, "page=shoes?p=1%26": nil, "locale=zh": {bo}, "country=cn": {bo}, "country=at": {anna},
		"country=zz": nil, "has_cart=false&sort=since": {cem, bo}, "since=2100-01-01T00:00:00Z": nil,
	} {
		require.Equal(t, want, ids(query), query)
	}
	row := board("has_cart=true").data()[0].(map[string]any)
	require.Equal(t, []any{"Anna", "de-AT", "https://shop.example/shoes?p=11&x=1", "idle", 12.0, 99.5, nil},
		[]any{row["name"], row["locale"], row["page"], row["state"], row["pages"], row["cart_value"], row["conversation_id"]})
	require.Len(t, row["trail"], 10)
	require.Equal(t, "cart_updated", row["trail"].([]any)[0].(map[string]any)["name"])
	require.Len(t, n.call("GET", visitorsPath+"/online", stranger, nil).data(), 1)

	// What was ordered is not in the cart any more.
	la.track("order_placed", `{"items":[{"sku":"a"}],"total":99.5}`)
	require.Eventually(t, func() bool { return len(ids("has_cart=true")) == 0 }, 10*time.Second, 10*time.Millisecond)
	la.track("cart_updated", `{"items":[{"sku":"a"}],"total":99.5,"currency":"EUR"}`)

	// The state of a conversation that a node does not remember is looked up.
	require.Eventually(t, func() bool { return len(ids("state=queued")) == 1 && len(ids("state=idle")) == 2 }, 10*time.Second, 10*time.Millisecond)
	queued := board("state=queued").data()[0].(map[string]any)
	require.Equal(t, []any{bo, conv}, []any{queued["id"], queued["conversation_id"]})
	require.Equal(t, 200, n.call("POST", "/api/v1/conversations/"+conv+"/accept", agent, nil).status)
	require.Eventually(t, func() bool { return len(ids("state=chatting")) == 1 }, 10*time.Second, 10*time.Millisecond)

	// A node without connections asks the others.
	n.at(api.HTTPAddr(), func() {
		require.Eventually(t, func() bool { return len(board("").data()) == 3 }, 10*time.Second, 10*time.Millisecond)
	})

	// What was done before the first message is written with it; of who never wrote there is nothing.
	var last *answer
	require.Eventually(t, func() bool {
		last = n.call("GET", visitorsPath+"/"+bo+"/events", agent, nil)
		return len(last.data()) == 2
	}, 8*time.Second, 50*time.Millisecond)
	t.Log(string(last.raw))
	id, err := chat.ParseID[chat.Visitor](anna)
	require.NoError(t, err)
	steps, _, err := n.kept.Store.Steps(context.Background(), n.tenant.ID, id, "", 10)
	require.NoError(t, err)
	require.Empty(t, steps)
	lb.track("order_placed", `{"id":"7"}`)
	require.Eventually(t, func() bool {
		return len(n.call("GET", visitorsPath+"/"+bo+"/events", agent, nil).data()) == 3
	}, 20*time.Second, 50*time.Millisecond)

	require.NoError(t, lc.c.Close())
	require.Eventually(t, func() bool { return len(board("").data()) == 2 }, 10*time.Second, 10*time.Millisecond)
}
