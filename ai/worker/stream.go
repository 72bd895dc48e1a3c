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
	shown   int // parts
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
	p := chat.Piece{Message: chat.BotMessageID(s.j.Key, s.j.asked.Message, uint8(s.part)), Offset: s.sent, End: end, Text: s.waiting}
	s.sent += uint32(len(s.waiting))
	s.waiting = ""
	if !nothing {
		s.shown = max(s.shown, s.part+1)
	}
	s.mu.Unlock()
	if nothing {
		return
	}
	s.j.w.stats.pieces.Inc()
	_ = s.j.w.o.Desk.Stream(s.ctx, s.j.bot, s.j.Conversation, p)
}

// end lets go of what was not shown. If nothing comes of what was, it is taken back: a piece of nothing from the beginning on.
func (s *stream) end(said bool) {
	s.mu.Lock()
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
	}
	shown := s.shown
	s.mu.Unlock()
	if said {
		return
	}
	s.sending.Lock() // behind what is on its way
	defer s.sending.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), endWait)
	defer cancel()
	for part := range shown {
		_ = s.j.w.o.Desk.Stream(ctx, s.j.bot, s.j.Conversation, chat.Piece{Message: chat.BotMessageID(s.j.Key, s.j.asked.Message, uint8(part)), End: true})
	}
}
