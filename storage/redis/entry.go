package redis

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// Everything that the script touches is in fixed places, integers big endian.
//
//	head    = version 8, state 57, epoch 8, last 8, last public 8
//	state   = status 1, visitor 16, assignee 16, team 16, clock 8 (chat.State.Clock in ms since 1970; 0: none)
//	record  = seq 8, prev 8, prev public 8, version 8, state 57          made by the script, in front of each event
//	entry   = format 1, epoch 8, n 8, previous tag 8, tag 8, at 8 (ms), bytes so far 8, count 4, { record, length 4, event }
//	place   = seq 8, prev 8, prev public 8, print 8, time 8 (ms), tag 8  of a message, to find duplicates
const (
	stateLen  = 57
	headLen   = 32 + stateLen
	recordLen = 32 + stateLen
	entryLen  = 53
	placeLen  = 48

	formatEntry  = 1
	formatEvent  = 1
	formatSealed = 2 // body, fields and profile are one sealed value in the body's place
)

var be = binary.BigEndian

func appendState(dst []byte, s *chat.State) []byte {
	dst = append(dst, byte(s.Status))
	dst = append(dst, s.Visitor[:]...)
	dst = append(dst, s.Assignee[:]...)
	dst = append(dst, s.Team[:]...)
	return be.AppendUint64(dst, millis(s.Clock()))
}

func readState(b []byte, version uint64) chat.State {
	s := chat.State{Status: chat.Status(b[0]), Version: version}
	s.SetClock(fromMillis(be.Uint64(b[49:])))
	copy(s.Visitor[:], b[1:])
	copy(s.Assignee[:], b[17:])
	copy(s.Team[:], b[33:])
	return s
}

func appendHead(dst []byte, epoch uint64, h *chat.Head) []byte {
	dst = be.AppendUint64(dst, h.Version)
	dst = appendState(dst, &h.State)
	dst = be.AppendUint64(dst, epoch)
	dst = be.AppendUint64(dst, uint64(h.Last))
	return be.AppendUint64(dst, uint64(h.LastPublic))
}

func readHead(b string) (epoch uint64, h chat.Head, err error) {
	if len(b) != headLen {
		return 0, h, fmt.Errorf("head of %d bytes", len(b))
	}
	raw := []byte(b)
	h.State = readState(raw[8:], be.Uint64(raw))
	raw = raw[8+stateLen:]
	h.Last, h.LastPublic = chat.Seq(be.Uint64(raw[8:])), chat.Seq(be.Uint64(raw[16:]))
	return be.Uint64(raw), h, nil
}

func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMilli())
}

func fromMillis(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

// fingerprint tells two messages with the same id apart.
func fingerprint(m *chat.Message) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write([]byte{byte(m.Kind)})
	_, _ = d.Write(m.Body)
	return d.Sum64()
}

const (
	hasNext    = 1 << 0
	hasProfile = 1 << 1
	hasSet     = 1 << 2
)

// fixedEvent is how long an event is without body, fields (behind their length) and profile.
const fixedEvent = 5 + 7*16 + 8 + 2 + 4

// appendEvent encodes what the script does not fill in, behind its length. sealed, if there is any, stands for what people wrote.
func appendEvent(dst []byte, e *chat.Event, sealed []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	format := byte(formatEvent)
	if sealed != nil {
		format = formatSealed
	}
	flags := byte(0)
	if e.Next != nil {
		flags |= hasNext
	}
	if e.Profile != nil {
		flags |= hasProfile
	}
	if e.Set != nil {
		flags |= hasSet
	}
	dst = append(dst, format, byte(e.Role), byte(e.Kind), byte(e.Visibility), flags)
	for _, id := range [...][16]byte{e.Tenant, e.Conversation, e.ID, e.CMID, e.Sender, e.ReplyTo, e.Origin.Session} {
		dst = append(dst, id[:]...)
	}
	dst = be.AppendUint16(dst, e.Origin.Request)
	dst = be.AppendUint64(dst, millis(e.Time))
	if sealed != nil {
		dst = append(be.AppendUint32(dst, uint32(len(sealed))), sealed...)
		be.PutUint32(dst[start:], uint32(len(dst)-start-4))
		return dst, nil
	}
	dst, err := appendSaid(dst, e)
	if err != nil {
		return nil, err
	}
	be.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst, nil
}

// appendSaid encodes what people wrote: the body behind its length, fields behind theirs, and the profile.
func appendSaid(dst []byte, e *chat.Event) ([]byte, error) {
	dst = be.AppendUint32(dst, uint32(len(e.Body)))
	dst = append(dst, e.Body...)
	if e.Set != nil {
		b, err := json.Marshal(e.Set)
		if err != nil {
			return nil, fmt.Errorf("encode fields: %w", err)
		}
		dst = append(be.AppendUint32(dst, uint32(len(b))), b...)
	}
	if e.Profile != nil {
		b, err := json.Marshal(e.Profile)
		if err != nil {
			return nil, fmt.Errorf("encode profile: %w", err)
		}
		dst = append(dst, b...)
	}
	return dst, nil
}

var errSealedEntry = errors.New("the log holds a sealed entry, for which encryption.key_file is needed")

var errEntry = errors.New("the log holds an entry that this version can't read")

// opener opens what stands for what people wrote in an event. It returns nil if that is lost, and an error if it may be opened later.
type opener func(m *chat.Message, sealed []byte) ([]byte, error)

// readEvent decodes record and event. The event's body shares b's memory.
func readEvent(record, b []byte, open opener) (e chat.Event, err error) {
	if len(b) < fixedEvent || b[0] != formatEvent && b[0] != formatSealed {
		return e, errEntry
	}
	format := b[0]
	e.Seq, e.Prev, e.PrevPublic = chat.Seq(be.Uint64(record)), chat.Seq(be.Uint64(record[8:])), chat.Seq(be.Uint64(record[16:]))
	e.State = readState(record[32:], be.Uint64(record[24:]))
	e.Role, e.Kind, e.Visibility = chat.Role(b[1]), chat.Kind(b[2]), chat.Visibility(b[3])
	flags := b[4]
	b = b[5:]
	for _, id := range [...]*[16]byte{
		(*[16]byte)(&e.Tenant), (*[16]byte)(&e.Conversation), (*[16]byte)(&e.ID), (*[16]byte)(&e.CMID), (*[16]byte)(&e.Sender),
		(*[16]byte)(&e.ReplyTo), (*[16]byte)(&e.Origin.Session),
	} {
		b = b[copy(id[:], b):]
	}
	e.Origin.Request = be.Uint16(b)
	e.Time = fromMillis(be.Uint64(b[2:]))
	b = b[10:]
	if flags&hasNext != 0 {
		next := e.State
		e.Next = &next
		e.Expect = next.Version - 1
	}
	if format == formatSealed {
		if open == nil {
			return e, errSealedEntry
		}
		if uint64(be.Uint32(b)) != uint64(len(b)-4) {
			return e, errEntry
		}
		if b, err = open(&e.Message, b[4:]); err != nil {
			return e, err
		}
		if b == nil {
			e.Body = seal.Unreadable
			return e, nil
		}
	}
	err = readSaid(&e, flags, b)
	return e, err
}

// readSaid decodes what people wrote.
func readSaid(e *chat.Event, flags byte, b []byte) error {
	if len(b) < 4 || uint64(be.Uint32(b)) > uint64(len(b)-4) {
		return errEntry
	}
	n := be.Uint32(b)
	b = b[4:]
	e.Body, b = b[:n:n], b[n:]
	if flags&hasSet != 0 {
		if len(b) < 4 || uint64(be.Uint32(b)) > uint64(len(b)-4) {
			return errEntry
		}
		n := be.Uint32(b)
		e.Set = new(chat.Fields)
		if err := json.Unmarshal(b[4:4+n], e.Set); err != nil {
			return errEntry
		}
		b = b[4+n:]
	}
	if flags&hasProfile != 0 {
		e.Profile = new(chat.Visitor)
		if err := json.Unmarshal(b, e.Profile); err != nil {
			return errEntry
		}
		if string(e.Profile.Attributes) == "null" { // how none are encoded; they must not stand for those that the row has
			e.Profile.Attributes = nil
		}
	}
	return nil
}

// entryHead is the fixed part of an entry.
type entryHead struct {
	project.Cursor
	previous project.Tag
	at       int64
	count    int
}

func readEntryHead(b []byte) (h entryHead, err error) {
	if len(b) < entryLen || b[0] != formatEntry {
		return h, errEntry
	}
	h.Epoch, h.N = be.Uint64(b[1:]), be.Uint64(b[9:])
	copy(h.previous[:], b[17:])
	copy(h.Tag[:], b[25:])
	h.at = int64(be.Uint64(b[33:]))
	h.count = int(be.Uint32(b[49:]))
	return h, nil
}

// readEntry decodes an entry of a partition. Bodies share b's memory.
func readEntry(partition int, b []byte, open opener) (*project.Batch, error) {
	h, err := readEntryHead(b)
	if err != nil {
		return nil, err
	}
	size := len(b)
	b = b[entryLen:]
	if h.count < 0 || h.count > len(b)/(recordLen+4+fixedEvent) {
		return nil, errEntry
	}
	out := &project.Batch{Cursor: h.Cursor, Partition: partition, Previous: h.previous, At: h.at, Events: make([]chat.Event, h.count)}
	for i := range out.Events {
		if len(b) < recordLen+4 {
			return nil, errEntry
		}
		record, n := b[:recordLen], be.Uint32(b[recordLen:])
		if b = b[recordLen+4:]; uint64(n) > uint64(len(b)) {
			return nil, errEntry
		}
		if out.Events[i], err = readEvent(record, b[:n], open); err != nil {
			return nil, err
		}
		b = b[n:]
	}
	out.Bytes = size + h.count*eventBytes
	return out, nil
}

// eventBytes is about what a decoded event costs in memory beside its encoding.
const eventBytes = 420
