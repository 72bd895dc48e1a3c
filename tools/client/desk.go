package main

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"strings"

	"github.com/uniqchat/uniqchat/tools/client/api"
)

// deskSteps are what is done with a conversation.
var deskSteps = []step{
	{"a file is sent up, named by a message, and comes down again", (*flow).sendFile},
	{"a label is made and put on", (*flow).label},
	{"it is closed, rated and written down", (*flow).finish},
}

func (f *flow) sendFile() error {
	const content = "the invoice\n"
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "invoice.txt")
	if err != nil {
		return err
	}
	if _, err := part.Write([]byte(content)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	up, err := f.visitor.UploadFileWithBodyWithResponse(f.ctx, w.FormDataContentType(), &form)
	if err := want(up, err, 201, &up.JSON201); err != nil {
		return err
	}
	u := up.JSON201
	got, err := f.visitor.SendMessageWithResponse(f.ctx, f.conv, nil, api.SendInputBody{
		Cmid: newID().String(), Kind: ptr(api.SendInputBodyKindFile), Body: map[string]any{"url": u.Url, "name": u.Name, "size": u.Size, "mime": u.Mime},
	})
	if err := want(got, err, 201, &got.JSON201); err != nil {
		return err
	}
	down, err := f.alice.GetUploadWithResponse(f.ctx, u.Id)
	if err := want[struct{}](down, err, 200, nil); err != nil {
		return err
	}
	if string(down.Body) != content {
		return fmt.Errorf("the file is %q", down.Body)
	}
	return nil
}

func (f *flow) label() error {
	name := "label-" + newID().String()[:8]
	made, err := f.admin.CreateLabelWithResponse(f.ctx, nil, api.Label{Name: name, Color: ptr("#16a34a")})
	if err := want(made, err, 201, &made.JSON201); err != nil {
		return err
	}
	changed, err := f.admin.UpdateLabelWithResponse(f.ctx, made.JSON201.Id, api.PatchLabel{Description: ptr("of a test"), Version: ptr(int64(1))})
	if err := want(changed, err, 200, &changed.JSON200); err != nil {
		return err
	}
	if changed.JSON200.Version != 2 || changed.JSON200.Color == nil || *changed.JSON200.Color != "#16a34a" {
		return fmt.Errorf("the label is %s", changed.Body)
	}
	put, err := f.alice.LabelConversationWithResponse(f.ctx, f.conv, nil, api.LabelInputBody{Add: &[]string{name}})
	if err := want(put, err, 200, &put.JSON200); err != nil {
		return err
	}
	if len(put.JSON200.Labels) != 1 || put.JSON200.Labels[0] != name {
		return fmt.Errorf("the conversation is %s", put.Body)
	}
	return nil
}

func (f *flow) finish() error {
	closed, err := f.alice.CloseConversationWithResponse(f.ctx, f.conv, nil)
	if err := want(closed, err, 200, &closed.JSON200); err != nil {
		return err
	}
	if closed.JSON200.Status != api.ConversationStatusClosed || closed.JSON200.ClosedAt == nil {
		return fmt.Errorf("the conversation is %s", closed.Body)
	}
	rated, err := f.visitor.RateConversationWithResponse(f.ctx, f.conv, nil, api.RateInputBody{Rating: 5, Comment: ptr("Quick and kind.")})
	if err := want(rated, err, 200, &rated.JSON200); err != nil {
		return err
	}
	got, err := f.bob.GetConversationWithResponse(f.ctx, f.conv)
	if err := want(got, err, 200, &got.JSON200); err != nil {
		return err
	}
	if c := got.JSON200; c.Rating == nil || *c.Rating != 5 || c.RatingComment == nil {
		return fmt.Errorf("the conversation is %s", got.Body)
	}
	script, err := f.visitor.GetTranscriptWithResponse(f.ctx, f.conv)
	if err := want[struct{}](script, err, 200, nil); err != nil {
		return err
	}
	if s := string(script.Body); !strings.Contains(s, "It comes today.") || strings.Contains(s, "carrier") {
		return fmt.Errorf("the transcript is %q", s)
	}
	return nil
}
