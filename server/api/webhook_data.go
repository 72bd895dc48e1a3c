package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// The shapes of a webhook's data: those of the API, and what happened.
type (
	webhookConversation struct {
		Conversation
		Change json.RawMessage `json:"change,omitempty"`
	}
	webhookMessage struct {
		Message
		Change json.RawMessage `json:"change,omitempty"`
	}
)

// Contact is an identified visitor, as webhooks are told of it.
type Contact struct {
	Visitor
	Attributes json.RawMessage `json:"attributes"`
}

// WebhookData returns a function that makes the data of webhooks' events, in the API's shapes. NotFound if what an event is about
// is no more.
func WebhookData(store chat.Store, desk *chat.Desk) func(ctx context.Context, e *chat.WebhookEvent) (json.RawMessage, error) {
	return func(ctx context.Context, e *chat.WebhookEvent) (json.RawMessage, error) {
		switch {
		case e.Data != nil:
			return e.Data, nil
		case !e.Visitor.IsZero():
			return contactData(ctx, store, e)
		case e.Message == nil:
			return nil, chat.Errorf(chat.NotFound, "the message is no more")
		case e.Settled():
			return messageData(ctx, store, e)
		}
		return conversationData(ctx, store, desk, e)
	}
}

func contactData(ctx context.Context, store chat.Store, e *chat.WebhookEvent) (json.RawMessage, error) {
	v, err := store.Visitor(ctx, e.Tenant, e.Visitor)
	if err != nil {
		return nil, err
	}
	c := Contact{Visitor: Visitor{v.ID.String(), v.ExternalID, v.Verified, v.Name, v.Email, v.Locale}, Attributes: v.Attributes}
	if len(c.Attributes) == 0 {
		c.Attributes = json.RawMessage("{}")
	}
	return json.Marshal(c)
}

// messageData is a message as it is shown after the event: one that was taken back shows nothing.
func messageData(ctx context.Context, store chat.Store, e *chat.WebhookEvent) (json.RawMessage, error) {
	r := chat.RevisionOf(e.Message)
	if r == nil {
		return json.Marshal(webhookMessage{Message: showMessage(e.Message, chat.AudienceAll)})
	}
	m, err := store.Message(ctx, e.Key, r.Message)
	if err != nil {
		return nil, err
	}
	m.Body = r.Shown()
	return json.Marshal(webhookMessage{Message: showMessage(&m, chat.AudienceAll), Change: e.Message.Body})
}

// conversationData is a conversation as the event left it. What the log does not tell (labels, what is unread, the last message)
// is as it is when this is called.
func conversationData(ctx context.Context, store chat.Store, desk *chat.Desk, e *chat.WebhookEvent) (json.RawMessage, error) {
	c, err := store.Conversation(ctx, e.Key)
	if err != nil {
		return nil, err
	}
	if e.State != nil && c.Version != e.State.Version {
		c.State = *e.State
		switch {
		case c.Status != chat.Closed:
			c.ClosedAt = time.Time{}
		case e.Type == chat.EventClosed || c.ClosedAt.IsZero():
			c.ClosedAt = e.CreatedAt
		}
	}
	return json.Marshal(webhookConversation{Conversation: shapeConversation(ctx, desk, chat.AudienceAll, &c), Change: e.Message.Body})
}
