package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// SQLiteIndex asks FTS5.
type SQLiteIndex struct{}

var marks = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// TenantMark is what stands in front of a tenant's tokens. Two tenants may have the same.
func TenantMark(t chat.TenantID) string { return marks.EncodeToString(t[11:]) }

// ConversationMark is a token of every message of a conversation. Two conversations may have the same.
func ConversationMark(c chat.ConversationID) string { return marks.EncodeToString(c[6:]) }

// match is terms in FTS5's language. Tokens are letters and digits: there is nothing to escape.
func match(tenant chat.TenantID, terms []text.Term) string {
	mark := TenantMark(tenant)
	var b strings.Builder
	for _, t := range terms {
		b.WriteString(`"` + mark + t.Text + `"`)
		if t.Prefix {
			b.WriteString("*")
		}
		b.WriteString(" ")
	}
	return b.String()
}

const selectHits = `SELECT d.conv, d.seq, d.doc FROM search JOIN search_docs d ON d.doc = search.rowid
	WHERE search MATCH $1 AND search.rowid < $2 AND d.tenant = $3 `

// Newest implements Index. No two messages have one Doc here.
func (SQLiteIndex) Newest(ctx context.Context, q Querier, tenant chat.TenantID, terms []text.Term, before Hit, most int) ([]Hit, error) {
	rows, err := q.QueryContext(ctx, selectHits+`ORDER BY search.rowid DESC LIMIT $4`, match(tenant, terms), before.Doc, tenant, most)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanHit)
}

// Among implements Index.
func (SQLiteIndex) Among(ctx context.Context, q Querier, tenant chat.TenantID, terms []text.Term, convs []chat.ConversationID) (out []Hit, err error) {
	asked := match(tenant, terms)
	for _, c := range convs {
		rows, err := q.QueryContext(ctx, selectHits+`AND d.conv = $4 ORDER BY search.rowid DESC LIMIT 1`,
			asked+`"`+ConversationMark(c)+`"`, int64(math.MaxInt64), tenant, c)
		if err != nil {
			return nil, err
		}
		hits, err := collect(rows, scanHit)
		if err != nil {
			return nil, err
		}
		out = append(out, hits...)
	}
	return out, nil
}

// Messages implements Index.
func (SQLiteIndex) Messages(ctx context.Context, q Querier, tenant chat.TenantID, hits []Hit) ([]chat.Message, error) {
	out := make([]chat.Message, 0, len(hits))
	for _, h := range hits {
		m, err := scanMessage(q.QueryRowContext(ctx, selectShown+` FROM messages m`+withRevision+`WHERE m.tenant = $1 AND m.conv = $2 AND m.seq = $3`,
			tenant, h.Conversation, h.Seq).Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// Tokens is what a message is found by: a text.Bag, or that sealed.
type Tokens interface {
	Len() int
	At(i int) []byte
}

// WriteMarked writes tokens as they are indexed for a message of a conversation.
func WriteMarked(b *bytes.Buffer, tenant chat.TenantID, conv chat.ConversationID, bag Tokens) {
	mark := TenantMark(tenant)
	b.WriteString(ConversationMark(conv))
	for i := range bag.Len() {
		b.WriteByte(' ')
		b.WriteString(mark)
		b.Write(bag.At(i))
	}
}

// Farthest is how far from its own place a message may stand in the index, because others had that.
const Farthest = 1 << 16

// eraseStep is how many messages are taken out of the index at once.
const eraseStep = 500

// Erase implements Index. FTS5 keeps no text: it must be told what was there.
func (SQLiteIndex) Erase(ctx context.Context, q Querier, keys *seal.Tenant, tenant chat.TenantID, convs []chat.ConversationID) error {
	for _, conv := range convs {
		for after := chat.Seq(0); ; {
			rows, err := q.QueryContext(ctx, selectShown+` FROM messages m`+withRevision+`WHERE m.tenant = $1 AND m.conv = $2 AND m.seq > $3
				AND m.kind <> 5 ORDER BY m.seq LIMIT $4`, tenant, conv, after, eraseStep)
			if err != nil {
				return err
			}
			page, err := collect(rows, scanMessage)
			if err != nil {
				return err
			}
			for i := range page {
				if err := eraseWords(ctx, q, keys, &page[i]); err != nil {
					return fmt.Errorf("erase from the index: %w", err)
				}
			}
			if len(page) < eraseStep {
				break
			}
			after = page[len(page)-1].Seq
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM search_backlog WHERE tenant = $1 AND conv = $2`, tenant, conv); err != nil {
			return err
		}
	}
	return nil
}

// eraseWords takes one message out of the index, if it is there.
func eraseWords(ctx context.Context, q Querier, keys *seal.Tenant, m *chat.Message) error {
	from := Doc(m.Time, m.Conversation, m.Seq)
	var doc int64
	err := q.QueryRowContext(ctx, `DELETE FROM search_docs WHERE doc = (SELECT doc FROM search_docs WHERE doc BETWEEN $1 AND $2
		AND tenant = $3 AND conv = $4 AND seq = $5 ORDER BY doc LIMIT 1) RETURNING doc`,
		from, from+Farthest, m.Tenant, m.Conversation, int64(m.Seq)).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	body, err := keys.OpenBody(m.Body, seal.OfMessage(m))
	if err != nil { // nobody knows what there was; without its place it is not found
		return nil //nolint:nilerr // said above
	}
	var bag text.Bag
	var b bytes.Buffer
	bag.Fill(chat.Said(nil, m.Kind, body)...)
	var tokens Tokens = &bag
	if _, sealed := seal.KeyOf(string(m.Body)); sealed {
		var sums seal.Tokens
		sums.Fill(keys, &bag)
		tokens = &sums
	}
	WriteMarked(&b, m.Tenant, m.Conversation, tokens)
	_, err = q.ExecContext(ctx, `INSERT INTO search (search, rowid, words) VALUES ('delete', $1, $2)`, doc, b.String())
	return err
}

// EraseVisitor implements Index.
func (SQLiteIndex) EraseVisitor(context.Context, Querier, *seal.Tenant, chat.TenantID, chat.VisitorID) error {
	return nil
}
