package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// UUID is an id of the protocol.
type UUID = uuid.UUID

// Op is what happened to a client.
type Op string

// What a journal holds.
const (
	OpReader   Op = "reader"   // the first entry of every reader: who it is
	OpFollow   Op = "follow"   // from here on the reader must end with all of Conv
	OpUnfollow Op = "unfollow" // takes the last follow back: the server refused the reader
	OpSend     Op = "send"     // a SEND left, first or again
	OpAck      Op = "ack"      // SENDACK
	OpFail     Op = "fail"     // an ERROR that ends a message: it was given up
	OpReceive  Op = "receive"  // a message came and was not applied (yet): held back, known already, or not wanted
	OpApply    Op = "apply"    // a message became part of what the reader shows
	OpReset    Op = "reset"    // the reader dropped its copy of Conv: history forked
)

// Via is how a message reached a reader.
type Via string

// Ways for a message to a reader.
const (
	ViaLive Via = "live" // MESSAGE
	ViaPage Via = "page" // JOINED or SYNCED
	ViaAck  Via = "ack"  // an own message, put in its place by its SENDACK
)

// Audience is which part of a conversation a reader may see.
type Audience string

// Public readers (visitors) never see internal messages.
const (
	All    Audience = "all"
	Public Audience = "public"
)

// Entry is one line of a journal. Fields that an Op has no use for are zero.
type Entry struct {
	Time   int64  `json:"t"` // microseconds since the Unix epoch, of a clock that never steps back
	Op     Op     `json:"op"`
	Reader string `json:"reader"` // names a client over all its connections

	User     UUID     `json:"user,omitzero"`      // OpReader
	Tenant   string   `json:"tenant,omitempty"`   // OpReader
	Audience Audience `json:"audience,omitempty"` // OpReader
	// Only restricts an All reader to these conversations; empty: every one of its tenant. OpReader.
	Only []UUID `json:"only,omitempty"`

	Conv     UUID   `json:"conv,omitzero"`
	CMID     UUID   `json:"cmid,omitzero"`
	MID      UUID   `json:"mid,omitzero"`
	Sender   UUID   `json:"sender,omitzero"`
	Seq      uint64 `json:"seq,omitempty"`
	Prev     uint64 `json:"prev,omitempty"`
	Hash     string `json:"hash,omitempty"` // HashBody of the body
	Internal bool   `json:"internal,omitempty"`
	System   bool   `json:"system,omitempty"` // a system message, which no client sends
	Via      Via    `json:"via,omitempty"`
	Dup      bool   `json:"dup,omitempty"`
	Code     uint16 `json:"code,omitempty"` // of an OpFail
}

// Stored is a message as the database has it.
type Stored struct {
	MID, CMID, Sender UUID
	Seq               uint64
	Hash              string // HashBody of the body
	Internal          bool
	System            bool
}

// Conversation is what the database holds of one conversation, in the database's order.
type Conversation struct {
	ID       UUID
	Tenant   string
	Visitor  UUID
	Messages []Stored
}

// HashBody names a body by its content, whatever its white space and escapes. Bodies that aren't JSON are hashed as they are.
func HashBody(body []byte) string {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err == nil {
		if b, err := json.Marshal(v); err == nil {
			body = b
		}
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// messageID is rule 2 of the protocol, written down once more.
func messageID(conv, sender, cmid UUID) (id UUID) {
	h := sha256.New()
	h.Write(conv[:])
	h.Write(sender[:])
	h.Write(cmid[:])
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Read reads a journal file: one entry in JSON per line. A last line without its end (the writer was killed) is left out.
func Read(r io.Reader) ([]Entry, error) {
	var entries []Entry
	br := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		line, err := br.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return entries, fmt.Errorf("read journal: %w", err)
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return entries, fmt.Errorf("journal line %d: %w", n, err)
		}
		entries = append(entries, e)
	}
}
