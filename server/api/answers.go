package api

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/protocol"

	"github.com/uniqchat/uniqchat/server/auth"
)

// sealAnswer is an answer as it is kept: status (u16), length of the content type (u8), content type, body; sealed with the key that
// only the caller has. Nil if it is not kept: a stream, too large, or too secret for a key that could be guessed.
func (a *API) sealAnswer(r *protocol.Response, o *once) []byte {
	kind := r.Header.ContentType()
	if r.IsBodyStream() || r.GetHijackWriter() != nil || len(r.Body()) > maxAnswer || len(kind) > 255 || o.secret && guessable(o.key) {
		return nil
	}
	plain := binary.BigEndian.AppendUint16(make([]byte, 0, 3+len(kind)+len(r.Body())), uint16(r.StatusCode()))
	plain = append(append(append(plain, byte(len(kind))), kind...), r.Body()...)
	sealed, err := a.cfg.Auth.Seal(plain, o.key, o.about())
	if err != nil {
		a.cfg.Logger.Error("an answer can't be sealed", "err", err)
		return nil
	}
	return sealed
}

// about is what a kept answer belongs to.
func (o *once) about() []byte {
	return append(append(append([]byte{}, o.Tenant[:]...), o.Key[:]...), o.Body[:]...)
}

// answerAgain answers what was kept.
func (a *API) answerAgain(ctx context.Context, h *app.RequestContext, o *once, sealed []byte) error {
	if sealed == nil {
		return errOnceGone
	}
	plain, err := a.cfg.Auth.Unseal(ctx, sealed, o.key, o.about())
	if errors.Is(err, auth.ErrNotSealed) {
		return errOnceGone // its signing key has been taken out of use
	}
	if err != nil {
		return err
	}
	if len(plain) < 3 || len(plain) < 3+int(plain[2]) {
		return errOnceGone
	}
	status, kind, body := int(binary.BigEndian.Uint16(plain)), plain[3:3+plain[2]], plain[3+int(plain[2]):]
	a.stats.replayed.Inc()
	h.Response.Header.Set(onceReplayed, "true")
	h.Response.SetStatusCode(status)
	if len(body) > 0 {
		h.Response.Header.SetContentTypeBytes(kind)
		h.Response.SetBody(body)
	}
	return nil
}

// guessable reports whether somebody who has the rows and the signing keys could find a key by trying: a UUID can't be.
func guessable(key string) bool {
	seen := map[byte]struct{}{}
	for _, b := range []byte(key) {
		seen[b] = struct{}{}
	}
	return len(key) < 20 || len(seen) < 8
}

// sweepMost is how many keys are removed in one transaction.
const sweepMost = 1000

// Run removes keys of requests that have expired, until ctx ends.
func (a *API) Run(ctx context.Context) error {
	tick := time.NewTicker(onceSweep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for n := sweepMost; n == sweepMost; {
			var err error
			if n, err = a.sweep(ctx); err != nil {
				a.cfg.Logger.Warn("expired Idempotency-Keys can't be removed", "err", err)
				break
			}
		}
	}
}

func (a *API) sweep(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.CallTimeout)
	defer cancel()
	return a.cfg.Store.SweepOnces(ctx, a.cfg.Now(), sweepMost)
}
