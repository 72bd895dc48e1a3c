package server_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/api"
)

// injections are pieces of SQL, in the shapes that broke out of other products' queries.
var injections = []string{
	`'`, `''`, `"`, "`", `\`, `%`, `_`, `%00`, `' OR '1'='1`, `" OR ""="`, `1 OR 1=1`, `x') OR ('1'='1`, `1; DROP TABLE conversations; --`,
	`'; UPDATE agents SET role = 'owner'; --`, `' UNION SELECT id, password_hash FROM agents --`, `1 UNION ALL SELECT NULL,NULL,NULL`,
	`'||(SELECT password_hash FROM agents LIMIT 1)||'`, `1 AND pg_sleep(20)`, `'; SELECT pg_sleep(20); --`, `$1`, `?`, `:id`, `{bytes}`, `' ESCAPE '`,
	`x* OR y`, `"a" NEAR "b"`, `NOT x`, `a:*`, `a & !b`, `(((`, `) OR tenant IS NOT NULL --`, `queued' --`, `open,' OR '1'='1`, `created_at DESC; --`, `-1`, `9223372036854775808`,
	`1e9`, `true OR 1`, `2026-01-01T00:00:00Z' OR '1'='1`,
}

// Every filter of every list, as the document names them: what is no value finds nothing or is refused, never a 500, and changes
// nothing; nobody's rows come back but the caller's.
func TestHoleSQLInFilters(t *testing.T) { onBoth(t, testHoleSQLInFilters) }

func testHoleSQLInFilters(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.SetRequestLimits(api.RequestLimits{})
	visitor, _ := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	foreign, _ := n.visitor("other")
	n.conversation(n.other.ID, foreign, "the other tenant's")
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	n.agent(n.other.ID, chat.Owner)
	for _, r := range recordPaths {
		n.record(r)
	}
	platform := n.programs().platform
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	require.NoError(t, json.Unmarshal(n.call("GET", "/api/openapi.json", "", nil).raw, &doc))
	census := func() (out []int) {
		for _, path := range []string{"/api/v1/agents", "/api/v1/labels", "/api/v1/site-keys"} {
			out = append(out, len(n.call("GET", path+"?limit=100", owner, nil).data()))
		}
		return out
	}
	made := map[string]string{} // before anything is counted
	for path, methods := range doc.Paths {
		if _, found := methods["get"]; found {
			made[path] = n.fresh(path)
		}
	}
	before, tried := census(), 0
	for path, methods := range doc.Paths {
		op, found := methods["get"]
		if !found {
			continue
		}
		token := owner
		if strings.HasPrefix(path, "/api/v1/tenants") {
			token = platform
		}
		at := path
		if thing := made[path]; thing != "" {
			at = strings.Replace(path, "{id}", thing, 1)
		}
		at = strings.Replace(at, "{id}", conv.String(), 1)
		for _, p := range op.Parameters {
			for _, sql := range injections {
				values := []string{sql}
				if p.Name == "cursor" { // in the clothes that a cursor wears
					values = append(values, base64.RawURLEncoding.EncodeToString([]byte(sql)))
				}
				for _, value := range values {
					where, asked := at, "?"+p.Name+"="+url.QueryEscape(value)
					if p.In == "path" {
						where, asked = strings.Replace(path, "{"+p.Name+"}", url.PathEscape(value), 1), ""
						where = strings.Replace(where, "{id}", conv.String(), 1)
					}
					what := fmt.Sprintf("%s %s=%q", path, p.Name, value)
					got := n.call("GET", where+asked, token, nil)
					require.Less(t, got.status, 500, "%s: %s", what, got.raw)
					require.NotContains(t, string(got.raw), "argon2id", what)
					require.NotContains(t, string(got.raw), foreign.String(), what)
					require.NotContains(t, strings.ToLower(string(got.raw)), "syntax", what)
					if p.In == "query" && p.Name != "cursor" && p.Name != "before" && got.status == 200 { // all is before a large number
						require.Empty(t, got.data(), what)
					}
					tried++
				}
			}
		}
	}
	require.Greater(t, tried, 500)
	require.Equal(t, before, census(), "nothing was changed by any of it")
	require.Equal(t, 200, n.call("GET", "/api/v1/conversations/"+conv.String(), owner, nil).status)
}

// answered sends a request as it is and returns the head of what came back, as bytes: what a header says is told from another header.
func (n *node) answered(request string) string {
	n.t.Helper()
	c, err := net.Dial("tcp", n.HTTPAddr())
	require.NoError(n.t, err)
	defer c.Close()
	require.NoError(n.t, c.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(c, request)
	require.NoError(n.t, err)
	var head strings.Builder
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadString('\n')
		if head.WriteString(line); err != nil || strings.TrimRight(line, "\r\n") == "" {
			return head.String()
		}
	}
}

// What comes from outside and goes into a header stays one header: request ids, origins, hosts, names of files, paths.
func TestHoleHeaderInjection(t *testing.T) {
	n := start(t, nil)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	evil := []string{"x\nX-Evil: 1", "x\rX-Evil: 1", "x\r X-Evil: 1", "x\x00", "x\u2028X-Evil: 1", "x\u560d\u560aX-Evil: 1", "x\r\n\tX-Evil: 1", "x%0d%0aX-Evil:%201", `x";X-Evil="1`}
	for _, v := range evil {
		for _, header := range []string{"X-Request-Id", "Origin", "Accept-Language", "If-None-Match", "Range", "Authorization", "X-Forwarded-For", "Accept-Encoding", "Host"} {
			host := "Host: shop.example\r\n"
			if header == "Host" {
				host = ""
			}
			for _, request := range []string{"GET /api/v1/agents", "GET /console/", "OPTIONS /api/v1/widget/session"} {
				got := n.answered(request + " HTTP/1.1\r\n" + host + "Connection: close\r\nAccess-Control-Request-Method: POST\r\n" + header + ": " + v + "\r\n\r\n")
				require.NotRegexp(t, `(?im)^\s*X-Evil`, got, "%s: %q to %s", header, v, request)
				require.NotRegexp(t, "\r[^\n]", got, "%s: %q", header, v)
			}
		}
	}
	for _, path := range []string{"/console%0d%0aX-Evil:%201", "//evil.example/%2e%2e/console", "/demo%0d%0a", "/\\evil.example", "/console?x=%0d%0aX-Evil:%201", "/%2f%2fevil.example/..;/console"} {
		got := n.answered("GET " + path + " HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
		require.NotRegexp(t, `(?im)^X-Evil`, got, path)
		require.NotRegexp(t, `(?im)^Location: *(https?:|//|\\|/\\)`, got, path)
	}
	// Names of files, as they come back. The names that are refused are in TestNamesOfFiles.
	for _, name := range []string{"a\u2028X-Evil.pdf", `a";filename="evil.exe.pdf`, "a%0d%0aX-Evil.pdf", "a'b.pdf", `a\b.pdf`, "长.pdf"} {
		up := n.send(token, name, []byte("%PDF-1.7\n"))
		require.Equal(t, 201, up.status, "%q: %s", name, up.raw)
		got := n.call("GET", up.body["url"].(string), token, nil).header.Get("Content-Disposition")
		require.Regexp(t, `^(attachment|inline); filename="[ !#-\[\]-~]*"; filename\*=UTF-8''[!#$&+.^_`+"`"+`|~0-9A-Za-z%=:@;,()-]*$`, got, "%q", name)
		require.Equal(t, 204, n.call("DELETE", up.body["url"].(string), token, nil).status)
	}
	script := n.call("GET", "/api/v1/conversations/"+conv.String()+"/transcript", token, nil)
	require.NotContains(t, script.header.Get("Content-Disposition"), "\n")
}

// A Host header says nothing of a page's policy but an address.
func TestHoleHostInPolicy(t *testing.T) {
	n := start(t, func(c *server.Config) { c.Engine.WSListen = "0.0.0.0:0" })
	policy := func(host string) string {
		got := n.answered("GET /console/ HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		for line := range strings.SplitSeq(got, "\r\n") {
			if p, ok := strings.CutPrefix(line, "Content-Security-Policy: "); ok {
				return p
			}
		}
		return ""
	}
	_, port, err := net.SplitHostPort(n.WSAddr())
	require.NoError(t, err)
	good := policy("shop.example")
	require.Contains(t, good, "connect-src 'self' ws://shop.example:"+port+";")
	require.Contains(t, policy("[2001:db8::1]:8080"), "ws://[2001:db8::1]:"+port)
	bare := strings.Replace(good, " ws://shop.example:"+port, "", 1)
	for _, host := range []string{"a;script-src-elem", "a,script-src", "a;script-src 'unsafe-inline' *", "*", "a'unsafe-eval'", "a$b", "%3bx"} {
		if got := policy(host); got != "" { // or no answer with a page
			require.Equal(t, bare, got, host)
		}
	}
}

// grew reports how many bytes were allocated by f, whatever of them is in use.
func grew(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What is small on the wire is not made large in memory: request bodies and WebSocket messages are never inflated, packets only to
// what they may hold. Pictures and archives: TestBombs and TestArchiveBombs of package media.
func TestHoleDecompressionBombs(t *testing.T) {
	n := start(t, unhurried)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	const inflated = 64 << 20
	zeros := make([]byte, inflated)
	var zipped, deflated bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(zeros)
	require.NoError(t, z.Close())
	f, err := flate.NewWriter(&deflated, flate.BestCompression)
	require.NoError(t, err)
	_, _ = f.Write(zeros)
	require.NoError(t, f.Close())

	for _, encoding := range []string{"gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip"} {
		for path, kind := range map[string]string{
			"/api/v1/widget/session": "application/json", "/api/v1/auth/login": "application/json", "/api/v1/uploads": "multipart/form-data; boundary=x",
			"/api/v1/conversations/" + conv.String() + "/messages": "application/json",
		} {
			var got *answer
			used := grew(func() {
				got = n.call("POST", path, token, zipped.String(), "Content-Encoding", encoding, "Content-Type", kind)
			})
			require.Contains(t, []int{400, 415}, got.status, "%s %s", encoding, path)
			require.Less(t, used, uint64(inflated/4), "%s %s", encoding, path)
		}
	}

	head := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	head.Set("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover; client_max_window_bits, x-webkit-deflate-frame")
	req, err := http.NewRequest("GET", "http://"+n.WSAddr()+"/ws", nil)
	require.NoError(t, err)
	req.Header = head
	res, err := n.http.Transport.RoundTrip(req)
	require.NoError(t, err)
	require.Equal(t, 101, res.StatusCode)
	require.Empty(t, res.Header.Get("Sec-WebSocket-Extensions"), "not offered")
	_ = res.Body.Close()

	for name, kind := range map[string]engine.Kind{"tcp": engine.RawTCP, "bin": engine.WebSocketBinary} {
		w := n.dialWire(t, kind, "")
		w.write(1, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token, Caps: codec.CapCompress})
		require.Equal(t, "connack", w.answer(1, false).short)
		bomb := deflated.Bytes()
		bomb = bomb[:min(len(bomb), 60<<10)]
		packet := append(codec.AppendBinary(nil, codec.Header{RID: 3, Flags: codec.FlagCompressed}, &codec.Leave{})[:codec.HeaderSize], bomb...)
		packet[1], packet[2] = byte(codec.TypeSend), byte(codec.FlagCompressed)
		packet[3], packet[4], packet[5] = byte(len(bomb)>>16), byte(len(bomb)>>8), byte(len(bomb))
		var got toldOf
		used := grew(func() {
			w.raw(packet)
			got = w.answer(3, false)
		})
		require.Contains(t, []string{"413", "400", "(3501)"}, got.short, "%s: %s", name, got.full)
		require.Less(t, used, uint64(8<<20), name)
		w.end()
	}
}
