package chat

import "time"

// Seq orders what happens in one conversation: it strictly grows and need not be contiguous. 0 is "before everything".
type Seq uint64

// epochBits is how many low bits of a clustered log's seqs count within an epoch. In other logs all seqs are of one epoch.
const epochBits = 23

// SameEpoch reports whether no history can have been lost between two seqs of a conversation: otherwise a reader who knows the
// older one has to make sure that it is still there.
func (s Seq) SameEpoch(t Seq) bool { return s>>epochBits == t>>epochBits }

// Role is who acts. The numbers are the protocol's.
type Role uint8

// The roles of protocol.md.
const (
	RoleSystem Role = iota
	RoleVisitor
	RoleAgent
	RoleBot
	RoleAPI
)

// Kind is what a message holds. The numbers are the protocol's.
type Kind uint8

// The kinds of protocol.md. KindSystem is a change of the conversation; its body says which.
const (
	KindText Kind = iota
	KindImage
	KindFile
	KindCard
	KindForm
	KindSystem
)

// Visibility says which audience may see a message.
type Visibility uint8

// Visitors never receive Internal messages.
const (
	Public Visibility = iota
	InternalOnly
)

// Message is one entry of a conversation as its readers see it.
type Message struct {
	ID           MessageID
	Tenant       TenantID
	Conversation ConversationID
	Seq          Seq
	Prev         Seq // the entry before it, all entries counted
	PrevPublic   Seq // the public entry before it: what a visitor's chain is made of
	CMID         CMID
	Sender       UserID
	Role         Role
	Kind         Kind
	Visibility   Visibility
	Time         time.Time // millisecond precision, UTC
	ReplyTo      MessageID
	Body         []byte // compact JSON; see protocol.md for the shape of each kind
}

// PrevFor returns the seq of the entry before m that the audience may see.
func (m *Message) PrevFor(a Audience) Seq {
	if a == AudiencePublic {
		return m.PrevPublic
	}
	return m.Prev
}

// Audience is which part of a conversation a reader may see.
type Audience uint8

// AudienceAll sees every entry, AudiencePublic only public ones.
const (
	AudienceAll Audience = iota
	AudiencePublic
)

// Event is a message on its way into the Log, and what the Log's readers get. Everything that happens in a
// conversation is one; a change of its state is a KindSystem message that carries Next.
//
// The caller of Append fills everything but Seq, Prev, PrevPublic and (for events without Next) State; the Log fills those.
// An Event that a reader got is shared and must not be changed.
type Event struct {
	Message
	// Expect is the version that the conversation must have for this event to be appended; 0 asks for nothing.
	Expect uint64
	// Next is the state that holds from this event on; nil if the event changes none. Next.Version is Expect+1,
	// and 1 creates the conversation, which must not exist yet.
	Next *State
	// State is the conversation's state after this event, filled by the Log.
	State State
	// Joined events stand or fall with the event before them, which must be of the same conversation.
	Joined bool
	// Set is what the event writes into the conversation's row besides the state; nil if nothing. Only with Next.
	Set *Fields
	// Profile is the visitor to be written with the conversation's creation; nil otherwise.
	Profile *Visitor
	// Origin names the live connection that waits for the receipt; zero if none. It is not stored.
	Origin Origin
	// Retry says that the sender has sent it before: a Log that remembers only what is recent asks the database.
	Retry bool
	// Fork is set on an entry of the Tail that is no event: part of the history was lost. All other fields are zero then.
	Fork *Fork
}

// Fork tells readers of a Log that what they know of some conversations may never have happened: the newest part of the
// history was lost (a failover, a truncated file). What follows in the Tail holds again.
type Fork struct {
	// Concerns reports whether a conversation is one of them. Safe for concurrent use.
	Concerns func(Key) bool
}

// Origin is the connection and request that an event came from. It travels with the live event, so that the receipt
// reaches the sender in its place between other people's messages, and is never stored.
type Origin struct {
	Session SessionID
	Request uint16 // the packet's rid
	Unsure  bool   // the sender was told that nobody knows what became of it: no receipt is due
}

// Receipt is the Log's answer to one event of an Append.
type Receipt struct {
	Seq        Seq
	Prev       Seq
	PrevPublic Seq
	Time       time.Time // when it was first accepted
	Dup        bool      // it was in the log already; Seq, Prev and Time are the first one's
	// Err is why this event (and its Joined group) was refused, always an *Error: Conflict for a stale Expect or a CMID
	// used for another message, with Conversation set when the visitor has another open one. Nothing was appended then.
	Err error
}
