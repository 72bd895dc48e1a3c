package live

import (
	"slices"
	"sync"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// maxOwed is for how many conversations one session is owed a DURABLE at most, however long the database is away. What is
// dropped beyond it, the client sends again after its next connect, and is told that it was there.
const maxOwed = 1024

// owe notes that the session is to be told how far the database is, unless the log has forked since forks were counted:
// then seq may name what never happened.
func (sh *shard) owe(s *session, conv chat.ConversationID, seq chat.Seq, forks uint64) {
	if s.gone || seq == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sh.h.forks.Load() != forks {
		return
	}
	if s.unsaid == nil {
		s.unsaid = positionLists.Get().(*[]codec.Position)
		sh.owed = append(sh.owed, s)
	}
	list := *s.unsaid
	for i := range list {
		if list[i].Conv == codec.UUID(conv) {
			list[i].Seq = max(list[i].Seq, uint64(seq))
			return
		}
	}
	if len(list) >= maxOwed {
		list = slices.Delete(list, 0, 1)
	}
	*s.unsaid = append(list, codec.Position{Conv: codec.UUID(conv), Seq: uint64(seq)})
}

var positionLists = sync.Pool{New: func() any { return new([]codec.Position) }}

// durableEvery is how many seconds of acknowledgements one DURABLE gathers.
const durableEvery = 2

// Tick implements engine.Handler: it pays out DURABLEs.
func (h *Handler) Tick(n int) {
	sh := &h.shards[n]
	if sh.ticks++; sh.ticks%durableEvery != 0 {
		return
	}
	left := sh.owed[:0]
	for _, s := range sh.owed {
		sh.payDurable(s)
		s.mu.Lock()
		if s.gone || len(*s.unsaid) == 0 {
			*s.unsaid = (*s.unsaid)[:0]
			positionLists.Put(s.unsaid)
			s.unsaid = nil
		} else {
			left = append(left, s)
		}
		s.mu.Unlock()
	}
	clear(sh.owed[len(left):])
	sh.owed = left
}

// payDurable tells a session of what it is owed and the database holds. The rest stays owed.
func (sh *shard) payDurable(s *session) {
	// Told with mu held, so that a fork comes before or after all of it.
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaid == nil || s.gone {
		return
	}
	var paid []codec.Position
	list := *s.unsaid
	left := list[:0]
	for _, p := range list {
		if sh.h.cfg.Log.Projected(chat.Key{Tenant: s.actor.Tenant, Conversation: chat.ConversationID(p.Conv)}, chat.Seq(p.Seq)) {
			paid = append(paid, p)
		} else {
			left = append(left, p)
		}
	}
	*s.unsaid = left
	if len(paid) > 0 {
		sh.h.reply(s, 0, &codec.Durable{Items: paid})
	}
}
