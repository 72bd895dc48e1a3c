package chat

import (
	"context"
	"time"
)

// Log is the durable, ordered record of every conversation: a conversation's truth. Safe for concurrent use.
//
// Every driver passes storage/storagetest.
type Log interface {
	// Append returns when the events are durable. It is idempotent on (tenant, conversation, sender, cmid), for ever.
	//
	// Events are taken in order; each, or each run of Joined ones, is checked and appended by itself, so one refused
	// event (Receipt.Err) does not stop the others. In this order: a message that is there already answers Dup, and its
	// Joined neighbours are not appended either; a message id used for another kind or body is refused with Conflict; a
	// stale Expect (or Version 1 of what exists) is refused with Conflict; a state that opens a conversation of a visitor who
	// has another open one is refused with Conflict naming it.
	//
	// An error means that nothing is known of any event: *Error with Unknown (try the same events again), Busy or Full.
	Append(ctx context.Context, events ...Event) ([]Receipt, error)
	// Read returns up to limit events of a conversation that follow after, oldest first: their Message only.
	Read(ctx context.Context, key Key, after Seq, limit int) ([]Event, error)
	// Messages returns one page of a conversation, the newest entries included, and whether nothing is left in the asked
	// range. Busy if what is needed of the database can't be read.
	Messages(ctx context.Context, key Key, p Page) (messages []Message, complete bool, err error)
	// CatchUp sees to it that Messages and Read hold everything of a conversation up to seq, which Heads told of. Busy if that
	// can't be done.
	CatchUp(ctx context.Context, key Key, seq Seq) error
	// Projected reports whether everything of a conversation up to seq is in the database's rows. It never blocks. A
	// conversation that the driver knows nothing recent of is projected.
	Projected(key Key, seq Seq) bool
	// Settle waits until everything of a conversation up to seq is in the database's rows, or ctx ends.
	Settle(ctx context.Context, key Key, seq Seq) error
	// Heads returns where conversations stand, in the order of keys; the zero Head for one that does not exist.
	Heads(ctx context.Context, keys ...Key) ([]Head, error)
	// OpenConversations returns visitors' open conversations, in the order asked; the zero id for one who has none. Many cost
	// no more round trips than one.
	OpenConversations(ctx context.Context, visitors ...VisitorKey) ([]ConversationID, error)
	// Tail calls fn with every event appended after Tail was called, in each conversation's order, without a gap, from one
	// goroutine at a time, until ctx ends. It calls fn with no events as soon as nothing can be missed any more. The events are
	// shared: fn must not change them. A slow fn delays no Append until the driver's buffer is full. An entry with Fork set is
	// no event: see there.
	Tail(ctx context.Context, fn func([]Event)) error
}

// Page asks for a part of a conversation: the entries with After < Seq, and Seq < Before if Before is not 0.
// With Before 0 it is the oldest Limit of them, otherwise the newest Limit; with Newest set and both bounds 0, the newest.
// Always ascending.
type Page struct {
	After, Before Seq
	Limit         int
	Newest        bool
	Audience      Audience
}

// Filter narrows a list of conversations. Zero fields ask for nothing.
type Filter struct {
	Statuses   []Status
	Assignee   AgentID
	Unassigned bool // nobody is assigned
	Team       TeamID
	Visitor    VisitorID
	Label      RecordID
	Since      time.Time
	Until      time.Time
	// Text asks for conversations with a message, no system message, that has all of it: see text.Parse. Then the one with the
	// newest such message comes first, and a page may be shorter than Limit, or empty, though more follows.
	Text string
	// ByWait asks for the order in which routing takes who waits: the highest priority first, of these who has waited longest. Statuses
	// must then be Queued alone, and Text empty.
	ByWait bool
	Cursor string
	Limit  int // 1 to 200
}

// Mark is how far a user has seen a conversation.
type Mark struct {
	User      UserID
	Role      Role
	Delivered Seq
	Read      Seq
}

// Store is the database's rows: what lists, logins and settings are made of. Every method takes the tenant first, except
// those that find a tenant. Methods that find one thing return *Error NotFound if there is none. Safe for concurrent use.
type Store interface {
	Tenant(ctx context.Context, id TenantID) (Tenant, error)
	TenantBySlug(ctx context.Context, slug string) (Tenant, error)
	SaveTenant(ctx context.Context, t Tenant) error // inserts or replaces
	// CreateTenant writes a new tenant with its first site key and its owners: all of it or, with a Conflict too, nothing.
	CreateTenant(ctx context.Context, t Tenant, k SiteKey, owners ...Agent) error
	SiteKey(ctx context.Context, key string) (SiteKey, error)
	Tenants(ctx context.Context) ([]Tenant, error) // by slug
	SaveSiteKey(ctx context.Context, k SiteKey) error
	// ChangeSiteKey is to a site key what ChangeAgent is to an agent.
	ChangeSiteKey(ctx context.Context, tenant TenantID, key string, change func(*SiteKey) error) (SiteKey, error)
	SiteKeys(ctx context.Context, tenant TenantID) ([]SiteKey, error)
	DeleteSiteKey(ctx context.Context, tenant TenantID, key string) error

	Agent(ctx context.Context, tenant TenantID, id AgentID) (Agent, error)
	// AgentsByEmail finds an address in every tenant; none is an empty slice.
	AgentsByEmail(ctx context.Context, email string) ([]Agent, error)
	Agents(ctx context.Context, tenant TenantID, cursor string, limit int) (agents []Agent, next string, err error)
	// SaveAgents inserts or replaces, all or none. Conflict if another agent of the tenant has an address. TokensAfter never goes
	// back: an agent that was read before its password was changed keeps the new one.
	SaveAgents(ctx context.Context, agents ...Agent) error
	// ChangeAgent lets change alter an agent as it is at this moment, and keeps that unless change fails: of two changes at once none
	// undoes the other. change may be called again with a fresh copy, and must not ask the Store.
	ChangeAgent(ctx context.Context, tenant TenantID, id AgentID, change func(*Agent) error) (Agent, error)
	// SetPassword replaces a hash, if it still is old, and reports whether it was. Credentials issued before tokensAfter end;
	// zero: none do.
	SetPassword(ctx context.Context, tenant TenantID, id AgentID, old, hash string, tokensAfter time.Time) (bool, error)
	Teams(ctx context.Context, tenant TenantID) ([]Team, error)
	SaveTeam(ctx context.Context, t Team) error
	// DeleteTeam removes a team, and takes its agents out of it.
	DeleteTeam(ctx context.Context, tenant TenantID, id TeamID) error
	Visitor(ctx context.Context, tenant TenantID, id VisitorID) (Visitor, error)

	Conversation(ctx context.Context, key Key) (Conversation, error)
	// Conversations lists, newest activity first; next is empty at the end. Malformed if the Filter's Text can't be searched for.
	Conversations(ctx context.Context, tenant TenantID, f Filter) (page []Conversation, next string, err error)
	// Waiting returns the queue, the highest priority first and then the longest wait, and OpenCounts how many open conversations
	// each agent has.
	Waiting(ctx context.Context, tenant TenantID, limit int) ([]Conversation, error)
	// Queue is Waiting, with no more of each than who it is.
	Queue(ctx context.Context, tenant TenantID, limit int) ([]Queuer, error)
	OpenCounts(ctx context.Context, tenant TenantID) (map[AgentID]int, error)
	// Asleep returns up to limit snoozed conversations of all tenants whose time to wake has come by now, the earliest first.
	Asleep(ctx context.Context, now time.Time, limit int) ([]Key, error)
	// TenantsWaiting lists the tenants that have queued conversations.
	TenantsWaiting(ctx context.Context) ([]TenantID, error)
	// Messages returns one page of the rows and whether nothing is left in the asked range. Readers ask the Log, whose pages
	// have the newest entries too.
	Messages(ctx context.Context, key Key, p Page) (messages []Message, complete bool, err error)
	Message(ctx context.Context, key Key, id MessageID) (Message, error)

	// MarkRead moves marks forward (never back) and returns the resulting mark and whether it moved.
	MarkRead(ctx context.Context, key Key, m Mark) (Mark, bool, error)
	Marks(ctx context.Context, key Key) ([]Mark, error)

	Records
	Credentials
	Uploads
	Reports
	Exports
	People
	AuditLog
	Retaining
	Webhooks
	Onces
	Mails
	OfflineMessages
	SLATimers
	KnowledgeStore
	IntentStore
	AIStore
}

// RefreshToken is one member of a rotating family (RFC 9700 4.14.2). Only its hash is stored.
type RefreshToken struct {
	Hash      [32]byte // SHA-256 of the token
	Family    [16]byte // one log-in
	Tenant    TenantID
	Agent     AgentID
	IssuedAt  time.Time
	ExpiresAt time.Time
	Taken     int // how often it was taken, of what TakeRefreshToken returns; otherwise 0
}

// RefreshRepeats is for how long after its first use a refresh token may come again with the same attempt.
const RefreshRepeats = 10 * time.Minute

// SigningKey signs access and visitor tokens; the newest signs, all verify.
type SigningKey struct {
	ID        string
	Secret    []byte
	CreatedAt time.Time
}

// Credentials keeps what proves who someone is.
type Credentials interface {
	SaveRefreshToken(ctx context.Context, t RefreshToken) error
	// TakeRefreshToken marks the token used and returns it. A token that was used before ends its whole family and
	// returns Unauthenticated, as does one that is unknown or expired at now. attempt is a hash of what the client made up for
	// this one exchange; zero: nothing. With the attempt of its first use a used token is returned again, until RefreshRepeats are
	// over or one of the tokens that were given for it is used; using those that were given so far is reuse from then on.
	TakeRefreshToken(ctx context.Context, hash, attempt [32]byte, now time.Time) (RefreshToken, error)
	// GiveRefreshToken saves t, which is given for a token that was taken. Conflict: that one, taken with an attempt, was taken
	// again meanwhile, and that answer counts.
	GiveRefreshToken(ctx context.Context, taken, t RefreshToken) error
	// EndRefreshFamily makes every token of a log-in useless. Unknown families are no error.
	EndRefreshFamily(ctx context.Context, family [16]byte) error
	// EndedFamilies lists log-ins ended since t: an access token names its family, so nodes can refuse it.
	EndedFamilies(ctx context.Context, since time.Time) ([][16]byte, error)
	SigningKeys(ctx context.Context) ([]SigningKey, error) // newest first
	AddSigningKey(ctx context.Context, k SigningKey) error // keeps the first if the id is there already

	APITokens
	SecondFactors
	Attempts
}

// SignalKind says what a Signal means.
type SignalKind uint8

// The signals that nodes tell one another.
const (
	SignalTyping SignalKind = iota + 1
	SignalReceipt
	SignalPresence
	SignalRevoked  // credentials of User, or of the log-in in Data, ended
	SignalSettings // cached settings of Tenant are stale
	SignalNode     // what a node says of itself and its agents: see Presence
	SignalWanted   // a node asks whether User has a connection anywhere else: see Presence
	SignalFound    // another node's answer: yes
	SignalSession  // User has connected as session Origin; Data is the device
	SignalErased   // visitor User is being erased: see ErasedAt
	SignalForget   // the conversations in Data, 16 bytes each, were erased from the rows
	SignalBoardAsk // node User asks every node for its part of the live board
	SignalBoardTell
	SignalLooking   // User has Conversation on a screen, or has no longer: see Looks
	SignalKnowledge // a build of Tenant's index is wanted, or another one is in use
	SignalStream    // a piece of what a bot is saying: see PieceOf
	SignalIntents   // training of Tenant's intents is wanted, or another model is in use
)

// Signal is a lossy note to every node: nothing that must not be lost travels this way.
type Signal struct {
	Kind         SignalKind
	Tenant       TenantID
	Conversation ConversationID
	User         UserID
	Role         Role
	Origin       SessionID // the connection that caused it, which need not hear of it
	State        uint8     // typing state, availability
	Delivered    Seq
	Read         Seq
	Text         string // typing preview
	Data         []byte
}

// Broker carries signals to every node, this one included. Safe for concurrent use.
type Broker interface {
	// Publish never blocks for long; a signal may be dropped.
	Publish(ctx context.Context, s Signal) error
	// Subscribe calls fn, from one goroutine at a time, with every signal until ctx ends.
	Subscribe(ctx context.Context, fn func(Signal)) error
}
