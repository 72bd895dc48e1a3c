package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/cloudwego/hertz/pkg/app"

	"github.com/uniqchat/uniqchat/chat"
)

// body is a request's body as it comes in: nothing of it is in memory before somebody reads it. Not safe for concurrent use.
type body struct {
	h    *app.RequestContext
	r    io.Reader
	left int64 // bytes that are to come, as Content-Length says; -1: it doesn't
	done bool  // all of it was read
	// until bounds how long reading may take altogether, pause each read of it. Zero: the server's own deadline stands.
	until time.Time
	pause time.Duration
	err   error // the first that reading failed with, but for io.EOF
}

// bodyOf returns the body of a request, nil if it has none.
func bodyOf(h *app.RequestContext) *body {
	if !h.Request.IsBodyStream() {
		return nil
	}
	b := &body{h: h, r: h.Request.BodyStream(), left: -1}
	if n := h.Request.Header.ContentLength(); n >= 0 {
		b.left, b.done = int64(n), n == 0
	}
	return b
}

// patient lets reading take longer than the server allows requests in general.
func (b *body) patient(pause, all time.Duration) { b.pause, b.until = pause, time.Now().Add(all) }

// Read implements io.Reader. It never reads beyond the body's end: what follows is another request.
func (b *body) Read(p []byte) (int, error) {
	if b.done {
		return 0, io.EOF
	}
	if b.err != nil {
		return 0, b.err
	}
	if b.left >= 0 {
		p = p[:min(int64(len(p)), b.left)]
	}
	if !b.until.IsZero() {
		if err := b.h.GetConn().SetReadTimeout(max(min(b.pause, time.Until(b.until)), time.Nanosecond)); err != nil {
			return 0, err
		}
	}
	n, err := b.r.Read(p)
	if b.left >= 0 {
		b.left -= int64(n)
		if b.left == 0 && (err == nil || errors.Is(err, io.EOF)) {
			b.done, err = true, nil
		}
	}
	switch {
	case errors.Is(err, io.EOF) && b.left < 0:
		b.done = true
	case errors.Is(err, io.EOF):
		b.err = io.ErrUnexpectedEOF
		return n, b.err
	case err != nil:
		b.err = err
	}
	return n, err
}

// waste reads what will not be wanted, for a moment: whoever is still sending does not hear an answer. What is not through by then is
// cut off.
func (b *body) waste() {
	b.patient(wastePause, wasteTime)
	_, _ = io.CopyN(io.Discard, b, wasteMost)
}

const (
	wasteMost             = 64 << 20
	wasteTime, wastePause = 3 * time.Second, time.Second
)

// end sees to it that Hertz reads nothing more of a body that nobody wanted: the connection closes instead.
func (b *body) end() {
	if !b.done {
		b.h.SetConnectionClose()
	}
	b.h.Request.ResetBody()
}

// problem says why a body could not be read: it came too slowly, was cut off, or is no body.
func (b *body) problem(c *call) *Problem {
	switch {
	case errors.Is(b.err, os.ErrDeadlineExceeded):
		return statusProblem(c, http.StatusRequestTimeout, "the request's body came too slowly")
	case errors.Is(b.err, io.ErrUnexpectedEOF):
		return statusProblem(c, http.StatusBadRequest, "the request's body was cut off")
	default:
		return statusProblem(c, http.StatusBadRequest, "the request's body can't be read")
	}
}

// eagerBody is how much room a body is given before any of it has come, in bytes: anybody may open connections and say that much follows.
const eagerBody = 8 << 10

// takeBody reads a body into memory, if it is not too large for that and is text. most is a limit for those who may send more than others.
func (a *API) takeBody(h *app.RequestContext, c *call, most int64) error {
	b := c.body
	if b == nil {
		return nil
	}
	tooLarge := chat.Errorf(chat.TooLarge, "the request's body has more than %d bytes", most)
	if b.left > most {
		return tooLarge
	}
	var buf bytes.Buffer
	buf.Grow(int(min(max(b.left, 0), eagerBody)) + bytes.MinRead) // room for more is made as more comes: a length is only said
	if _, err := buf.ReadFrom(io.LimitReader(b, most+1)); err != nil {
		return b.problem(c)
	}
	if int64(buf.Len()) > most {
		return tooLarge
	}
	if !utf8.Valid(buf.Bytes()) { // RFC 8259, 8.1; what decodes JSON would put U+FFFD in its place
		return chat.Errorf(chat.Malformed, "the request's body is not UTF-8")
	}
	h.Request.SetBodyRaw(buf.Bytes())
	return nil
}
