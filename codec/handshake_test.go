package codec

import (
	"errors"
	"strings"
	"testing"
)

const upgradeHead = "Host: chat.example\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

var handshakes = []struct {
	name, request, answer, protocol string
}{
	{"plain", "GET /ws HTTP/1.1\r\n" + upgradeHead + "\r\n", "101 ", ""},
	{"query", "GET /ws?x=1 HTTP/1.1\r\n" + upgradeHead + "\r\n", "101 ", ""},
	{"json", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Sec-WebSocket-Protocol: other, uniqchat.v1.json\r\n\r\n", "101 ", "uniqchat.v1.json"},
	{"bin", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Sec-WebSocket-Protocol: uniqchat.v1.bin\r\nOrigin: https://shop.example\r\n\r\n", "101 ", "uniqchat.v1.bin"},
	{"unknown protocol", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Sec-WebSocket-Protocol: mqtt\r\n\r\n", "400 ", ""},
	{"path", "GET /other HTTP/1.1\r\n" + upgradeHead + "\r\n", "404 ", ""},
	{"post", "POST /ws HTTP/1.1\r\n" + upgradeHead + "\r\n", "405 ", ""},
	{"no key", "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n", "400 ", ""},
	{"version", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "13", "8", 1) + "\r\n", "426 ", ""},
	{"no upgrade", "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", "4", ""},
	{"http 1.0", "GET /ws HTTP/1.0\r\n" + upgradeHead + "\r\n", "505 ", ""},
	{"no host", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "Host: chat.example\r\n", "", 1) + "\r\n", "400 ", ""},
	{"lower case", "GET /ws HTTP/1.1\r\n" + strings.ToLower(upgradeHead[:strings.Index(upgradeHead, "Sec-WebSocket-Key")]) + "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n", "101 ", ""},
	{"short key", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "dGhl", "", 1) + "\r\n", "400 ", ""},
	{"wrong upgrade", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "Upgrade: websocket", "Upgrade: h2c", 1) + "\r\n", "4", ""},
	{"connection lines", "GET /ws HTTP/1.1\r\nConnection: keep-alive\r\n" + upgradeHead + "Connection: x\r\n\r\n", "101 ", ""},
	{"upgrade list", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "Upgrade: websocket", "Upgrade: h2c ,\tWebSocket", 1) + "\r\n", "101 ", ""},
	{"upgrade lines", "GET /ws HTTP/1.1\r\nUpgrade: h2c\r\n" + upgradeHead + "\r\n", "101 ", ""},
	{"part of a token", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "keep-alive, Upgrade", "noUpgrade", 1) + "\r\n", "400 ", ""},
	{"absolute", "GET http://chat.example:80/ws?x=1 HTTP/1.1\r\n" + upgradeHead + "\r\n", "101 ", ""},
	{"absolute elsewhere", "GET http://chat.example/other HTTP/1.1\r\n" + upgradeHead + "\r\n", "404 ", ""},
	{"absolute without path", "GET ws://ws HTTP/1.1\r\n" + upgradeHead + "\r\n", "404 ", ""},
	{"url as a query", "GET /other?http://a/ws HTTP/1.1\r\n" + upgradeHead + "\r\n", "404 ", ""},
	{"two keys", "GET /ws HTTP/1.1\r\n" + upgradeHead + "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", "400 ", ""},
	{"two versions", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Sec-WebSocket-Version: 13\r\n\r\n", "400 ", ""},
	{"two hosts", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Host: other.example\r\n\r\n", "400 ", ""},
	{"key is no base64", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "dGhl", "!!!!", 1) + "\r\n", "400 ", ""},
	{"key of 17 bytes", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "ZQ==", "ZWU=", 1) + "\r\n", "400 ", ""},
	{"long key", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "ZQ==", "ZQ==AAAA", 1) + "\r\n", "400 ", ""},
	{"space before colon", "GET /ws HTTP/1.1\r\n" + upgradeHead + "X-A : b\r\n\r\n", "400 ", ""},
	{"folded line", "GET /ws HTTP/1.1\r\n" + upgradeHead + "X-A: b\r\n c\r\n\r\n", "400 ", ""},
	{"no name", "GET /ws HTTP/1.1\r\n" + upgradeHead + ": b\r\n\r\n", "400 ", ""},
	{"NUL", "GET /ws HTTP/1.1\r\n" + upgradeHead + "X-A: b\x00\r\n\r\n", "400 ", ""},
	{"bare LF", "GET /ws HTTP/1.1\r\n" + upgradeHead + "X-A: b\nX-B: c\r\n\r\n", "400 ", ""},
	{"body", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Content-Length: 5\r\n\r\n", "400 ", ""},
	{"chunked body", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Transfer-Encoding: chunked\r\n\r\n", "400 ", ""},
	{"body of nothing", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Content-Length: 0\r\n\r\n", "101 ", ""},
	{"wrong connection", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "keep-alive, Upgrade", "keep-alive", 1) + "\r\n", "400 ", ""},
	{"no version", "GET /ws HTTP/1.1\r\n" + strings.Replace(upgradeHead, "Sec-WebSocket-Version: 13\r\n", "", 1) + "\r\n", "400 ", ""},
	{"broken header", "GET /ws HTTP/1.1\r\nno colon\r\n" + upgradeHead + "\r\n", "400 ", ""},
	{"two protocol lines", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Protocol: uniqchat.v1.bin\r\n\r\n", "101 ", "uniqchat.v1.bin"},
	{"extension", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n", "101 ", ""},
	{"long", "GET /ws HTTP/1.1\r\n" + upgradeHead + "Cookie: " + strings.Repeat("c", 8000) + "\r\n\r\n", "101 ", ""},
	{"no end", "GET /ws HTTP/1.1\r\n" + upgradeHead, "400 ", ""},
	{"line without end", "GET /ws HTTP/1.1", "400 ", ""},
	{"no path", "GET HTTP/1.1\r\n\r\n", "400 ", ""},
	{"junk", "\x00\x01\x02\r\n\r\n", "400 ", ""},
	{"empty", "\r\n\r\n", "400 ", ""},
}

func TestHandshake(t *testing.T) {
	u := Upgrader{Path: "/ws", Protocols: []string{"uniqchat.v1.json", "uniqchat.v1.bin"}}
	for _, tt := range handshakes {
		out, up, err := u.Upgrade(nil, []byte(tt.request))
		if !strings.HasPrefix(string(out), "HTTP/1.1 "+tt.answer) {
			t.Errorf("%s: answered %q", tt.name, out)
		}
		if (err == nil) != (tt.answer == "101 ") || err == nil && up.Subprotocol != tt.protocol {
			t.Errorf("%s: %+v, %v", tt.name, up, err)
		}
		var he *HandshakeError
		if err != nil && !errors.As(err, &he) {
			t.Errorf("%s: %T", tt.name, err)
		}
		if strings.Contains(string(out), "Sec-WebSocket-Extensions") {
			t.Errorf("%s: an extension was granted: %q", tt.name, out)
		}
		// What RFC 9110 wants with these: 15.5.6, 15.5.22; RFC 6455 4.4.
		for status, want := range map[string]string{"405 ": "\r\nAllow: GET\r\n", "426 ": "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"} {
			if strings.HasPrefix(string(out), "HTTP/1.1 "+status) && !strings.Contains(string(out), want) {
				t.Errorf("%s: %q lacks %q", tt.name, out, want)
			}
		}
		if err != nil && !strings.Contains(string(out), "\r\nConnection: close\r\n") {
			t.Errorf("%s: %q does not say that it closes", tt.name, out)
		}
		if tt.protocol != "" && !strings.Contains(string(out), "Sec-WebSocket-Protocol: "+tt.protocol) {
			t.Errorf("%s: the chosen protocol is not named: %q", tt.name, out)
		}
	}
	out, up, err := u.Upgrade([]byte("x"), []byte(handshakes[3].request))
	if err != nil || up.Origin != "https://shop.example" || out[0] != 'x' {
		t.Errorf("origin: %+v, %v", up, err)
	}
	if !strings.Contains(string(out), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") { // RFC 6455 1.3
		t.Errorf("accept key: %q", out)
	}
}

func TestHandshakeForwardedFor(t *testing.T) {
	u := Upgrader{Path: "/ws"}
	_, up, err := u.Upgrade(nil, []byte("GET /ws HTTP/1.1\r\n"+upgradeHead+"X-Forwarded-For: 10.0.0.9\r\nx-forwarded-for: 192.0.2.1, 10.0.0.1\r\n\r\n"))
	if err != nil || up.ForwardedFor != "10.0.0.9, 192.0.2.1, 10.0.0.1" {
		t.Errorf("%+v, %v", up, err)
	}
	// Protocols empty: what is offered is not looked at.
	if _, up, err = u.Upgrade(nil, []byte(handshakes[4].request)); err != nil || up.Subprotocol != "" {
		t.Errorf("%+v, %v", up, err)
	}
}

func TestHandshakeEnd(t *testing.T) {
	for in, want := range map[string]int{"": 0, "GET / HTTP/1.1\r\n": 0, "\r\n\r": 0, "\r\n\r\n": 4, "a\r\n\r\nframes": 5} {
		if got := HandshakeEnd([]byte(in)); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
	out := string(AppendRefusal([]byte("x"), 503, "full"))
	if !strings.HasPrefix(out, "xHTTP/1.1 503 Service Unavailable\r\n") || !strings.HasSuffix(out, "Content-Length: 5\r\n\r\nfull\n") {
		t.Errorf("%q", out)
	}
}
