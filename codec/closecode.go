package codec

import "fmt"

// Close codes of RFC 6455 7.4.1 that are in use here.
const (
	CloseNormal      uint16 = 1000
	CloseGoingAway   uint16 = 1001
	CloseProtocol    uint16 = 1002
	CloseNoStatus    uint16 = 1005 // never on the wire
	CloseInvalidUTF8 uint16 = 1007
	CloseTooBig      uint16 = 1009
)

// Close codes of the protocol. Up to 3499 a client reconnects by itself.
const (
	CloseDraining   uint16 = 3001
	CloseInternal   uint16 = 3004
	CloseSlow       uint16 = 3008
	CloseRebalance  uint16 = 3011
	CloseNoPong     uint16 = 3012
	CloseTooMany    uint16 = 3013
	CloseStorage    uint16 = 3015
	CloseBadToken   uint16 = 3500
	CloseBadFrame   uint16 = 3501
	CloseHandshake  uint16 = 3502
	CloseKicked     uint16 = 3503
	CloseConnLimit  uint16 = 3504
	CloseReplaced   uint16 = 3509
	CloseVersion    uint16 = 3510
	firstNoComeback uint16 = 3500
)

// Codes of ERROR packets.
const (
	ErrMalformed       uint16 = 400
	ErrUnauthenticated uint16 = 401
	ErrForbidden       uint16 = 403
	ErrNotFound        uint16 = 404
	ErrConflict        uint16 = 409
	ErrTooLarge        uint16 = 413
	ErrTooMany         uint16 = 429
	ErrInternal        uint16 = 500
	ErrBusy            uint16 = 503
	ErrUnknown         uint16 = 504
	ErrFull            uint16 = 507
)

// Reconnect reports whether a client may come back as it is after a close with this code.
func Reconnect(code uint16) bool {
	switch code {
	case CloseProtocol, CloseInvalidUTF8, CloseTooBig:
		return false
	}
	return code < firstNoComeback
}

// CloseError is a violation that ends the connection with Code.
type CloseError struct {
	Code   uint16
	Reason string
}

// Error implements error.
func (e *CloseError) Error() string { return fmt.Sprintf("close %d: %s", e.Code, e.Reason) }

func protocolError(reason string) *CloseError { return &CloseError{CloseProtocol, reason} }

// PacketError is a packet that can't be understood, though the ones after it can. It is answered with ERROR.
type PacketError struct {
	Code    uint16
	RID     uint16 // of the packet, 0 if unreadable
	Message string
}

// Error implements error.
func (e *PacketError) Error() string { return e.Message }

func malformed(format string, args ...any) *PacketError {
	return &PacketError{Code: ErrMalformed, Message: fmt.Sprintf(format, args...)}
}
