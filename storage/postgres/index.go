package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// bucketDocs is about how many messages a bucket holds: a common word makes a search read that many rows at most for a page.
// Smaller ones make the index larger.
const bucketDocs = 8192

// indexing is one transaction of an Indexer.
type indexing struct {
	ctx   context.Context // of the transaction
	tx    pgx.Tx
	full  int64
	most  int
	said  []said
	late  time.Duration // of the oldest entry that was taken
	bag   text.Bag
	texts []string
	keys  *seal.Keyring
	sums  seal.Tokens
}

// said is a message on its way into the index.
type said struct {
	key    chat.Key
	seq    int64
	doc    int64
	kind   chat.Kind
	tokens string // with spaces between
	bucket int32
}

// takeQueue takes the oldest entries of the queue and reads their messages. It returns how many messages they name.
func (w *indexing) takeQueue() (taken int, err error) {
	rows, err := w.tx.Query(w.ctx, `DELETE FROM search_queue WHERE id IN (SELECT id FROM (SELECT id, sum(cardinality(seqs)) OVER (ORDER BY id)
		- cardinality(seqs) AS before FROM (SELECT id, seqs FROM search_queue ORDER BY id LIMIT 256) q) x WHERE before < $1)
		RETURNING tenants, convs, seqs, (extract(epoch FROM clock_timestamp() - at) * 1000)::bigint`, w.most)
	if err != nil {
		return 0, fmt.Errorf("take from the queue: %w", err)
	}
	var tenants, convs [][]byte
	var seqs []int64
	var t, c [][]byte
	var s []int64
	var late int64
	_, err = pgx.ForEachRow(rows, []any{&t, &c, &s, &late}, func() error {
		w.late = max(w.late, time.Duration(late)*time.Millisecond)
		tenants, convs, seqs = append(tenants, t...), append(convs, c...), append(seqs, s...)
		return nil
	})
	if err != nil || len(seqs) == 0 {
		return 0, err
	}
	err = w.read(`SELECT m.tenant, m.conv, m.seq, m.id, m.kind, m.sent_at, `+shownBody+` FROM unnest($1::bytea[], $2::bytea[], $3::bigint[])
		AS k(tenant, conv, seq) JOIN messages m ON m.tenant = k.tenant AND m.conv = k.conv AND m.seq = k.seq`+withRevision, tenants, convs, seqs)
	w.once()
	return len(seqs), err
}

// What is indexed of a message is what is shown of it.
const (
	shownBody    = `CASE WHEN r.seq IS NULL THEN m.body ELSE COALESCE(r.body, '') END`
	withRevision = ` LEFT JOIN revisions r ON r.tenant = m.tenant AND r.conv = m.conv AND r.seq = m.seq`
)

// once leaves out what was queued more than once.
func (w *indexing) once() {
	type place struct {
		key chat.Key
		seq int64
	}
	seen := make(map[place]bool, len(w.said))
	w.said = slices.DeleteFunc(w.said, func(m said) bool {
		p := place{m.key, m.seq}
		again := seen[p]
		seen[p] = true
		return again
	})
}

// oldConversations and oldMessages are how many of the backlog one transaction takes, and how many messages of one conversation.
const (
	oldConversations = 100
	oldMessages      = 500
)

// takeBacklog reads messages of the oldest conversations of the backlog, in their order, and returns how many conversations.
// One with more messages stays, from there on.
func (w *indexing) takeBacklog() (taken int, err error) {
	rows, err := w.tx.Query(w.ctx, `SELECT tenant, conv, upto, after FROM search_backlog ORDER BY tenant, conv LIMIT $1`, oldConversations)
	if err != nil {
		return 0, fmt.Errorf("take from the backlog: %w", err)
	}
	type old struct {
		Tenant, Conv []byte
		Upto, After  int64
	}
	olds, err := pgx.CollectRows(rows, pgx.RowToStructByPos[old])
	if err != nil || len(olds) == 0 {
		return 0, err
	}
	tenants, convs := column(olds, func(o *old) []byte { return o.Tenant }), column(olds, func(o *old) []byte { return o.Conv })
	err = w.read(`SELECT k.tenant, k.conv, m.seq, m.id, m.kind, m.sent_at, `+shownBody+` FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[])
		AS k(tenant, conv, after, upto) CROSS JOIN LATERAL (SELECT tenant, conv, seq, id, kind, sent_at, body FROM messages m WHERE m.tenant = k.tenant
		AND m.conv = k.conv AND m.seq > k.after AND m.seq <= k.upto ORDER BY m.seq LIMIT $5) m`+withRevision+` ORDER BY k.tenant, k.conv, m.seq`,
		tenants, convs, column(olds, func(o *old) int64 { return o.After }), column(olds, func(o *old) int64 { return o.Upto }), oldMessages)
	if err != nil {
		return 0, err
	}
	many, last := make(map[chat.Key]int), make(map[chat.Key]int64)
	for i := range w.said {
		many[w.said[i].key]++
		last[w.said[i].key] = w.said[i].seq
	}
	batch := &pgx.Batch{}
	for i := range olds {
		key := chat.Key{Tenant: chat.TenantID(olds[i].Tenant), Conversation: chat.ConversationID(olds[i].Conv)}
		if many[key] < oldMessages {
			batch.Queue(`DELETE FROM search_backlog WHERE tenant = $1 AND conv = $2`, olds[i].Tenant, olds[i].Conv)
		} else {
			batch.Queue(`UPDATE search_backlog SET after = $3 WHERE tenant = $1 AND conv = $2`, olds[i].Tenant, olds[i].Conv, last[key])
		}
	}
	return len(olds), w.tx.SendBatch(w.ctx, batch).Close()
}

// read reads messages and cuts what they say. Bodies may be large: no two are held.
func (w *indexing) read(query string, args ...any) error {
	rows, err := w.tx.Query(w.ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	w.said, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m said, err error) {
		var kind int16
		var at int64
		var body pgtype.DriverBytes // valid until the next row
		var id chat.MessageID
		if err := row.Scan(&m.key.Tenant, &m.key.Conversation, &m.seq, &id, &kind, &at, &body); err != nil {
			return m, err
		}
		m.kind, m.doc = chat.Kind(kind), sqlstore.Doc(sqlstore.FromMicros(at), m.key.Conversation, chat.Seq(m.seq))
		m.tokens, err = w.tokens(&m, id, body)
		return m, err
	})
	if err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	return nil
}

// tokens is what a message with a body is found by, with spaces between.
func (w *indexing) tokens(m *said, id chat.MessageID, body []byte) (string, error) {
	keys, err := w.keys.Of(w.ctx, m.key.Tenant)
	if err != nil {
		return "", err
	}
	if keys != nil {
		one := []chat.Message{{ID: id, Tenant: m.key.Tenant, Conversation: m.key.Conversation, Body: body}}
		if err := w.keys.Messages(w.ctx, one); err != nil {
			return "", err
		}
		body = one[0].Body
	}
	w.texts = chat.Said(w.texts[:0], m.kind, body)
	w.bag.Fill(w.texts...)
	if !keys.Seals() {
		return w.bag.String(), nil
	}
	w.sums.Fill(keys, &w.bag)
	return w.sums.String(), nil
}

const insertWords = `INSERT INTO search (tenant, conv, seq, doc, bucket, words)
	SELECT tenant, conv, seq, doc, bucket, words::tsvector FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::int[], $6::text[])
		AS k(tenant, conv, seq, doc, bucket, words)
	ON CONFLICT (tenant, conv, seq) DO UPDATE SET doc = excluded.doc, bucket = excluded.bucket, words = excluded.words`

// write writes what was read into the index. Carefully means one by one, so that what can't be written keeps nobody: it returns how
// many that were.
func (w *indexing) write(carefully bool) (failed int, err error) {
	w.said = slices.DeleteFunc(w.said, func(m said) bool { return m.kind == chat.KindSystem })
	if len(w.said) == 0 {
		return 0, nil
	}
	if err := w.place(); err != nil {
		return 0, err
	}
	words := w.words()
	if !carefully {
		if err := w.insert(w.tx, w.said, words); err != nil {
			return 0, fmt.Errorf("write words: %w", err)
		}
		return 0, nil
	}
	for i := range w.said {
		err := pgx.BeginFunc(w.ctx, w.tx, func(tx pgx.Tx) error { return w.insert(tx, w.said[i:i+1], words[i:i+1]) })
		switch {
		case isBadRow(err):
			failed++
		case err != nil:
			return failed, fmt.Errorf("write words: %w", err)
		}
	}
	return failed, nil
}

func (w *indexing) insert(tx pgx.Tx, m []said, words []string) error {
	_, err := tx.Exec(w.ctx, insertWords, column(m, func(m *said) []byte { return m.key.Tenant[:] }),
		column(m, func(m *said) []byte { return m.key.Conversation[:] }), column(m, func(m *said) int64 { return m.seq }),
		column(m, func(m *said) int64 { return m.doc }), column(m, func(m *said) int32 { return m.bucket }), words)
	return err
}

// words is what each message says as a tsvector in text: its tokens with the bucket in front. Tokens are letters and digits.
func (w *indexing) words() []string {
	out := make([]string, len(w.said))
	var b []byte
	for i := range w.said {
		b = b[:0]
		for token := range strings.SplitSeq(w.said[i].tokens, " ") {
			if token != "" {
				b = append(strconv.AppendInt(b, int64(w.said[i].bucket), 16), '.')
				b = append(append(b, token...), ' ')
			}
		}
		out[i] = string(b)
	}
	return out
}

// errNoBucket says that a tenant's buckets don't begin at 0: somebody has tampered with them.
var errNoBucket = errors.New("a message falls into no bucket")
