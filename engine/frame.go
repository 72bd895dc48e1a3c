package engine

// Class says what may happen to a frame when its reader is slow.
type Class uint8

// From the most to the least important.
const (
	Must      Class = iota // replies: never dropped; if there is no room the connection closes with 3008
	Push                   // pushes of a topic: over three quarters of the limit they become one GAP
	Ephemeral              // typing, streams, events: dropped over half of the limit
)

// Topic names what connections subscribe to. Space keeps tenants and purposes apart; ID is chosen by clients.
type Topic struct {
	ID    [16]byte
	Space uint32
}
