package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/api"
)

// slowly is limits that give no second token during a test.
func slowly(tenant, visitor, address int) func(*server.Config) {
	limit := func(n int) api.RequestLimit { return api.RequestLimit{PerSecond: 0.0001, Burst: n} }
	return func(c *server.Config) {
		c.Requests = api.RequestLimits{Tenant: limit(tenant), Visitor: limit(visitor), Address: limit(address)}
	}
}

// Visitors are counted by their token, then all of a tenant together, and another tenant not at all.
func TestRequestsAreLimited(t *testing.T) {
	n := start(t, slowly(10, 3, 1000))
	vera, veraToken := n.visitor("shop")
	wim, wimToken := n.visitor("shop")
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	_, foreign := n.agent(n.other.ID, chat.Owner)
	path := func(v chat.VisitorID) string {
		return "/api/v1/conversations/" + n.conversation(n.tenant.ID, v, "hi").String() + "/messages"
	}
	hers, his := path(vera), path(wim)
	for i := range 3 {
		got := n.call("GET", hers, veraToken, nil)
		require.Equal(t, 200, got.status)
		require.Equal(t, "3", got.header.Get("RateLimit-Limit"))
		require.Equal(t, strconv.Itoa(2-i), got.header.Get("RateLimit-Remaining"))
		reset, err := strconv.Atoi(got.header.Get("RateLimit-Reset"))
		require.NoError(t, err)
		require.InDelta(t, 10_000*(i+1), reset, 100)
		require.Empty(t, got.header.Get("Retry-After"))
	}
	for range 20 { // the tenant does not pay for it
		got := n.call("GET", hers, veraToken, nil, "Origin", origin)
		require.Equal(t, 429, got.status)
		require.Equal(t, "too_many_requests", got.code())
		require.Equal(t, "请求过于频繁", got.body["error"])
		wait, err := strconv.Atoi(got.header.Get("Retry-After"))
		require.NoError(t, err)
		require.InDelta(t, 10_000, wait, 100)
		require.Equal(t, "3", got.header.Get("RateLimit-Limit"))
		require.Equal(t, "0", got.header.Get("RateLimit-Remaining"))
		require.Equal(t, got.header.Get("Retry-After"), got.header.Get("RateLimit-Reset"))
		require.Equal(t, origin, got.header.Get("Access-Control-Allow-Origin"), "the page can read it")
		require.Regexp(t, "Date, .*RateLimit-Reset", got.header.Get("Access-Control-Expose-Headers"))
		require.NotEmpty(t, got.header.Get("Date"))
	}
	require.Equal(t, "Too many requests", n.call("GET", hers, veraToken, nil, "Accept-Language", "en").body["error"])
	require.Equal(t, 429, n.call("GET", "/api/v1/nothing", veraToken, nil).status, "every path counts")
	require.Equal(t, 429, n.call("POST", session, veraToken, map[string]any{"site_key": "shop"}).status, "a renewal too")
	require.Equal(t, 200, n.call("GET", his, wimToken, nil).status, "from the same address")
	for i := range 6 {
		got := n.call("GET", "/api/v1/agents", boss, nil)
		require.Equal(t, 200, got.status)
		require.Equal(t, "10", got.header.Get("RateLimit-Limit"))
		require.Equal(t, strconv.Itoa(5-i), got.header.Get("RateLimit-Remaining"))
	}
	got := n.call("GET", his, wimToken, nil)
	require.Equal(t, 429, got.status)
	require.Equal(t, "10", got.header.Get("RateLimit-Limit"), "it is the tenant's that is empty")
	require.Equal(t, 429, n.call("GET", "/api/v1/agents", boss, nil).status)
	require.Equal(t, 200, n.call("GET", "/api/v1/agents", foreign, nil).status)
	require.Equal(t, 401, n.call("GET", "/api/v1/agents", "junk", nil).status, "no credential, no tenant")

	n.SetRequestLimits(api.RequestLimits{Tenant: api.RequestLimit{PerSecond: 100, Burst: 1000}})
	require.Eventually(t, func() bool {
		got := n.call("GET", hers, veraToken, nil)
		return got.status == 200 && got.header.Get("RateLimit-Limit") == "1000"
	}, 10*time.Second, 10*time.Millisecond)
	n.SetRequestLimits(api.RequestLimits{})
	got = n.call("GET", hers, veraToken, nil)
	require.Equal(t, 200, got.status)
	require.Empty(t, got.header.Get("RateLimit-Limit"))
}

// Only who proves nothing is counted by address, and that limit is nobody's who proves something.
func TestAddressesAreLimitedLast(t *testing.T) {
	n := start(t, slowly(1000, 1000, 5))
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	_, token := n.visitor("shop")
	for i := range 5 {
		got := n.call("GET", "/api/v1/agents", []string{"", "junk"}[i%2], nil)
		require.Equal(t, 401, got.status)
		require.Equal(t, strconv.Itoa(4-i), got.header.Get("RateLimit-Remaining"))
	}
	for _, got := range []*answer{
		n.call("GET", "/api/v1/agents", "junk", nil),
		n.call("GET", "/api/v1/nothing", "", nil),
		n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": "a@x.test", "password": "x"}),
		n.call("POST", session, "", map[string]any{"site_key": "shop"}, "Origin", origin),
		n.call("POST", session, "junk", map[string]any{"site_key": "shop"}),
	} {
		require.Equal(t, 429, got.status)
		require.Equal(t, "5", got.header.Get("RateLimit-Limit"))
		require.Equal(t, "请求过于频繁", got.body["error"])
	}
	require.Equal(t, origin, n.call("POST", session, "", map[string]any{"site_key": "shop"}, "Origin", origin).header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, 200, n.call("GET", "/api/v1/agents", boss, nil).status)
	require.Equal(t, 201, n.call("POST", session, token, map[string]any{"site_key": "shop"}).status)
}

// What a client writes into X-Forwarded-For is nobody's address: not of a peer that is no trusted proxy, and not in a line of its
// own before that of the proxy.
func TestForgedForwardedFor(t *testing.T) {
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	for _, tc := range []struct {
		name    string
		trusted []netip.Prefix
		lines   func(i int) []string
		want    int // of 10 with a limit of 3
	}{
		{"no proxy is trusted", nil, func(i int) []string { return []string{fmt.Sprintf("203.0.113.%d", i)} }, 3},
		{"another is trusted", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, func(i int) []string { return []string{fmt.Sprintf("203.0.113.%d", i)} }, 3},
		{"in front", []netip.Prefix{loopback}, func(i int) []string { return []string{fmt.Sprintf("203.0.113.%d, 192.0.2.1", i)} }, 3},
		{"in a line of its own", []netip.Prefix{loopback}, func(i int) []string { return []string{fmt.Sprintf("203.0.113.%d", i), "192.0.2.1"} }, 3},
		{"as a trusted one", []netip.Prefix{loopback}, func(i int) []string {
			return []string{fmt.Sprintf("203.0.113.%d, 127.0.0.%d", i, i+2), "192.0.2.1, 127.0.0.9"}
		}, 3},
		{"told by the proxy", []netip.Prefix{loopback}, func(i int) []string { return []string{"192.0.2.1", fmt.Sprintf("203.0.113.%d", i)} }, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := start(t, func(c *server.Config) {
				c.TrustedProxies = tc.trusted
				slowly(100, 100, 3)(c)
			})
			got := 0
			for i := range 10 {
				req, err := http.NewRequest(http.MethodGet, "http://"+n.HTTPAddr()+"/api/v1/agents", nil)
				require.NoError(t, err)
				req.Header["X-Forwarded-For"] = tc.lines(i)
				req.Header.Set("X-Real-Ip", fmt.Sprintf("203.0.113.%d", i))
				req.Header.Set("Forwarded", fmt.Sprintf("for=203.0.113.%d", i))
				res, err := n.http.Do(req)
				require.NoError(t, err)
				_ = res.Body.Close()
				if res.StatusCode == http.StatusUnauthorized {
					got++
					continue
				}
				require.Equal(t, http.StatusTooManyRequests, res.StatusCode)
			}
			require.Equal(t, tc.want, got)
		})
	}
}

// Two servers of one deployment share a tenant's bucket: embedded, to the request.
func TestTwoServersShareABucket(t *testing.T) {
	n := start(t, slowly(60, 0, 1000))
	var cfg server.Config
	slowly(60, 0, 1000)(&cfg)
	second := n.beside(cfg, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for range 30 {
				req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+[]string{n.HTTPAddr(), second.HTTPAddr()}[w%2]+"/api/v1/nothing", nil)
				if err != nil {
					panic(err)
				}
				req.Header.Set("Authorization", "Bearer "+boss)
				res, err := n.http.Do(req)
				if err != nil {
					panic(err)
				}
				_ = res.Body.Close()
				if res.StatusCode == http.StatusNotFound {
					admitted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 60, admitted.Load())
}

// What API tokens send over connections is taken from the same bucket as their requests over HTTP, whatever the transport.
func TestSendsOfTokensAreTheTenants(t *testing.T) {
	n := start(t, slowly(4, 1000, 1000))
	vera, _ := n.visitor("shop")
	conv := codec.UUID(n.conversation(n.tenant.ID, vera, "hi"))
	_, program := n.apiToken(n.tenant.ID, chat.AllScopes)
	_, agent := n.agent(n.tenant.ID, chat.Member)
	send := func() codec.Packet {
		return &codec.Send{Conv: conv, CMID: codec.UUID(chat.NewID[chat.Event]()), Body: []byte(`{"text":"hi"}`)}
	}
	require.Equal(t, 200, n.call("GET", "/api/v1/conversations", program, nil).status)
	for _, kind := range transports { // each takes one
		w := n.wire(t, kind, program)
		require.Equal(t, "sendack", w.ask(send()).short)
		w.end()
	}
	got := n.call("GET", "/api/v1/conversations", program, nil)
	require.Equal(t, 429, got.status)
	require.Equal(t, "4", got.header.Get("RateLimit-Limit"))
	for _, kind := range transports {
		w := n.wire(t, kind, program)
		require.Equal(t, "429", w.ask(send()).short)
		w.end()
		mate := n.wire(t, kind, agent)
		require.Equal(t, "sendack", mate.ask(send()).short, "people have limits of their own")
		mate.end()
	}
	n.SetRequestLimits(api.RequestLimits{})
	w := n.wire(t, transports["bin"], program)
	require.Equal(t, "sendack", w.ask(send()).short)
	w.end()
}

// Who tries tokens of links is counted by address, like everybody who proves nothing.
func TestWrongLinksAreCounted(t *testing.T) {
	n := start(t, slowly(1000, 1000, 3))
	token := "uqm_" + strings.Repeat("a", 43)
	for range 3 {
		got := n.call("POST", acceptPath, token, map[string]any{"password": password})
		require.Equal(t, "link_invalid", got.code())
		require.Equal(t, "3", got.header.Get("RateLimit-Limit"))
	}
	require.Equal(t, 429, n.call("POST", acceptPath, token, map[string]any{"password": password}).status)
	require.Equal(t, 429, n.call("POST", "/api/v1/auth/password/reset/confirm", token, map[string]any{"password": password}).status)
}
