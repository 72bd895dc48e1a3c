package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/protocol/sse"
)

const (
	// lookEvery is how often it is looked whether the caller is still there while an answer is made.
	lookEvery = 250 * time.Millisecond
	// commentEvery is how long a stream of events is silent at most: proxies close what is silent.
	commentEvery = 5 * time.Second
)

// errGone says that the caller has hung up.
var errGone = errors.New("the caller is gone")

// events answers with server-sent events (HTML standard, 9.2), or, if it is not streamed, with the data of the last one as JSON. Nothing is
// written before the first event, so that a failure until then is a problem document. Not safe for concurrent use.
type events struct {
	h      *app.RequestContext
	stream bool
	begun  bool
	w      *sse.Writer
	wrote  time.Time
}

func newEvents(h *app.RequestContext, stream bool) *events {
	return &events{h: h, stream: stream, wrote: time.Now()}
}

// begin writes the head of a stream.
func (e *events) begin() {
	if e.begun {
		return
	}
	e.begun = true
	e.h.SetStatusCode(http.StatusOK)
	e.w = sse.NewWriter(e.h)
	e.h.Response.Header.Set("Cache-Control", "no-store")
	e.h.Response.Header.Set("X-Accel-Buffering", "no") // what nginx would gather
}

// send sends an event at once. Where there is no stream it is nothing.
func (e *events) send(name string, data any) error {
	if !e.stream {
		return nil
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	e.begin()
	e.wrote = time.Now()
	return e.w.WriteEvent("", name, raw)
}

// last ends the answer with an event, or is all of it.
func (e *events) last(name string, data any) error {
	if e.stream {
		_ = e.send(name, data) // who does not get it has gone
		return nil
	}
	raw, err := json.Marshal(data)
	if err == nil {
		e.h.Data(http.StatusOK, "application/json", raw)
	}
	return err
}

// alive keeps a stream from being silent for long.
func (e *events) alive() error {
	if !e.stream || time.Since(e.wrote) < commentEvery {
		return nil
	}
	e.begin()
	e.wrote = time.Now()
	return e.w.WriteComment(" still there\n")
}

// gone reports whether the caller has closed the connection. The request was read to its end, so that nothing else reads from it now.
func (e *events) gone() bool {
	conn := e.h.GetConn()
	if b, ok := conn.(interface{ Len() int }); ok && b.Len() > 0 {
		return false // another request is waiting already
	}
	h, ok := conn.(interface {
		IsHealthy(probe, wait time.Duration) bool
	})
	return ok && !h.IsHealthy(time.Millisecond, 0)
}

// likes reports whether an Accept header does not like other better than kind (RFC 9110, 12.5.1).
func likes(accept, kind, other string) bool {
	return quality(accept, kind) >= quality(accept, other)
}

// quality is how much an Accept header wants a media type: by the most exact range that it has for it.
func quality(accept, kind string) (q float64) {
	if accept == "" {
		return 1
	}
	family, _, _ := strings.Cut(kind, "/")
	best := -1
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		exact := map[string]int{"*/*": 0, family + "/*": 1, kind: 2}
		level, fits := exact[strings.ToLower(strings.TrimSpace(name))]
		if !fits || level <= best {
			continue
		}
		best, q = level, 1
		for p := range strings.SplitSeq(params, ";") {
			if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(p)), "q="); ok {
				q, _ = strconv.ParseFloat(v, 64) // nonsense is 0: not wanted
			}
		}
	}
	return q
}
