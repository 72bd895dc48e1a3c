package chat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"time"
)

// ExportID names an export.
type ExportID = ID[Export]

// ExportState is how far an export is. The numbers are the database's.
type ExportState uint8

// An export waits, is being made by a node, and is done or has failed.
const (
	ExportWaiting ExportState = iota
	ExportRunning
	ExportDone
	ExportFailed
)

var exportStates = [...]string{"waiting", "running", "done", "failed"}

// String returns the API's name of the state.
func (s ExportState) String() string {
	if int(s) < len(exportStates) {
		return exportStates[s]
	}
	return "unknown"
}

// What an export can be of.
const (
	ExportConversations = "conversations"
	ExportMessages      = "messages"
	ExportVisitors      = "visitors"
	ExportReport        = "report"
)

// Export is a table that is made in the background and kept as a file for a while.
type Export struct {
	ID         ExportID        `json:"-"`
	Tenant     TenantID        `json:"-"`
	State      ExportState     `json:"-"`
	Attempt    int64           `json:"-"`                // which one it is being made in, from 1
	Before     int64           `json:"before,omitempty"` // attempts that were for a table which is made anew
	ExpiresAt  time.Time       `json:"-"`                // then it is gone
	Kind       string          `json:"kind"`
	Filters    json.RawMessage `json:"filters"` // as they were asked for
	By         UserID          `json:"by"`
	Role       Role            `json:"role"`
	CreatedAt  time.Time       `json:"created_at"`
	FinishedAt time.Time       `json:"finished_at"`
	Rows       int64           `json:"rows"`  // so far
	Bytes      int64           `json:"bytes"` // of the file
	Object     string          `json:"object"`
	Failure    string          `json:"failure,omitempty"` // for people
}

// NewExportObject returns a name in Files for an export's file: random, and told to nobody.
func NewExportObject(t TenantID) string {
	var b [20]byte
	_, _ = rand.Read(b[:])
	return "exports/" + t.String() + "/" + hex.EncodeToString(b[:])
}

// Begun is how often making the table was begun.
func (e *Export) Begun() int64 { return e.Attempt - e.Before }

// MaxExports is how many exports of a tenant may wait or be made at once, and MaxExportAttempts how often one is begun: what ended
// a node twice would end others.
const (
	MaxExports        = 10
	MaxExportAttempts = 3
)

// Exports are the rows of exports, and what their tables are made of, in an order that does not change meanwhile. Methods that find
// one return NotFound if there is none.
type Exports interface {
	// AddExport refuses with Conflict if MaxExports of the tenant are not done yet.
	AddExport(ctx context.Context, e Export) error
	Export(ctx context.Context, tenant TenantID, id ExportID) (Export, error)
	// ExportsOf lists, newest first.
	ExportsOf(ctx context.Context, tenant TenantID, cursor string, limit int) (page []Export, next string, err error)
	// ClaimExport takes the oldest export of any tenant that waits, or whose maker has not been heard of, as the caller's own until
	// a time. NotFound if there is none.
	ClaimExport(ctx context.Context, now, until time.Time) (Export, error)
	// KeepExport writes an export that is the caller's, and holds it until a time. Conflict if it is another attempt's by now.
	KeepExport(ctx context.Context, e Export, until time.Time) error
	DeleteExport(ctx context.Context, tenant TenantID, id ExportID) error
	// StaleExports returns up to limit exports of all tenants that have expired.
	StaleExports(ctx context.Context, now time.Time, limit int) ([]Export, error)

	// ConversationsFrom returns conversations that a filter is for (but for its Text, Cursor and Visitor), by id, behind one.
	ConversationsFrom(ctx context.Context, tenant TenantID, f Filter, after ConversationID) ([]Conversation, error)
	// VisitorsFrom returns visitors that were first seen in [since, until), by id, behind one. Zero times: no bound.
	VisitorsFrom(ctx context.Context, tenant TenantID, since, until time.Time, after VisitorID, limit int) ([]Visitor, error)
	// ShownFrom returns messages as they are shown, behind a seq: those that were recalled have no body.
	ShownFrom(ctx context.Context, key Key, after Seq, limit int) ([]ShownMessage, error)
}

// ShownMessage is a message as it is shown.
type ShownMessage struct {
	Message
	Revised Revised
}
