package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/route"
	"github.com/danielgtaylor/huma/v2"
)

// adapter registers huma's operations with Hertz.
type adapter struct{ engine *route.Engine }

// Handle registers one operation; huma writes /{id}, Hertz /:id.
func (a *adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	path := strings.NewReplacer("{", ":", "}", "").Replace(op.Path)
	a.engine.Handle(op.Method, path, func(ctx context.Context, c *app.RequestContext) {
		handler(&hertzContext{ctx: ctx, op: op, c: c})
	})
}

// ServeHTTP is of no use: Hertz does not speak net/http.
func (a *adapter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "this API is served by Hertz", http.StatusNotImplemented)
}

// hertzContext is a Hertz request as huma wants it. Strings are copied: Hertz reuses its buffers.
type hertzContext struct {
	ctx context.Context
	op  *huma.Operation
	c   *app.RequestContext
}

func (h *hertzContext) Operation() *huma.Operation { return h.op }
func (h *hertzContext) Context() context.Context   { return h.ctx }

// WithContext is what huma.WithContext looks for.
func (h *hertzContext) WithContext(ctx context.Context) huma.Context {
	return &hertzContext{ctx: ctx, op: h.op, c: h.c}
}
func (h *hertzContext) TLS() *tls.ConnectionState { return nil } // TLS ends in front
func (h *hertzContext) Version() huma.ProtoVersion {
	return huma.ProtoVersion{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}
func (h *hertzContext) Method() string     { return string(h.c.Method()) }
func (h *hertzContext) Host() string       { return string(h.c.Host()) }
func (h *hertzContext) RemoteAddr() string { return h.c.RemoteAddr().String() }
func (h *hertzContext) URL() url.URL {
	return url.URL{Path: string(h.c.Path()), RawQuery: string(h.c.URI().QueryString())}
}
func (h *hertzContext) Param(name string) string { return strings.Clone(h.c.Param(name)) }
func (h *hertzContext) Query(name string) string { return strings.Clone(h.c.Query(name)) }
func (h *hertzContext) Header(name string) string {
	return string(h.c.Request.Header.Peek(name))
}

func (h *hertzContext) EachHeader(cb func(name, value string)) {
	h.c.VisitAllHeaders(func(k, v []byte) { cb(string(k), string(v)) })
}
func (h *hertzContext) BodyReader() io.Reader { return bytes.NewReader(h.c.Request.Body()) }

// GetMultipartForm refuses: no route here takes a form.
func (h *hertzContext) GetMultipartForm() (*multipart.Form, error) {
	return nil, errors.New("forms are not taken")
}

// SetReadDeadline does nothing: the whole body was read before, under the server's own deadline.
func (h *hertzContext) SetReadDeadline(time.Time) error { return nil }
func (h *hertzContext) SetStatus(code int)              { h.c.SetStatusCode(code) }
func (h *hertzContext) Status() int                     { return h.c.Response.StatusCode() }
func (h *hertzContext) SetHeader(name, value string)    { h.c.Response.Header.Set(name, value) }
func (h *hertzContext) AppendHeader(name, value string) { h.c.Response.Header.Add(name, value) }
func (h *hertzContext) BodyWriter() io.Writer           { return bodyWriter{h.c} }

// bodyWriter appends to the answer's body.
type bodyWriter struct{ c *app.RequestContext }

func (w bodyWriter) Write(p []byte) (int, error) {
	w.c.Response.AppendBody(p)
	return len(p), nil
}
