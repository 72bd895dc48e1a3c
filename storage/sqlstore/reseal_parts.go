package sqlstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// part is a table with sealed columns, as the work on old rows goes through it.
type part struct {
	name    string
	keys    []keyColumn // with the tenant in front, the primary key
	columns []sealedColumn
	print   string // a column of what the first one is found by; empty if there is none
}

type keyColumn struct {
	name   string
	number bool // otherwise 16 bytes
}

// keyValues is a row's key, without the tenant.
type keyValues struct {
	id, second [16]byte
	number     int64
}

type sealedColumn struct {
	name  string
	json  bool
	place func(k keyValues) seal.Place
}

// parts are all tables with sealed columns but messages and revisions, which must be indexed anew.
var parts = []part{
	{name: "visitors", keys: []keyColumn{{name: "id"}}, print: "external_print", columns: []sealedColumn{
		ofVisitor("external_id", false), ofVisitor("name", false), ofVisitor("email", false), ofVisitor("page", false), ofVisitor("phone", false), ofVisitor("attributes", true),
	}},
	{name: "conversations", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{ofConversation("rating_comment", false), ofConversation("context", true)}},
	{name: "uploads", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{
		{"name", false, func(k keyValues) seal.Place { return seal.OfUpload(k.id) }},
	}},
	{name: "trail", keys: []keyColumn{{name: "visitor"}, {name: "id"}}, columns: []sealedColumn{
		{"data", false, func(k keyValues) seal.Place { return seal.OfStep(k.second) }},
	}},
	{name: "offline_messages", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{
		{"name", false, func(k keyValues) seal.Place { return seal.OfOffline("name", k.id) }},
		{"email", false, func(k keyValues) seal.Place { return seal.OfOffline("email", k.id) }},
	}},
	{name: "mails", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{
		{"recipient", false, func(k keyValues) seal.Place { return seal.OfMail("recipient", k.id) }},
		{"error", false, func(k keyValues) seal.Place { return seal.OfMail("error", k.id) }},
	}},
	{name: "webhook_events", keys: []keyColumn{{"sequence", true}}, columns: []sealedColumn{
		{"data", false, func(k keyValues) seal.Place { return seal.OfEventData(k.number) }},
	}},
	{name: "webhook_attempts", keys: []keyColumn{{name: "delivery"}, {"attempt", true}}, columns: []sealedColumn{ofAttempt("url"), ofAttempt("answer"), ofAttempt("error")}},
	{name: "knowledge_documents", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{ofKnowledge("knowledge_documents.title"), ofKnowledge("knowledge_documents.body")}},
	{name: "knowledge_chunks", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{ofKnowledge("knowledge_chunks.body")}},
	{name: "knowledge_golden", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{ofKnowledge("knowledge_golden.question")}},
	{name: "knowledge_unanswered", keys: []keyColumn{{name: "id"}}, print: "print", columns: []sealedColumn{ofKnowledge("knowledge_unanswered.question")}},
	{name: "ai_engines", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{
		{"api_key", false, func(k keyValues) seal.Place { return seal.OfEngine(k.id) }},
	}},
	{name: "ai_traces", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{
		{"body", false, func(k keyValues) seal.Place { return seal.OfTrace(k.id) }},
	}},
	{name: "ai_intents", keys: []keyColumn{{name: "id"}}, columns: []sealedColumn{
		ofKnowledge("ai_intents.about"), ofKnowledge("ai_intents.examples"), ofKnowledge("ai_intents.vectors"),
	}},
}

// ofKnowledge is a column, named with its table, of what a tenant knows.
func ofKnowledge(column string) sealedColumn {
	_, name, _ := strings.Cut(column, ".")
	return sealedColumn{name, false, func(k keyValues) seal.Place { return seal.OfKnowledge(column, k.id) }}
}

func ofVisitor(column string, json bool) sealedColumn {
	return sealedColumn{column, json, func(k keyValues) seal.Place { return seal.OfVisitor(column, k.id) }}
}

func ofConversation(column string, json bool) sealedColumn {
	return sealedColumn{column, json, func(k keyValues) seal.Place { return seal.OfConversation(column, k.id) }}
}

func ofAttempt(column string) sealedColumn {
	return sealedColumn{column, false, func(k keyValues) seal.Place { return seal.OfAttempt(column, k.id, int(k.number)) }}
}

// cursor is a place in a part as it is kept: the key of the last row that was looked at.
func (k *keyValues) cursor() []byte {
	return binary.BigEndian.AppendUint64(slices.Concat(k.id[:], k.second[:]), uint64(k.number))
}

// cursorLen is how long a cursor is.
const cursorLen = 40

func readCursor(b []byte) (k keyValues) {
	if len(b) == cursorLen {
		copy(k.id[:], b)
		copy(k.second[:], b[16:])
		k.number = int64(binary.BigEndian.Uint64(b[32:]))
	}
	return k
}

func (p *part) keyArgs(k *keyValues) []any {
	out := make([]any, len(p.keys))
	for i, c := range p.keys {
		switch {
		case c.number:
			out[i] = k.number
		case i == 0:
			out[i] = k.id[:]
		default:
			out[i] = k.second[:]
		}
	}
	return out
}

func (p *part) keyNames() string {
	names := make([]string, len(p.keys))
	for i := range p.keys {
		names[i] = p.keys[i].name
	}
	return strings.Join(names, ", ")
}

// kept is a row's sealed columns as they are.
type kept struct {
	key    keyValues
	values []string
}

// read returns up to so many rows behind a place.
func (p *part) read(ctx context.Context, q Querier, tenant chat.TenantID, after keyValues, most int) ([]kept, error) {
	var list strings.Builder
	for _, c := range p.columns {
		list.WriteString(", " + c.name)
	}
	rows, err := q.QueryContext(ctx, `SELECT `+p.keyNames()+list.String()+` FROM `+p.name+` WHERE tenant = $1 AND (`+p.keyNames()+`) > (`+
		placeholders(2, len(p.keys))+`) ORDER BY `+p.keyNames()+` LIMIT `+strconv.Itoa(most), append([]any{tenant}, p.keyArgs(&after)...)...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(scan row) (k kept, err error) {
		k.values = make([]string, len(p.columns))
		into := make([]any, 0, len(p.keys)+len(p.columns))
		var id, second []byte
		for i, c := range p.keys {
			switch {
			case c.number:
				into = append(into, &k.key.number)
			case i == 0:
				into = append(into, &id)
			default:
				into = append(into, &second)
			}
		}
		for i := range k.values {
			into = append(into, &k.values[i])
		}
		err = scan(into...)
		copy(k.key.id[:], id)
		copy(k.key.second[:], second)
		return k, err
	})
}

// form says in what form values are wanted.
type form struct {
	keys   *seal.Tenant
	target uint32 // 0: plain; otherwise sealed with that key, or a later one
}

// wants reports whether a value is in another form.
func (f *form) wants(value string, json bool) bool {
	key, sealed := seal.KeyOf(value)
	if json {
		key, sealed = seal.KeyOfJSON(value)
	}
	switch {
	case value == "" || json && value == "{}":
		return false
	case f.target == 0:
		return sealed
	}
	return !sealed || key < f.target
}

// again is a value in the form that is wanted, and as people wrote it.
func (f *form) again(value string, json bool, place seal.Place) (kept, plain string, err error) {
	if json {
		b, err := f.keys.OpenJSON([]byte(value), place)
		return f.keys.JSON(string(b), place), string(b), err
	}
	plain, err = f.keys.OpenText(value, place)
	return f.keys.Text(plain, place), plain, err
}

// write brings a row into the form that is wanted, unless somebody else has changed it since. lost hears of values that can't be opened.
func (p *part) write(ctx context.Context, q Querier, tenant chat.TenantID, k *kept, f *form, lost func(seal.Place, error)) error {
	args := append([]any{tenant}, p.keyArgs(&k.key)...)
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	var set, where []string
	for i := range p.keys {
		where = append(where, fmt.Sprintf("%s = $%d", p.keys[i].name, i+2))
	}
	for i, c := range p.columns {
		value := k.values[i]
		if !f.wants(value, c.json) {
			continue
		}
		place := c.place(k.key)
		next, plain, err := f.again(value, c.json, place)
		if err != nil {
			lost(place, err)
			continue
		}
		set = append(set, c.name+" = "+arg(next))
		where = append(where, "CAST("+c.name+" AS TEXT) = "+arg(value))
		if i == 0 && p.print != "" {
			print := ""
			if f.target > 0 {
				print = f.keys.Blind(p.name+"."+c.name, plain)
			}
			set = append(set, p.print+" = "+arg(print))
		}
	}
	if len(set) == 0 {
		return nil
	}
	_, err := q.ExecContext(ctx, `UPDATE `+p.name+` SET `+strings.Join(set, ", ")+` WHERE tenant = $1 AND `+strings.Join(where, " AND "), args...)
	return err
}

// said is a message as its rows have it.
type said struct {
	chat.Message
	revised bool
	shown   sql.NullString // instead of the body, if it was revised; nothing if it was recalled
}

const selectSaid = `SELECT m.tenant, m.conv, m.seq, m.id, m.kind, m.sent_at, m.body, COALESCE(r.seq, 0), r.body FROM messages m
	LEFT JOIN revisions r ON r.tenant = m.tenant AND r.conv = m.conv AND r.seq = m.seq
	WHERE m.tenant = $1 AND (m.conv, m.seq) > ($2, $3) ORDER BY m.conv, m.seq LIMIT `

func scanSaid(scan row) (m said, err error) {
	var at, revised int64
	err = scan(&m.Tenant, &m.Conversation, &m.Seq, &m.ID, &m.Kind, &at, &m.Body, &revised, &m.shown)
	m.Time, m.revised = FromMicros(at), revised != 0
	return m, err
}

// resealSaid brings a message and its revision into the form that is wanted, and the index with them.
func (r *Resealer) resealSaid(ctx context.Context, q Querier, m *said, f *form, lost func(seal.Place, error)) error {
	place := seal.OfMessage(&m.Message)
	found := string(m.Body) // what is in the index
	if m.revised {
		found = m.shown.String
	}
	change := func(table, value string) error {
		if !f.wants(value, false) {
			return nil
		}
		next, _, err := f.again(value, false, place)
		if err != nil {
			lost(place, err)
			return nil
		}
		_, err = q.ExecContext(ctx, `UPDATE `+table+` SET body = $4 WHERE tenant = $1 AND conv = $2 AND seq = $3 AND body = $5`,
			m.Tenant, m.Conversation, int64(m.Seq), next, value)
		return err
	}
	if err := change("messages", string(m.Body)); err != nil {
		return err
	}
	if m.revised && m.shown.Valid {
		if err := change("revisions", m.shown.String); err != nil {
			return err
		}
	}
	_, was := seal.KeyOf(found)
	if found == "" || was == (f.target > 0) || m.Kind == chat.KindSystem {
		return nil
	}
	plain, err := f.keys.OpenText(found, place)
	if err != nil {
		return nil //nolint:nilerr // lost, and told
	}
	of := m.Message
	of.Body = []byte(plain)
	var old, next *seal.Tenant
	if was {
		old = f.keys
	} else {
		next = f.keys
	}
	return r.reindex(ctx, q, &of, old, of.Body, next)
}
