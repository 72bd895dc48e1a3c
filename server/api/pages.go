package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/route"
)

// loaderName is the one script that a shop's pages name themselves.
const loaderName = "widget.js"

// picturePage shows one picture from elsewhere, in a frame of the console.
const picturePage = "picture/index.html"

// file is one embedded file, ready to be served.
type file struct {
	body, gzip []byte // gzip is nil if it would not be smaller
	kind, etag string
	shared     bool // a page that uses it need not ask each time
	pictures   bool // a page that may load pictures from elsewhere
	framed     bool // a page that stands in a frame of another page of ours, and does nothing else
}

// mountPages serves the embedded pages, the document and its reference page.
func (a *API) mountPages(engine *route.Engine) {
	files := map[string]*file{
		"/api/openapi.json":  newFile("openapi.json", a.openAPI),
		"/api/docs":          newFile("index.html", renderDocs(a.openAPI)),
		"/api/docs/docs.css": newFile("docs.css", docsCSS),
	}
	authPages(files)
	if a.cfg.Pages != nil {
		a.loadPages(files)
	}
	for p, f := range files {
		serve := func(ctx context.Context, h *app.RequestContext) { a.serveFile(ctx, h, f) }
		engine.GET(p, serve)
		engine.HEAD(p, serve)
		if dir, found := strings.CutSuffix(p, "/index.html"); found {
			engine.GET(dir+"/", serve)
			engine.HEAD(dir+"/", serve)
			engine.GET(dir, redirect(dir+"/"))
		}
	}
	engine.GET("/api/docs/", redirect("/api/docs"))
	if page := files["/console/index.html"]; page != nil {
		engine.GET("/", redirect("/console/"))
		// The console's own addresses: whichever is opened or reloaded, the page is the same.
		serve := func(ctx context.Context, h *app.RequestContext) {
			if path.Ext(string(h.Path())) != "" {
				a.noRoute(ctx, h) // a file that is gone is no page
				return
			}
			a.serveFile(ctx, h, page)
		}
		engine.GET("/console/*path", serve)
		engine.HEAD("/console/*path", serve)
	}
}

// loadPages takes every embedded file into memory: they are few and small.
func (a *API) loadPages(files map[string]*file) {
	err := fs.WalkDir(a.cfg.Pages, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(a.cfg.Pages, name)
		if err != nil {
			return err
		}
		files["/"+name] = newFile(name, body)
		files["/"+name].shared = name == loaderName
		files["/"+name].pictures = name == picturePage || strings.HasPrefix(name, "demo/") // as a shop's page would
		files["/"+name].framed = name == picturePage
		return nil
	})
	if err != nil {
		a.cfg.Logger.Error("embedded pages can't be read", "err", err)
	}
}

func newFile(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	f := &file{body: body, kind: mime.TypeByExtension(path.Ext(name)), etag: `"` + hex.EncodeToString(sum[:10]) + `"`}
	switch path.Ext(name) { // not left to what the machine knows
	case ".js":
		f.kind = "text/javascript; charset=utf-8"
	case ".ts":
		f.kind = "text/plain; charset=utf-8" // .ts is a film to many machines
	case ".css":
		f.kind = "text/css; charset=utf-8"
	case ".html":
		f.kind = "text/html; charset=utf-8"
	case ".json":
		f.kind = "application/json"
	case ".svg":
		f.kind = "image/svg+xml"
	}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression) // the level is valid
	_, _ = w.Write(body)                                  // to memory
	_ = w.Close()
	if z.Len() < len(body)*9/10 {
		f.gzip = z.Bytes()
	}
	return f
}

func (a *API) serveFile(ctx context.Context, h *app.RequestContext, f *file) {
	head := &h.Response.Header
	head.Set("Cache-Control", "no-cache") // ask each time: names are stable, the ETag says whether it changed
	switch v := string(h.QueryArgs().Peek("v")); {
	case v != "" && f.etag == `"`+v+`"`:
		head.Set("Cache-Control", "public, max-age=31536000, immutable") // whoever names what is in it gets nothing else
	case f.shared:
		head.Set("Cache-Control", "public, max-age=300, stale-while-revalidate=86400") // it stands on every page of a shop
	}
	head.Set("ETag", f.etag)
	head.Set("Vary", "Accept-Encoding")
	if strings.HasPrefix(f.kind, "text/html") {
		head.Set("Content-Security-Policy", a.pagePolicy(callOf(ctx), f))
		if f.framed {
			head.Set("X-Frame-Options", "SAMEORIGIN")
		}
	} else {
		head.Set("Cross-Origin-Resource-Policy", "cross-origin") // a shop's page loads the widget
		head.Set("Access-Control-Allow-Origin", "*")
	}
	if matchesETag(string(h.Request.Header.Peek("If-None-Match")), f.etag) {
		h.SetStatusCode(http.StatusNotModified)
		return
	}
	body := f.body
	if f.gzip != nil && strings.Contains(string(h.Request.Header.Peek("Accept-Encoding")), "gzip") {
		head.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	h.Data(http.StatusOK, f.kind, body)
}

// matchesETag is the comparison of RFC 9110 13.1.2.
func matchesETag(wanted, etag string) bool {
	for w := range strings.SplitSeq(wanted, ",") {
		w = strings.TrimPrefix(strings.TrimSpace(w), "W/")
		if w == etag || w == "*" {
			return true
		}
	}
	return false
}

// pagePolicy is what our own pages may load (CSP 3): themselves, and the WebSocket listener. A picture from elsewhere, which a message
// could name, would tell its sender where an agent is and when it was read: the console shows one only where somebody asks for it, in a
// frame of the page for that. Text never becomes HTML or
// script in them (Trusted Types): the one policy there may be is the widget's, which makes nothing but the address of its own chat.
func (a *API) pagePolicy(c *call, f *file) string {
	if f.framed {
		return "default-src 'none'; script-src 'self'; style-src 'self'; img-src https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
			"require-trusted-types-for 'script'; trusted-types 'none'"
	}
	ws, pictures := "", ""
	if u, err := url.Parse(a.cfg.WSURL(c.host)); err == nil && address.MatchString(u.Host) { // it may be of the Host header
		ws = " " + u.Scheme + "://" + u.Host
	}
	if f.pictures {
		pictures = " https:"
	}
	return fmt.Sprintf("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:%s; font-src 'self'; "+
		"connect-src 'self'%s; manifest-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "+
		"require-trusted-types-for 'script'; trusted-types uniqchat", pictures, ws)
}

// address is a host and a port that mean nothing else in a policy.
var address = regexp.MustCompile(`^([0-9A-Za-z.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

func redirect(to string) app.HandlerFunc {
	return func(_ context.Context, h *app.RequestContext) {
		h.Response.Header.Set("Location", to) // relative: whatever stands in front keeps its name
		h.SetStatusCode(http.StatusFound)
	}
}
