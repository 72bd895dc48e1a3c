package engine

// Op says what an Inbound is.
type Op uint8

// What arrives from a connection.
const (
	OpText   Op = iota + 1 // one whole WebSocket text message (valid UTF-8)
	OpBinary               // one whole WebSocket binary message
	OpStream               // raw TCP: one or more whole packets, header and body each
	OpClosed               // the connection ended; always the last Inbound of a connection, exactly once, and never refused by a full queue
)

// Inbound is one message, or the end, of a connection.
type Inbound struct {
	Conn *Conn
	Op   Op
	Data []byte // borrowed: valid until Serve returns; the handler may overwrite it
}

// Session is the application's side of one connection: whatever Handler.Open returned. The engine only keeps it.
type Session any

// Missed is what a slow reader's dropped frames amount to: how far a topic went on without it.
type Missed struct {
	Topic Topic
	Top   uint64
}

// Handler is the application behind the engine. Panics in it are recovered and counted; they close the connection
// concerned with 3004 and never end a loop or a shard.
type Handler interface {
	// Open is called when a connection is ready for messages: after the WebSocket handshake, or when TCP was accepted.
	// Event loop only: it must not block. The result is kept as Conn.Session().
	Open(c *Conn) Session
	// Serve handles what has queued up on a shard, in arrival order; the packets of one connection always come to the same
	// shard. It runs on the shard's own goroutine and may block (that is what back-pressure is made of).
	Serve(shard int, batch []Inbound)
	// Tick is called once a second on every shard's goroutine, between batches.
	Tick(shard int)
	// Busy returns the frame that tells a client that its message was not taken because the shard is full, or nil to
	// close it with 3013. Event loop only. data is the refused message, borrowed.
	Busy(c *Conn, data []byte) *Frame
	// Ping returns the heartbeat frame for a connection of this kind; now is in ms since the Unix epoch. The engine asks
	// once per wheel step and kind, and shares the frame. Event loop only.
	Ping(k Kind, now int64) *Frame
	// Bye returns the frame that announces a close (a DISCONNECT), or nil. soft: the connection is still served (drain).
	Bye(k Kind, code uint16, reason string, retryAfterMs uint32, soft bool) *Frame
	// Gap returns the frame that stands for pushes which were dropped because the reader is slow. Event loop only.
	Gap(c *Conn, missed []Missed) *Frame
}

// Kind is how frames for a connection are built: one encoding serves all connections of a kind.
type Kind uint8

// The kinds of connection.
const (
	WebSocketText   Kind = iota // subprotocol uniqchat.v1.json, or none
	WebSocketBinary             // subprotocol uniqchat.v1.bin
	RawTCP
	Kinds = 3
)
