package seal

import (
	"github.com/uniqchat/uniqchat/chat"
)

// The places of what is sealed. A revision's body stands for its message's, so it has the same.

// OfMessage is the place of a message's body.
func OfMessage(m *chat.Message) Place {
	return Place{Column: "messages.body", Row: m.Conversation, Sub: m.ID}
}

// OfEvent is the place of what an event holds while it waits in the log.
func OfEvent(m *chat.Message) Place { return Place{Column: "log", Row: m.Conversation, Sub: m.ID} }

// OfVisitor is the place of a column of a visitor's row.
func OfVisitor(column string, id chat.VisitorID) Place {
	return Place{Column: "visitors." + column, Row: id}
}

// OfConversation is the place of a column of a conversation's row.
func OfConversation(column string, id chat.ConversationID) Place {
	return Place{Column: "conversations." + column, Row: id}
}

// OfEventData is the place of what webhooks are sent of a tenant's event.
func OfEventData(sequence int64) (p Place) {
	p.Column = "webhook_events.data"
	be.PutUint64(p.Row[:], uint64(sequence))
	return p
}

// OfAttempt is the place of a column of an attempt to deliver something.
func OfAttempt(column string, id chat.DeliveryID, attempt int) Place {
	p := Place{Column: "webhook_attempts." + column, Row: id}
	be.PutUint64(p.Sub[:], uint64(attempt))
	return p
}

// OfUpload is the place of a file's name.
func OfUpload(id chat.UploadID) Place { return Place{Column: "uploads.name", Row: id} }

// OfDead is the place of a row that could not be written.
func OfDead(conv chat.ConversationID, seq chat.Seq) Place {
	p := Place{Column: "dead_letter.payload", Row: conv}
	be.PutUint64(p.Sub[:], uint64(seq))
	return p
}

// OfKnowledge is the place of a column, named with its table, of what a tenant knows.
func OfKnowledge(column string, id [16]byte) Place { return Place{Column: column, Row: id} }
