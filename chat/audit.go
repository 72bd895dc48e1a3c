package chat

import (
	"context"
	"encoding/json"
	"time"
)

// AuditID names an AuditEntry.
type AuditID = ID[AuditEntry]

// AuditEntry is one act that somebody may ask about later. Entries of a tenant, and those of the platform, are each a chain: every
// entry has the hash of the one before it, and what it says is signed. See audit_chain.go for the bytes.
type AuditEntry struct {
	Tenant TenantID // zero: the platform's chain
	Seq    uint64   // 1, 2, 3, … without a gap
	ID     AuditID
	At     time.Time // microsecond precision, UTC
	Act
	AuditNote
	Prev      [32]byte // Hash of the entry before; zeros for the first
	Hash      [32]byte
	Key       string // which key signed
	Signature []byte
}

// Who acts, as an AuditEntry says it.
const (
	ActorAgent     = "agent"
	ActorToken     = "api_token"
	ActorVisitor   = "visitor"
	ActorCLI       = "cli"
	ActorSystem    = "system"    // the program itself
	ActorAnonymous = "anonymous" // nobody has proven anything (yet)
)

// Act says on whose behalf something is done, for the audit log. The zero Act is the program's own.
type Act struct {
	ActorKind string // ActorAgent, …
	ActorID   string // empty if the kind says it all
	ActorName string // for people, as it was at the time
	Address   string // where the request came from; empty for the command line and the program itself
	Request   string // id of the request; empty if there was none
}

type actKey struct{}

// WithAct returns a context whose changes are on somebody's behalf. Stores read it where they write to the audit log: see ADR 0020
// for why it is not an argument of every method.
func WithAct(ctx context.Context, a Act) context.Context { return context.WithValue(ctx, actKey{}, a) }

// ActOf returns on whose behalf a context is: the program's own unless WithAct said otherwise.
func ActOf(ctx context.Context) Act {
	a, _ := ctx.Value(actKey{}).(Act)
	if a.ActorKind == "" {
		a.ActorKind = ActorSystem
	}
	return a
}

// Outcomes of an act.
const (
	OutcomeOK     = "ok"
	OutcomeFailed = "failed"
)

// AuditNote is what was done.
type AuditNote struct {
	Action     string // stable dotted name, such as "agent.updated"
	TargetKind string
	TargetID   string
	TargetName string
	Outcome    string          // OutcomeOK if empty
	Details    json.RawMessage // an object of what changed; never a secret, never what people wrote. Empty: {}
}

// Bounds of an entry, in bytes. What is longer is cut, Details is replaced.
const (
	auditText    = 400
	auditDetails = 8 << 10
)

// clean brings a note within its bounds, in place.
func (n *AuditNote) clean() {
	if n.Outcome == "" {
		n.Outcome = OutcomeOK
	}
	if len(n.Details) == 0 {
		n.Details = json.RawMessage(`{}`)
	}
	if len(n.Details) > auditDetails || !json.Valid(n.Details) {
		n.Details = json.RawMessage(`{"truncated":true}`)
	}
	for _, s := range []*string{&n.Action, &n.TargetKind, &n.TargetID, &n.TargetName} {
		*s = auditLine(*s)
	}
}

// AuditFilter narrows a list of entries. Zero fields ask for nothing.
type AuditFilter struct {
	Actor  string // id
	Action string // a name, or the start of one with a dot at its end: "agent."
	Target string // id
	Since  time.Time
	Until  time.Time
	Cursor string
	Limit  int // 1 to 200
}

// AuditHead is where a chain stands. Head and base are signed, each by itself.
type AuditHead struct {
	Tenant    TenantID
	Seq       uint64 // of the newest entry
	Hash      [32]byte
	Key       string
	Signature []byte
	At        time.Time // of the newest entry
	// Base is the newest entry that retention has removed; 0: none was.
	Base          uint64
	BaseHash      [32]byte
	BaseKey       string
	BaseSignature []byte
}

// AuditLog keeps the chains. Everything that a Store's methods change and that the log must hold is written by them, in the same
// transaction; Audit is for what changes no rows. A tenant of zero is the platform.
type AuditLog interface {
	Audit(ctx context.Context, tenant TenantID, notes ...AuditNote) error
	// AuditEntries lists, the newest first; next is empty at the end.
	AuditEntries(ctx context.Context, tenant TenantID, f AuditFilter) (page []AuditEntry, next string, err error)
	// PruneAudit removes up to most of the oldest entries, those made before a time, never the newest one, and signs where
	// the chain begins now. It returns how many were removed.
	PruneAudit(ctx context.Context, tenant TenantID, before time.Time, most int) (int, error)

	AuditSource
}

// AuditSource is what proving the chains needs of a store.
type AuditSource interface {
	// AuditHeads returns the heads of all chains whose newest entry is not older than since, in the order of tenants.
	AuditHeads(ctx context.Context, since time.Time) ([]AuditHead, error)
	// AuditHead returns the head of one chain; NotFound if there is none.
	AuditHead(ctx context.Context, tenant TenantID) (AuditHead, error)
	// AuditRange returns up to limit entries of a chain behind after, in the order of Seq, as they are stored.
	AuditRange(ctx context.Context, tenant TenantID, after uint64, limit int) ([]AuditEntry, error)
}

// AuditSigner signs statements about the chains with a key that is not in the database. Safe for concurrent use.
type AuditSigner interface {
	// Sign returns the name of the key and the signature.
	Sign(statement []byte) (key string, signature []byte)
}

// AuditVerifier knows the keys that may have signed. Safe for concurrent use.
type AuditVerifier interface {
	// Verify reports whether a trusted key of that name signed a statement. known is false if there is no such key.
	Verify(key string, statement, signature []byte) (known, ok bool)
}
