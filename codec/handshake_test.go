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
