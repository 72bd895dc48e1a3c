package codec

import "github.com/google/uuid"

// UUID is 16 bytes on the binary wire and the canonical 36 characters in JSON; the nil UUID means "none".
type UUID = uuid.UUID

// Type is a packet's number on the wire.
type Type uint8

// The packet catalogue of protocol version 1. Numbers never change meaning; a breaking change takes a new one.
const (
	TypeConnect    Type = 0x01
	TypeConnack    Type = 0x02
	TypePing       Type = 0x03
	TypePong       Type = 0x04
	TypeDisconnect Type = 0x05
	TypeError      Type = 0x07
	TypeSend       Type = 0x10
	TypeSendack    Type = 0x11
	TypeMessage    Type = 0x12
	TypeRead       Type = 0x13
	TypeReceipt    Type = 0x14
	TypeTyping     Type = 0x15
	TypeDurable    Type = 0x16
	TypeEvent      Type = 0x17
	TypeStream     Type = 0x18
	TypeJoin       Type = 0x20
	TypeJoined     Type = 0x21
	TypeLeave      Type = 0x22
	TypeSync       Type = 0x23
	TypeSynced     Type = 0x24
	TypeGap        Type = 0x25
	TypeStatus     Type = 0x30
	TypeTrack      Type = 0x31
	TypeWatch      Type = 0x32
)

// Role is who someone is.
type Role uint8

// Roles, in the order of their numbers.
const (
	RoleSystem Role = iota
	RoleVisitor
	RoleAgent
	RoleBot
	RoleAPI
)

// Kind is what a message's body holds.
type Kind uint8

// Kinds, in the order of their numbers.
const (
	KindText Kind = iota
	KindImage
	KindFile
	KindCard
	KindForm
	KindSystem
)

// Visibility is who may see a message; visitors never receive internal ones.
type Visibility uint8

// Visibilities, in the order of their numbers.
const (
	VisibilityPublic Visibility = iota
	VisibilityInternal
)

// TypingState is what a TYPING packet says.
type TypingState uint8

// Typing states, in the order of their numbers.
const (
	TypingStop TypingState = iota
	TypingTyping
)

// Availability is what an agent's STATUS says.
type Availability uint8

// Availabilities, in the order of their numbers.
const (
	Offline Availability = iota
	Online
	Busy
	Away
)

// WatchTopic is which screen a WATCH is about.
type WatchTopic uint8

// Watch topics, in the order of their numbers.
const (
	WatchNone WatchTopic = iota
	WatchInbox
	WatchBoard
)

// CapCompress is the bit of Connect.Caps and Connack.Caps that allows COMPRESSED bodies.
const CapCompress uint32 = 1

// Position is a conversation and a seq in it: an item of CONNECT's resume, DURABLE and GAP (whose seq is named top in JSON).
type Position struct {
	Conv UUID
	Seq  uint64
}

// Connect is the first packet on every connection.
type Connect struct {
	MinVersion uint8
	MaxVersion uint8
	Token      string
	Device     UUID
	Caps       uint32
	Page       string // the visitor's current URL; may be empty
	Locale     string
	Resume     []Position
}

// Connack accepts a CONNECT.
type Connack struct {
	Version uint8
	Session UUID
	User    UUID
	Role    Role
	Time    uint64 // ms since the Unix epoch
	Ping    uint16 // seconds between the server's pings
	Pong    uint16 // seconds to answer one
	MaxBody uint32 // bytes
	Window  uint16 // unacknowledged SENDs allowed
	Caps    uint32
	Conv    UUID // the visitor's open conversation
}

// Ping asks for a Pong.
type Ping struct{ Time uint64 }

// Pong answers a Ping and echoes its time.
type Pong struct{ Time uint64 }

// Disconnect announces the end of a connection.
type Disconnect struct {
	Code       uint16
	Reconnect  bool
	Soft       bool   // still served until it closes
	RetryAfter uint32 // ms
	Reason     string
}

// Error refuses the request with the same rid.
type Error struct {
	Code       uint16
	Retryable  bool
	RetryAfter uint32 // ms
	Message    string // for people
	Conv       UUID
}

// Send asks to append a message.
type Send struct {
	Conv       UUID
	CMID       UUID // UUIDv7 of the client's
	Kind       Kind
	Visibility Visibility
	ReplyTo    UUID
	Body       []byte // JSON
}

// Sendack says that a SEND is durable.
type Sendack struct {
	Conv UUID
	CMID UUID
	MID  UUID
	Seq  uint64
	Prev uint64
	Time uint64 // ms
	Dup  bool
}

// Message is one entry of a conversation.
type Message struct {
	Conv       UUID
	Seq        uint64
	Prev       uint64 // seq of the entry before it that this audience may see; 0 = unknown
	MID        UUID
	CMID       UUID
	Sender     UUID
	Role       Role
	Kind       Kind
	Visibility Visibility
	Time       uint64 // ms
	ReplyTo    UUID
	Body       []byte // JSON
}

// Read says that everything up to and including Seq was read.
type Read struct {
	Conv UUID
	Seq  uint64
}

// Receipt tells how far somebody got.
type Receipt struct {
	Conv      UUID
	User      UUID
	Delivered uint64
	Read      uint64
}

// Typing says that somebody writes. The server fills User.
type Typing struct {
	Conv    UUID
	User    UUID
	State   TypingState
	Preview string // the visitor's unsent text; only agents get it
}

// Durable lists how far conversations are in the database. JSON: "items".
type Durable struct{ Items []Position }

// Event is an unsequenced notice to a screen.
type Event struct {
	Name string
	Conv UUID
	Data []byte // JSON
}

// Stream is a piece of AI text as it is produced.
type Stream struct {
	Conv   UUID
	MID    UUID
	Offset uint32
	End    bool
	Delta  string
}

// Join asks for a conversation and to become its reader.
type Join struct {
	Conv  UUID
	After uint64 // 0 = the newest page
	Limit uint16
}

// Member is somebody in a JOINED conversation.
type Member struct {
	User      UUID
	Role      Role
	Name      string
	Delivered uint64
	Read      uint64
}

// Joined answers a Join.
type Joined struct {
	Conv     UUID
	Top      uint64 // newest seq that this audience may see
	Complete bool   // nothing is left in the asked range
	Members  []Member
	Messages []Message
}

// Leave ends what Join began.
type Leave struct{ Conv UUID }

// Sync asks for the messages with After < seq, and seq < Before unless Before is 0.
type Sync struct {
	Conv   UUID
	After  uint64
	Before uint64
	Limit  uint16
}

// Synced answers a Sync.
type Synced struct {
	Conv     UUID
	Top      uint64
	Complete bool
	Messages []Message
}

// Gap lists conversations in which messages up to a seq were missed. Top 0: history forked. JSON: "items".
type Gap struct{ Items []Position }

// Status is what an agent says of himself.
type Status struct{ State Availability }

// Watch says which rows an agent's screen shows.
type Watch struct {
	Topic  WatchTopic
	Filter []byte // JSON
	Offset uint32
	Limit  uint16
}

// Track reports what a visitor does on the shop's pages.
type Track struct {
	Name string
	Data []byte // JSON
}
