package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// maxConversations is where counting a person's conversations ends.
const maxConversations = 1000

var selectPerson = fmt.Sprintf(`SELECT v.id, v.tenant, v.external_id, v.verified, v.name, v.email, v.locale, v.page, v.attributes, v.created_at,
	v.phone, v.version, v.seen_at, v.erased_at,
	(SELECT COUNT(*) FROM (SELECT 1 FROM conversations c WHERE c.tenant = v.tenant AND c.visitor = v.id LIMIT %d) AS n),
	COALESCE((SELECT MAX(c.updated_at) FROM conversations c WHERE c.tenant = v.tenant AND c.visitor = v.id), 0) FROM visitors v `, maxConversations)

func scanPerson(scan row) (p chat.Person, err error) {
	var created, seen, erased, active int64
	var attributes []byte
	err = scan(&p.ID, &p.Tenant, &p.ExternalID, &p.Verified, &p.Name, &p.Email, &p.Locale, &p.Page, &attributes, &created,
		&p.Phone, &p.Version, &seen, &erased, &p.Conversations, &active)
	p.CreatedAt, p.Attributes, p.ErasedAt = FromMicros(created), attributes, FromMicros(erased)
	if erased == 0 { // agents and the erasure itself write, too: it says nothing of a stranger
		p.SeenAt = FromMicros(max(seen, created))
		if seen == 0 {
			p.SeenAt = FromMicros(max(active, created))
		}
	}
	return p, err
}

// Person implements chat.People.
func (s *Store) Person(ctx context.Context, tenant chat.TenantID, id chat.VisitorID) (chat.Person, error) {
	p, err := readOne(ctx, s, Of(tenant), "visitor", scanPerson, selectPerson+`WHERE v.tenant = $1 AND v.id = $2`, tenant, id)
	if err == nil {
		err = s.keys.Person(ctx, &p)
	}
	return p, err
}

// like is patterns for LIKE … ESCAPE '\', of which lower() of whatever has a text in it meets one: engines differ in which letters
// lower() knows.
func like(text string) []string {
	text = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	ascii := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
	if all := strings.ToLower(text); all != ascii {
		return []string{ascii, all}
	}
	return []string{ascii}
}

// People implements chat.People.
func (s *Store) People(ctx context.Context, tenant chat.TenantID, f chat.PersonFilter) ([]chat.Person, string, error) {
	if f.Limit < 1 || f.Limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	from, err := parsePlace(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	if f.Only != nil && len(f.Only) == 0 {
		return []chat.Person{}, "", nil
	}
	keys, err := s.keys.Of(ctx, tenant)
	if err != nil {
		return nil, "", err
	}
	if f.Text != "" && (keys.Seals() || keys.Mixed()) {
		return s.sealedPeople(ctx, tenant, &f, from)
	}
	query, args := peopleQuery(tenant, &f, from)
	rows, err := readAll(ctx, s, Of(tenant), scanPerson, query, args...)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		next = placeOf(&rows[f.Limit-1]).String()
	}
	return rows, next, s.keys.Persons(ctx, rows)
}

// placeOf is where a list of people goes on behind one.
func placeOf(p *chat.Person) place { return place{Micros(p.CreatedAt), chat.ConversationID(p.ID)} }

// sealedPage is how many people are opened at once to see whether they are looked for.
const sealedPage = 500

// sealedPeople is People by a text where that is sealed: they are opened, the newest first, for as long as a search may take. A page
// may be shorter than was asked for, though more follows.
func (s *Store) sealedPeople(ctx context.Context, tenant chat.TenantID, f *chat.PersonFilter, from *place) ([]chat.Person, string, error) {
	all := *f
	all.Text, all.Limit = "", sealedPage
	out := []chat.Person{}
	for end := time.Now().Add(searchFor); ; {
		query, args := peopleQuery(tenant, &all, from)
		rows, err := readAll(ctx, s, Of(tenant), scanPerson, query, args...)
		if err != nil {
			return nil, "", err
		}
		if err := s.keys.Persons(ctx, rows); err != nil {
			return nil, "", err
		}
		for i := range rows {
			p := &rows[i]
			if !p.Has(f.Text) {
				continue
			}
			if out = append(out, *p); len(out) > f.Limit {
				out = out[:f.Limit]
				return out, placeOf(&out[f.Limit-1]).String(), nil
			}
		}
		if len(rows) <= sealedPage {
			return out, "", nil
		}
		last := placeOf(&rows[len(rows)-1])
		if from = &last; time.Now().After(end) {
			return out, last.String(), nil
		}
	}
}

// peopleQuery finds one page and one more by the index of when they came, and then reads them.
func peopleQuery(tenant chat.TenantID, f *chat.PersonFilter, from *place) (query string, args []any) {
	args = []any{tenant}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where := `tenant = $1 AND erased_at = 0`
	if f.Text != "" {
		var either []string
		for _, pattern := range like(f.Text) {
			pattern = arg(pattern)
			for _, column := range []string{"name", "email", "external_id", "phone"} {
				either = append(either, "lower("+column+") LIKE "+pattern+` ESCAPE '\'`)
			}
		}
		where += " AND (" + strings.Join(either, " OR ") + ")"
	}
	if f.Verified != nil {
		where += " AND verified = " + arg(flag(*f.Verified))
	}
	if !f.Since.IsZero() {
		where += " AND created_at >= " + arg(Micros(f.Since))
	}
	if !f.Until.IsZero() {
		where += " AND created_at < " + arg(Micros(f.Until))
	}
	in := func(ids []chat.VisitorID) string {
		names := make([]string, len(ids))
		for i := range ids {
			names[i] = arg(ids[i])
		}
		return " IN (" + strings.Join(names, ", ") + ")"
	}
	if len(f.Only) > 0 {
		where += " AND id" + in(f.Only)
	}
	if len(f.Not) > 0 {
		where += " AND NOT id" + in(f.Not)
	}
	if from != nil {
		where += " AND (created_at, id) < (" + arg(from.updated) + ", " + arg(from.id) + ")"
	}
	limit := arg(f.Limit + 1)
	return `WITH page AS MATERIALIZED (SELECT id FROM visitors WHERE ` + where + ` ORDER BY created_at DESC, id DESC LIMIT ` + limit + `) ` +
		selectPerson + `JOIN page ON page.id = v.id WHERE v.tenant = $1 ORDER BY v.created_at DESC, v.id DESC`, args
}

var errOldPerson = &chat.Error{Code: chat.Conflict, Name: "stale", Message: "it has changed in the meantime; read it again"}

// ChangePerson implements chat.People.
func (s *Store) ChangePerson(ctx context.Context, p chat.Person) error {
	attributes := string(p.Attributes)
	if attributes == "" {
		attributes = "{}"
	}
	keys, err := s.keys.Ready(ctx, p.Tenant)
	if err != nil {
		return err
	}
	kept, _ := keys.Visitor(&p.Visitor)
	keptAttributes := keys.JSON(attributes, seal.OfVisitor("attributes", p.ID))
	told := false
	err = s.audited(ctx, Of(p.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		told = false
		old, err := before(ctx, q, scanPerson, selectPerson+`WHERE v.tenant = $1 AND v.id = $2`, p.Tenant, p.ID)
		if err != nil {
			return err
		}
		if old != nil && keys != nil {
			if err := keys.OpenPerson(old); err != nil && !errors.Is(err, seal.ErrUnreadable) {
				return err
			}
		}
		res, err := q.ExecContext(ctx, `UPDATE visitors SET name = $3, email = $4, phone = $5, attributes = $6, version = $7
			WHERE tenant = $1 AND id = $2 AND version = $8 AND erased_at = 0`,
			p.Tenant, p.ID, kept.Name, kept.Email, keys.Text(p.Phone, seal.OfVisitor("phone", p.ID)), keptAttributes, int64(p.Version), int64(p.Version)-1)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errOldPerson
		}
		// What it was and is now is not for a log that nothing can be taken out of.
		a.saved(p.Tenant, "visitor", p.ID.String(), "", true, changesOf(old, &p, func(c *changes, old, now *chat.Person) {
			c.secret("name", old.Name != now.Name)
			c.secret("email", old.Email != now.Email)
			c.secret("phone", old.Phone != now.Phone)
			c.secret("attributes", string(old.Attributes) != attributes)
		}))
		told, err = contactChanged(ctx, q, &p, time.Now())
		return err
	})
	if err == nil && told {
		s.WebhooksWritten()
	}
	if err != error(errOldPerson) { //nolint:errorlint // this very one
		return err
	}
	if _, err := s.Person(ctx, p.Tenant, p.ID); err != nil {
		return err
	}
	return errOldPerson
}

// PersonFiles implements chat.People.
func (s *Store) PersonFiles(ctx context.Context, tenant chat.TenantID, id chat.VisitorID, cursor string, limit int) ([]chat.Upload, string, error) {
	after, err := decodeCursor[chat.UploadID](cursor)
	if err != nil {
		return nil, "", err
	}
	page, err := readAll(ctx, s, Of(tenant), scanUpload, `SELECT `+uploadColumns+`, `+shown+` FROM uploads WHERE tenant = $1 AND state = 1 AND id > $3
		AND id IN (SELECT u.id FROM conversations c JOIN uploads u ON u.tenant = c.tenant AND u.conv = c.id WHERE c.tenant = $1 AND c.visitor = $2
			UNION SELECT id FROM uploads WHERE tenant = $1 AND uploader = $2 AND named = 0)
		ORDER BY id LIMIT $4`, tenant, id, after[:], limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(page) > limit {
		page, next = page[:limit], encodeCursor(page[limit-1].ID)
	}
	return page, next, s.keys.Uploads(ctx, page)
}
