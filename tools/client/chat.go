package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/uniqchat/uniqchat/tools/client/api"
)

// chatSteps is a visitor who writes, and an agent who answers.
var chatSteps = []step{
	{"a visitor opens a session", (*flow).openSession},
	{"the visitor's first message begins a conversation; sent again it is the same", (*flow).firstMessage},
	{"agents log in", (*flow).logIn},
	{"the conversation is in the queue", (*flow).listQueue},
	{"the faster one gets it", (*flow).accept},
	{"the agent answers, and notes what the visitor doesn't see", (*flow).reply},
	{"the visitor reads", (*flow).read},
}

func (f *flow) openSession() error {
	nobody, err := f.as("")
	if err != nil {
		return err
	}
	got, err := nobody.OpenWidgetSessionWithResponse(f.ctx, api.SessionInputBody{
		SiteKey: "demo", Name: ptr("Mei"), Locale: ptr("en"), Attributes: &map[string]any{"plan": "gold"},
	})
	if err := want(got, err, 201, &got.JSON201); err != nil {
		return err
	}
	s := got.JSON201
	if s.Visitor.Name == nil || *s.Visitor.Name != "Mei" || s.ConversationId != nil || s.WsUrl == "" || s.Config.Triggers == nil {
		return fmt.Errorf("the session is %s", got.Body)
	}
	f.visitor, err = f.as(s.Token)
	return err
}

func (f *flow) firstMessage() error {
	f.conv = newID()
	body := api.SendInputBody{Cmid: newID().String(), Body: text("Where is my parcel?")}
	got, err := f.visitor.SendMessageWithResponse(f.ctx, f.conv, nil, body)
	if err := want(got, err, 201, &got.JSON201); err != nil {
		return err
	}
	first := got.JSON201
	if got, err = f.visitor.SendMessageWithResponse(f.ctx, f.conv, nil, body); err != nil {
		return err
	}
	if err := want(got, err, 200, &got.JSON200); err != nil {
		return err
	}
	if first.Dup || !got.JSON200.Dup || got.JSON200.Seq != first.Seq || got.JSON200.Mid != first.Mid || first.Kind != api.SentMessageKindText {
		return fmt.Errorf("sent again it is %s", got.Body)
	}
	body.Body = text("Where is my other parcel?")
	if got, err = f.visitor.SendMessageWithResponse(f.ctx, f.conv, nil, body); err != nil {
		return err
	}
	_, err = wantProblem(got, err, 409, "cmid_conflict")
	return err
}

func (f *flow) logIn() error {
	nobody, err := f.as("")
	if err != nil {
		return err
	}
	wrong, err := nobody.LoginWithResponse(f.ctx, api.LoginInputBody{Email: "alice@demo.test", Password: "not hers at all"})
	if _, err := wantProblem(wrong, err, 401, "wrong_password"); err != nil {
		return err
	}
	for email, client := range map[string]**api.ClientWithResponses{"alice@demo.test": &f.alice, "bob@demo.test": &f.bob, "admin@demo.test": &f.admin} {
		got, err := nobody.LoginWithResponse(f.ctx, api.LoginInputBody{Email: email, Password: os.Getenv("UNIQCHAT_DEMO_PASSWORD")})
		if err := want(got, err, 200, &got.JSON200); err != nil {
			return err
		}
		again, err := nobody.RefreshWithResponse(f.ctx, api.RefreshInputBody{RefreshToken: got.JSON200.RefreshToken})
		if err := want(again, err, 200, &again.JSON200); err != nil {
			return err
		}
		if again.JSON200.Agent.Email != email || again.JSON200.ExpiresIn <= 0 {
			return fmt.Errorf("the log-in is %s", again.Body)
		}
		if *client, err = f.as(again.JSON200.AccessToken); err != nil {
			return err
		}
		if client == &f.alice {
			f.aliceID = again.JSON200.Agent.Id
		}
	}
	return nil
}

func (f *flow) listQueue() error {
	got, err := f.alice.ListConversationsWithResponse(f.ctx, &api.ListConversationsParams{Status: ptr("queued,open"), Limit: ptr(int64(10))})
	if err := want(got, err, 200, &got.JSON200); err != nil {
		return err
	}
	for _, c := range got.JSON200.Data {
		if c.Id == f.conv {
			if c.LastMessage == nil || c.VisitorName != "Mei" || c.Unread != 1 {
				return fmt.Errorf("the conversation is %s", got.Body)
			}
			person, err := f.alice.GetVisitorWithResponse(f.ctx, c.VisitorId)
			if err := want(person, err, 200, &person.JSON200); err != nil {
				return err
			}
			if person.JSON200.Attributes["plan"] != "gold" {
				return fmt.Errorf("the visitor is %s", person.Body)
			}
			return nil
		}
	}
	return fmt.Errorf("the conversation is not in %s", got.Body)
}

func (f *flow) accept() error {
	// Routing may have given it to somebody: an agent takes it all the same, as a supervisor would.
	assigned, err := f.admin.AssignConversationWithResponse(f.ctx, f.conv, nil, api.AssignInputBody{})
	if err := want(assigned, err, 200, &assigned.JSON200); err != nil {
		return err
	}
	got, err := f.alice.AcceptConversationWithResponse(f.ctx, f.conv, nil)
	if err := want(got, err, 200, &got.JSON200); err != nil {
		return err
	}
	if c := got.JSON200; c.Status != api.ConversationStatusOpen || c.AssigneeId == nil || *c.AssigneeId != f.aliceID {
		return fmt.Errorf("the conversation is %s", got.Body)
	}
	late, err := f.bob.AcceptConversationWithResponse(f.ctx, f.conv, nil)
	p, err := wantProblem(late, err, 409, "already_assigned")
	if err == nil && (p.AssigneeId == nil || *p.AssigneeId != f.aliceID.String()) {
		err = fmt.Errorf("the problem is %s", late.Body)
	}
	return err
}

func (f *flow) reply() error {
	got, err := f.alice.SendMessageWithResponse(f.ctx, f.conv, nil, api.SendInputBody{Cmid: newID().String(), Body: text("It comes tomorrow.")})
	if err := want(got, err, 201, &got.JSON201); err != nil {
		return err
	}
	edited, err := f.alice.EditMessageWithResponse(f.ctx, f.conv, got.JSON201.Mid, api.EditInputBody{Body: text("It comes today.")})
	if err := want(edited, err, 200, &edited.JSON200); err != nil {
		return err
	}
	note, err := f.alice.AddNoteWithResponse(f.ctx, f.conv, nil, api.NoteInputBody{Text: "called the carrier"})
	return want(note, err, 201, &note.JSON201)
}

func (f *flow) read() error {
	got, err := f.visitor.ListMessagesWithResponse(f.ctx, f.conv, &api.ListMessagesParams{Limit: ptr(int64(50))})
	if err := want(got, err, 200, &got.JSON200); err != nil {
		return err
	}
	said, changed := []any{}, any(nil)
	for _, m := range got.JSON200.Data {
		if m.Visibility == api.MessageVisibilityInternal {
			return errors.New("a visitor is shown what is internal")
		}
		if m.Kind == api.MessageKindText {
			said = append(said, m.Body["text"])
		}
		if m.Body["event"] == "message.updated" { // what was said stands as it was; the change is a message of its own
			changed = m.Body["body"].(map[string]any)["text"]
		}
		f.last = max(f.last, m.Seq)
	}
	if len(said) != 2 || said[0] != "Where is my parcel?" || said[1] != "It comes tomorrow." || changed != "It comes today." {
		return fmt.Errorf("said was %q, and changed to %q", said, changed)
	}
	mark, err := f.visitor.ReadConversationWithResponse(f.ctx, f.conv, nil, api.ReadInputBody{Seq: f.last})
	return want(mark, err, 200, &mark.JSON200)
}
