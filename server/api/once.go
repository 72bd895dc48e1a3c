package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// A POST with an Idempotency-Key is done once, however often it comes and on whatever node; the others get the answer again.
const (
	onceHeader   = "Idempotency-Key"
	onceReplayed = "Idempotency-Replayed"

	maxOnceKey = 255              // bytes of a key
	onceLife   = 24 * time.Hour   // of a key
	onceRuns   = time.Minute      // longer than any request runs: then its node has died
	onceSweep  = 10 * time.Minute // between looks for keys that have expired
	maxAnswer  = 320 << 10        // bytes of an answer that is kept: the largest message fits
)

var (
	errOnceKey     = &chat.Error{Code: chat.Malformed, Name: "idempotency_key_invalid", Message: "an Idempotency-Key is 1 to 255 visible ASCII characters"}
	errOnceReused  = &chat.Error{Code: chat.Conflict, Name: "idempotency_key_reused", Message: "this Idempotency-Key was used for a request with another body"}
	errOnceRunning = &chat.Error{
		Code: chat.Conflict, Name: "idempotency_in_progress", Message: "a request with this Idempotency-Key is being done; try again", RetryAfter: time.Second,
	}
	errOnceUnknown = &chat.Error{
		Code: chat.Conflict, Name: "idempotency_outcome_unknown",
		Message: "the server that did the request with this Idempotency-Key died meanwhile; look whether it was done, and go on with another key",
	}
	errOnceGone = &chat.Error{
		Code: chat.Conflict, Name: "idempotency_answer_gone", Message: "the request with this Idempotency-Key was done; its answer was too large or too secret to be kept",
	}
)

// shownOnce are the operations whose answers have something that is shown once: with a key that could be guessed they are not kept.
var shownOnce = map[string]bool{
	"changePassword": true, "enrolSecondFactor": true, "confirmSecondFactor": true, "createAPIToken": true, "createSiteKey": true,
	"rotateSecret": true, "createTenant": true, "createWebhook": true, "rotateWebhookSecret": true,
}

// takesOnce reports whether an Idempotency-Key means something to a route. Routes that need no credential have no caller to keep an
// answer for, and what only reads is not kept.
func (r *row) takesOnce() bool {
	return r.method == http.MethodPost && !r.who.public && r.who.link == "" && r.id != exportByPost
}

// onceParameter documents the header.
func onceParameter() *huma.Param {
	least, most := 1, maxOnceKey
	return &huma.Param{
		Name: onceHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most},
		Description: "For 24 hours the same key of the same caller, with the same path and body, is done once: a success is answered again, with Idempotency-Replayed: true. " +
			"With another body: 409 idempotency_key_reused; while the first runs: 409 idempotency_in_progress. A refusal or failure frees the key. Use a UUID.",
	}
}

// once is a request with a key, as its caller meant it.
type once struct {
	chat.Once
	key    string
	secret bool // its answer has something that is shown once
}

// once lets an operation of a route be done once for a key.
func (a *API) once(r *row) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		h, is := ctx.(*hertzContext)
		c := callOf(ctx.Context())
		if !is || c.cred == nil || len(h.c.Request.Header.Peek(onceHeader)) == 0 {
			next(ctx)
			return
		}
		if r.path == uploadsPath { // what is sent counts, so it comes first
			done, err := a.takeIn(c)
			if err != nil {
				writeProblem(h.c, a.fail(c, err))
				return
			}
			defer done()
		}
		o, err := a.onceOf(c, r, h.c)
		if err == nil {
			err = a.doOnce(ctx.Context(), h.c, &o, func() { next(ctx) })
		}
		if err != nil {
			writeProblem(h.c, a.fail(c, err))
		}
	}
}

// onceOf names a request. Its key and body are only kept as hashes: the body's needs the key, so that rows don't tell what was in it.
func (a *API) onceOf(c *call, r *row, h *app.RequestContext) (once, error) {
	key := string(h.Request.Header.Peek(onceHeader))
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			return once{}, errOnceKey
		}
	}
	if len(key) > maxOnceKey {
		return once{}, errOnceKey
	}
	actor, uri := c.actor(), h.Request.URI()
	now := a.cfg.Now()
	o := once{key: key, secret: shownOnce[r.id]}
	o.Once = chat.Once{Tenant: actor.Tenant, Owner: chat.NewID[chat.Once](), BegunAt: now, ExpiresAt: now.Add(onceLife)}
	o.Subject = subjectOf(r, c, h)
	o.Key = digest([]byte(key), []byte("request"), []byte{byte(actor.Role)}, actor.User[:], []byte(r.id), uri.Path())
	if c.file != nil {
		var err error
		o.Body, err = c.file.digest([]byte(key), uri.QueryString())
		return o, err
	}
	o.Body = digest([]byte(key), []byte("body"), uri.QueryString(), h.Request.Body())
	return o, nil
}

// onceAbout are the operations whose path has no id of what they are about, and the member of their body that has it.
var onceAbout = map[string]string{"createBlock": "value"}

// subjectOf is what an answer is about: what the path names, or else the visitor who asks.
func subjectOf(r *row, c *call, h *app.RequestContext) (id chat.ID[chat.Once]) {
	text := h.Param("id")
	if c.file != nil {
		text = c.file.conversation.String()
	}
	if name := onceAbout[r.id]; name != "" {
		var members map[string]json.RawMessage
		if json.Unmarshal(h.Request.Body(), &members) == nil {
			_ = json.Unmarshal(members[name], &text)
		}
	}
	if c.actor().Role == chat.RoleVisitor {
		return chat.ID[chat.Once](c.actor().User)
	}
	if parsed, err := chat.ParseID[chat.Once](text); err == nil {
		id = parsed
	}
	return id
}

// digest is HMAC-SHA256 of some parts, each with its length.
func digest(key []byte, parts ...[]byte) [32]byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		m.Write(p)
	}
	return [32]byte(m.Sum(nil))
}

// doOnce does a request if nobody has, and otherwise answers what it was answered.
func (a *API) doOnce(ctx context.Context, h *app.RequestContext, o *once, do func()) error {
	call, cancel := context.WithTimeout(ctx, a.cfg.CallTimeout)
	held, err := a.cfg.Store.BeginOnce(call, o.Once)
	cancel()
	switch {
	case err != nil:
		return err
	case held.Owner == o.Owner:
		a.didOnce(ctx, h, o, do)
		return nil
	case held.Body != o.Body:
		return errOnceReused
	case !held.Done && a.cfg.Now().Sub(held.BegunAt) < onceRuns:
		return errOnceRunning
	case !held.Done:
		return errOnceUnknown
	}
	return a.answerAgain(ctx, h, o, held.Answer)
}

// didOnce does a request and keeps what it was answered, if it was done. What was refused or failed frees the key: a refusal changes
// nothing, so it is judged anew.
func (a *API) didOnce(ctx context.Context, h *app.RequestContext, o *once, do func()) {
	done := false
	defer func() { // also if do panics
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.CallTimeout)
		defer cancel()
		var err error
		if done {
			err = a.cfg.Store.FinishOnce(ctx, o.Tenant, o.Key, o.Owner, a.sealAnswer(&h.Response, o))
		} else {
			err = a.cfg.Store.ForgetOnce(ctx, o.Tenant, o.Key, o.Owner)
		}
		if err != nil {
			a.cfg.Logger.Warn("the end of a request with an Idempotency-Key can't be kept", "request", callOf(ctx).id, "err", err)
		}
	}()
	do()
	status := h.Response.StatusCode()
	done = status >= 200 && status < 300
}
