package chat

import (
	"context"
	"encoding/json"
	"errors"
)

// LeaveOffline puts a message that a visitor leaves when nobody is there into its open conversation, or a new one, and an entry
// beside it that says how to reach the visitor. The same cmid again changes nothing more.
func (d *Desk) LeaveOffline(ctx context.Context, a *Actor, cmid CMID, text, email string) (ConversationID, MessageID, error) {
	conv, err := d.OpenConversation(ctx, a)
	if err != nil {
		return conv, MessageID{}, err
	}
	if conv.IsZero() {
		conv = NewID[Conversation]()
	}
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return conv, MessageID{}, err
	}
	for try := 0; ; try++ {
		sent := d.Send(ctx, []SendRequest{{Actor: a, Conversation: conv, CMID: cmid, Body: body, Retry: true, ForPeople: true}})[0]
		var e *Error
		if try == 0 && errors.As(sent.Err, &e) && e.Code == Conflict && !e.Conversation.IsZero() {
			conv = e.Conversation // it was begun just now
			continue
		}
		if sent.Err != nil {
			return conv, sent.Message, sent.Err
		}
		return conv, sent.Message, d.noteOffline(ctx, a, conv, sent.Message, email)
	}
}

// noteOffline appends the entry that a message was left. It is the message's own: there is one at most.
func (d *Desk) noteOffline(ctx context.Context, a *Actor, conv ConversationID, message MessageID, email string) error {
	extra := map[string]any{"message_id": message, "email": email}
	if a.Profile != nil && a.Profile.Name != "" {
		extra["name"] = a.Profile.Name
	}
	return d.note(ctx, a, conv, CMID(message), Change{Event: EventOffline, Extra: extra}, nil)
}
