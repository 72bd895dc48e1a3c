package live

import (
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// reply sends one packet to one session.
func (h *Handler) reply(s *session, rid uint16, p codec.Packet) {
	f := encode(s.conn.Kind(), codec.Header{RID: rid}, p)
	s.conn.Send(f, engine.Must)
}

// encode builds the frame of one packet for a kind of connection.
func encode(k engine.Kind, hd codec.Header, p codec.Packet) *engine.Frame {
	f, dst := engine.Begin(k)
	if k == engine.WebSocketText {
		return f.Finish(codec.AppendJSON(dst, hd, p))
	}
	return f.Finish(codec.AppendBinary(dst, hd, p))
}

func millis(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }

// messagePacket is a message as an audience sees it.
func messagePacket(m *chat.Message, a chat.Audience) *codec.Message {
	p := new(codec.Message)
	fillMessage(p, m, a)
	return p
}

func fillMessage(p *codec.Message, m *chat.Message, a chat.Audience) {
	*p = codec.Message{
		Conv: codec.UUID(m.Conversation), Seq: uint64(m.Seq), Prev: uint64(m.PrevFor(a)), MID: codec.UUID(m.ID),
		CMID: codec.UUID(m.CMID), Sender: codec.UUID(m.Sender), Role: codec.Role(m.Role), Kind: codec.Kind(m.Kind),
		Visibility: codec.Visibility(m.Visibility), Time: millis(m.Time), ReplyTo: codec.UUID(m.ReplyTo), Body: m.BodyFor(a),
	}
}

func messagePackets(m []chat.Message, a chat.Audience) []codec.Message {
	out := make([]codec.Message, len(m))
	for i := range m {
		fillMessage(&out[i], &m[i], a)
	}
	return out
}

func memberPackets(m []chat.Participant) []codec.Member {
	out := make([]codec.Member, len(m))
	for i := range m {
		out[i] = codec.Member{
			User: codec.UUID(m[i].User), Role: codec.Role(m[i].Role), Name: m[i].Name,
			Delivered: uint64(m[i].Delivered), Read: uint64(m[i].Read),
		}
	}
	return out
}

// sendackPacket is the answer to a SEND that was in the log already.
func sendackPacket(r *chat.SendRequest, res *chat.SendResult, a chat.Audience) *codec.Sendack {
	prev := res.Prev
	if a == chat.AudiencePublic {
		prev = res.PrevPublic
	}
	return &codec.Sendack{
		Conv: codec.UUID(r.Conversation), CMID: codec.UUID(r.CMID), MID: codec.UUID(res.Message), Seq: uint64(res.Seq),
		Prev: uint64(prev), Time: millis(res.Time), Dup: res.Dup,
	}
}

// Busy implements engine.Handler: each packet is answered.
func (h *Handler) Busy(c *engine.Conn, data []byte) *engine.Frame {
	text := c.Kind() == engine.WebSocketText
	rids := codec.PeekRIDs(make([]uint16, 0, 8), text, data)
	busy := &codec.Error{Code: uint16(chat.Busy), Retryable: true, RetryAfter: 500, Message: "the server is busy; send again"}
	f, dst := engine.Begin(c.Kind())
	if text && len(rids) > 1 {
		dst = append(dst, '[')
	}
	for i, rid := range rids {
		h.stats.errors(chat.Busy)
		switch {
		case !text:
			dst = codec.AppendBinary(dst, codec.Header{RID: rid}, busy)
		case i > 0:
			dst = codec.AppendJSON(append(dst, ','), codec.Header{RID: rid}, busy)
		default:
			dst = codec.AppendJSON(dst, codec.Header{RID: rid}, busy)
		}
	}
	if text && len(rids) > 1 {
		dst = append(dst, ']')
	}
	return f.Finish(dst)
}

// Ping implements engine.Handler.
func (h *Handler) Ping(k engine.Kind, now int64) *engine.Frame {
	return encode(k, codec.Header{}, &codec.Ping{Time: uint64(max(now, 0))})
}

// Bye implements engine.Handler.
func (h *Handler) Bye(k engine.Kind, code uint16, reason string, retryAfter uint32, soft bool) *engine.Frame {
	return encode(k, codec.Header{}, &codec.Disconnect{
		Code: code, Reconnect: codec.Reconnect(code), Soft: soft, RetryAfter: retryAfter, Reason: reason,
	})
}

// Gap implements engine.Handler.
func (h *Handler) Gap(c *engine.Conn, missed []engine.Missed) *engine.Frame {
	items := make([]codec.Position, len(missed))
	for i, m := range missed {
		items[i] = codec.Position{Conv: m.Topic.ID, Seq: m.Top}
	}
	return encode(c.Kind(), codec.Header{}, &codec.Gap{Items: items})
}
