package codec

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Opcode is a WebSocket frame's type (RFC 6455 5.2).
type Opcode byte

// The opcodes of RFC 6455 11.8.
const (
	OpContinuation Opcode = 0x0
	OpTextFrame    Opcode = 0x1
	OpBinaryFrame  Opcode = 0x2
	OpCloseFrame   Opcode = 0x8
	OpPingFrame    Opcode = 0x9
	OpPongFrame    Opcode = 0xA
)

// Control reports whether the opcode is of a control frame (RFC 6455 5.5).
func (o Opcode) Control() bool { return o&0x8 != 0 }

// maxControl is the longest payload of a control frame (RFC 6455 5.5).
const maxControl = 125

// MaxFrameHeader is the size of the longest header of an unmasked frame.
const MaxFrameHeader = 10

// FrameHeader is a parsed WebSocket frame header.
type FrameHeader struct {
	Fin    bool
	Opcode Opcode
	Masked bool
	Mask   [4]byte
	Length int64 // of the payload, in bytes
	Size   int   // of the header itself, 2 to 14 bytes
}

var (
	errRSV        = protocolError("reserved bits are set (no extension was negotiated)")
	errOpcode     = protocolError("reserved opcode")
	errControl    = protocolError("control frames must be whole and hold at most 125 bytes")
	errLength     = protocolError("payload length has its top bit set")
	errNotMinimal = protocolError("payload length is not in its shortest form")
)

// ParseFrameHeader parses the header at the start of b (RFC 6455 5.2). ok is false if b is too short to hold it.
// A header that breaks the RFC gives a *CloseError with 1002; it never allocates otherwise.
func ParseFrameHeader(b []byte) (h FrameHeader, ok bool, err error) {
	if len(b) < 2 {
		return h, false, nil
	}
	b0, b1 := b[0], b[1]
	h.Fin = b0&0x80 != 0
	h.Opcode = Opcode(b0 & 0x0F)
	h.Masked = b1&0x80 != 0
	if b0&0x70 != 0 {
		return h, false, errRSV
	}
	if h.Opcode > OpPongFrame || h.Opcode > OpBinaryFrame && h.Opcode < OpCloseFrame {
		return h, false, errOpcode
	}
	n := int(b1 & 0x7F)
	if h.Opcode.Control() && (!h.Fin || n > maxControl) {
		return h, false, errControl
	}
	h.Size = 2
	switch n {
	case 126:
		if len(b) < 4 {
			return h, false, nil
		}
		h.Length = int64(binary.BigEndian.Uint16(b[2:]))
		h.Size = 4
		if h.Length < 126 {
			return h, false, errNotMinimal
		}
	case 127:
		if len(b) < 10 {
			return h, false, nil
		}
		u := binary.BigEndian.Uint64(b[2:])
		h.Size = 10
		if u>>63 != 0 {
			return h, false, errLength
		}
		if u < 1<<16 {
			return h, false, errNotMinimal
		}
		h.Length = int64(u)
	default:
		h.Length = int64(n)
	}
	if h.Masked {
		if len(b) < h.Size+4 {
			return h, false, nil
		}
		copy(h.Mask[:], b[h.Size:])
		h.Size += 4
	}
	return h, true, nil
}

// AppendFrameHeader appends the header of an unmasked frame, as servers send them.
func AppendFrameHeader(dst []byte, fin bool, op Opcode, length int) []byte {
	b0 := byte(op)
	if fin {
		b0 |= 0x80
	}
	switch {
	case length < 126:
		return append(dst, b0, byte(length))
	case length < 1<<16:
		return append(dst, b0, 126, byte(length>>8), byte(length))
	default:
		dst = append(dst, b0, 127)
		return binary.BigEndian.AppendUint64(dst, uint64(length))
	}
}

// FrameHeaderSize is how many bytes AppendFrameHeader appends for a payload length.
func FrameHeaderSize(length int) int {
	switch {
	case length < 126:
		return 2
	case length < 1<<16:
		return 4
	default:
		return 10
	}
}

// AppendMaskedFrame appends a whole masked frame, as clients send them.
func AppendMaskedFrame(dst []byte, op Opcode, mask [4]byte, payload []byte) []byte {
	at := len(dst) + 1
	dst = AppendFrameHeader(dst, true, op, len(payload))
	dst[at] |= 0x80
	dst = append(dst, mask[:]...)
	at = len(dst)
	dst = append(dst, payload...)
	ws.Cipher(dst[at:], mask, 0)
	return dst
}

// Unmask removes (or sets) a mask in place; offset is how many bytes of the payload came before b.
func Unmask(b []byte, mask [4]byte, offset int) { ws.Cipher(b, mask, offset) }

// AppendClose appends the payload of a close frame (RFC 6455 5.5.1): the reason is cut to what fits, at a rune.
// CloseNoStatus makes an empty payload.
func AppendClose(dst []byte, code uint16, reason string) []byte {
	if code == CloseNoStatus {
		return dst
	}
	const room = maxControl - 2
	if len(reason) > room {
		n := room
		for n > 0 && !utf8.RuneStart(reason[n]) {
			n--
		}
		reason = reason[:n]
	}
	dst = binary.BigEndian.AppendUint16(dst, code)
	return append(dst, reason...)
}

// ParseClose reads the payload of a close frame. No payload is CloseNoStatus. Codes that may not be on the wire and
// payloads of one byte give a *CloseError with 1002, a reason that isn't UTF-8 one with 1007.
func ParseClose(p []byte) (code uint16, reason string, err error) {
	switch len(p) {
	case 0:
		return CloseNoStatus, "", nil
	case 1:
		return 0, "", protocolError("a close frame holds no or at least two bytes")
	}
	code = binary.BigEndian.Uint16(p)
	if !closeCodeOnWire(code) {
		return code, "", protocolError("close code may not be sent")
	}
	if !utf8.Valid(p[2:]) {
		return code, "", &CloseError{CloseInvalidUTF8, "close reason is not UTF-8"}
	}
	return code, string(p[2:]), nil
}

// closeCodeOnWire says which codes may be sent (RFC 6455 7.4.1, 7.4.2 and the IANA registry).
func closeCodeOnWire(c uint16) bool {
	switch {
	case c < 1000 || c >= 5000:
		return false
	case c >= 3000:
		return true
	case c <= 1003 || c >= 1007 && c <= 1014:
		return true
	}
	return false
}
