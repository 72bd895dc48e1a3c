package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

const tracesPath = "/api/v1/ai/traces"

// AITraceEntry is what became of a question, in one line.
type AITraceEntry struct {
	ID             string    `json:"id" format:"uuid"`
	ConversationID *string   `json:"conversation_id" nullable:"true" format:"uuid" doc:"null: staff or a program asked, about no conversation."`
	MessageID      *string   `json:"message_id" nullable:"true" format:"uuid" doc:"The visitor's question; null likewise."`
	At             time.Time `json:"at"`
	Outcome        string    `json:"outcome" doc:"One word: answer, clarify, handoff, silence, or what else came of it."`
}

// AITrace is how an outcome came about.
type AITrace struct {
	AITraceEntry
	Trace json.RawMessage `json:"trace" doc:"A JSON object: question, language, steps with their times and reasons, intent, context, chunks, evidence, and router with each engine's answer, time, cost, features and verdict. docs/ai.md tells its members; more may come."`
}

func showTraceEntry(t *chat.AITrace) AITraceEntry {
	return AITraceEntry{t.ID.String(), idOrNull(t.Conversation), idOrNull(t.Message), t.At.UTC(), t.Outcome}
}

type listTracesInput struct {
	Conversation string `query:"conversation" doc:"A conversation's id. Without it, those of conversations that the caller may read: a page may have fewer than limit, and next_cursor goes on."`
	Outcome      string `query:"outcome" maxLength:"40" doc:"Only those with this outcome."`
	Cursor       string `query:"cursor" maxLength:"500"`
	Limit        int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *API) listTraces(ctx context.Context, c *call, in *listTracesInput) (*answer[List[AITraceEntry]], error) {
	f := chat.AITraceFilter{Outcome: in.Outcome, Cursor: in.Cursor, Limit: in.Limit}
	var err error
	if f.Conversation, err = optionalID[chat.Conversation]("conversation", in.Conversation); err != nil {
		return nil, err
	}
	if !f.Conversation.IsZero() {
		if _, err := a.cfg.Desk.Conversation(ctx, c.actor(), f.Conversation); err != nil {
			return nil, err
		}
	}
	page, next, err := a.cfg.Store.AITraces(ctx, c.actor().Tenant, f)
	if err != nil {
		return nil, err
	}
	out := List[AITraceEntry]{Data: make([]AITraceEntry, 0, len(page)), NextCursor: orNull(next)}
	may := map[chat.ConversationID]bool{{}: true, f.Conversation: true}
	for i := range page {
		conv := page[i].Conversation
		if _, asked := may[conv]; !asked && c.actor().ReadsAll() {
			may[conv] = true
		} else if !asked {
			_, err := a.cfg.Desk.Conversation(ctx, c.actor(), conv)
			if may[conv] = err == nil; err != nil && chat.CodeOf(err) != chat.NotFound && chat.CodeOf(err) != chat.Forbidden {
				return nil, err
			}
		}
		if may[conv] {
			out.Data = append(out.Data, showTraceEntry(&page[i]))
		}
	}
	return ok(out)
}

func (a *API) getTrace(ctx context.Context, c *call, in *Target) (*answer[AITrace], error) {
	id, err := pathID[chat.AITrace](in.ID)
	if err != nil {
		return nil, err
	}
	t, err := a.cfg.Store.AITrace(ctx, c.actor().Tenant, id)
	if err != nil {
		return nil, err
	}
	if !t.Conversation.IsZero() {
		if _, err := a.cfg.Desk.Conversation(ctx, c.actor(), t.Conversation); err != nil {
			if chat.CodeOf(err) == chat.NotFound { // as if there were none
				err = chat.Errorf(chat.NotFound, "there is no such trace")
			}
			return nil, err
		}
	}
	return ok(AITrace{showTraceEntry(&t), t.Body})
}
