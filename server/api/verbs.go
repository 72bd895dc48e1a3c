package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

type updateConversationInput struct {
	Target
	Body struct {
		Priority *int            `json:"priority,omitempty" minimum:"-100" maximum:"100" doc:"Higher is routed first; 0 to begin with."`
		Context  json.RawMessage `json:"context,omitempty" doc:"A merge patch (RFC 7396) of the context: null takes a member away. The whole may have 16 KiB."`
		Version  uint64          `json:"version,omitempty" doc:"The version that the caller has seen: 409 if it is another by now."`
	}
}

func (a *API) updateConversation(ctx context.Context, c *call, in *updateConversationInput) (*answer[Conversation], error) {
	u := chat.Update{Version: in.Body.Version, Priority: in.Body.Priority}
	if len(in.Body.Context) > 0 {
		patch, err := jsonBody(in.Body.Context)
		if err != nil {
			return nil, err
		}
		u.Context = patch
	}
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error { return a.cfg.Desk.Update(ctx, c.actor(), id, u) })
}

type snoozeInput struct {
	Target
	Body struct {
		Until *time.Time `json:"until,omitempty" nullable:"true" doc:"When it wakes by itself; without it, when its visitor writes."`
	}
}

func (a *API) snooze(ctx context.Context, c *call, in *snoozeInput) (*answer[Conversation], error) {
	var until time.Time
	if in.Body.Until != nil {
		if until = *in.Body.Until; until.IsZero() {
			return nil, chat.Errorf(chat.Malformed, "until: is no time")
		}
	}
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error { return a.cfg.Desk.Snooze(ctx, c.actor(), id, until) })
}

type labelInput struct {
	Target
	Body struct {
		Labels *[]string `json:"labels,omitempty" maxItems:"50" doc:"All the labels that it is to have, by name or id."`
		Add    []string  `json:"add,omitempty" maxItems:"50" doc:"Labels to add to those that there are."`
		Remove []string  `json:"remove,omitempty" maxItems:"50" doc:"Labels to take away."`
	}
}

func (a *API) label(ctx context.Context, c *call, in *labelInput) (*answer[Conversation], error) {
	b := &in.Body
	if b.Labels == nil && len(b.Add) == 0 && len(b.Remove) == 0 {
		return nil, chat.Errorf(chat.Malformed, "labels, add or remove is needed")
	}
	change := chat.LabelChange{Set: b.Labels, Add: b.Add, Remove: b.Remove}
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error { return a.cfg.Desk.Label(ctx, c.actor(), id, change) })
}

type handoffInput struct {
	Target
	Body struct {
		To string `json:"to" enum:"human,bot"`
	}
}

func (a *API) handoff(ctx context.Context, c *call, in *handoffInput) (*answer[Conversation], error) {
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error {
		if err := a.admitSend(c.actor(), 0); err != nil {
			return err
		}
		return a.cfg.Desk.Handoff(ctx, c.actor(), id, in.Body.To)
	})
}

type rateInput struct {
	Target
	Body struct {
		Rating  int    `json:"rating" minimum:"1" maximum:"5"`
		Comment string `json:"comment,omitempty" maxLength:"1000"`
	}
}

func (a *API) rate(ctx context.Context, c *call, in *rateInput) (*answer[Conversation], error) {
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error {
		if err := a.admitSend(c.actor(), 0); err != nil {
			return err
		}
		return a.cfg.Desk.Rate(ctx, c.actor(), id, chat.Rating{Score: in.Body.Rating, Comment: in.Body.Comment})
	})
}
