package live

import (
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// senders counts what visitors send, over all of their connections to this node: a visitor who opens another one has no more for it
// (protocol rule 9). It holds those who sent something in the last seconds. Safe for concurrent use.
type senders [64]struct {
	mu    sync.Mutex
	m     map[chat.VisitorKey]bucket
	swept uint32 // ms of the buckets' clock
}

// take takes one SEND of a visitor's, or returns how long until there is one.
func (s *senders) take(k chat.VisitorKey, now time.Time, perSecond float64, burst int) time.Duration {
	part := &s[k.Visitor[len(k.Visitor)-1]%uint8(len(s))]
	part.mu.Lock()
	defer part.mu.Unlock()
	full := uint32(float64(burst)*1000/perSecond) + 1                                          // after so many ms a bucket is full again, and need not be kept
	if ms := uint32(now.UnixMilli()); max(past(ms, part.swept), past(part.swept, ms)) > full { // or the clock was put back
		part.swept = ms
		for k, b := range part.m {
			if past(ms, b.at) > full {
				delete(part.m, k)
			}
		}
	}
	if part.m == nil {
		part.m = make(map[chat.VisitorKey]bucket)
	}
	b := part.m[k]
	wait := b.take(now, perSecond, burst)
	part.m[k] = b
	return wait
}

// takeSend takes one SEND of a session's, or returns how long until there is one. An agent's connections have a bucket each.
func (h *Handler) takeSend(s *session, l *RoleLimits) time.Duration {
	if s.agent != nil {
		return s.agent.bucket.take(h.cfg.Now(), l.SendRate, l.SendBurst)
	}
	return h.senders.take(chat.VisitorKey{Tenant: s.actor.Tenant, Visitor: chat.VisitorID(s.actor.User)}, h.cfg.Now(), l.SendRate, l.SendBurst)
}
