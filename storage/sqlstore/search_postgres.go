package sqlstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// PostgresIndex asks the functions of the schema, which look only at the tenant of the transaction.
type PostgresIndex struct{}

// asked is terms as the functions take them.
func asked(terms []text.Term) []string {
	out := make([]string, len(terms))
	for i, t := range terms {
		out[i] = t.Text
		if t.Prefix {
			out[i] += "*"
		}
	}
	return out
}

func scanHit(scan row) (h Hit, err error) {
	err = scan(&h.Conversation, &h.Seq, &h.Doc)
	return h, err
}

// Newest implements Index.
func (PostgresIndex) Newest(ctx context.Context, q Querier, _ chat.TenantID, terms []text.Term, before Hit, most int) ([]Hit, error) {
	rows, err := q.QueryContext(ctx, `SELECT conv, seq, doc FROM search_newest($1, $2, $3, $4)`, asked(terms), before.Doc, before.Conversation[:], most)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanHit)
}

// Among implements Index.
func (PostgresIndex) Among(ctx context.Context, q Querier, _ chat.TenantID, terms []text.Term, convs []chat.ConversationID) ([]Hit, error) {
	ids := make([][]byte, len(convs))
	for i := range convs {
		ids[i] = convs[i][:]
	}
	rows, err := q.QueryContext(ctx, `SELECT conv, seq, doc FROM search_among($1, $2)`, asked(terms), ids)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanHit)
}

// Messages implements Index.
func (PostgresIndex) Messages(ctx context.Context, q Querier, tenant chat.TenantID, hits []Hit) ([]chat.Message, error) {
	convs, seqs := make([][]byte, len(hits)), make([]int64, len(hits))
	for i := range hits {
		convs[i], seqs[i] = hits[i].Conversation[:], int64(hits[i].Seq)
	}
	rows, err := q.QueryContext(ctx, selectShown+` FROM unnest($2::bytea[], $3::bigint[]) AS k(conv, seq)
		JOIN messages m ON m.tenant = $1 AND m.conv = k.conv AND m.seq = k.seq`+withRevision, tenant, convs, seqs)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanMessage)
}

// IndexerLock is the name of the advisory lock of whoever fills the index: "uniqsrch" as a number.
const IndexerLock = 0x756e697173726368

// Erase implements Index. The scope must be the system's. Until the end of the transaction nothing is indexed: what was read before it
// is there to be deleted, what is read after it says what the transaction wrote.
func (PostgresIndex) Erase(ctx context.Context, q Querier, _ *seal.Tenant, tenant chat.TenantID, convs []chat.ConversationID) error {
	if _, err := q.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, int64(IndexerLock)); err != nil {
		return fmt.Errorf("keep the index still: %w", err)
	}
	ids := make([][]byte, len(convs))
	for i := range convs {
		ids[i] = convs[i][:]
	}
	for _, table := range []string{"search", "search_backlog", "dead_letter"} {
		if _, err := q.ExecContext(ctx, `DELETE FROM `+table+` WHERE tenant = $1 AND conv = ANY($2)`, tenant, ids); err != nil {
			return fmt.Errorf("erase from %s: %w", table, err)
		}
	}
	return nil
}

// EraseVisitor implements Index. The scope must be the system's.
func (PostgresIndex) EraseVisitor(ctx context.Context, q Querier, keys *seal.Tenant, tenant chat.TenantID, visitor chat.VisitorID) error {
	if keys != nil {
		if err := eraseSealedDead(ctx, q, keys, tenant, visitor); err != nil {
			return err
		}
	}
	_, err := q.ExecContext(ctx, `DELETE FROM dead_letter WHERE tenant = $1 AND what = 'visitor' AND position(convert_to($2, 'UTF8') IN payload) > 0`,
		tenant, visitor.String())
	return err
}

// eraseSealedDead removes a visitor's dead letters that must be opened to be told.
func eraseSealedDead(ctx context.Context, q Querier, keys *seal.Tenant, tenant chat.TenantID, visitor chat.VisitorID) error {
	type letter struct {
		id, seq int64
		payload []byte
	}
	rows, err := q.QueryContext(ctx, `SELECT id, seq, payload FROM dead_letter WHERE tenant = $1 AND what = 'visitor'`, tenant)
	if err != nil {
		return err
	}
	letters, err := collect(rows, func(scan row) (l letter, err error) {
		err = scan(&l.id, &l.seq, &l.payload)
		return l, err
	})
	if err != nil {
		return err
	}
	for _, l := range letters {
		plain, err := keys.Open(l.payload, seal.OfDead(chat.ConversationID{}, chat.Seq(l.seq)))
		if err != nil || !bytes.Contains(plain, []byte(visitor.String())) {
			continue
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM dead_letter WHERE id = $1`, l.id); err != nil {
			return err
		}
	}
	return nil
}
