package live

import (
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/board"
)

const (
	boardRows   = 50     // of a WATCH that does not say
	boardOffset = 10_000 // how far down a screen may be
)

// watch answers WATCH: an agent's screen that shows the inbox or the board hears of their changes.
func (sh *shard) watch(s *session, p *codec.Watch) error {
	if s.actor.Role != chat.RoleAgent {
		return chat.Errorf(chat.Forbidden, "WATCH is for agents")
	}
	h, v := sh.h, board.View{Tenant: s.actor.Tenant, Offset: int(p.Offset), Limit: int(p.Limit)}
	if p.Topic == codec.WatchBoard {
		q, err := board.ParseFilter(p.Filter)
		switch {
		case err != nil:
			return err
		case v.Offset > boardOffset:
			return chat.Errorf(chat.Malformed, "offset must be at most %d: narrow the filter, or sort the other way round", boardOffset)
		case v.Limit > chat.BoardMost:
			return chat.Errorf(chat.Malformed, "limit must be at most %d", chat.BoardMost)
		case v.Limit == 0:
			v.Limit = boardRows
		}
		v.Query = q
	}
	if p.Topic == codec.WatchInbox && !s.agent.isScreen() {
		defer h.looks(s, chat.LooksNew, s.agent.follows()...) // it may have gone on with some of them
	}
	s.agent.mu.Lock()
	defer s.agent.mu.Unlock()
	s.agent.inbox = p.Topic == codec.WatchInbox
	switch {
	case p.Topic == codec.WatchBoard:
		s.agent.board = h.screens.Show(s.agent.board, v, s.boardChanged)
	case s.agent.board != nil:
		h.screens.End(s.agent.board)
		s.agent.board = nil
	}
	return nil
}

// boardChanged sends a board.changed.
func (s *session) boardChanged(data []byte) {
	f := encode(s.conn.Kind(), codec.Header{Flags: codec.FlagEphemeral}, &codec.Event{Name: "board.changed", Data: data})
	s.conn.Send(f, engine.Ephemeral)
}
