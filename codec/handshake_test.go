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
