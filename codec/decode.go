package codec

import (
	"sync"
	"unicode/utf8"
)

var errShort = &CloseError{CloseBadFrame, "message ends inside a packet"}

// Decoder decodes packets. It owns one struct of each type: what it returns is valid until its next call, and points into
// the bytes that it was given, which it may rewrite in place (JSON values are made compact). The zero value is ready.
// Not safe for concurrent use.
type Decoder struct {
	// MaxBody limits inflated bodies, in bytes. 0: the most that a header can announce.
	MaxBody int

	v        visitor
	inflated *Buffer

	connect    Connect
	connack    Connack
	ping       Ping
	pong       Pong
	disconnect Disconnect
	error      Error
	send       Send
	sendack    Sendack
	message    Message
	read       Read
	receipt    Receipt
	typing     Typing
	durable    Durable
	event      Event
	stream     Stream
	join       Join
	joined     Joined
	leave      Leave
	sync       Sync
	synced     Synced
	gap        Gap
	status     Status
	track      Track
	watch      Watch
}

// maxKept is how many items of a list a decoder keeps memory for between packets.
const maxKept = 1024

// again returns a list's memory for the next packet, unless a stranger made it large.
func again[T any](list []T) []T {
	if cap(list) > maxKept {
		return nil
	}
	return list[:0]
}

// packet returns the decoder's struct for a type, emptied; nil for an unknown type.
func (d *Decoder) packet(t Type) Packet {
	switch t {
	case TypeConnect:
		d.connect = Connect{Resume: again(d.connect.Resume)}
		return &d.connect
	case TypeConnack:
		d.connack = Connack{}
		return &d.connack
	case TypePing:
		d.ping = Ping{}
		return &d.ping
	case TypePong:
		d.pong = Pong{}
		return &d.pong
	case TypeDisconnect:
		d.disconnect = Disconnect{}
		return &d.disconnect
	case TypeError:
		d.error = Error{}
		return &d.error
	case TypeSend:
		d.send = Send{}
		return &d.send
	case TypeSendack:
		d.sendack = Sendack{}
		return &d.sendack
	case TypeMessage:
		d.message = Message{}
		return &d.message
	case TypeRead:
		d.read = Read{}
		return &d.read
	case TypeReceipt:
		d.receipt = Receipt{}
		return &d.receipt
	case TypeTyping:
		d.typing = Typing{}
		return &d.typing
	default:
		return d.otherPacket(t)
	}
}

func (d *Decoder) otherPacket(t Type) Packet {
	switch t {
	case TypeDurable:
		d.durable = Durable{Items: again(d.durable.Items)}
		return &d.durable
	case TypeEvent:
		d.event = Event{}
		return &d.event
	case TypeStream:
		d.stream = Stream{}
		return &d.stream
	case TypeJoin:
		d.join = Join{}
		return &d.join
	case TypeJoined:
		d.joined = Joined{Members: again(d.joined.Members), Messages: again(d.joined.Messages)}
		return &d.joined
	case TypeLeave:
		d.leave = Leave{}
		return &d.leave
	case TypeSync:
		d.sync = Sync{}
		return &d.sync
	case TypeSynced:
		d.synced = Synced{Messages: again(d.synced.Messages)}
		return &d.synced
	case TypeGap:
		d.gap = Gap{Items: again(d.gap.Items)}
		return &d.gap
	case TypeStatus:
		d.status = Status{}
		return &d.status
	case TypeTrack:
		d.track = Track{}
		return &d.track
	case TypeWatch:
		d.watch = Watch{}
		return &d.watch
	}
	return nil
}

// Binary decodes the packet at the start of b and returns how many bytes it took. An error is a *PacketError, after which
// decoding can go on at n, or a *CloseError with 3501.
func (d *Decoder) Binary(b []byte) (h Header, p Packet, n int, err error) {
	h, ok, err := ParseHeader(b)
	if err != nil {
		return h, nil, 0, err
	}
	if !ok || len(b)-HeaderSize < int(h.Length) {
		return h, nil, 0, errShort
	}
	n = HeaderSize + int(h.Length)
	p, err = d.Body(h, b[HeaderSize:n])
	return h, p, n, err
}

// Body decodes a body whose header was parsed. An error is a *PacketError.
func (d *Decoder) Body(h Header, body []byte) (Packet, error) {
	p := d.packet(h.Type)
	if p == nil {
		return nil, &PacketError{ErrMalformed, h.RID, "unknown packet type"}
	}
	if h.Flags&FlagCompressed != 0 {
		var perr *PacketError
		if body, perr = d.inflate(body); perr != nil {
			perr.RID = h.RID
			return nil, perr
		}
	}
	v := &d.v
	v.mode, v.src, v.err = fromBinary, body, nil
	p.fields(v)
	v.src = nil
	if v.err != nil {
		v.err.RID = h.RID
		return nil, v.err
	}
	return p, nil
}

// JSON decodes a text message: one packet object, or an array of them, and calls each for every packet in order, with a
// *PacketError for one that can't be understood. A text that isn't JSON at all is one such error, and is also returned.
func (d *Decoder) JSON(text []byte, each func(h Header, p Packet, err error)) error {
	fail := func(e *PacketError) error {
		each(Header{}, nil, e)
		return e
	}
	if !utf8.Valid(text) {
		return fail(malformed("text is not UTF-8"))
	}
	s := scanner{b: text, limit: maxTextDepth, goesOn: true}
	s.space()
	if s.i < len(text) && text[s.i] == '[' {
		return d.jsonArray(text, each)
	}
	if s.i >= len(text) || text[s.i] != '{' {
		return fail(malformed("a text message holds a JSON object or an array of them"))
	}
	d.startJSON()
	if !s.object(&d.v.members) {
		return fail(malformed("not JSON: %s", s.problem))
	}
	if s.space(); s.i != len(text) {
		return fail(malformed("not JSON: something follows the object"))
	}
	h, p, err := d.object(s.refused)
	each(h, p, err)
	return nil
}

func (d *Decoder) startJSON() {
	v := &d.v
	v.mode, v.err, v.base, v.members = fromJSON, nil, 0, v.members[:0]
}

func (d *Decoder) jsonArray(text []byte, each func(h Header, p Packet, err error)) error {
	whole := scanner{b: text, limit: maxTextDepth, goesOn: true}
	if !whole.document() {
		e := malformed("not JSON: %s", whole.problem)
		each(Header{}, nil, e)
		return e
	}
	s := scanner{b: text, limit: maxTextDepth, goesOn: true}
	s.space()
	s.enter()
	for s.i < len(text) && text[s.i] != ']' {
		if text[s.i] == '{' {
			d.startJSON()
			s.refused = ""
			s.object(&d.v.members)
			h, p, err := d.object(s.refused)
			each(h, p, err)
		} else {
			s.value()
			each(Header{}, nil, malformed("a packet must be a JSON object"))
		}
		if more, _ := s.next(']'); !more {
			break
		}
	}
	return nil
}

// object decodes the packet whose members were scanned, unless something in it is refused.
func (d *Decoder) object(refused string) (h Header, p Packet, err error) {
	v := &d.v
	if rid, ok := v.jsonUint("rid", 1<<16-1); ok {
		h.RID = uint16(rid)
	}
	if len(v.members) > maxMembers {
		v.fail("more than %d fields", maxMembers)
	}
	name, ok := v.plain("type")
	if ok {
		h.Type, ok = typeOf(name)
		if !ok {
			v.fail("unknown packet type %.40q", name)
		}
	} else {
		v.fail("type is missing")
	}
	if refused != "" {
		v.fail("not JSON as packets have it: %s", refused)
	}
	if v.err == nil {
		p = d.packet(h.Type)
		if h.Type == TypeSend {
			var dup bool
			if v.jsonBool("dup", &dup); dup {
				h.Flags |= FlagDup
			}
		}
		p.fields(v)
	}
	if v.err != nil {
		v.err.RID = h.RID
		return h, nil, v.err
	}
	return h, p, nil
}

// PeekRID returns the correlation id of the first packet of a message, or 0. Safe for concurrent use.
func PeekRID(text bool, data []byte) uint16 {
	if !text {
		h, _, _ := ParseHeader(data)
		return h.RID
	}
	s := scanner{b: data, limit: maxTextDepth, goesOn: true}
	s.space()
	if s.i >= len(data) || data[s.i] != '{' || !utf8.Valid(data) {
		return 0
	}
	v := peekers.Get().(*visitor)
	v.err, v.members = nil, v.members[:0]
	var rid uint64
	if s.object(&v.members) {
		rid, _ = v.jsonUint("rid", 1<<16-1)
	}
	clear(v.members) // they point into data
	peekers.Put(v)
	return uint16(rid)
}

// PeekRIDs appends the correlation id of each packet of a message to dst: at least one, 0 for what has none or can't be read. Safe for
// concurrent use.
func PeekRIDs(dst []uint16, text bool, data []byte) []uint16 {
	if !text {
		for {
			h, ok, err := ParseHeader(data)
			dst = append(dst, h.RID)
			if err != nil || !ok || len(data)-HeaderSize <= int(h.Length) {
				return dst
			}
			data = data[HeaderSize+int(h.Length):]
		}
	}
	s := scanner{b: data, limit: maxTextDepth, goesOn: true}
	s.space()
	if s.i >= len(data) || data[s.i] != '[' {
		return append(dst, PeekRID(true, data))
	}
	had := len(dst)
	if whole := (&scanner{b: data, limit: maxTextDepth, goesOn: true}); utf8.Valid(data) && whole.document() {
		s.enter()
		for s.i < len(data) && data[s.i] != ']' {
			at := s.i
			s.value()
			dst = append(dst, PeekRID(true, data[at:s.i]))
			if more, _ := s.next(']'); !more {
				break
			}
		}
	}
	if len(dst) == had {
		dst = append(dst, 0)
	}
	return dst
}

var peekers = sync.Pool{New: func() any { return &visitor{mode: fromJSON, members: make([]member, 0, 16)} }}
