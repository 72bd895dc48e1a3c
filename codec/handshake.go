package codec

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gobwas/ws"
)

// Upgrader answers WebSocket opening handshakes (RFC 6455 4.2) through gobwas/ws.
type Upgrader struct {
	// Path is the only request path that is upgraded, such as "/ws"; empty takes any.
	Path string
	// Protocols are the subprotocols spoken here. If a client offers some and none is known, the answer is 400; if it
	// offers none, none is chosen. Empty ignores what is offered.
	Protocols []string
}

// Upgrade is what a handshake said.
type Upgrade struct {
	Subprotocol  string // the one that was chosen; empty if none was offered
	Origin       string // of the browser's page; empty if there was none
	ForwardedFor string // X-Forwarded-For as it came, all of its lines in order
}

// HandshakeError is why a handshake was refused.
type HandshakeError struct {
	Status int // of the HTTP answer
	Reason string
}

// Error implements error.
func (e *HandshakeError) Error() string { return "handshake: " + e.Reason }

var (
	crlfcrlf  = []byte("\r\n\r\n")
	errOffers = &HandshakeError{http.StatusBadRequest, "none of the offered subprotocols is spoken here"}
)

// HandshakeEnd returns the length of the request head at the start of b, its empty line included, or 0 if it isn't whole.
func HandshakeEnd(b []byte) int {
	if i := bytes.Index(b, crlfcrlf); i >= 0 {
		return i + len(crlfcrlf)
	}
	return 0
}

// Upgrade answers the request head that request holds, up to and including its empty line (see HandshakeEnd), and appends the
// HTTP answer to dst: 101, or the status that err names. It neither blocks nor panics, whatever the bytes.
// Safe for concurrent use.
func (u *Upgrader) Upgrade(dst, request []byte) (out []byte, up Upgrade, err error) {
	defer func() {
		// The parser is not ours and the bytes are a stranger's.
		if p := recover(); p != nil {
			out, err = refuse(dst, errMalformed)
		}
	}()
	canonical, bad := u.judge(request)
	if bad != nil {
		out, err = refuse(dst, bad)
		return out, up, err
	}
	offered := false
	upgrader := ws.Upgrader{
		ReadBufferSize: max(len(canonical)+1, 512), WriteBufferSize: 512,
		OnHeader: func(key, value []byte) error {
			switch {
			case equalFold(key, "Origin"):
				up.Origin = string(value)
			case equalFold(key, "X-Forwarded-For"):
				if up.ForwardedFor != "" {
					up.ForwardedFor += ", " // RFC 9110 5.3
				}
				up.ForwardedFor += string(value)
			}
			return nil
		},
		OnBeforeUpgrade: func() (ws.HandshakeHeader, error) {
			if offered && up.Subprotocol == "" {
				return nil, errOffers
			}
			return nil, nil
		},
	}
	if len(u.Protocols) > 0 {
		upgrader.Protocol = func(p []byte) bool {
			offered = true
			for _, known := range u.Protocols {
				if string(p) == known {
					up.Subprotocol = known
					return true
				}
			}
			return false
		}
	}
	rw := headerOnly{r: canonical, w: dst}
	if _, err := upgrader.Upgrade(&rw); err != nil {
		out, err = refuse(dst, reasonOf(err))
		return out, up, err
	}
	return rw.w, up, nil
}

// reasonOf is why gobwas/ws did not upgrade.
func reasonOf(err error) *HandshakeError {
	var ours *HandshakeError
	if errors.As(err, &ours) {
		return ours
	}
	var rejected *ws.ConnectionRejectedError
	if !errors.As(err, &rejected) {
		return errMalformed
	}
	return &HandshakeError{rejected.StatusCode(), rejected.Error()}
}

// refuse appends an HTTP answer that closes the connection.
func refuse(dst []byte, e *HandshakeError) ([]byte, error) {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, http.StatusText(e.Status)...)
	switch e.Status {
	case http.StatusMethodNotAllowed:
		dst = append(dst, "\r\nAllow: GET"...)
	case http.StatusUpgradeRequired:
		dst = append(dst, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"...)
	case http.StatusServiceUnavailable:
		dst = append(dst, "\r\nRetry-After: 2"...)
	}
	dst = append(dst, "\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(e.Reason)+1), 10)
	dst = append(dst, "\r\n\r\n"...)
	dst = append(dst, e.Reason...)
	return append(dst, '\n'), e
}

// AppendRefusal appends the HTTP answer to a handshake that is refused for a reason of the caller's.
func AppendRefusal(dst []byte, status int, reason string) []byte {
	out, _ := refuse(dst, &HandshakeError{status, reason})
	return out
}

func equalFold(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

// headerOnly is the request as a reader that ends where the head ends, and the answer as a writer.
type headerOnly struct {
	r []byte
	w []byte
}

func (h *headerOnly) Read(p []byte) (int, error) {
	if len(h.r) == 0 {
		return 0, io.EOF
	}
	n := copy(p, h.r)
	h.r = h.r[n:]
	return n, nil
}

func (h *headerOnly) Write(p []byte) (int, error) {
	h.w = append(h.w, p...)
	return len(p), nil
}
