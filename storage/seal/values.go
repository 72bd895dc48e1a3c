package seal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uniqchat/uniqchat/chat"
)

// Visitor is a visitor as its row keeps it. What is empty stays empty, so that rows can tell what is new from what is not there.
func (t *Tenant) Visitor(v *chat.Visitor) (kept chat.Visitor, externalPrint string) {
	kept = *v
	if !t.Seals() && !t.Erased() {
		return kept, ""
	}
	kept.ExternalID = t.Text(v.ExternalID, OfVisitor("external_id", v.ID))
	kept.Name = t.Text(v.Name, OfVisitor("name", v.ID))
	kept.Email = t.Text(v.Email, OfVisitor("email", v.ID))
	kept.Page = t.Text(v.Page, OfVisitor("page", v.ID))
	kept.Attributes = json.RawMessage(t.JSON(string(v.Attributes), OfVisitor("attributes", v.ID)))
	if v.ExternalID != "" && t.Seals() {
		externalPrint = t.Blind("visitors.external_id", v.ExternalID)
	}
	return kept, externalPrint
}

// OpenVisitor opens a visitor as its row keeps it. An error names the first column that can't be opened; the others are.
func (t *Tenant) OpenVisitor(v *chat.Visitor) (err error) {
	for _, f := range []struct {
		column string
		value  *string
	}{{"external_id", &v.ExternalID}, {"name", &v.Name}, {"email", &v.Email}, {"page", &v.Page}} {
		var one error
		*f.value, one = t.OpenText(*f.value, OfVisitor(f.column, v.ID))
		err = first(err, f.column, one)
	}
	attributes, one := t.OpenJSON(v.Attributes, OfVisitor("attributes", v.ID))
	v.Attributes = attributes
	if one != nil {
		v.Attributes = json.RawMessage(`{}`)
	}
	return first(err, "attributes", one)
}

func first(err error, what string, one error) error {
	if err != nil || one == nil {
		return err
	}
	return fmt.Errorf("%s: %w", what, one)
}

// Fields is what an event tells of a conversation, as its row keeps it.
func (t *Tenant) Fields(conv chat.ConversationID, f *chat.Fields) *chat.Fields {
	if f == nil || !t.Seals() && !t.Erased() {
		return f
	}
	kept := *f
	if f.Context != nil {
		kept.Context = json.RawMessage(t.JSON(string(f.Context), OfConversation("context", conv)))
	}
	if f.Rating != nil {
		rating := *f.Rating
		rating.Comment = t.Text(rating.Comment, OfConversation("rating_comment", conv))
		kept.Rating = &rating
	}
	return &kept
}

// errUnreadable is what a caller is told who asked for one thing that can't be opened.
var errUnreadable = &chat.Error{Code: chat.Internal, Name: "unreadable", Message: "it can't be read: what is kept of it was changed"}

// isLost reports whether an error says that a value is lost, and not that the keys can't be had.
func isLost(err error) bool { return errors.Is(err, ErrUnreadable) || errors.Is(err, ErrErased) }

// forPeople is an error about a value as callers are told it.
func forPeople(err error) error {
	switch {
	case errors.Is(err, ErrErased):
		return errTenantErased
	case errors.Is(err, ErrUnreadable):
		return fmt.Errorf("%w (%w)", errUnreadable, err)
	}
	return err
}

// body opens one body in place.
func (k *Keyring) body(ctx context.Context, m *chat.Message) error {
	if k == nil || !isText(m.Body) {
		return nil
	}
	p := OfMessage(m)
	err := k.Opening(ctx, m.Tenant, func(t *Tenant) error {
		plain, err := t.OpenBody(m.Body, p)
		if err == nil {
			m.Body = plain
		}
		return err
	})
	if err != nil && isLost(err) {
		k.Lost(m.Tenant, &p, err)
	}
	return err
}

// Message opens a message's body.
func (k *Keyring) Message(ctx context.Context, m *chat.Message) error {
	return forPeople(k.body(ctx, m))
}

// Messages opens messages' bodies. One that can't be opened becomes Unreadable and stops nobody.
func (k *Keyring) Messages(ctx context.Context, messages []chat.Message) error {
	for i := range messages {
		if err := k.shown(ctx, &messages[i]); err != nil {
			return err
		}
	}
	return nil
}

// shown opens a body, or makes it Unreadable.
func (k *Keyring) shown(ctx context.Context, m *chat.Message) error {
	err := k.body(ctx, m)
	if err != nil && isLost(err) {
		m.Body = Unreadable
		return nil
	}
	return err
}

// text opens one text of a row of a list: nothing is shown of what can't be opened.
func (k *Keyring) text(ctx context.Context, tenant chat.TenantID, text *string, p Place) error {
	if _, sealed := KeyOf(*text); k == nil || !sealed {
		return nil
	}
	return k.lost(tenant, &p, k.Opening(ctx, tenant, func(t *Tenant) error {
		plain, err := t.OpenText(*text, p)
		if err == nil {
			*text = plain
		}
		return err
	}), func() { *text = "" })
}

// lost calls none for a value that is lost, and returns other errors.
func (k *Keyring) lost(tenant chat.TenantID, p *Place, err error, none func()) error {
	if err == nil || !isLost(err) {
		return err
	}
	k.Lost(tenant, p, err)
	none()
	return nil
}

// Text opens one text.
func (k *Keyring) Text(ctx context.Context, tenant chat.TenantID, kept string, p Place) (string, error) {
	if _, sealed := KeyOf(kept); k == nil || !sealed {
		return kept, nil
	}
	plain := ""
	err := k.Opening(ctx, tenant, func(t *Tenant) (err error) {
		plain, err = t.OpenText(kept, p)
		return err
	})
	if err != nil && isLost(err) {
		k.Lost(tenant, &p, err)
	}
	return plain, forPeople(err)
}

// Conversation opens what a conversation's row shows.
func (k *Keyring) Conversation(ctx context.Context, c *chat.Conversation) error {
	for _, m := range []*chat.Message{c.LastMessage, c.Match} {
		if m != nil {
			if err := k.shown(ctx, m); err != nil {
				return err
			}
		}
	}
	if err := k.text(ctx, c.Tenant, &c.VisitorName, OfVisitor("name", c.Visitor)); err != nil {
		return err
	}
	if err := k.text(ctx, c.Tenant, &c.Rating.Comment, OfConversation("rating_comment", c.ID)); err != nil {
		return err
	}
	if _, sealed := KeyOfJSON(string(c.Context)); k == nil || !sealed {
		return nil
	}
	p := OfConversation("context", c.ID)
	return k.lost(c.Tenant, &p, k.Opening(ctx, c.Tenant, func(t *Tenant) error {
		plain, err := t.OpenJSON(c.Context, p)
		if err == nil {
			c.Context = plain
		}
		return err
	}), func() { c.Context = json.RawMessage(`{}`) })
}

// Conversations opens what conversations' rows show.
func (k *Keyring) Conversations(ctx context.Context, all []chat.Conversation) error {
	for i := range all {
		if err := k.Conversation(ctx, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

// Visitor opens a visitor's row.
func (k *Keyring) Visitor(ctx context.Context, v *chat.Visitor) error {
	if k == nil {
		return nil
	}
	p := OfVisitor("*", v.ID)
	kept := *v
	err := k.Opening(ctx, v.Tenant, func(t *Tenant) error {
		*v = kept
		return t.OpenVisitor(v)
	})
	if err != nil && isLost(err) {
		k.Lost(v.Tenant, &p, err)
	}
	return forPeople(err)
}

// Upload opens a file's name.
func (k *Keyring) Upload(ctx context.Context, u *chat.Upload) error {
	return k.text(ctx, u.Tenant, &u.Name, OfUpload(u.ID))
}

// Uploads opens files' names.
func (k *Keyring) Uploads(ctx context.Context, all []chat.Upload) error {
	for i := range all {
		if err := k.Upload(ctx, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

// Attempt is an attempt to deliver something as its row keeps it.
func (t *Tenant) Attempt(id chat.DeliveryID, a chat.DeliveryAttempt) chat.DeliveryAttempt {
	a.URL = t.Text(a.URL, OfAttempt("url", id, a.Attempt))
	a.Answer = t.Text(a.Answer, OfAttempt("answer", id, a.Attempt))
	a.Error = t.Text(a.Error, OfAttempt("error", id, a.Attempt))
	return a
}

// Delivery opens what a delivery's rows hold.
func (k *Keyring) Delivery(ctx context.Context, d *chat.Delivery) error {
	tenant := d.Event.Tenant
	if d.Event.Message != nil {
		if err := k.shown(ctx, d.Event.Message); err != nil {
			return err
		}
	}
	data := string(d.Event.Data)
	if err := k.text(ctx, tenant, &data, OfEventData(d.Event.Sequence)); err != nil {
		return err
	}
	if d.Event.Data != nil {
		d.Event.Data = json.RawMessage(data)
		if data == "" {
			d.Event.Data = Unreadable
		}
	}
	for i := range d.Attempts {
		a := &d.Attempts[i]
		for column, value := range map[string]*string{"url": &a.URL, "answer": &a.Answer, "error": &a.Error} {
			if err := k.text(ctx, tenant, value, OfAttempt(column, d.ID, a.Attempt)); err != nil {
				return err
			}
		}
	}
	return nil
}

// OpenPerson opens a visitor's row as the staff sees it.
func (t *Tenant) OpenPerson(p *chat.Person) error {
	err := t.OpenVisitor(&p.Visitor)
	var one error
	p.Phone, one = t.OpenText(p.Phone, OfVisitor("phone", p.ID))
	return first(err, "phone", one)
}

// Person opens a visitor's row as the staff sees it.
func (k *Keyring) Person(ctx context.Context, p *chat.Person) error {
	if k == nil {
		return nil
	}
	place, kept := OfVisitor("*", p.ID), *p
	err := k.Opening(ctx, p.Tenant, func(t *Tenant) error {
		*p = kept
		return t.OpenPerson(p)
	})
	if err != nil && isLost(err) {
		k.Lost(p.Tenant, &place, err)
	}
	return forPeople(err)
}

// Persons opens visitors' rows. What can't be opened of one is empty and stops nobody.
func (k *Keyring) Persons(ctx context.Context, all []chat.Person) error {
	for i := range all {
		if err := k.Person(ctx, &all[i]); err != nil && !isLost(err) && chat.CodeOf(err) != chat.NotFound {
			return err
		}
	}
	return nil
}

// Visitors opens visitors' rows. What can't be opened of one is empty and stops nobody.
func (k *Keyring) Visitors(ctx context.Context, all []chat.Visitor) error {
	for i := range all {
		if err := k.Visitor(ctx, &all[i]); err != nil && !isLost(err) && chat.CodeOf(err) != chat.NotFound {
			return err
		}
	}
	return nil
}

// Shown opens what is shown of messages.
func (k *Keyring) Shown(ctx context.Context, all []chat.ShownMessage) error {
	for i := range all {
		if err := k.shown(ctx, &all[i].Message); err != nil {
			return err
		}
	}
	return nil
}

// OfStep is the place of what a step of a visitor's trail tells.
func OfStep(id chat.StepID) Place { return Place{Column: "trail.data", Row: id} }

// OfOffline is the place of a column of what was left while nobody was there.
func OfOffline(column string, id chat.OfflineID) Place {
	return Place{Column: "offline_messages." + column, Row: id}
}

// OfMail is the place of a column of a mail: its recipient, or what became of it, which may name that.
func OfMail(column string, id chat.MailID) Place { return Place{Column: "mails." + column, Row: id} }

// Step opens a step of a trail.
func (k *Keyring) Step(ctx context.Context, st *chat.Step) error {
	data := string(st.Data)
	err := k.text(ctx, st.Tenant, &data, OfStep(st.ID))
	if st.Data = []byte(data); data == "" {
		st.Data = []byte("{}")
	}
	return err
}

// Offline opens what was left while nobody was there.
func (k *Keyring) Offline(ctx context.Context, o *chat.OfflineMessage) error {
	m := chat.Message{ID: o.Message, Tenant: o.Tenant, Conversation: o.Conversation, Body: o.Body}
	if err := k.shown(ctx, &m); err != nil {
		return err
	}
	o.Body = m.Body
	if err := k.text(ctx, o.Tenant, &o.Name, OfOffline("name", o.ID)); err != nil {
		return err
	}
	return k.text(ctx, o.Tenant, &o.Email, OfOffline("email", o.ID))
}

// Mails opens mails' recipients and errors.
func (k *Keyring) Mails(ctx context.Context, all []chat.Mail) error {
	for i := range all {
		m := &all[i]
		if err := k.text(ctx, m.Tenant, &m.To, OfMail("recipient", m.ID)); err != nil {
			return err
		}
		if err := k.text(ctx, m.Tenant, &m.Error, OfMail("error", m.ID)); err != nil {
			return err
		}
	}
	return nil
}
