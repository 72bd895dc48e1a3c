package chat

import (
	"crypto/sha256"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ID is a UUID that knows what it names, so that an agent's id can't be passed where a tenant's is meant.
// The zero ID means "none". IDs made here are UUIDv7 (RFC 9562 5.7), message ids UUIDv8.
type ID[Of any] uuid.UUID

// The identifiers of the domain. UserID names a visitor, agent, bot or API client, whichever the Role beside it says.
type (
	TenantID       = ID[Tenant]
	VisitorID      = ID[Visitor]
	AgentID        = ID[Agent]
	TeamID         = ID[Team]
	ConversationID = ID[Conversation]
	MessageID      = ID[Message]
	UserID         = ID[Actor]
	// CMID is the client's own id of a message (protocol rule 2): the same (conversation, sender, CMID) is the same message for ever.
	CMID = ID[Event]
	// SessionID names one live connection.
	SessionID = ID[Origin]
	// NodeID names one run of one process: a restarted node is another one.
	NodeID = ID[Presence]
)

// NewID returns a fresh, time-ordered id. It panics only if the system's random source fails.
func NewID[Of any]() ID[Of] { return ID[Of](uuid.Must(uuid.NewV7())) }

// ParseID reads the canonical 36-character form, and nothing else.
func ParseID[Of any](s string) (ID[Of], error) {
	if len(s) != 36 {
		return ID[Of]{}, fmt.Errorf("id %.40q is not a 36-character UUID", s)
	}
	u, err := uuid.Parse(s)
	return ID[Of](u), err
}

// IsZero reports whether the id names nothing.
func (id ID[Of]) IsZero() bool { return id == ID[Of]{} }

// MadeAt is when an id says that it was made; the zero time if it is no UUIDv7.
func (id ID[Of]) MadeAt() time.Time {
	if id[6]>>4 != 7 {
		return time.Time{}
	}
	return time.UnixMilli(int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5]))
}

// String returns the canonical 36-character form.
func (id ID[Of]) String() string { return uuid.UUID(id).String() }

// MarshalText makes ids canonical strings in JSON; the zero id is the empty string.
func (id ID[Of]) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return []byte{}, nil
	}
	return uuid.UUID(id).MarshalText()
}

// UnmarshalText is the reverse of MarshalText.
func (id *ID[Of]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID[Of]{}
		return nil
	}
	v, err := ParseID[Of](string(b))
	if err == nil {
		*id = v
	}
	return err
}

// Value stores an id as its 16 bytes, and the zero id as NULL.
func (id ID[Of]) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id[:], nil
}

// Scan reads what Value wrote.
func (id *ID[Of]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = ID[Of]{}
		return nil
	case []byte:
		if len(v) == 16 {
			copy(id[:], v)
			return nil
		}
	}
	return fmt.Errorf("scan id: want 16 bytes, got %T", src)
}

// DeriveMessageID returns the id of the message that sender calls cmid in conv: the first 16 bytes of
// SHA-256(conv ‖ sender ‖ cmid) with version 8 and the RFC 9562 variant (protocol rule 2).
func DeriveMessageID(conv ConversationID, sender UserID, cmid CMID) MessageID {
	var in [48]byte
	copy(in[:16], conv[:])
	copy(in[16:32], sender[:])
	copy(in[32:], cmid[:])
	return version8(sha256.Sum256(in[:]))
}

// DeriveVisitorID returns the id of the visitor that a tenant's site calls external: the same person is the same
// visitor on every device, without a look-up and without writing anything before the first message.
func DeriveVisitorID(tenant TenantID, external string) VisitorID {
	h := sha256.New()
	h.Write(tenant[:])
	h.Write([]byte("visitor\x00" + external))
	return VisitorID(version8([32]byte(h.Sum(nil))))
}

func version8(sum [32]byte) (id MessageID) {
	copy(id[:], sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}
