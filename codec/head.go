package codec

import (
	"bytes"
	"encoding/base64"
	"net/http"
)

// head is a request head as far as gobwas/ws, which looks at each line by itself, can't judge it.
type head struct {
	hosts, keys, versions int
	upgrade, connection   []byte // lists: all of their lines, joined
	out                   []byte // the request line and the other lines, as gobwas/ws takes them
}

var (
	errMalformed = &HandshakeError{http.StatusBadRequest, "malformed request"}
	errLine      = &HandshakeError{http.StatusBadRequest, "malformed request line"}
	errField     = &HandshakeError{http.StatusBadRequest, "malformed header line"}
	errTwice     = &HandshakeError{http.StatusBadRequest, "Host, Sec-WebSocket-Key and Sec-WebSocket-Version may stand there only once"}
	errKey       = &HandshakeError{http.StatusBadRequest, "Sec-WebSocket-Key must be 16 bytes in base64"}
	errBody      = &HandshakeError{http.StatusBadRequest, "a WebSocket's request has no body"}
	errMethod    = &HandshakeError{http.StatusMethodNotAllowed, "a WebSocket opens with GET"}
)

// judge checks a request head, which must be a GET of the path, and returns it in the form that gobwas/ws takes: with one
// line for each of Connection and Upgrade, though clients and proxies may send several, and lists (RFC 9110 5.3, RFC 6455
// 4.2.1).
func (u *Upgrader) judge(request []byte) (canonical []byte, err *HandshakeError) {
	line, rest, ok := bytes.Cut(request, []byte("\r\n"))
	if !ok {
		return nil, errMalformed
	}
	method, more, ok := bytes.Cut(line, []byte(" "))
	target, version, ok2 := bytes.Cut(more, []byte(" "))
	if !ok || !ok2 || !bytes.HasPrefix(version, []byte("HTTP/")) {
		return nil, errLine
	}
	path, _, _ := bytes.Cut(pathOf(target), []byte("?"))
	switch {
	case u.Path != "" && string(path) != u.Path:
		return nil, &HandshakeError{http.StatusNotFound, "the WebSocket is at " + u.Path}
	case string(method) != http.MethodGet:
		return nil, errMethod
	}
	h := head{out: make([]byte, 0, len(request)+64)}
	h.out = append(append(append(h.out, "GET / "...), version...), "\r\n"...)
	for {
		line, rest, ok = bytes.Cut(rest, []byte("\r\n"))
		if !ok {
			return nil, errMalformed
		}
		if len(line) == 0 {
			break
		}
		if err := h.add(line); err != nil {
			return nil, err
		}
	}
	if h.hosts > 1 || h.keys > 1 || h.versions > 1 {
		return nil, errTwice
	}
	if hasToken(h.upgrade, "websocket") {
		h.out = append(h.out, "Upgrade: websocket\r\n"...)
	}
	if hasToken(h.connection, "upgrade") {
		h.out = append(h.out, "Connection: Upgrade\r\n"...)
	}
	return append(h.out, "\r\n"...), nil
}

// pathOf is what stands behind the authority of an absolute target (RFC 9112 3.2.2), or the target itself.
func pathOf(target []byte) []byte {
	_, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || len(target) == 0 || target[0] == '/' {
		return target
	}
	if i := bytes.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:]
	}
	return []byte("/")
}

// add takes one header line.
func (h *head) add(line []byte) *HandshakeError {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || !isToken(name) || bytes.ContainsAny(value, "\x00\r\n") { // RFC 9112 5.1, 5.2; RFC 9110 5.5
		return errField
	}
	value = bytes.Trim(value, " \t")
	switch {
	case equalFold(name, "Upgrade"):
		h.upgrade = append(append(h.upgrade, ','), value...)
		return nil
	case equalFold(name, "Connection"):
		h.connection = append(append(h.connection, ','), value...)
		return nil
	case equalFold(name, "Host"):
		h.hosts++
	case equalFold(name, "Sec-WebSocket-Version"):
		h.versions++
	case equalFold(name, "Sec-WebSocket-Key"):
		h.keys++
		var nonce [18]byte
		if n, err := base64.StdEncoding.Strict().Decode(nonce[:], value[:min(len(value), 24)]); err != nil || n != 16 || len(value) != 24 {
			return errKey
		}
	case equalFold(name, "Transfer-Encoding"), equalFold(name, "Content-Length") && string(value) != "0":
		return errBody // it would be read as frames
	}
	h.out = append(append(h.out, line...), "\r\n"...)
	return nil
}

// hasToken reports whether a comma-separated list has an item, whatever its case.
func hasToken(list []byte, token string) bool {
	for item := range bytes.SplitSeq(list, []byte(",")) {
		if equalFold(bytes.Trim(item, " \t"), token) {
			return true
		}
	}
	return false
}

// isToken reports whether b is a token of RFC 9110 5.6.2, as header names are.
func isToken(b []byte) bool {
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) >= 0:
		default:
			return false
		}
	}
	return len(b) > 0
}
