package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// U+0000 is text for JSON and for SQLite, and for PostgreSQL it is none: whoever brings it in where nobody looks stops the rows of everybody.
func TestHoleNUL(t *testing.T) { onBoth(t, testHoleNUL) }

func testHoleNUL(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	// A token may have been given by a version that did not look.
	site, err := n.kept.Store.SiteKey(t.Context(), "shop")
	require.NoError(t, err)
	desk := chat.NewDesk(chat.DeskConfig{Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker})
	for _, v := range []chat.Visitor{{Name: "a\x00b"}, {Email: "a\x00@b.test"}, {Locale: "e\x00n"}, {Page: "\x00"}, {Attributes: []byte(`{"a":"\u0000"}`)}} {
		v.ID, v.Tenant = chat.NewID[chat.Visitor](), site.Tenant
		a := &chat.Actor{Tenant: site.Tenant, User: chat.UserID(v.ID), Role: chat.RoleVisitor, Name: v.Name, Profile: &v}
		res := desk.Send(t.Context(), []chat.SendRequest{{Actor: a, Conversation: chat.NewID[chat.Conversation](), CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"hello"}`)}})
		require.NoError(t, res[0].Err)
	}
	for _, bad := range []string{
		`"name":"a\u0000b"`, `"email":"a\u0000@b.test"`, `"locale":"e\u0000n"`, `"external_id":"x\u0000"`, `"attributes":{"a":"\u0000"}`, `"attributes":{"\u0000":1}`,
		`"attributes":{"a":1e999999}`, `"attributes":{"a":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`,
	} {
		got := n.call("POST", session, "", `{"site_key":"shop",`+bad+`}`, "Origin", origin)
		require.Equal(t, http.StatusBadRequest, got.status, bad)
	}
	// What a shop signed is its own fault, and nobody else's trouble.
	for name, claims := range map[string]jwt.MapClaims{
		"name": {"sub": "c-1", "name": "a\x00b"}, "email": {"sub": "c-2", "email": "a\x00@b.test"}, "sub": {"sub": "c\x00-3"},
	} {
		claims["exp"] = time.Now().Add(time.Hour).Unix()
		signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("secret"))
		require.NoError(t, err)
		got := n.call("POST", session, "", map[string]any{"site_key": "shop", "identity_token": signed}, "Origin", origin)
		require.Equal(t, http.StatusUnauthorized, got.status, "%s: %s", name, got.raw)
	}
	visitor, _ := n.visitor("shop")
	n.conversation(n.tenant.ID, visitor, "and I come after them")
	require.Eventually(t, func() bool {
		return len(n.call("GET", "/api/v1/conversations?visitor="+visitor.String(), admin, nil).data()) == 1
	}, 20*time.Second, 50*time.Millisecond, "others' conversations come into the rows")
	for _, path := range []string{"/api/v1/conversations?q=a%00", "/api/v1/conversations?q=%ff", "/api/v1/ai/intents/a%00", "/api/v1/visitors?q=%00&limit=5"} {
		require.Less(t, n.call("GET", path, admin, nil).status, http.StatusInternalServerError, path)
	}
}
