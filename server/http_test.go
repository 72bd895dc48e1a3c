package server_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

const session = "/api/v1/widget/session"

func TestWidgetSession(t *testing.T) {
	n := start(t, nil)
	got := n.call("POST", session, "", map[string]any{
		"site_key": "shop", "name": "李雷", "locale": "zh-CN", "attributes": map[string]any{"vip": true}, "device": "01a20823-21e7-7a0d-a091-d3476cc2db54",
	}, "Origin", origin)
	require.Equal(t, 201, got.status, string(got.raw))
	require.Equal(t, origin, got.header.Get("Access-Control-Allow-Origin"))
	require.Nil(t, got.body["conversation_id"])
	require.Equal(t, map[string]any{
		"open": true, "next_open_at": nil, "business_hours": []any{}, "triggers": []any{}, "agents_online": false, "join_seconds": nil, "widget": map[string]any{},
	}, got.body["config"])
	require.Equal(t, "ws://"+n.WSAddr()+"/ws", got.body["ws_url"])
	expires, err := time.Parse(time.RFC3339, got.body["expires_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(24*time.Hour), expires, time.Minute)
	visitor := got.body["visitor"].(map[string]any)
	require.Equal(t, false, visitor["verified"])
	id, err := chat.ParseID[chat.Visitor](visitor["id"].(string))
	require.NoError(t, err)
	_, err = n.kept.Store.Visitor(context.Background(), n.tenant.ID, id)
	require.Equal(t, chat.NotFound, chat.CodeOf(err), "nothing is written before the first message")

	token := got.body["token"].(string)
	conv := n.conversation(n.tenant.ID, id, "hello")
	renewed := n.call("POST", session, token, map[string]any{"site_key": "shop"})
	require.Equal(t, 201, renewed.status)
	require.Equal(t, visitor["id"], renewed.body["visitor"].(map[string]any)["id"])
	require.Equal(t, "李雷", renewed.body["visitor"].(map[string]any)["name"])
	require.Equal(t, conv.String(), renewed.body["conversation_id"])
	require.Equal(t, 401, n.call("POST", session, "junk", map[string]any{"site_key": "shop"}).status)
	require.Equal(t, "token_foreign", n.call("POST", session, token, map[string]any{"site_key": "other"}).code())
	_, agentToken := n.agent(n.tenant.ID, chat.Member)
	require.Equal(t, 403, n.call("POST", session, agentToken, map[string]any{"site_key": "shop"}).status)

	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte("c-1"))
	signed := n.call("POST", session, "", map[string]any{"site_key": "shop", "external_id": "c-1", "identity_hmac": hex.EncodeToString(mac.Sum(nil))})
	require.Equal(t, 201, signed.status)
	require.Equal(t, chat.DeriveVisitorID(n.tenant.ID, "c-1").String(), signed.body["visitor"].(map[string]any)["id"])
	forged := n.call("POST", session, "", map[string]any{"site_key": "shop", "external_id": "c-1", "identity_hmac": "00"})
	require.Equal(t, 401, forged.status)
	require.Equal(t, "identity_invalid", forged.code())
	require.Equal(t, 404, n.call("POST", session, "", map[string]any{"site_key": "nobody"}).status)
	require.Equal(t, 400, n.call("POST", session, "", map[string]any{}).status)
}

func TestCORS(t *testing.T) {
	n := start(t, nil)
	ask := n.call("OPTIONS", session, "", nil, "Origin", origin, "Access-Control-Request-Method", "POST")
	require.Equal(t, 204, ask.status)
	require.Equal(t, origin, ask.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, ask.header.Get("Access-Control-Allow-Headers"), "Authorization")
	foreign := n.call("POST", session, "", map[string]any{"site_key": "shop"}, "Origin", "https://evil.example")
	require.Equal(t, 403, foreign.status)
	require.Equal(t, "origin_not_allowed", foreign.code())
	require.Empty(t, foreign.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, 201, n.call("POST", session, "", map[string]any{"site_key": "other"}, "Origin", "https://anywhere.example").status, "a key without a list is for every page")

	visitor, token := n.visitor("shop")
	path := "/api/v1/conversations/" + n.conversation(n.tenant.ID, visitor, "hi").String() + "/messages"
	got := n.call("GET", path, token, nil, "Origin", origin)
	require.Equal(t, 200, got.status)
	require.Equal(t, origin, got.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, 403, n.call("GET", path, token, nil, "Origin", "https://evil.example").status)
	require.Equal(t, origin, n.call("GET", path, "junk", nil, "Origin", origin).header.Get("Access-Control-Allow-Origin"), "a page can read that its token is no good")
	_, agent := n.agent(n.tenant.ID, chat.Member)
	require.Empty(t, n.call("GET", path, agent, nil, "Origin", origin).header.Get("Access-Control-Allow-Origin"))
}

func TestTooManySessions(t *testing.T) {
	n := start(t, func(c *server.Config) { c.SessionsPerAddress = 1 })
	body := map[string]any{"site_key": "shop"}
	require.Equal(t, 201, n.call("POST", session, "", body).status)
	require.Equal(t, 201, n.call("POST", session, "", body).status)
	zh := n.call("POST", session, "", body)
	require.Equal(t, 429, zh.status)
	require.Equal(t, "请求过于频繁", zh.body["error"])
	require.Equal(t, "too_many_requests", zh.code())
	wait, err := strconv.Atoi(zh.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Equal(t, 1, wait)
	require.Equal(t, "0", zh.header.Get("RateLimit-Remaining"))
	require.Equal(t, "Too many requests", n.call("POST", session, "", body, "Accept-Language", "en-GB").body["error"])
	n.SetLimits(0, 0, 0)
	require.Equal(t, 201, n.call("POST", session, "", body).status)
}

func TestLoginsAreLimited(t *testing.T) {
	n := start(t, nil)
	for i := 0; ; i++ {
		require.Less(t, i, 60)
		got := n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": "a@x.test", "password": "guess"})
		if got.status == 429 {
			require.NotEmpty(t, got.header.Get("Retry-After"))
			return
		}
		require.Equal(t, 401, got.status)
	}
}

func TestHeadersAndProblems(t *testing.T) {
	n := start(t, nil)
	got := n.call("GET", "/api/v1/agents", "", nil, "X-Request-Id", "my-id.1", "Accept-Language", "en")
	require.Equal(t, "my-id.1", got.header.Get("X-Request-Id"))
	require.Equal(t, "Not authenticated", got.body["title"])
	require.Equal(t, "未认证", n.call("GET", "/api/v1/agents", "", nil).body["title"])
	require.NotEqual(t, "bad id", n.call("GET", "/api/v1/agents", "", nil, "X-Request-Id", "bad id").header.Get("X-Request-Id"))
	for _, path := range []string{"/api/v1/agents", "/console/", "/api/docs", "/widget.js", "/nothing"} {
		h := n.call("GET", path, "", nil).header
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", path)
		require.NotContains(t, h.Get("Content-Security-Policy"), "https:", "%s fetches nothing that a message names", path)
	}
	framed := n.call("GET", "/picture/", "", nil).header
	require.Equal(t, "SAMEORIGIN", framed.Get("X-Frame-Options"))
	require.Contains(t, framed.Get("Content-Security-Policy"), "img-src https:;")
	require.Contains(t, framed.Get("Content-Security-Policy"), "frame-ancestors 'self'")
	require.NotContains(t, framed.Get("Content-Security-Policy"), "connect-src")
	require.Contains(t, n.call("GET", "/demo/", "", nil).header.Get("Content-Security-Policy"), "img-src 'self' data: blob: https:;", "as a shop's page would")
	_, token := n.agent(n.tenant.ID, chat.Admin)
	for path, allow := range map[string]string{
		"/api/v1/agents": "GET, POST", "/api/v1/agents/x": "GET, PATCH", "/api/v1/conversations/x/close": "POST",
		"/api/v1/widget/session": "POST", "/console/": "GET, HEAD",
	} {
		got := n.call("DELETE", path, token, nil)
		require.Equal(t, 405, got.status, path)
		require.Equal(t, allow, got.header.Get("Allow"), path)
	}
	for body, status := range map[string]int{
		`{bad`: 400, `[]`: 400, `{"name":1}`: 400, `{"name":"x"}{}`: 400, `{"name":"x","y":1}`: 400, ``: 400, `null`: 400, `{"name":""}`: 400,
	} {
		got := n.call("POST", "/api/v1/teams", token, body)
		require.Equal(t, status, got.status, body)
		require.NotEmpty(t, got.body["detail"], body)
	}
	require.Equal(t, 415, n.call("POST", "/api/v1/teams", token, `{"name":"x"}`, "Content-Type", "text/plain").status)
	require.Equal(t, 413, n.call("POST", "/api/v1/teams", token, `{"name":"`+strings.Repeat("x", 1<<20)+`"}`).status)
	require.Equal(t, 413, n.call("POST", "/api/v1/teams", token, strings.Repeat(" ", 1<<20)).status)
}

func TestPages(t *testing.T) {
	n := start(t, nil)
	for path, kind := range map[string]string{
		"/widget.js": "text/javascript; charset=utf-8", "/demo/": "text/html; charset=utf-8", "/console/": "text/html; charset=utf-8",
		"/console/console.css": "text/css; charset=utf-8", "/api/docs": "text/html; charset=utf-8", "/api/docs/docs.css": "text/css; charset=utf-8",
		"/api/openapi.json": "application/json",
	} {
		got := n.call("GET", path, "", nil)
		require.Equal(t, 200, got.status, path)
		require.Equal(t, kind, got.header.Get("Content-Type"), path)
		again := n.call("GET", path, "", nil, "If-None-Match", got.header.Get("ETag"))
		require.Equal(t, 304, again.status, path)
		require.Empty(t, again.raw, path)
		head := n.call("HEAD", path, "", nil)
		require.Equal(t, 200, head.status, path)
		require.Empty(t, head.raw, path)
	}
	for from, to := range map[string]string{"/": "/console/", "/demo": "/demo/", "/console": "/console/"} {
		got := n.call("GET", from, "", nil)
		require.Equal(t, 302, got.status)
		require.Equal(t, to, got.header.Get("Location"))
	}
	require.Contains(t, n.call("GET", "/console/", "", nil).header.Get("Content-Security-Policy"), "connect-src 'self' ws://"+n.WSAddr())
	for _, path := range []string{"/console/inbox", "/console/settings/webhooks", "/console/inbox/01a20823-21e7-7a0d-a091-d3476cc2db54"} {
		got := n.call("GET", path, "", nil)
		require.Equal(t, 200, got.status, path)
		require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"), path)
		require.NotEmpty(t, got.header.Get("Content-Security-Policy"), path)
		require.Equal(t, "GET, HEAD", n.call("DELETE", path, "", nil).header.Get("Allow"), path)
	}
	require.Equal(t, 404, n.call("GET", "/console/gone.js", "", nil).status, "a file that is gone is no page")
	require.NotContains(t, string(n.call("GET", "/api/docs", "", nil).raw), "<script")
	zipped := n.call("GET", "/widget.js", "", nil, "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", zipped.header.Get("Content-Encoding"))
	z, err := gzip.NewReader(strings.NewReader(string(zipped.raw)))
	require.NoError(t, err)
	plain, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, pages["widget.js"].Data, plain)
	require.Equal(t, 404, n.call("GET", "/console/../widget.jsx", "", nil).status)
}

// raw sends bytes as they are and returns the answer, or an error when there is none.
func (n *node) raw(text string, closeAfter bool) (*http.Response, error) {
	c, err := net.Dial("tcp", n.HTTPAddr())
	require.NoError(n.t, err)
	n.t.Cleanup(func() { c.Close() })
	require.NoError(n.t, c.SetDeadline(time.Now().Add(5*time.Second)))
	_, _ = io.WriteString(c, text) // the server may have answered already
	if closeAfter {
		require.NoError(n.t, c.(*net.TCPConn).CloseWrite())
	}
	return http.ReadResponse(bufio.NewReader(c), nil)
}

// What Hertz refuses before any handler sees it is a problem document with an id, too.
func TestLimitsOfHTTP(t *testing.T) {
	n := start(t, func(c *server.Config) { c.HTTPReadTimeout = 300 * time.Millisecond })
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"huge header":     {"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 20<<10) + "\r\n\r\n", 431},
		"many headers":    {"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Aaaaaaaaaaaaaaaaaaaa: b\r\n", 1000) + "\r\n", 431},
		"huge body":       {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n", 413},
		"huge chunk":      {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n" + strings.Repeat("a", 2<<20), 413},
		"slow header":     {"GET / HTTP/1.1\r\nHost: x\r\n", 400}, // Hertz does not tell it from a broken one
		"slow body":       {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{", 408},
		"junk":            {strings.Repeat("\x00\x01\x02\xff", 100) + "\r\n\r\n", 400},
		"negative length": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := n.raw(tc.text, false)
			require.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Equal(t, tc.want, res.StatusCode, string(body))
			require.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
			require.Len(t, res.Header.Get("X-Request-Id"), 36)
			require.Contains(t, string(body), fmt.Sprintf(`"status":%d`, tc.want))
			require.True(t, res.Close)
		})
	}
	require.Equal(t, 200, n.call("GET", "/api/docs", "", nil).status, "others are served all the while")
}

// A connection that says nothing at all is ended, too.
func TestSilentConnectionIsEnded(t *testing.T) {
	n := start(t, func(c *server.Config) { c.HTTPReadTimeout = 200 * time.Millisecond })
	c, err := net.Dial("tcp", n.HTTPAddr())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = io.ReadAll(c)
	require.NoError(t, err, "the server closes")
}

func TestTooManyConnections(t *testing.T) {
	n := start(t, func(c *server.Config) { c.HTTPConnections = 4 })
	var held []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", n.HTTPAddr())
		require.NoError(t, err)
		held = append(held, c)
		_, err = io.WriteString(c, "GET /widget.js HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1))
		require.NoError(t, err)
	}
	c, err := net.Dial("tcp", n.HTTPAddr())
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err, "one too many is turned away")
	c.Close()
	for _, c := range held {
		c.Close()
	}
	require.Eventually(t, func() bool {
		res, err := n.http.Get("http://" + n.HTTPAddr() + "/widget.js")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == 200
	}, 5*time.Second, 10*time.Millisecond)
}

func TestAdminListener(t *testing.T) {
	n := start(t, nil)
	get := func(path string) (int, string) {
		res, err := n.http.Get("http://" + n.AdminAddr() + path)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(body)
	}
	n.call("GET", "/api/v1/agents", "", nil)
	for path, want := range map[string]string{
		"/healthz": `"status":"ok"`, "/readyz": `"ready":true`, "/debug/pprof/": "goroutine",
		"/metrics": `uniqchat_server_http_requests_total{route="/api/v1/agents",method="GET",status="401"}`,
	} {
		status, body := get(path)
		require.Equal(t, 200, status, path)
		require.True(t, strings.Contains(body, want), "%s has no %s", path, want)
	}
	_, body := get("/metrics")
	for _, want := range []string{"uniqchat_engine_", "go_goroutines", "process_resident_memory_bytes", "# TYPE"} {
		require.True(t, strings.Contains(body, want), "no %s", want)
	}
	require.Equal(t, 404, n.call("GET", "/metrics", "", nil).status, "not on the public listener")
}

// Draining takes readiness away, finishes requests, closes idle connections, and ends without an error.
func TestDrain(t *testing.T) {
	n := start(t, func(c *server.Config) { c.DrainWindow = 2 * time.Second })
	// An idle visitor connection keeps the drain going, so that readiness can be looked at.
	ws, err := net.Dial("tcp", n.WSAddr())
	require.NoError(t, err)
	defer ws.Close()
	_, err = io.WriteString(ws, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	require.NoError(t, err)
	_, err = ws.Read(make([]byte, 200))
	require.NoError(t, err)
	require.Equal(t, 200, n.call("GET", "/widget.js", "", nil).status) // leaves an idle keep-alive connection behind
	var ended sync.WaitGroup
	ended.Go(func() { require.NoError(t, n.stop()) })
	require.Eventually(t, func() bool {
		res, err := n.http.Get("http://" + n.AdminAddr() + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode == 503 && strings.Contains(string(body), "draining")
	}, 2*time.Second, 5*time.Millisecond)
	began := time.Now()
	ended.Wait()
	require.Less(t, time.Since(began), 8*time.Second)
	_, err = net.Dial("tcp", n.HTTPAddr())
	require.Error(t, err)
}

// BenchmarkWidgetSession is one S3 session's HTTP part over a keep-alive connection on loopback, client included.
func BenchmarkWidgetSession(b *testing.B) {
	n := start(b, func(c *server.Config) { c.SessionsPerAddress = 0 })
	c, err := net.Dial("tcp", n.HTTPAddr())
	require.NoError(b, err)
	defer c.Close()
	body := `{"site_key":"shop","locale":"zh-CN"}`
	request := []byte("POST " + session + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	buf := make([]byte, 8192)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		k, err := c.Read(buf)
		if err != nil || !strings.HasPrefix(string(buf[:k]), "HTTP/1.1 201") {
			b.Fatalf("%v %s", err, buf[:k])
		}
	}
}
