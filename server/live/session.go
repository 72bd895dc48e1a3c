package live

import (
	"slices"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/board"
)

// session is who is behind one connection. There is one for every visitor who is online, so it is small: what only
// agents need hangs off agent, and what only active sessions need is made when it is needed.
//
// Fields above mu belong to the connection's shard once it is connected, and are not changed after CONNECT but where
// said otherwise.
type session struct {
	conn    *engine.Conn
	actor   chat.Actor // once known
	id      chat.SessionID
	device  codec.UUID
	profile profile             // a visitor's; the shard writes it with mu held
	conv    chat.ConversationID // a visitor's open conversation, as last known; the shard writes it with mu held
	space   uint32              // the tenant's number in topics
	caps    uint32              // of the connection, and capSaved; shard only
	print   chat.Print          // a visitor's fingerprint, as its token says
	blocks  uint32              // how often blocklists had changed when the visitor was looked at; shard only

	agent    *agentSide        // nil for visitors
	unsaid   *[]codec.Position // what a DURABLE is owed for; nil if none is; the shard makes and ends it, mu guards what it holds
	inflight int32             // SENDs without an answer; shard only
	second   uint32            // the second that packets counts; shard only
	packets  int16             // packets other than SEND in that second; shard only
	known    bool              // CONNECT was accepted; shard only
	entering bool              // CONNECT was accepted and waits for others; shard only
	refused  bool              // CONNECT failed; shard only
	gone     bool              // the connection ended; shard only
	zh       bool              // its CONNECT asked for Chinese; written before anyone else knows of the session

	mu      sync.Mutex
	joining map[chat.ConversationID]*joinBuffer // conversations whose history is being read right now; nil if none
	told    *[]codec.Position                   // how far histories went, until live frames have got there; nil if none
}

// bucket is a token bucket, small enough to be part of every session. The zero value is full.
type bucket struct {
	spent float32 // tokens taken and not yet filled up again
	at    uint32  // when that was, in ms of some clock that wraps
}

// take takes one token, or returns how long until there is one.
func (b *bucket) take(now time.Time, perSecond float64, burst int) time.Duration {
	ms := uint32(now.UnixMilli())
	b.spent = max(b.spent-float32(float64(past(ms, b.at))*perSecond/1000), 0)
	b.at = ms
	if b.spent+1 <= float32(burst) {
		b.spent++
		return 0
	}
	return max(time.Duration(float64(b.spent+1-float32(burst))/perSecond*float64(time.Second)), time.Millisecond)
}

// past is how many ms at is before now, 0 if it is after it: shards read the clock before they stand in line for a bucket, and clocks are put back.
func past(now, at uint32) uint32 { return uint32(max(0, int32(now-at))) }

// agentSide is what a session of a member of staff has on top.
type agentSide struct {
	family [16]byte
	bucket bucket // of SENDs; shard only
	mu     sync.Mutex
	joined map[chat.ConversationID]struct{}
	inbox  bool          // WATCHes the inbox
	board  *board.Screen // of the board; nil: none
}

// joinBuffer holds back a conversation's live frames while its history is on the way.
type joinBuffer struct {
	frames   []heldFrame
	overflow chat.Seq // the newest that there was no room for; 0 if there was
}

type heldFrame struct {
	seq   chat.Seq
	frame *engine.Frame
}

// maxHeld bounds a joinBuffer; beyond it the reader gets a GAP.
const maxHeld = 512

// hold keeps a frame of conv back if its history is on the way, and reports whether it did. It takes over the caller's
// reference of the frame then.
func (s *session) hold(conv chat.ConversationID, seq chat.Seq, f *engine.Frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.joining[conv]
	if b == nil {
		if s.told == nil || !s.knows(conv, seq) {
			return false
		}
		f.Release()
		return true
	}
	if len(b.frames) >= maxHeld {
		b.overflow = max(b.overflow, seq)
		f.Release()
		return true
	}
	b.frames = append(b.frames, heldFrame{seq, f})
	return true
}

// maxTold bounds for how many histories it is remembered how far they went: the live frames of older ones have long come.
const maxTold = 128

// tell remembers that everything up to seq was sent as history. Live frames may be behind it: what is in the log can be read
// before the tail has brought it. Needs mu.
func (s *session) tell(conv chat.ConversationID, seq chat.Seq) {
	if s.told == nil {
		s.told = new([]codec.Position)
	}
	all := slices.DeleteFunc(*s.told, func(p codec.Position) bool { return p.Conv == codec.UUID(conv) })
	if len(all) == maxTold {
		all = slices.Delete(all, 0, 1)
	}
	*s.told = append(all, codec.Position{Conv: codec.UUID(conv), Seq: uint64(seq)})
}

// knows reports whether a live message was sent as history. The first one beyond it ends the question. Needs mu and told.
func (s *session) knows(conv chat.ConversationID, seq chat.Seq) bool {
	i := slices.IndexFunc(*s.told, func(p codec.Position) bool { return p.Conv == codec.UUID(conv) })
	if i < 0 {
		return false
	}
	if uint64(seq) <= (*s.told)[i].Seq {
		return true
	}
	if *s.told = slices.Delete(*s.told, i, i+1); len(*s.told) == 0 {
		s.told = nil
	}
	return false
}

// isJoining reports whether any history is on the way.
func (s *session) isJoining(conv chat.ConversationID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joining[conv] != nil
}

// beginJoin starts to hold back live frames of conv.
func (s *session) beginJoin(conv chat.ConversationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joining == nil {
		s.joining = make(map[chat.ConversationID]*joinBuffer, 1)
	}
	s.joining[conv] = new(joinBuffer)
}

// endJoin sends what was held back beyond sent, and lets conv go live. If something had to be dropped, it returns how
// far that goes, otherwise 0. has says that the reader has everything up to sent.
func (s *session) endJoin(conv chat.ConversationID, sent chat.Seq, has bool) (gap chat.Seq) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if has && sent > 0 {
		s.tell(conv, sent)
	}
	b := s.joining[conv]
	delete(s.joining, conv)
	if len(s.joining) == 0 {
		s.joining = nil
	}
	if b == nil {
		return 0
	}
	for _, h := range b.frames {
		if h.seq > sent && b.overflow == 0 {
			if s.told != nil {
				s.knows(conv, h.seq)
			}
			s.conn.Send(h.frame, engine.Push)
		} else {
			h.frame.Release()
		}
	}
	return b.overflow
}

// role is the session's role in limits; raw TCP keeps the role of its token.
func (s *session) role() chat.Role { return s.actor.Role }

// hasJoined reports whether an agent's session JOINed conv.
func (a *agentSide) hasJoined(conv chat.ConversationID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.joined[conv]
	return ok
}

// maxJoined bounds how many conversations one connection may follow.
const maxJoined = 10_000

// join notes that the session follows conv. False if it follows too many.
func (a *agentSide) join(conv chat.ConversationID) (fresh, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, has := a.joined[conv]; has {
		return false, true
	}
	if len(a.joined) >= maxJoined {
		return false, false
	}
	if a.joined == nil {
		a.joined = make(map[chat.ConversationID]struct{})
	}
	a.joined[conv] = struct{}{}
	return true, true
}

func (a *agentSide) leave(conv chat.ConversationID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, has := a.joined[conv]
	delete(a.joined, conv)
	return has
}
