package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// OfflineMessage is what a visitor left when nobody was there.
type OfflineMessage struct {
	ID             string     `json:"id" format:"uuid"`
	ConversationID string     `json:"conversation_id" format:"uuid" doc:"Where it waits to be answered."`
	MessageID      string     `json:"message_id" format:"uuid"`
	VisitorID      string     `json:"visitor_id" format:"uuid"`
	Name           string     `json:"name,omitempty"`
	Email          string     `json:"email"`
	Text           string     `json:"text"`
	CreatedAt      time.Time  `json:"created_at"`
	DoneAt         *time.Time `json:"done_at" nullable:"true" doc:"When somebody saw to it; null before."`
	DoneBy         *string    `json:"done_by" nullable:"true" format:"uuid"`
}

func showOffline(o *chat.OfflineMessage) OfflineMessage {
	var b struct{ Text string }
	_ = json.Unmarshal(o.Body, &b) // nil while the rows are behind
	return OfflineMessage{
		ID: o.ID.String(), ConversationID: o.Conversation.String(), MessageID: o.Message.String(), VisitorID: o.Visitor.String(), Name: o.Name,
		Email: o.Email, Text: b.Text, CreatedAt: o.CreatedAt, DoneAt: timeOrNull(o.DoneAt), DoneBy: idOrNull(o.DoneBy),
	}
}

type leaveOfflineInput struct {
	Body struct {
		Email string `json:"email" minLength:"3" maxLength:"254" doc:"Where the visitor wants the answer."`
		Name  string `json:"name,omitempty" maxLength:"100"`
		Text  string `json:"text" minLength:"1" maxLength:"5000"`
		CMID  string `json:"cmid,omitempty" doc:"The caller's own id of the message, a UUIDv7: the same again is the same message."`
	}
}

// What one visitor may leave in offlineWindow.
const (
	offlineMost   = 5
	offlineWindow = time.Hour
)

// leaveOffline makes a message in the visitor's conversation, which waits in the queue like any other, and tells the team by mail.
// Every step may be made again.
func (a *API) leaveOffline(ctx context.Context, c *call, in *leaveOfflineInput) (*answer[OfflineMessage], error) {
	b := &in.Body
	email, err := chat.CleanAddress("email", b.Email)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(b.Text)
	if text == "" {
		return nil, chat.Errorf(chat.Malformed, "text: is only blanks")
	}
	cmid := chat.NewID[chat.Event]()
	if b.CMID != "" {
		if cmid, err = bodyID[chat.Event]("cmid", b.CMID); err != nil {
			return nil, err
		}
	}
	actor := withContact(c.actor(), email, strings.TrimSpace(b.Name))
	if err := a.admitOffline(ctx, c, len(text)); err != nil {
		return nil, err
	}
	conv, message, err := a.cfg.Desk.LeaveOffline(ctx, actor, cmid, text, email)
	if err != nil {
		return nil, err
	}
	o := chat.OfflineMessage{
		ID: chat.NewID[chat.OfflineMessage](), Tenant: actor.Tenant, Conversation: conv, Message: message, Visitor: chat.VisitorID(actor.User),
		Name: actor.Profile.Name, Email: email, CreatedAt: a.cfg.Now().UTC().Truncate(time.Microsecond),
	}
	mails, err := a.offlineMails(ctx, &o)
	if err != nil {
		return nil, err
	}
	kept, err := a.cfg.Store.AddOfflineMessage(ctx, o, mails...)
	if err != nil {
		return nil, err
	}
	shown := showOffline(&kept)
	shown.Text = text
	return ok(shown)
}

// withContact is the visitor with what it just said of itself, where its token says nothing.
func withContact(actor *chat.Actor, email, name string) *chat.Actor {
	out, profile := *actor, chat.Visitor{}
	if actor.Profile != nil {
		profile = *actor.Profile
	}
	if profile.Email == "" {
		profile.Email = email
	}
	if profile.Name == "" {
		profile.Name = name
	}
	out.Profile = &profile
	return &out
}

func (a *API) admitOffline(ctx context.Context, c *call, size int) error {
	if err := a.admitSend(c.actor(), size); err != nil {
		return err
	}
	what := sha256.Sum256([]byte("offline\x00" + c.actor().Tenant.String() + c.actor().User.String()))
	n, err := a.cfg.Store.CountAttempt(ctx, what, a.cfg.Now(), offlineWindow)
	if err != nil || n <= offlineMost {
		return err
	}
	return &chat.Error{Code: chat.TooMany, Name: "too_many_offline_messages", Message: "too many messages; they are all here, wait for an answer", RetryAfter: offlineWindow}
}

// offlineMails are the mails to the team about a message: as many as may be sent.
func (a *API) offlineMails(ctx context.Context, o *chat.OfflineMessage) (mails []chat.Mail, err error) {
	if !a.cfg.Mail.Enabled {
		return nil, nil
	}
	s, _, err := a.mailSettings(ctx, o.Tenant)
	if err != nil {
		return nil, err
	}
	for _, to := range s.OfflineTo {
		err := a.admitMail(ctx, o.Tenant, to)
		if chat.CodeOf(err) == chat.TooMany {
			continue // the message waits in the queue all the same
		}
		if err != nil {
			return nil, err
		}
		m := a.newMail(o.Tenant, chat.MailOffline, to, s.Locale)
		m.Conversation, m.Offline = o.Conversation, o.ID
		mails = append(mails, m)
	}
	return mails, nil
}

type listOfflineInput struct {
	Status string `query:"status" enum:"open,done" doc:"open: nobody has seen to it."`
	Cursor string `query:"cursor" maxLength:"500"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *API) listOffline(ctx context.Context, c *call, in *listOfflineInput) (*answer[List[OfflineMessage]], error) {
	f := chat.OfflineFilter{Cursor: in.Cursor, Limit: in.Limit}
	if in.Status != "" {
		done := in.Status == "done"
		f.Done = &done
	}
	page, next, err := a.cfg.Store.OfflineMessages(ctx, c.actor().Tenant, f)
	if err != nil {
		return nil, err
	}
	out := List[OfflineMessage]{Data: []OfflineMessage{}, NextCursor: orNull(next)}
	for i := range page {
		may, err := a.mayReadOffline(ctx, c, &page[i])
		if err != nil {
			return nil, err
		}
		if may {
			out.Data = append(out.Data, showOffline(&page[i]))
		}
	}
	return ok(out)
}

// mayReadOffline reports whether the caller may read the conversation that a message is in.
func (a *API) mayReadOffline(ctx context.Context, c *call, o *chat.OfflineMessage) (bool, error) {
	_, err := a.cfg.Desk.Head(ctx, c.actor(), o.Conversation)
	if chat.CodeOf(err) == chat.NotFound {
		return false, nil
	}
	return err == nil, err
}

func (a *API) offline(ctx context.Context, c *call, rawID string) (chat.OfflineMessage, error) {
	id, err := pathID[chat.OfflineMessage](rawID)
	if err != nil {
		return chat.OfflineMessage{}, err
	}
	o, err := a.cfg.Store.OfflineMessage(ctx, c.actor().Tenant, id)
	if err != nil {
		return o, err
	}
	may, err := a.mayReadOffline(ctx, c, &o)
	if err == nil && !may {
		err = chat.Errorf(chat.NotFound, "there is no such offline message")
	}
	return o, err
}

func (a *API) getOffline(ctx context.Context, c *call, in *Target) (*answer[OfflineMessage], error) {
	o, err := a.offline(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(showOffline(&o))
}

func (a *API) finishOffline(ctx context.Context, c *call, in *Target) (*answer[OfflineMessage], error) {
	o, err := a.offline(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	o, err = a.cfg.Store.FinishOfflineMessage(ctx, o.Tenant, o.ID, c.actor().User, a.cfg.Now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return nil, err
	}
	return ok(showOffline(&o))
}
