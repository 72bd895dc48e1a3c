package bench

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/uniqchat/uniqchat/codec"
)

// wsKey is the nonce of every handshake and wsAccept the server's right answer to it (RFC 6455 1.3). A load generator may
// use a constant: the nonce guards against caches.
const (
	wsKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	wsAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

var errNoUpgrade = errors.New("the server did not upgrade to WebSocket")

// connected asks for the upgrade, or on TCP is done.
func (c *conn) connected() {
	if c.target.Mode == ModeTCP {
		c.state = connOpen
		c.owner.opened()
		return
	}
	c.state = connUpgrading
	b := c.begin()
	b = append(b, "GET "...)
	b = append(b, c.target.Path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.target.Host...)
	b = append(b, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "+wsKey+"\r\n"...)
	switch c.target.Mode {
	case ModeBinary:
		b = append(b, "Sec-WebSocket-Protocol: uniqchat.v1.bin\r\n"...)
	case ModeJSON:
		b = append(b, "Sec-WebSocket-Protocol: uniqchat.v1.json\r\n"...)
	}
	c.out = append(b, "\r\n"...)
}

// upgraded judges the answer to the handshake; 0 if it isn't whole.
func (c *conn) upgraded(b []byte) (int, error) {
	n := codec.HandshakeEnd(b)
	if n == 0 {
		if len(b) > 16<<10 {
			return 0, errNoUpgrade
		}
		return 0, nil
	}
	line, _, _ := bytes.Cut(b[:n], []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 101")) || !bytes.Contains(b[:n], []byte(wsAccept)) {
		return 0, fmt.Errorf("%w: %s", errNoUpgrade, line)
	}
	return n, nil
}
