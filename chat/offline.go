package chat

import (
	"context"
	"time"
)

// OfflineID names an OfflineMessage.
type OfflineID = ID[OfflineMessage]

// OfflineMessage is what a visitor left when nobody was there: a message in a conversation like any other, which waits in the
// queue, and beside it how to reach the visitor and whether somebody has seen to it.
type OfflineMessage struct {
	ID           OfflineID
	Tenant       TenantID
	Conversation ConversationID
	Message      MessageID
	Visitor      VisitorID
	Name         string
	Email        string // as CleanAddress leaves it
	Body         []byte // the message's; nil while the rows don't hold it yet. AddOfflineMessage does not look at it
	CreatedAt    time.Time
	DoneAt       time.Time // zero: nobody has seen to it
	DoneBy       UserID    // an agent or an API token
}

// OfflineFilter narrows a list of offline messages.
type OfflineFilter struct {
	Done   *bool
	Cursor string
	Limit  int // 1 to 200
}

// OfflineMessages are the rows of offline messages.
type OfflineMessages interface {
	// AddOfflineMessage writes one and queues the mails about it, all or nothing. If there is one of the same message already,
	// nothing is written, and that one is returned.
	AddOfflineMessage(ctx context.Context, o OfflineMessage, mails ...Mail) (kept OfflineMessage, err error)
	OfflineMessage(ctx context.Context, tenant TenantID, id OfflineID) (OfflineMessage, error)
	// OfflineMessages lists the newest first; next is empty at the end.
	OfflineMessages(ctx context.Context, tenant TenantID, f OfflineFilter) (page []OfflineMessage, next string, err error)
	// FinishOfflineMessage notes who has seen to it, if nobody had, and returns what is kept.
	FinishOfflineMessage(ctx context.Context, tenant TenantID, id OfflineID, by UserID, at time.Time) (OfflineMessage, error)
}
