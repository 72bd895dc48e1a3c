package codec

import "encoding/binary"

// Flags are bits of the binary header.
type Flags uint8

// The flags of protocol version 1; all others must be zero.
const (
	FlagDup        Flags = 1 << iota // a retry
	FlagEphemeral                    // may be dropped under load
	FlagCompressed                   // the body is raw DEFLATE
	flagsKnown     = FlagDup | FlagEphemeral | FlagCompressed
)

// HeaderSize is the size of the binary header.
const HeaderSize = 8

// Magic is the first byte of every binary packet: its high nibble marks the protocol, its low one the framing version.
const Magic = 0xC1

// MaxBody is the longest body that the binary header can announce.
const MaxBody = 1<<24 - 1

// Header is what stands before every packet's fields.
type Header struct {
	Type   Type
	Flags  Flags
	Length uint32 // of the body in bytes; binary only
	RID    uint16 // correlation id, echoed in the reply; 0 = none
}

// ParseHeader reads the binary header at the start of b. ok is false if b is too short. Bytes that can't be a header give a
// *CloseError with 3501, because where the next packet begins is unknown then.
func ParseHeader(b []byte) (h Header, ok bool, err error) {
	if len(b) > 0 && b[0] != Magic {
		return h, false, errMagic
	}
	if len(b) < HeaderSize {
		return h, false, nil
	}
	if Flags(b[2])&^flagsKnown != 0 {
		return h, false, errFlags
	}
	return Header{
		Type: Type(b[1]), Flags: Flags(b[2]),
		Length: uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5]),
		RID:    binary.BigEndian.Uint16(b[6:]),
	}, true, nil
}

var (
	errMagic = &CloseError{CloseBadFrame, "not a packet of this protocol"}
	errFlags = &CloseError{CloseBadFrame, "reserved flags are set"}
)
