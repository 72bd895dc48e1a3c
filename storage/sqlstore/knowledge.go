package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

const documentColumns = `tenant, id, title, format, url, language, hash, bytes, chunks, enabled, revision, created_at, updated_at`

func scanDocument(scan row) (chat.Document, error) { return documentOf(scan) }

func scanWholeDocument(scan row) (d chat.Document, err error) {
	var text string
	d, err = documentOf(scan, &text)
	d.Text = text
	return d, err
}

func documentOf(scan row, more ...any) (d chat.Document, err error) {
	var hash []byte
	var created, updated int64
	err = scan(append([]any{
		&d.Tenant, &d.ID, &d.Title, &d.Format, &d.URL, &d.Language, &hash, &d.Bytes, &d.Chunks, &d.Enabled, &d.Revision, &created, &updated,
	}, more...)...)
	copy(d.Hash[:], hash)
	d.CreatedAt, d.UpdatedAt = FromMicros(created), FromMicros(updated)
	return d, err
}

// Document implements chat.KnowledgeStore.
func (s *Store) Document(ctx context.Context, tenant chat.TenantID, id chat.DocumentID) (chat.Document, error) {
	d, err := readOne(ctx, s, Of(tenant), "document", scanWholeDocument, `SELECT `+documentColumns+`, body FROM knowledge_documents WHERE tenant = $1 AND id = $2`,
		tenant, id)
	if err == nil {
		err = s.keys.Document(ctx, &d, true)
	}
	return d, err
}

// Documents implements chat.KnowledgeStore.
func (s *Store) Documents(ctx context.Context, tenant chat.TenantID, cursor string, limit int) ([]chat.Document, string, error) {
	page, next, err := pageAfter(ctx, s, tenant, scanDocument, `SELECT `+documentColumns+` FROM knowledge_documents`, cursor, limit,
		func(d *chat.Document) chat.DocumentID { return d.ID })
	for i := range page {
		if err == nil {
			err = s.keys.Document(ctx, &page[i], false)
		}
	}
	return page, next, err
}

// pageAfter is a page of a tenant's rows, ordered by id.
func pageAfter[T, Named any](ctx context.Context, s *Store, tenant chat.TenantID, scan func(row) (T, error), selectAll, cursor string, limit int, id func(*T) chat.ID[Named]) (page []T, next string, err error) {
	if limit < 1 || limit > 1000 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 1000")
	}
	after, err := decodeCursor[chat.ID[Named]](cursor)
	if err != nil {
		return nil, "", err
	}
	page, err = readAll(ctx, s, Of(tenant), scan, selectAll+` WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`, tenant, after[:], limit+1)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], encodeCursor(id(&page[limit-1])), nil
}

// revise makes a new revision of what a tenant knows and asks for an index of it. It comes first in a transaction: who changes
// anything stands in line.
func revise(ctx context.Context, q Querier, tenant chat.TenantID, due time.Time) (revision int64, err error) {
	err = q.QueryRowContext(ctx, `INSERT INTO knowledge_states (tenant, revision, wanted, built, active, due_at, until, done, total, failure)
		VALUES ($1, 1, 1, 0, 0, $2, 0, 0, 0, '') ON CONFLICT (tenant) DO UPDATE SET revision = knowledge_states.revision + 1,
		wanted = knowledge_states.revision + 1, due_at = excluded.due_at RETURNING revision`, tenant, Micros(due)).Scan(&revision)
	return revision, err
}

// room judges whether a tenant may keep a text of so many bytes more, in so many documents more.
func room(ctx context.Context, q Querier, tenant chat.TenantID, except chat.DocumentID, bytes int, most *chat.KnowledgeLimits) error {
	if most.DocumentBytes > 0 && bytes > most.DocumentBytes {
		return &chat.Error{Code: chat.TooLarge, Name: "document_too_large", Message: fmt.Sprintf("text: may have %d bytes", most.DocumentBytes)}
	}
	var n, sum int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM knowledge_documents WHERE tenant = $1 AND id <> $2`,
		tenant, except[:]).Scan(&n, &sum); err != nil {
		return err
	}
	switch {
	case most.Documents > 0 && n >= most.Documents && except.IsZero():
		return &chat.Error{Code: chat.Conflict, Name: "too_many", Message: fmt.Sprintf("there may be %d documents; delete some first", most.Documents), Limit: most.Documents}
	case most.Bytes > 0 && sum+bytes > most.Bytes:
		return &chat.Error{Code: chat.Conflict, Name: "knowledge_full", Message: fmt.Sprintf("all documents together may have %d bytes; delete some first", most.Bytes), Limit: most.Bytes}
	}
	return nil
}

// KnowledgeRoom implements chat.KnowledgeStore.
func (s *Store) KnowledgeRoom(ctx context.Context, tenant chat.TenantID, bytes int, most chat.KnowledgeLimits) error {
	return s.read(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		return room(ctx, q, tenant, chat.DocumentID{}, bytes, &most)
	})
}

// AddDocument implements chat.KnowledgeStore.
func (s *Store) AddDocument(ctx context.Context, d chat.Document, most chat.KnowledgeLimits, due time.Time) (chat.Document, error) {
	keys, err := s.keys.Ready(ctx, d.Tenant)
	if err != nil {
		return d, err
	}
	err = s.audited(ctx, Of(d.Tenant), func(ctx context.Context, q Querier, a *acts) (err error) {
		if d.Revision, err = revise(ctx, q, d.Tenant, due); err != nil {
			return err
		}
		if err := room(ctx, q, d.Tenant, chat.DocumentID{}, d.Bytes, &most); err != nil {
			return err
		}
		a.documentSaved(keys, &d, nil)
		_, err = q.ExecContext(ctx, `INSERT INTO knowledge_documents (`+documentColumns+`, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			d.Tenant, d.ID, keys.Text(d.Title, seal.OfKnowledge("knowledge_documents.title", d.ID)), d.Format, d.URL, d.Language, d.Hash[:], d.Bytes, d.Chunks,
			flag(d.Enabled), d.Revision, Micros(d.CreatedAt), Micros(d.UpdatedAt), keys.Text(d.Text, seal.OfKnowledge("knowledge_documents.body", d.ID)))
		return err
	})
	return d, err
}

// documentSaved notes what a save makes of a document: what stands in it is not for the log.
func (a *acts) documentSaved(keys *seal.Tenant, d, old *chat.Document) {
	name := d.Title
	if keys.Seals() {
		name = ""
	}
	a.saved(d.Tenant, "knowledge_document", d.ID.String(), name, old != nil, changesOf(old, d, func(c *changes, old, now *chat.Document) {
		c.secret("title", old.Title != now.Title)
		c.field("format", old.Format, now.Format)
		c.field("url", old.URL, now.URL)
		c.field("language", old.Language, now.Language)
		c.field("enabled", old.Enabled, now.Enabled)
		c.secret("text", old.Hash != now.Hash)
	}))
}

// ChangeDocument implements chat.KnowledgeStore.
func (s *Store) ChangeDocument(ctx context.Context, tenant chat.TenantID, id chat.DocumentID, most chat.KnowledgeLimits, due time.Time, change func(*chat.Document) error) (d chat.Document, err error) {
	keys, err := s.keys.Ready(ctx, tenant)
	if err != nil {
		return d, err
	}
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		revision, err := revise(ctx, q, tenant, due)
		if err != nil {
			return err
		}
		old, err := scanWholeDocument(q.QueryRowContext(ctx, `SELECT `+documentColumns+`, body FROM knowledge_documents WHERE tenant = $1 AND id = $2`, tenant, id).Scan)
		if err != nil {
			return err
		}
		if err := openDocument(keys, &old); err != nil {
			return err
		}
		d = old
		if err := change(&d); err != nil {
			return err
		}
		if d.Bytes > old.Bytes {
			if err := room(ctx, q, tenant, id, d.Bytes, &most); err != nil {
				return err
			}
		}
		d.Revision = revision
		a.documentSaved(keys, &d, &old)
		_, err = q.ExecContext(ctx, `UPDATE knowledge_documents SET title = $3, format = $4, url = $5, language = $6, hash = $7, bytes = $8, chunks = $9, enabled = $10,
			revision = $11, updated_at = $12, body = $13 WHERE tenant = $1 AND id = $2`, tenant, id, keys.Text(d.Title, seal.OfKnowledge("knowledge_documents.title", id)),
			d.Format, d.URL, d.Language, d.Hash[:], d.Bytes, d.Chunks, flag(d.Enabled), d.Revision, Micros(d.UpdatedAt),
			keys.Text(d.Text, seal.OfKnowledge("knowledge_documents.body", id)))
		return err
	})
	return d, notFound(err, "document")
}

// openDocument opens a document with keys that are at hand.
func openDocument(keys *seal.Tenant, d *chat.Document) (err error) {
	if d.Title, err = keys.OpenText(d.Title, seal.OfKnowledge("knowledge_documents.title", d.ID)); err != nil {
		return err
	}
	d.Text, err = keys.OpenText(d.Text, seal.OfKnowledge("knowledge_documents.body", d.ID))
	return err
}

// DeleteDocument implements chat.KnowledgeStore.
func (s *Store) DeleteDocument(ctx context.Context, tenant chat.TenantID, id chat.DocumentID, due time.Time) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		if _, err := revise(ctx, q, tenant, due); err != nil {
			return err
		}
		if err := deleted(ctx, q, "document", `DELETE FROM knowledge_documents WHERE tenant = $1 AND id = $2`, tenant, id); err != nil {
			return err
		}
		a.add(tenant, chat.AuditNote{Action: "knowledge_document.deleted", TargetKind: "knowledge_document", TargetID: id.String()})
		_, err := q.ExecContext(ctx, `DELETE FROM knowledge_golden WHERE tenant = $1 AND document = $2`, tenant, id)
		return err
	})
}

// deleted runs a statement that must take a row away.
func deleted(ctx context.Context, q Querier, what, query string, args ...any) error {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, chat.Errorf(chat.NotFound, "there is no such %s", what))
	}
	return nil
}

// SourceDocuments implements chat.KnowledgeBuilds.
func (s *Store) SourceDocuments(ctx context.Context, tenant chat.TenantID) ([]chat.Document, error) {
	all, err := readAll(ctx, s, Of(tenant), scanWholeDocument, `SELECT `+documentColumns+`, body FROM knowledge_documents WHERE tenant = $1 AND enabled = 1 ORDER BY id`, tenant)
	for i := range all {
		if err == nil {
			err = s.keys.Document(ctx, &all[i], false)
		}
	}
	return all, err
}
