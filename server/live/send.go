package live

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// maxBatch is how many SENDs of a shard are appended in one call.
const maxBatch = 128

// send queues a SEND for the shard's next append, or refuses it.
func (sh *shard) send(s *session, hd codec.Header, p *codec.Send) {
	h := sh.h
	if err := h.admit(s, hd, p); err != nil {
		h.sendError(s, hd.RID, err)
		return
	}
	if h.nowBlocked(s) {
		h.sendError(s, hd.RID, chat.ErrBlocked)
		s.conn.Close(codec.CloseKicked, s.said(chat.ErrBlocked.Message))
		return
	}
	s.inflight++
	sh.sends = append(sh.sends, chat.SendRequest{
		Actor: s.sender(), Conversation: chat.ConversationID(p.Conv), CMID: chat.CMID(p.CMID), Kind: chat.Kind(p.Kind),
		Visibility: chat.Visibility(p.Visibility), ReplyTo: chat.MessageID(p.ReplyTo),
		Body:   bytes.Clone(p.Body), // the one copy that lives on, in the log's readers
		Origin: chat.Origin{Session: s.id, Request: hd.RID}, Retry: hd.Flags&codec.FlagDup != 0,
	})
	sh.askers = append(sh.askers, asker{s, hd.RID})
	if len(sh.sends) >= maxBatch {
		sh.flush()
	}
}

// admit judges a SEND by the connection's limits (protocol rule 9).
func (h *Handler) admit(s *session, hd codec.Header, p *codec.Send) error {
	l := h.cfg.Limits.of(s.role())
	switch {
	case hd.RID == 0:
		return chat.Errorf(chat.Malformed, "SEND needs a rid")
	case len(p.Body) > l.MaxBody:
		return chat.Errorf(chat.TooLarge, "body has %d bytes; the limit is %d", len(p.Body), l.MaxBody)
	case int(s.inflight) >= l.Window:
		return &chat.Error{Code: chat.TooMany, Message: "too many unacknowledged messages", RetryAfter: 100 * time.Millisecond}
	}
	if l.SendRate <= 0 {
		return nil
	}
	if wait := h.takeSend(s, l); wait > 0 {
		return &chat.Error{Code: chat.TooMany, Message: "too many messages; slow down", RetryAfter: wait}
	}
	return nil
}

// flush appends what has queued up, in one call. Messages that were accepted are acknowledged by the fan-out, in the
// log's order; everything else is answered here.
func (sh *shard) flush() {
	if sh.charge(); len(sh.sends) == 0 {
		return
	}
	start, forks := time.Now(), sh.h.forks.Load()
	results := sh.appendSends(sh.sends)
	sh.h.stats.process.Update(time.Since(start).Seconds())
	for i := range results {
		sh.answer(&sh.sends[i], sh.askers[i], &results[i], forks)
	}
	clear(sh.sends)
	clear(sh.askers)
	sh.sends, sh.askers = sh.sends[:0], sh.askers[:0]
}

// appendSends calls the Desk. If that panics, each request is tried alone, so that only the one that is to blame fails.
func (sh *shard) appendSends(reqs []chat.SendRequest) (results []chat.SendResult) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		sh.h.stats.panics.Inc()
		sh.h.cfg.Logger.Error("panic while appending", "panic", p, "requests", len(reqs), "stack", string(debug.Stack()))
		if len(reqs) == 1 {
			results = []chat.SendResult{{Receipt: chat.Receipt{Err: chat.Errorf(chat.Internal, "this message can't be processed")}}}
			return
		}
		results = make([]chat.SendResult, 0, len(reqs))
		for i := range reqs {
			results = append(results, sh.appendSends(reqs[i:i+1])...)
		}
	}()
	ctx, cancel := context.WithTimeout(sh.ctx, sh.h.cfg.CallTimeout)
	defer cancel()
	return sh.h.desk.Send(ctx, reqs)
}

// answer settles one SEND. forks is how many forks of the log there were before it was appended.
func (sh *shard) answer(r *chat.SendRequest, a asker, res *chat.SendResult, forks uint64) {
	h, s := sh.h, a.s
	s.inflight--
	if res.Err != nil {
		h.sendError(s, a.rid, res.Err)
		return
	}
	h.stats.sends.Inc()
	if s.agent == nil {
		if s.conv != r.Conversation {
			s.setConv(r.Conversation)
			h.guests.said(chat.VisitorKey{Tenant: s.actor.Tenant, Visitor: chat.VisitorID(s.actor.User)}, r.Conversation)
			h.rosters.touch(s.actor.Tenant, chat.VisitorID(s.actor.User))
		}
		s.caps |= capSaved // written with the conversation
	}
	if res.Dup {
		h.stats.dups.Inc()
		h.reply(s, a.rid, sendackPacket(r, res, s.actor.Audience()))
	}
	sh.owe(s, r.Conversation, res.Seq, forks)
}

const (
	packetsPerSecond = 200  // packets other than SEND, beyond which they are refused
	packetsFlood     = 2000 // and beyond which the connection is closed
)

// throttle bounds packets that have no limit of their own.
func (h *Handler) throttle(s *session) error {
	now := h.cfg.Now()
	if sec := uint32(now.Unix()); sec != s.second {
		s.second, s.packets = sec, 0
	}
	if s.packets <= packetsFlood { // what is still on its way when the connection closes counts no further
		s.packets++
	}
	switch {
	case s.packets > packetsFlood:
		s.conn.Close(codec.CloseTooMany, "too many packets")
		return chat.Errorf(chat.TooMany, "too many packets")
	case s.packets > packetsPerSecond:
		return &chat.Error{Code: chat.TooMany, Message: "too many packets; slow down", RetryAfter: now.Truncate(time.Second).Add(time.Second).Sub(now)}
	}
	return nil
}

// sendError answers a request with ERROR. Failures that are not the client's are logged here and told without detail.
func (h *Handler) sendError(s *session, rid uint16, err error) {
	var e *chat.Error
	if !errors.As(err, &e) {
		h.cfg.Logger.Error("request failed", "err", err)
		e = chat.Errorf(chat.Internal, "internal error")
	}
	h.stats.errors(e.Code)
	h.reply(s, rid, &codec.Error{
		Code: uint16(e.Code), Retryable: e.Code.Retryable(), RetryAfter: uint32(e.RetryAfter / time.Millisecond),
		Message: s.said(e.Message), Conv: codec.UUID(e.Conversation),
	})
}
