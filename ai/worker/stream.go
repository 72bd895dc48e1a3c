package worker

import (
	"context"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// pieceEvery is how often a visitor is shown more of an answer: engines write some hundred pieces a second, and each is a signal to every node.
const pieceEvery = 40 * time.Millisecond

// stream shows an answer while it is made. Safe for concurrent use.
type stream struct {
	j   *job
	ctx context.Context //nolint:containedctx // it lives as long as one attempt, whose timer needs it

	sending sync.Mutex // pieces go out in their order

	mu      sync.Mutex
	part    int // of what is written now
	waiting string
	sent    uint32 // bytes of the part that were shown
	timer   *time.Timer
	closed  bool
}

func newStream(ctx context.Context, j *job) *stream { return &stream{j: j, ctx: ctx} }

// piece takes in more of a message. It fails when the conversation is not the bot's any more.
func (s *stream) piece(message int, text string) error {
	if err := s.ctx.Err(); err != nil {
		return context.Cause(s.ctx)
	}
	if h, known := s.j.w.o.Desk.HeadIfKnown(s.j.Key); known && h.Status != chat.WithBot {
		return errOvertaken
	}
	if s.part != message { // it belongs to one goroutine
		s.show(true)
		s.mu.Lock()
		s.part, s.sent = message, 0
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting += text
	if s.timer == nil {
		s.timer = time.AfterFunc(pieceEvery, func() { s.show(false) })
	}
	return nil
}

// show sends what waits. It may be lost: the message comes when it is whole.
func (s *stream) show(end bool) {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	s.timer = nil
	nothing := s.closed || s.waiting == "" && (!end || s.sent == 0)
	p := chat.Piece{Message: chat.BotMessageID(s.j.Key, s.j.Message, uint8(s.part)), Offset: s.sent, End: end, Text: s.waiting}
	s.sent += uint32(len(s.waiting))
	s.waiting = ""
	s.mu.Unlock()
	if nothing {
		return
	}
	s.j.w.stats.pieces.Inc()
	_ = s.j.w.o.Desk.Stream(s.ctx, s.j.bot, s.j.Conversation, p)
}

// end shows what waits, and that it was the end.
func (s *stream) end() {
	s.show(true)
	s.close()
}

// close lets go of what was not shown.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
	}
}
