package chat

import (
	"context"
	"encoding/json"
	"time"
)

// RecordID names a Record.
type RecordID = ID[Record]

// RecordKind says which of a tenant's collections a Record is of.
type RecordKind string

// The collections.
const (
	RecordCanned  RecordKind = "canned_response"
	RecordLabel   RecordKind = "label"
	RecordHours   RecordKind = "business_hours"
	RecordTrigger RecordKind = "trigger"
	RecordBlock   RecordKind = "block"
	RecordRouting RecordKind = "routing" // one at most
	RecordMail    RecordKind = "mail"    // one at most
	RecordSLA     RecordKind = "sla"

	RecordRetention RecordKind = "retention" // one at most
	RecordBot       RecordKind = "bot"       // one at most
)

// Record is one thing that a tenant has set up. What is in it is a RecordBody of its kind, as JSON.
type Record struct {
	ID      RecordID
	Tenant  TenantID
	Kind    RecordKind
	Name    string // RecordBody.UniqueName: no two of a tenant's kind have the same
	Body    json.RawMessage
	Version uint64 // counts changes, from 1
	// Microsecond precision, UTC.
	CreatedAt, UpdatedAt time.Time
}

// RecordBody is what a kind of Record holds.
type RecordBody interface {
	// Check brings what is written in several ways into one, and returns Malformed, naming the field, for what can't be.
	Check() error
	// UniqueName is what no two records of a tenant and kind have in common, of a body that was checked.
	UniqueName() string
}

// Records keeps what tenants have set up.
type Records interface {
	// Record returns one; NotFound also if it is another tenant's or of another kind.
	Record(ctx context.Context, tenant TenantID, kind RecordKind, id RecordID) (Record, error)
	// Records lists the oldest first; next is empty at the end.
	Records(ctx context.Context, tenant TenantID, kind RecordKind, cursor string, limit int) (page []Record, next string, err error)
	// RecordsOf returns all of several kinds, the oldest first.
	RecordsOf(ctx context.Context, tenant TenantID, kinds ...RecordKind) ([]Record, error)
	// AddRecord adds one whose Version is 1. Conflict if its Name is taken, or if there are most of the kind already.
	AddRecord(ctx context.Context, r Record, most int) error
	// ReplaceRecord changes Name, Body and UpdatedAt of the one whose Version is r.Version-1. Conflict if it has another, or if the
	// Name is taken; NotFound if there is none.
	ReplaceRecord(ctx context.Context, r Record) error
	// TenantsWith lists the tenants that have a record of a kind.
	TenantsWith(ctx context.Context, kind RecordKind) ([]TenantID, error)
	DeleteRecord(ctx context.Context, tenant TenantID, kind RecordKind, id RecordID) error
}
