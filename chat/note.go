package chat

import (
	"encoding/binary"
	"errors"
	"time"
)

// What a SignalNode's Data says.
const (
	saysBeat uint8 = iota + 1 // a part of all agents
	saysOne                   // agents that changed
	saysBye                   // the node ends; the visitors in their grace, for others to look after
)

const (
	flagPassive   = 1
	flagConnected = 1

	noteHead    = 16 + 1 + 1 + 8 + 2 + 2
	notePerson  = 16 + 16 + 1 + 1 + 8
	noteLeaver  = 16 + 16 + 16 + 4
	notePersons = 500 // of one note at most
)

// note is a SignalNode's Data: what a node says.
type note struct {
	node        NodeID
	says, flags uint8
	beat        uint64
	part, parts uint16
	agents      []noteAgent
	leavers     []noteLeave
}

type noteAgent struct {
	person
	connected bool
	said      Availability
	saidAt    int64
}

type noteLeave struct {
	person
	conv ConversationID
	left time.Duration // of the grace
}

var errBadNote = errors.New("malformed note of a node")

// append writes the note: integers big endian, everything of fixed width.
func (n *note) append(b []byte) []byte {
	b = append(append(b, n.node[:]...), n.says, n.flags)
	b = binary.BigEndian.AppendUint64(b, n.beat)
	b = binary.BigEndian.AppendUint16(b, n.part)
	b = binary.BigEndian.AppendUint16(b, n.parts)
	for i := range n.agents {
		a := &n.agents[i]
		b = append(append(b, a.tenant[:]...), a.user[:]...)
		flags := uint8(0)
		if a.connected {
			flags = flagConnected
		}
		b = binary.BigEndian.AppendUint64(append(b, flags, uint8(a.said)), uint64(a.saidAt))
	}
	for i := range n.leavers {
		l := &n.leavers[i]
		b = append(append(append(b, l.tenant[:]...), l.user[:]...), l.conv[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(max(l.left, 0)/time.Millisecond))
	}
	return b
}

// parseNote is the reverse of append.
func parseNote(b []byte) (n note, err error) {
	if len(b) < noteHead {
		return n, errBadNote
	}
	copy(n.node[:], b)
	n.says, n.flags = b[16], b[17]
	n.beat = binary.BigEndian.Uint64(b[18:])
	n.part, n.parts = binary.BigEndian.Uint16(b[26:]), binary.BigEndian.Uint16(b[28:])
	b = b[noteHead:]
	switch n.says {
	case saysBeat, saysOne:
		if len(b)%notePerson != 0 || len(b) > notePerson*notePersons {
			return n, errBadNote
		}
		for ; len(b) > 0; b = b[notePerson:] {
			var a noteAgent
			copy(a.tenant[:], b)
			copy(a.user[:], b[16:])
			a.connected, a.said = b[32]&flagConnected != 0, Availability(b[33]&3)
			a.saidAt = int64(binary.BigEndian.Uint64(b[34:]) & (1<<62 - 1))
			n.agents = append(n.agents, a)
		}
	case saysBye:
		if len(b)%noteLeaver != 0 || len(b) > noteLeaver*notePersons {
			return n, errBadNote
		}
		for ; len(b) > 0; b = b[noteLeaver:] {
			var l noteLeave
			copy(l.tenant[:], b)
			copy(l.user[:], b[16:])
			copy(l.conv[:], b[32:])
			l.left = time.Duration(binary.BigEndian.Uint32(b[48:])) * time.Millisecond
			n.leavers = append(n.leavers, l)
		}
	default:
		return n, errBadNote
	}
	return n, nil
}
