package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// call is what is known of one request besides its input.
type call struct {
	id      string // X-Request-Id
	lang    string // of texts for people: zh or en
	asked   string // lang if Accept-Language names it, otherwise nothing
	cred    *auth.Credential
	link    *chat.MailLink // that the caller came with, on the paths that take one
	bearer  string         // the token as it came; "" if none
	origin  string         // the page's, as the browser named it
	welcome bool           // a site key may be used there, so that the page may read a refusal
	host    string
	addr    netip.Addr // the client's
	h       *app.RequestContext
	body    *body     // nil if there is none
	file    *incoming // what came to be kept, if that is asked for
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// actor returns who calls. Only for operations that need a credential.
func (c *call) actor() *chat.Actor { return c.cred.Actor }

// begin gives every request an id, its security headers and a net: a panic is a 500 and nothing more.
func (a *API) begin(ctx context.Context, h *app.RequestContext) {
	started := a.cfg.Now()
	lang, asked := language(string(h.Request.Header.Peek("Accept-Language")))
	c := &call{
		id: requestID(h.Request.Header.Peek("X-Request-Id")), lang: lang, asked: asked,
		bearer: bearer(h), origin: string(h.Request.Header.Peek("Origin")), host: string(h.Host()), addr: a.clientAddr(h),
		h: h, body: bodyOf(h),
	}
	head := &h.Response.Header
	head.Set("X-Request-Id", c.id)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	head.Set("X-Frame-Options", "DENY")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	head.Set("Cache-Control", "no-store")
	defer func() {
		if r := recover(); r != nil {
			a.cfg.Logger.Error("panic in a request", "request", c.id, "panic", r, "stack", string(debug.Stack()))
			a.stats.panics.Inc()
			h.Response.ResetBody()
			writeProblem(h, problem(c, &chat.Error{Code: chat.Internal, Message: "something went wrong here; the request id helps to find it"}))
		}
		if c.body != nil {
			c.body.end()
		}
		a.stats.count(h, a.cfg.Now().Sub(started))
		a.cfg.Logger.Debug("request", "request", c.id, "method", string(h.Method()), "route", h.FullPath(),
			"status", h.Response.StatusCode(), "took", a.cfg.Now().Sub(started))
	}()
	h.Next(context.WithValue(ctx, callKey{}, c))
}

// gate lets nothing under /api/v1 come as far as routing without a credential, and answers browsers' CORS questions.
func (a *API) gate(ctx context.Context, h *app.RequestContext) {
	path := string(h.Request.URI().Path())
	if path == resetPath {
		if err := a.takeBody(h, callOf(ctx), maxBody); err != nil {
			a.refuse(h, callOf(ctx), err)
		}
		return
	}
	if path != "/api/v1" && !strings.HasPrefix(path, "/api/v1/") {
		return
	}
	c := callOf(ctx)
	if c.origin != "" {
		h.Response.Header.Set("Vary", "Origin, Accept-Language")
		if string(h.Method()) == http.MethodOptions && len(h.Request.Header.Peek("Access-Control-Request-Method")) > 0 {
			preflight(h, c.origin)
			return
		}
	}
	if a.public[path] {
		err := a.countAnonymous(h, c, path)
		if err == nil {
			err = a.takeBody(h, c, maxBody)
		}
		if err != nil {
			if path == sessionPath && c.origin != "" {
				allowOrigin(h, c.origin)
			}
			a.refuse(h, c, err)
			return
		}
	}
	if path == challengePath {
		err := a.challenged(ctx, h)
		if err == nil {
			return
		}
		if c.bearer == "" {
			a.refuse(h, c, err)
			return
		}
	} else if a.public[path] {
		h.Next(ctx)
		if path == sessionPath && c.origin != "" && (h.Response.StatusCode() != http.StatusForbidden || c.welcome) {
			allowOrigin(h, c.origin)
		}
		return
	}
	if purpose, takes := linkPaths[path]; takes && auth.IsMailLink(c.bearer) {
		if err := a.takeLink(ctx, h, purpose); err != nil {
			a.refuse(h, c, a.unproven(h, c, err))
		}
		return
	}
	cred, err := a.cfg.Auth.Authenticate(ctx, c.bearer, c.origin)
	if err != nil {
		if c.origin != "" && chat.CodeOf(err) != chat.Forbidden {
			allowOrigin(h, c.origin) // so that a page can read that its token has expired
		}
		a.refuse(h, c, a.unproven(h, c, err))
		return
	}
	if c.origin != "" && cred.SiteKey != "" {
		allowOrigin(h, c.origin)
	}
	if err := a.count(ctx, h, &cred); err != nil {
		a.refuse(h, c, err)
		return
	}
	if actor := cred.Actor; actor.Role == chat.RoleVisitor &&
		a.cfg.Desk.Blocked(ctx, actor.Tenant, chat.Suspect{Visitor: chat.VisitorID(actor.User), Addr: c.addr, Print: cred.Print}) {
		writeProblem(h, problem(c, chat.ErrBlocked))
		h.Abort()
		return
	}
	c.cred = &cred
	if strings.ContainsRune(path, 0) || !utf8.ValidString(path) || bytes.Contains(h.Request.URI().QueryString(), []byte("%00")) {
		a.refuse(h, c, chat.Errorf(chat.Malformed, "the address has what is no text"))
		return
	}
	if path == uploadsPath || path == challengePath || isDocumentForm(h, path) {
		return // a file is taken by whoever may send one; a challenge has been read
	}
	most := int64(maxBody)
	switch role := cred.Actor.Role; {
	case role != chat.RoleVisitor && strings.HasPrefix(path, documentsPath):
		most = textRoom
	case role != chat.RoleVisitor && strings.HasPrefix(path, "/api/v1/ai/intents"):
		most = examplesRoom
	case role == chat.RoleAPI && strings.HasPrefix(path, "/api/v1/conversations/"):
		most = messageRoom
	}
	if err := a.takeBody(h, c, most); err != nil {
		if c.body != nil && chat.CodeOf(err) == chat.TooLarge {
			c.body.waste()
		}
		writeProblem(h, a.fail(c, err))
		h.Abort()
	}
}

func (a *API) refuse(h *app.RequestContext, c *call, err error) {
	writeProblem(h, a.fail(c, err))
	h.Abort()
}

// challenged lets nobody complete a log-in who did not begin one: the challenge, in the body, is the credential.
func (a *API) challenged(ctx context.Context, h *app.RequestContext) error {
	var body struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(h.Request.Body(), &body) != nil {
		body.Challenge = "" // it proves nothing
	}
	return a.cfg.Auth.CheckChallenge(ctx, body.Challenge)
}

// preflight answers a browser's question before the request (Fetch, 3.2.2). Credentials travel in a header that the page
// must set itself, so the answer can be the same for every page; the request itself is judged by its site key.
func preflight(h *app.RequestContext, origin string) {
	allowOrigin(h, origin)
	head := &h.Response.Header
	head.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
	head.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-API-Token, X-Request-Id, Accept-Language, Idempotency-Key")
	head.Set("Access-Control-Max-Age", "7200")
	h.AbortWithStatus(http.StatusNoContent)
}

func allowOrigin(h *app.RequestContext, origin string) {
	h.Response.Header.Set("Access-Control-Allow-Origin", origin)
	h.Response.Header.Set("Access-Control-Expose-Headers", "Date, X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Idempotency-Replayed")
}

// writeProblem answers with a problem document.
func writeProblem(h *app.RequestContext, p *Problem) {
	for k, v := range p.GetHeaders() {
		h.Response.Header.Set(k, v[0])
	}
	body, err := json.Marshal(p)
	if err != nil { // a struct of strings always marshals
		panic(err)
	}
	h.Data(p.Status, "application/problem+json", body)
}

func (a *API) noRoute(ctx context.Context, h *app.RequestContext) {
	writeProblem(h, problem(callOf(ctx), &chat.Error{Code: chat.NotFound, Message: "there is nothing at this path"}))
}

func (a *API) noMethod(ctx context.Context, h *app.RequestContext) {
	h.Response.Header.Set("Allow", strings.Join(a.methods(string(h.Request.URI().Path())), ", ")) // RFC 9110, 15.5.6
	writeProblem(h, statusProblem(callOf(ctx), http.StatusMethodNotAllowed, "this path does not take "+string(h.Method())))
}

// methods returns what a path takes, sorted.
func (a *API) methods(path string) []string {
	var out []string
	parts := strings.Split(path, "/")
	for _, r := range a.mounted {
		if dir, deep := strings.CutSuffix(r.Path, "*path"); deep && strings.HasPrefix(path, dir) {
			out = append(out, r.Method)
			continue
		}
		pattern := strings.Split(r.Path, "/")
		if slices.EqualFunc(pattern, parts, func(p, s string) bool { return p == s || strings.HasPrefix(p, ":") && s != "" }) {
			out = append(out, r.Method)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// requestID keeps a sane id that came from outside, and makes one otherwise.
func requestID(in []byte) string {
	if len(in) == 0 || len(in) > 64 {
		return uuid.Must(uuid.NewV7()).String()
	}
	for _, b := range in {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-', b == '_', b == '.':
		default:
			return uuid.Must(uuid.NewV7()).String()
		}
	}
	return string(in)
}

// bearer returns the token of Authorization or X-API-Token.
func bearer(h *app.RequestContext) string {
	if v := h.Request.Header.Peek("Authorization"); len(v) > 0 {
		scheme, token, _ := strings.Cut(string(v), " ")
		if strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token)
		}
		return string(v) // not a token: it proves nothing, and is refused as such
	}
	return string(h.Request.Header.Peek("X-API-Token"))
}

// clientAddr returns the client's address: the peer's, or what trusted proxies say of theirs.
func (a *API) clientAddr(h *app.RequestContext) netip.Addr {
	var addr netip.Addr
	if t, ok := h.RemoteAddr().(*net.TCPAddr); ok {
		addr = t.AddrPort().Addr().Unmap()
	}
	if len(a.cfg.TrustedProxies) == 0 || !a.trusted(addr) {
		return addr
	}
	// A proxy may write a line of its own behind one that the client made up (RFC 9110, 5.3).
	hops := strings.Split(string(bytes.Join(h.Request.Header.PeekAll("X-Forwarded-For"), []byte{','})), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if addr = hop.Unmap(); !a.trusted(addr) {
			break
		}
	}
	return addr
}

func (a *API) trusted(addr netip.Addr) bool {
	for _, p := range a.cfg.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// addressKey is what addresses are counted by: an IPv6 customer has a whole /64.
func addressKey(addr netip.Addr) string {
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
