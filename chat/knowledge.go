package chat

import (
	"context"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DocumentID names a Document.
type DocumentID = ID[Document]

// Document is a text that a tenant's knowledge is made of.
type Document struct {
	ID       DocumentID
	Tenant   TenantID
	Title    string
	Format   string // how Text is written: see KnowledgeBase.Read
	URL      string // where people find it; may be empty
	Language string // as BCP 47 names it, such as zh or en; may be empty
	Text     string // as it was written; empty in lists
	Hash     [32]byte
	Bytes    int // of Text
	Chunks   int // that Text makes
	Enabled  bool
	// Revision is the tenant's revision that the document's last change made: an index of that revision, or a later one, has it.
	Revision             int64
	CreatedAt, UpdatedAt time.Time // microsecond precision, UTC
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// Check brings what people set into one form, and returns Malformed, naming the field, for what can't be. The text is KnowledgeBase's
// to judge.
func (d *Document) Check() error {
	if err := checkTexts(line{"title", &d.Title, 1, 200}, line{"url", &d.URL, 0, 2000}, line{"language", &d.Language, 0, 35}); err != nil {
		return err
	}
	if d.URL != "" {
		u, err := url.Parse(d.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			return Errorf(Malformed, "url: must be an absolute http or https address")
		}
	}
	if d.Language != "" && !languageTag.MatchString(d.Language) {
		return Errorf(Malformed, "language: must be a language tag such as zh or en")
	}
	return nil
}

// GoldenID names a GoldenQuestion.
type GoldenID = ID[GoldenQuestion]

// GoldenQuestion is a question of which it is known what answers it: an index that does not find that is not put in use.
type GoldenQuestion struct {
	ID                   GoldenID
	Tenant               TenantID
	Question             string
	Document             DocumentID // that must be found
	Within               int        // among so many first hits: 1 to 10
	CreatedAt, UpdatedAt time.Time
}

// maxQuestion is how long a question to a knowledge base may be, in characters.
const maxQuestion = 500

// Check is Document.Check for a golden question.
func (g *GoldenQuestion) Check() error {
	if g.Within == 0 {
		g.Within = 3
	}
	if g.Within < 1 || g.Within > 10 {
		return Errorf(Malformed, "within: must be 1 to 10")
	}
	return checkTexts(line{"question", &g.Question, 1, maxQuestion})
}

// UnansweredID names an Unanswered.
type UnansweredID = ID[Unanswered]

// Unanswered is a question that nothing in the knowledge answered.
type Unanswered struct {
	ID              UnansweredID
	Tenant          TenantID
	Question        string
	Count           int64 // how often it was asked
	FirstAt, LastAt time.Time
}

// FoldQuestion is a question as those asked before are compared with it: without spaces and marks around it, and one space for many.
func FoldQuestion(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) || !unicode.IsPrint(r) })
	for utf8.RuneCountInString(s) > maxQuestion {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// KnowledgeVersion is an index that was put in use, or tried: what it was made of can be had again.
type KnowledgeVersion struct {
	Tenant    TenantID
	Version   int64  // counts a tenant's indexes, from 1
	Revision  int64  // of the documents that it was built of
	Embedder  string // which model made the vectors; empty: none
	Documents int
	Chunks    int
	Members   [][16]byte // the ids of its chunks, in their order; nil in lists
	Used      bool       // it has been in use; others were only tried
	CreatedAt time.Time
}

// KnowledgeState says how a tenant's index stands to its documents.
type KnowledgeState struct {
	Tenant   TenantID
	Revision int64 // counts changes of documents and golden questions
	Wanted   int64 // an index of this revision is asked for
	Built    int64 // the last revision of which a build was tried, whatever became of it
	Active   int64 // the version in use; 0: none
	// Holder builds until Until, if that is to come. Done of Total chunks have what is needed for searching.
	Holder      [16]byte
	Until       time.Time
	Done, Total int
	DueAt       time.Time // when a build that is wanted begins at the earliest
	Failure     *KnowledgeFailure
	Plan        CanaryPlan      // how the next version is tried
	Canary      KnowledgeCanary // the version that is being tried
}

// Building reports whether somebody is at it.
func (s *KnowledgeState) Building(now time.Time) bool {
	return s.Holder != [16]byte{} && now.Before(s.Until)
}

// Waiting reports whether a build is asked for that nobody has begun.
func (s *KnowledgeState) Waiting(now time.Time) bool { return s.Wanted > s.Built && !s.Building(now) }

// KnowledgeFailure says why the last build was not put in use.
type KnowledgeFailure struct {
	At       time.Time `json:"at"`
	Revision int64     `json:"revision"`
	Reason   string    `json:"reason"` // one of the Failure constants
	// Golden are the golden questions that failed, GoldenAsked how many were asked.
	Golden      []GoldenFailure `json:"golden,omitempty"`
	GoldenAsked int             `json:"golden_asked,omitempty"`
	Canary      *CanaryResult   `json:"canary,omitempty"`
}

// GoldenFailure is a golden question that did not find its document.
type GoldenFailure struct {
	ID    GoldenID    `json:"id"`
	Found *DocumentID `json:"found"` // the first hit's; nil: nothing was found
}

// Why a build is not put in use.
const (
	FailureGolden  = "golden"   // golden questions did not find their documents
	FailureTooMany = "too_many" // more chunks than are searched fast enough
	FailureCanary  = "canary"   // it could answer markedly fewer questions than the version before, when it was tried
)

// KnowledgeChunk is a piece of a document as it is kept: what is in it is the business of whoever builds indexes.
type KnowledgeChunk struct {
	ID   [16]byte // follows from the content
	Body string
}

// KnowledgeLimits bound what a tenant keeps. Zero: no limit.
type KnowledgeLimits struct {
	Documents     int // how many
	DocumentBytes int // of one text
	Bytes         int // of all texts
}

// MaxGolden and MaxUnanswered are how many a tenant may have. Of unanswered questions those go that were asked longest ago.
const (
	MaxGolden     = 500
	MaxUnanswered = 1000
)

// UnansweredLife is how long an unanswered question is kept after it was asked last.
const UnansweredLife = 90 * 24 * time.Hour

// KnowledgePause is how long after a change a build begins: more may follow it.
const KnowledgePause = 500 * time.Millisecond

// How many versions of a tenant's index are kept: of those that were in use, and of those that were only tried. The one in use and the one
// that is being tried are kept besides.
const (
	KnowledgeVersions      = 5
	TriedKnowledgeVersions = 2
)

// KnowledgeStore keeps what tenants know. Every change of a document or a golden question makes a new revision and asks for an index of it.
type KnowledgeStore interface {
	Document(ctx context.Context, tenant TenantID, id DocumentID) (Document, error)
	// Documents lists the oldest first, without their texts.
	Documents(ctx context.Context, tenant TenantID, cursor string, limit int) (page []Document, next string, err error)
	// KnowledgeRoom returns Conflict if a tenant that has one document more of so many bytes would have too much.
	KnowledgeRoom(ctx context.Context, tenant TenantID, bytes int, most KnowledgeLimits) error
	// AddDocument adds a document, or returns Conflict if there is no room for it. Revision is the Store's to fill.
	AddDocument(ctx context.Context, d Document, most KnowledgeLimits, due time.Time) (Document, error)
	// ChangeDocument is to a document what ChangeWebhook is to a webhook.
	ChangeDocument(ctx context.Context, tenant TenantID, id DocumentID, most KnowledgeLimits, due time.Time, change func(*Document) error) (Document, error)
	// DeleteDocument removes a document, and the golden questions that expect it.
	DeleteDocument(ctx context.Context, tenant TenantID, id DocumentID, due time.Time) error

	GoldenQuestion(ctx context.Context, tenant TenantID, id GoldenID) (GoldenQuestion, error)
	GoldenQuestions(ctx context.Context, tenant TenantID, cursor string, limit int) (page []GoldenQuestion, next string, err error)
	// AddGoldenQuestion and ChangeGoldenQuestion return NotFound if there is no such document.
	AddGoldenQuestion(ctx context.Context, g GoldenQuestion, due time.Time) error
	ChangeGoldenQuestion(ctx context.Context, tenant TenantID, id GoldenID, due time.Time, change func(*GoldenQuestion) error) (GoldenQuestion, error)
	DeleteGoldenQuestion(ctx context.Context, tenant TenantID, id GoldenID, due time.Time) error

	// NoteUnanswered counts a question. It goes with the conversation that it was asked in last, if it was in one. Those are forgotten
	// that are older than UnansweredLife or more than MaxUnanswered.
	NoteUnanswered(ctx context.Context, tenant TenantID, conv ConversationID, question string, at time.Time) error
	// Unanswered lists those first that were seen first the latest.
	Unanswered(ctx context.Context, tenant TenantID, cursor string, limit int) (page []Unanswered, next string, err error)
	DismissUnanswered(ctx context.Context, tenant TenantID, id UnansweredID) error

	// KnowledgeState is the zero state for a tenant that never had a document.
	KnowledgeState(ctx context.Context, tenant TenantID) (KnowledgeState, error)
	// KnowledgeVersions lists the newest first, without their Members.
	KnowledgeVersions(ctx context.Context, tenant TenantID) ([]KnowledgeVersion, error)
	// Reindex asks for a build though nothing has changed.
	Reindex(ctx context.Context, tenant TenantID, due time.Time) error
	// RollBackKnowledge puts an earlier version in use, the newest before the active one that has been in use if version is 0; while one is
	// tried, 0 takes that back. A build that is going on is not put in use, and none begins before the next change. Conflict if there is no
	// such version.
	RollBackKnowledge(ctx context.Context, tenant TenantID, version int64) (KnowledgeVersion, error)

	KnowledgeBuilds
	KnowledgeCanaries
}

// KnowledgeBuilds is what whoever builds indexes needs. One holder builds at a time: what the others try returns Conflict.
type KnowledgeBuilds interface {
	// HoldKnowledge takes one of the builds that are due, of whatever tenant, and reports whether there was one.
	HoldKnowledge(ctx context.Context, holder [16]byte, now, until time.Time) (KnowledgeState, bool, error)
	// KeepKnowledge holds on.
	KeepKnowledge(ctx context.Context, tenant TenantID, holder [16]byte, until time.Time, done, total int) error
	// SourceDocuments returns the documents that are enabled, with their texts, the oldest first.
	SourceDocuments(ctx context.Context, tenant TenantID) ([]Document, error)
	// ChunkIDs lists the chunks that are kept, SaveChunks keeps more, Chunks reads some; one that is not there is left out.
	ChunkIDs(ctx context.Context, tenant TenantID) ([][16]byte, error)
	SaveChunks(ctx context.Context, tenant TenantID, chunks []KnowledgeChunk) error
	Chunks(ctx context.Context, tenant TenantID, ids [][16]byte) ([]KnowledgeChunk, error)
	// DropChunks removes chunks on a holder's behalf.
	DropChunks(ctx context.Context, tenant TenantID, holder [16]byte, ids [][16]byte) error
	// KnowledgeVersion reads a version with its Members.
	KnowledgeVersion(ctx context.Context, tenant TenantID, version int64) (KnowledgeVersion, error)
	// SwapKnowledge puts a build in use as the next version, or has it tried if that is planned, and forgets versions that are too many. If
	// its members are those of the active version, or of the one that is tried, it only notes the revision. It returns the version.
	SwapKnowledge(ctx context.Context, holder [16]byte, v KnowledgeVersion) (KnowledgeVersion, error)
	// FailKnowledge notes that a build can't be put in use.
	FailKnowledge(ctx context.Context, tenant TenantID, holder [16]byte, f KnowledgeFailure) error
	// ReleaseKnowledge lets go. If the build is not done, it is due again then.
	ReleaseKnowledge(ctx context.Context, tenant TenantID, holder [16]byte, due time.Time) error
}

// KnowledgeQuery asks a tenant's knowledge.
type KnowledgeQuery struct {
	Question string
	Limit    int // 1 to 20
	// Conversation is in which it is asked: it decides whether a version that is being tried is asked. Zero: the version in use is.
	Conversation ConversationID
}

// KnowledgeHit is a chunk that may answer.
type KnowledgeHit struct {
	Chunk    string // its id
	Document DocumentID
	Title    string
	Heading  string
	Text     string
	Question bool // Heading is a question that Text answers
	Score    float64
	// What speaks for it, each on a scale of its own: see package ai/knowledge.
	Words, Parts, Concepts, HeadingVector, TextVector float64
}

// KnowledgeLeftOut is a piece of a document that bots leave out.
type KnowledgeLeftOut struct {
	Heading string // of the piece; may be empty
	Found   string // the words that look like instructions to a machine, folded
}

// KnowledgeAnswer is what was found.
type KnowledgeAnswer struct {
	Version int64 // of the index that was asked; 0: there is none
	Hits    []KnowledgeHit
}

// KnowledgeFileBytes is how large a file may be that becomes a document of at most most bytes. The files of word processors hold
// pictures and letters' shapes beside their text.
func KnowledgeFileBytes(name string, most int) int {
	const office = 10 << 20
	switch strings.ToLower(path.Ext(name)) {
	case ".pdf", ".docx":
		return max(most, office)
	}
	return most
}

// KnowledgeBase finds what answers a question. Safe for concurrent use.
type KnowledgeBase interface {
	// Decode makes a text of a file, and says how it is written, going by its name. Malformed for what is no text, or of no
	// format that is known; TooLarge for a file of a word processor with more than most bytes of text; Busy while others are read.
	Decode(ctx context.Context, name string, file []byte, most int) (format, text string, err error)
	// Read judges a text, and returns its own title, if it has one, and how many chunks it makes.
	Read(format, text string) (title string, chunks int, err error)
	// LeftOut says of a document's text, which Read has judged, what bots leave out of it because it speaks to machines, at most 20 pieces.
	LeftOut(title, format, text string) []KnowledgeLeftOut
	// Suspicious is what of a piece makes bots leave it out; empty if they don't.
	Suspicious(h *KnowledgeHit) string
	// Search never waits for a build. The first for a while loads the tenant's index.
	Search(ctx context.Context, tenant TenantID, q KnowledgeQuery) (KnowledgeAnswer, error)
	// Asked takes in what came of a question that a version was asked: open says that it could not be answered. It waits for nothing.
	Asked(tenant TenantID, version int64, open bool)
	// Changed takes in that a build was asked for, or another version put in use, and tells the other nodes.
	Changed(ctx context.Context, tenant TenantID)
}
