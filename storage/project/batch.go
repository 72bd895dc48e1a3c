package project

import (
	"context"
	"errors"

	"github.com/uniqchat/uniqchat/chat"
)

// Partitions is how many partitions a clustered log has. It is fixed for the life of a deployment.
const Partitions = 64

// Tag is the random name of a batch. Every batch names the one before it, so a reader notices when history was rewritten.
type Tag [8]byte

// Cursor is a place in a partition: the N-th batch of an epoch. An epoch begins where history may have been lost; it is in
// seconds since 2024-01-01 UTC, or later if the one before was. The zero Cursor is before everything.
type Cursor struct {
	Epoch uint64
	N     uint64
	Tag   Tag
}

// Before reports whether c is an earlier place than d.
func (c Cursor) Before(d Cursor) bool {
	return c.Epoch < d.Epoch || c.Epoch == d.Epoch && c.N < d.N
}

// Batch is what one call appended to a partition. It is shared by its readers and must not be changed.
type Batch struct {
	Cursor
	Partition int
	Previous  Tag
	At        int64 // ms since 1970 by the log's clock
	Bytes     int   // about what it costs in memory
	Events    []chat.Event
}

// ErrForked says that what follows a cursor does not continue from it: history was lost. The reader starts again with the
// zero Cursor, which reads everything that is kept.
var ErrForked = errors.New("the partition's history does not continue from the cursor")

// Source is a clustered log as its projection reads it. Safe for concurrent use.
type Source interface {
	// Batches returns what follows a cursor, oldest first, in all at most about limit events, or nothing if there is nothing
	// yet. It returns ErrForked if the history does not continue from after. floor is the epoch of the last fork that the database knows of: what
	// a source knows from before it may be lost history, which must not be handed out any more.
	Batches(ctx context.Context, partition int, floor uint64, after Cursor, limit int) ([]Batch, error)
	// Pending returns a channel that holds a token when there may be new batches in any partition, and ends with the source.
	Pending() <-chan struct{}
	// Committed says that everything up to a cursor is in the database: nodes are told, and what is old enough is let go of.
	Committed(ctx context.Context, partition int, upto Cursor) error
}

// Ref names a message.
type Ref struct {
	chat.Key
	Message chat.MessageID
}

// Database is what a clustered log asks of the rows. Safe for concurrent use.
type Database interface {
	// Heads returns where the rows say that conversations stand, in the order of keys; the zero Head for one that isn't there.
	Heads(ctx context.Context, keys ...chat.Key) ([]chat.Head, error)
	// Find returns messages in the order of refs; one with a zero Seq is not there.
	Find(ctx context.Context, refs ...Ref) ([]chat.Message, error)
	// OpenConversations returns visitors' open conversations, in the order asked; the zero id for one who has none.
	OpenConversations(ctx context.Context, visitors ...chat.VisitorKey) ([]chat.ConversationID, error)
	// Messages is chat.Store's.
	Messages(ctx context.Context, key chat.Key, p chat.Page) (messages []chat.Message, complete bool, err error)
	// Cursors returns how far each partition is in the database.
	Cursors(ctx context.Context) ([Partitions]Cursor, error)
	// Fork begins a new epoch of a partition, at least atLeast and later than the database's: from now on only batches of that
	// epoch, and what is read anew from the start, are committed, so that a projection that still holds lost batches can't
	// add them. It returns the epoch.
	Fork(ctx context.Context, partition int, atLeast uint64) (epoch uint64, err error)
}
