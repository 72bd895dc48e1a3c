package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uniqchat/uniqchat/chat"
)

// told is what an event of this transaction writes into a row that need not be there yet.
type told struct {
	key chat.Key
	seq chat.Seq
	*chat.Fields
}

// saveFields writes what events told of conversations, in their order, once their rows are there.
func (w *writer) saveFields(ctx context.Context) error {
	for i := range w.told {
		if err := w.saveTold(ctx, &w.told[i]); err != nil {
			return fmt.Errorf("save fields: %w", err)
		}
	}
	return nil
}

func (w *writer) saveTold(ctx context.Context, t *told) error {
	var labels, priority, document, score, comment any
	if t.Labels != nil {
		b, err := json.Marshal(t.Labels)
		if err != nil {
			return err
		}
		labels = string(b)
	}
	if t.Priority != nil {
		priority = int64(*t.Priority)
	}
	if t.Context != nil {
		document = string(t.Context)
	}
	if t.Rating != nil {
		score, comment = int64(t.Rating.Score), t.Rating.Comment
	}
	tenant, conv := t.key.Tenant[:], t.key.Conversation[:]
	if _, err := w.stmts.fields.ExecContext(ctx, labels, priority, document, score, comment, int64(t.seq), tenant, conv); err != nil || t.Labels == nil {
		return err
	}
	if _, err := w.stmts.unlabel.ExecContext(ctx, tenant, conv); err != nil {
		return err
	}
	for _, l := range t.Labels {
		if _, err := w.stmts.label.ExecContext(ctx, tenant, l[:], conv); err != nil {
			return err
		}
	}
	return nil
}
