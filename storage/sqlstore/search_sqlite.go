package sqlstore

import (
	"context"
	"encoding/base32"
	"math"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
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
