package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
)

// farOff is how far from its own place a message may stand in the index, because others had that.
const farOff = 1 << 16

// Unindex implements Index. FTS5 keeps no text: it must be told what was there.
func (SQLiteIndex) Unindex(ctx context.Context, q Querier, page []chat.Message) error {
	var bag text.Bag
	var words bytes.Buffer
	for i := range page {
		m := &page[i]
		if m.Kind == chat.KindSystem {
			continue
		}
		from := Doc(m.Time, m.Conversation, m.Seq)
		var doc int64
		err := q.QueryRowContext(ctx, `DELETE FROM search_docs WHERE doc = (SELECT doc FROM search_docs WHERE doc BETWEEN $1 AND $2
			AND tenant = $3 AND conv = $4 AND seq = $5 ORDER BY doc LIMIT 1) RETURNING doc`,
			from, from+farOff, m.Tenant, m.Conversation, int64(m.Seq)).Scan(&doc)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		bag.Fill(chat.Said(nil, m.Kind, m.Body)...)
		words.Reset()
		words.WriteString(ConversationMark(m.Conversation))
		for j := range bag.Len() {
			words.WriteString(" " + TenantMark(m.Tenant))
			words.Write(bag.At(j))
		}
		if _, err := q.ExecContext(ctx, `INSERT INTO search (search, rowid, words) VALUES ('delete', $1, $2)`, doc, words.String()); err != nil {
			return err
		}
	}
	return nil
}
