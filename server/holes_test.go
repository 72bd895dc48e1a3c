package server_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
)

// The tests of this file are holes that other products had. More of them: TestNoSessionSurvivesAPasswordChange, and
// package auth.

// A visitor's connection speaks as that visitor in that visitor's conversations, whatever it sends.
func TestHoleVisitorAsAgent(t *testing.T) {
	n := start(t, nil)
	vera, veraToken := n.visitor("shop")
	_, malloryToken := n.visitor("shop")
	conv := codec.UUID(n.conversation(n.tenant.ID, vera, "hello"))
	body := []byte(`{"text":"I am support","role":"agent","sender":"00000000-0000-0000-0000-000000000000"}`)
	fresh := func() codec.UUID { return codec.UUID(chat.NewID[chat.Event]()) }

	l := dialLine(t, n.TCPAddr(), veraToken)
	l.write(&codec.Send{Conv: conv, CMID: fresh(), Body: body, Visibility: codec.Visibility(chat.InternalOnly)})
	require.EqualValues(t, 403, until[*codec.Error](l).Code)
	l.write(&codec.Send{Conv: conv, CMID: fresh(), Kind: codec.Kind(chat.KindSystem), Body: body})
	require.EqualValues(t, 403, until[*codec.Error](l).Code)
	l.write(&codec.Status{State: 1})
	require.EqualValues(t, 403, until[*codec.Error](l).Code)
	l.write(&codec.Send{Conv: conv, CMID: fresh(), Body: body})
	until[*codec.Sendack](l)
	_, agent := n.agent(n.tenant.ID, chat.Member)
	page := n.call("GET", "/api/v1/conversations/"+chat.ConversationID(conv).String()+"/messages?newest=true&limit=1", agent, nil)
	last := page.data()[0].(map[string]any)
	require.Equal(t, "visitor", last["role"])
	require.Equal(t, vera.String(), last["sender"])

	m := dialLine(t, n.TCPAddr(), malloryToken)
	for _, p := range []codec.Packet{
		&codec.Send{Conv: conv, CMID: fresh(), Body: body}, &codec.Join{Conv: conv}, &codec.Read{Conv: conv, Seq: 1}, &codec.Typing{Conv: conv, State: 1},
	} {
		m.write(p)
		e := until[*codec.Error](m)
		require.Contains(t, []uint16{403, 404, 409}, e.Code, "%T", p)
		require.Zero(t, e.Conv, "nothing is told of it: %T", p)
	}
	for _, path := range []string{"/api/v1/conversations", "/api/v1/agents", "/api/v1/api-tokens", "/api/v1/site-keys", "/api/v1/tenants"} {
		require.Equal(t, 403, n.call("GET", path, veraToken, nil).status, path)
	}
}

// X-Forwarded-For counts only from proxies that are trusted, and of what they say only what they saw themselves.
func TestHoleForgedForwardedFor(t *testing.T) {
	body := map[string]any{"site_key": "shop"}
	opened := func(n *node, xff func(i int) string) (ok int) {
		for i := range 10 {
			got := n.call("POST", session, "", body, "X-Forwarded-For", xff(i), "X-Real-IP", fmt.Sprintf("198.51.100.%d", i), "Forwarded", "for=203.0.113.9")
			if got.status == 201 {
				ok++
			} else {
				require.Equal(t, 429, got.status)
			}
		}
		return ok
	}
	limited := func(trusted ...netip.Prefix) *node {
		return start(t, func(c *server.Config) { c.SessionsPerAddress, c.TrustedProxies = 0.1, trusted })
	}
	forged := func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }
	require.LessOrEqual(t, opened(limited(), forged), 3, "nobody is trusted")
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	require.LessOrEqual(t, opened(limited(loopback), func(i int) string { return forged(i) + ", 192.0.2.1" }), 3, "what the client wrote in front")
	require.LessOrEqual(t, opened(limited(loopback), func(i int) string { return forged(i) + ", junk" }), 3, "what can't be read is nobody")
	require.Equal(t, 10, opened(limited(loopback), forged), "clients of a proxy are told apart")
}

// What package auth refuses is refused wherever a credential is taken.
func TestHoleForgedTokenEverywhere(t *testing.T) {
	n := start(t, nil)
	_, good := n.agent(n.tenant.ID, chat.Owner)
	part := strings.Split(good, ".")
	head := func(h string) string { return base64.RawURLEncoding.EncodeToString([]byte(h)) }
	for name, token := range map[string]string{
		"alg none":            head(`{"alg":"none","typ":"JWT","kid":"1"}`) + "." + part[1] + ".",
		"alg none, signed":    head(`{"alg":"none","typ":"JWT","kid":"1"}`) + "." + part[1] + "." + part[2],
		"no signature":        part[0] + "." + part[1] + ".",
		"kid of a file":       head(`{"alg":"HS256","typ":"JWT","kid":"../../../dev/null"}`) + "." + part[1] + "." + part[2],
		"another's signature": part[0] + "." + part[1] + "." + strings.Repeat("A", len(part[2])),
	} {
		require.Equal(t, "token_invalid", n.call("GET", "/api/v1/agents", token, nil).code(), name)
		require.Equal(t, "token_invalid", n.call("GET", "/api/v1/agents", "", nil, "X-API-Token", token).code(), name)
		require.Equal(t, 401, n.call("GET", "/api/v1/nothing", token, nil).status, name)
		require.Equal(t, "token_invalid", n.call("POST", session, token, map[string]any{"site_key": "shop"}).code(), name)
		require.Equal(t, codec.CloseBadToken, refusedWith(t, n.TCPAddr(), token), name)
	}
	require.Equal(t, 200, n.call("GET", "/api/v1/agents", good, nil).status)
}

// A page of another site can open a WebSocket, but neither a visitor's token that it got hold of works there, nor is there anything
// else that a browser would send along by itself.
func TestHoleCrossSiteWebSocket(t *testing.T) {
	n := start(t, nil)
	_, token := n.visitor("shop")
	connect := func(origin, token string, header http.Header) codec.Packet {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if header == nil {
			header = http.Header{}
		}
		if origin != "" {
			header.Set("Origin", origin)
		}
		d := ws.Dialer{Protocols: []string{"uniqchat.v1.bin"}, Header: ws.HandshakeHeaderHTTP(header)}
		c, _, _, err := d.Dial(ctx, "ws://"+n.WSAddr()+"/ws")
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
		require.NoError(t, wsutil.WriteClientBinary(c, codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token})))
		raw, err := wsutil.ReadServerBinary(c)
		require.NoError(t, err)
		var dec codec.Decoder
		_, p, _, err := dec.Binary(raw)
		require.NoError(t, err)
		return p
	}
	for _, fine := range []string{"", origin} {
		require.IsType(t, &codec.Connack{}, connect(fine, token, nil), fine)
	}
	for _, foreign := range []string{
		"https://evil.example", "null", "http://shop.example", "https://shop.example.evil.example", "https://shop.example:8443", "https://SHOP.example",
		"https://sub.shop.example", "https://shop.example/",
	} {
		bye, ok := connect(foreign, token, nil).(*codec.Disconnect)
		require.True(t, ok, foreign)
		require.Equal(t, codec.CloseKicked, bye.Code, foreign)
	}
	cookie := http.Header{"Cookie": {"token=" + token + "; session=" + token}, "Authorization": {"Bearer " + token}}
	bye, ok := connect(origin, "", cookie).(*codec.Disconnect)
	require.True(t, ok)
	require.Equal(t, codec.CloseBadToken, bye.Code, "only CONNECT carries a credential")
}
