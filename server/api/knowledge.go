package api

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// documentsPath takes documents as JSON, or in a form with a file.
const documentsPath = "/api/v1/knowledge/documents"

// KnowledgeDocument is a text that a tenant's knowledge is made of.
type KnowledgeDocument struct {
	ID        string    `json:"id" format:"uuid"`
	Title     string    `json:"title"`
	Format    string    `json:"format" enum:"markdown,html,text,csv" doc:"csv: a table of questions and answers."`
	URL       string    `json:"url" doc:"Where people find it; may be empty."`
	Language  string    `json:"language" doc:"A language tag; may be empty."`
	Text      *string   `json:"text,omitempty" doc:"As it was written; not in lists."`
	Bytes     int       `json:"bytes" doc:"How large the text is, in UTF-8."`
	Chunks    int       `json:"chunks" doc:"Pieces that it is found by."`
	Enabled   bool      `json:"enabled" doc:"Whether it is to be found."`
	State     string    `json:"state" enum:"indexed,pending,failed,not_indexed,leaving,disabled" doc:"Whether the index in use has it as it is: pending if one that has is on its way, failed if that was not put in use, not_indexed after going back to an earlier one. Of one that is not to be found: leaving while the index in use may still have it, because one without it is on its way or was not put in use, then disabled."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	LeftOut []LeftOutPiece `json:"left_out,omitempty" nullable:"false" doc:"Pieces that bots leave out because they speak to machines, at most 20; not in lists."`
}

// LeftOutPiece is a piece of a document that bots leave out.
type LeftOutPiece struct {
	Heading string `json:"heading" doc:"Of the piece; may be empty."`
	Found   string `json:"found" doc:"The words that look like instructions to a machine."`
}

// knowledgeRoutes are the routes of what a tenant knows.
func (a *API) knowledgeRoutes() []row {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	const tag = "knowledge"
	see, work, curate := readers.with(chat.KnowledgeWrite), workers.with(chat.KnowledgeWrite), leads.with(chat.KnowledgeWrite)
	return []row{
		{get, documentsPath, see, "listDocuments", tag, "List documents, without their texts", 200, bind(a, a.listDocuments)},
		{post, documentsPath, curate, "createDocument", tag, "Add a document: JSON, or a form with a file", 201, a.bindDocument()},
		{get, documentsPath + "/{id}", see, "getDocument", tag, "One document with its text", 200, bind(a, a.getDocument)},
		{patch, documentsPath + "/{id}", curate, "updateDocument", tag, "Change a document", 200, roomy(bind(a, a.updateDocument))},
		{del, documentsPath + "/{id}", curate, "deleteDocument", tag, "Delete a document, and the golden questions that expect it", 204, bind(a, a.deleteDocument)},
		{get, "/api/v1/knowledge/search", see, "searchKnowledge", tag, "What answers a question best", 200, bind(a, a.searchKnowledge)},
		{get, "/api/v1/knowledge/reindex", see, "getKnowledgeIndex", tag, "How the index stands: version, building, last failure", 200, bind(a, a.getKnowledgeIndex)},
		{post, "/api/v1/knowledge/reindex", curate, "reindexKnowledge", tag, "Build the index again; every change does that by itself", 202, bind(a, a.reindexKnowledge)},
		{post, "/api/v1/knowledge/rollback", curate, "rollBackKnowledge", tag, "Go back to an earlier version of the index, until the next change", 200, bind(a, a.rollBackKnowledge)},
		{put, "/api/v1/knowledge/canary", curate, "planKnowledgeCanary", tag, "Say which share of the conversations tries the next versions of the index, and for how long", 200, bind(a, a.planCanary)},
		{post, "/api/v1/knowledge/canary/promote", curate, "promoteKnowledgeCanary", tag, "Put the version that is being tried in use; rollback takes it back", 200, bind(a, a.promoteCanary)},
		{get, "/api/v1/knowledge/golden", see, "listGoldenQuestions", tag, "List golden questions", 200, bind(a, a.listGolden)},
		{post, "/api/v1/knowledge/golden", curate, "createGoldenQuestion", tag, "Add a question that an index must answer before it is put in use", 201, bind(a, a.createGolden)},
		{get, "/api/v1/knowledge/golden/{id}", see, "getGoldenQuestion", tag, "One golden question", 200, bind(a, a.getGolden)},
		{patch, "/api/v1/knowledge/golden/{id}", curate, "updateGoldenQuestion", tag, "Change a golden question", 200, bind(a, a.updateGolden)},
		{del, "/api/v1/knowledge/golden/{id}", curate, "deleteGoldenQuestion", tag, "Delete a golden question", 204, bind(a, a.deleteGolden)},
		{get, "/api/v1/knowledge/unanswered", see, "listUnanswered", tag, "Questions that nothing answered, the newest first", 200, bind(a, a.listUnanswered)},
		{post, "/api/v1/knowledge/unanswered", work, "noteUnanswered", tag, "Count a question that nothing answered", 204, bind(a, a.noteUnanswered)},
		{post, "/api/v1/knowledge/unanswered/{id}/dismiss", curate, "dismissUnanswered", tag, "Take a question off the list", 204, bind(a, a.dismissUnanswered)},
	}
}

// base is the knowledge base.
func (a *API) base() (chat.KnowledgeBase, error) {
	if a.cfg.Knowledge == nil {
		return nil, &chat.Error{Code: chat.Busy, Name: "knowledge_off", Message: "this server has no knowledge base"}
	}
	return a.cfg.Knowledge, nil
}

// due is when what changes now is indexed at the earliest.
func (a *API) due() time.Time { return a.now().Add(chat.KnowledgePause) }

// standing is what documents' states are told by.
type standing struct {
	chat.KnowledgeState
	revision int64     // of the version in use
	built    time.Time // when that was
	tried    int64     // of the version that is being tried; 0: none is
	versions []chat.KnowledgeVersion
	now      time.Time
}

func (a *API) standing(ctx context.Context, tenant chat.TenantID) (s standing, err error) {
	s.now = a.now()
	if s.KnowledgeState, err = a.cfg.Store.KnowledgeState(ctx, tenant); err != nil {
		return s, err
	}
	s.versions, err = a.cfg.Store.KnowledgeVersions(ctx, tenant)
	for i := range s.versions {
		if s.versions[i].Version == s.Active {
			s.revision, s.built = s.versions[i].Revision, s.versions[i].CreatedAt
		}
		if s.Canary.Version > 0 && s.versions[i].Version == s.Canary.Version {
			s.tried = s.versions[i].Revision
		}
	}
	return s, err
}

func (s *standing) of(d *chat.Document) string {
	switch {
	case !d.Enabled && d.Revision > s.revision && d.CreatedAt.Before(s.built):
		return "leaving" // the index in use may be from before it was switched off
	case !d.Enabled:
		return "disabled"
	case d.Revision <= s.revision:
		return "indexed"
	case d.Revision <= s.tried, d.Revision <= s.Wanted && (s.Building(s.now) || s.Waiting(s.now)):
		return "pending"
	case s.Failure != nil && s.Failure.Revision >= d.Revision:
		return "failed"
	}
	return "not_indexed"
}

func (s *standing) show(d *chat.Document) KnowledgeDocument {
	out := KnowledgeDocument{
		ID: d.ID.String(), Title: d.Title, Format: d.Format, URL: d.URL, Language: d.Language, Bytes: d.Bytes, Chunks: d.Chunks, Enabled: d.Enabled,
		State: s.of(d), CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
	if d.Text != "" {
		out.Text = &d.Text
	}
	return out
}

func (a *API) showDocument(ctx context.Context, d *chat.Document) (*answer[KnowledgeDocument], error) {
	s, err := a.standing(ctx, d.Tenant)
	if err != nil {
		return nil, err
	}
	out := s.show(d)
	if a.cfg.Knowledge != nil && d.Text != "" {
		for _, p := range a.cfg.Knowledge.LeftOut(d.Title, d.Format, d.Text) {
			out.LeftOut = append(out.LeftOut, LeftOutPiece{p.Heading, p.Found})
		}
	}
	return ok(out)
}

func (a *API) listDocuments(ctx context.Context, c *call, in *listInput) (*answer[List[KnowledgeDocument]], error) {
	page, next, err := a.cfg.Store.Documents(ctx, c.actor().Tenant, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	s, err := a.standing(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	out := List[KnowledgeDocument]{Data: make([]KnowledgeDocument, len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i] = s.show(&page[i])
	}
	return ok(out)
}

func (a *API) getDocument(ctx context.Context, c *call, in *Target) (*answer[KnowledgeDocument], error) {
	id, err := pathID[chat.Document](in.ID)
	if err != nil {
		return nil, err
	}
	d, err := a.cfg.Store.Document(ctx, c.actor().Tenant, id)
	if err != nil {
		return nil, err
	}
	return a.showDocument(ctx, &d)
}

type createDocumentInput struct {
	Body struct {
		Title    string `json:"title,omitempty" maxLength:"200" doc:"Defaults to the text's own title, or the file's name."`
		Format   string `json:"format,omitempty" enum:"markdown,html,text,csv" doc:"Defaults to markdown."`
		Text     string `json:"text" minLength:"1"`
		URL      string `json:"url,omitempty" maxLength:"2000" doc:"Where people find it."`
		Language string `json:"language,omitempty" maxLength:"35" doc:"A language tag such as zh or en."`
		Enabled  *bool  `json:"enabled,omitempty" doc:"Defaults to true."`
	}
}

func (a *API) createDocument(ctx context.Context, c *call, in *createDocumentInput) (*answer[KnowledgeDocument], error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	b, now := &in.Body, a.now()
	d := chat.Document{
		ID: chat.NewID[chat.Document](), Tenant: c.actor().Tenant, Title: b.Title, Format: b.Format, URL: b.URL, Language: b.Language,
		Enabled: b.Enabled == nil || *b.Enabled, CreatedAt: now, UpdatedAt: now,
	}
	if d.Format == "" {
		d.Format = "markdown"
	}
	if err := a.setText(base, &d, b.Text); err != nil {
		return nil, err
	}
	if d, err = a.cfg.Store.AddDocument(ctx, d, a.cfg.KnowledgeLimits, a.due()); err != nil {
		return nil, err
	}
	base.Changed(ctx, d.Tenant)
	return a.showDocument(ctx, &d)
}

// setText gives a document its text, and judges all of it.
func (a *API) setText(base chat.KnowledgeBase, d *chat.Document, text string) error {
	if most := a.cfg.KnowledgeLimits.DocumentBytes; most > 0 && len(text) > most {
		return documentTooLarge(most)
	}
	title, chunks, err := base.Read(d.Format, text)
	if err != nil {
		return err
	}
	if d.Title == "" {
		d.Title = string([]rune(title)[:min(200, len([]rune(title)))])
	}
	d.Text, d.Bytes, d.Chunks, d.Hash = text, len(text), chunks, sha256.Sum256([]byte(text))
	return d.Check()
}

type updateDocumentInput struct {
	Target
	Body struct {
		Title    *string `json:"title,omitempty" maxLength:"200"`
		Format   *string `json:"format,omitempty" enum:"markdown,html,text,csv"`
		Text     *string `json:"text,omitempty" minLength:"1"`
		URL      *string `json:"url,omitempty" maxLength:"2000"`
		Language *string `json:"language,omitempty" maxLength:"35"`
		Enabled  *bool   `json:"enabled,omitempty"`
	}
}

func (a *API) updateDocument(ctx context.Context, c *call, in *updateDocumentInput) (*answer[KnowledgeDocument], error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	id, err := pathID[chat.Document](in.ID)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	d, err := a.cfg.Store.ChangeDocument(ctx, c.actor().Tenant, id, a.cfg.KnowledgeLimits, a.due(), func(d *chat.Document) error {
		d.UpdatedAt = a.now()
		set(&d.Title, b.Title)
		set(&d.Format, b.Format)
		set(&d.URL, b.URL)
		set(&d.Language, b.Language)
		set(&d.Enabled, b.Enabled)
		text := d.Text
		set(&text, b.Text)
		return a.setText(base, d, text)
	})
	if err != nil {
		return nil, err
	}
	base.Changed(ctx, d.Tenant)
	return a.showDocument(ctx, &d)
}

// set takes over what is given.
func set[T any](to, given *T) {
	if given != nil {
		*to = *given
	}
}

func (a *API) deleteDocument(ctx context.Context, c *call, in *Target) (*none, error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	id, err := pathID[chat.Document](in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Store.DeleteDocument(ctx, c.actor().Tenant, id, a.due()); err != nil {
		return nil, err
	}
	base.Changed(ctx, c.actor().Tenant)
	return nil, nil
}

// textRoom is how large a request may be that holds a document: JSON may write a character in six bytes.
const textRoom = 8 * maxBody

// roomy is for routes that take a document's text.
func roomy(register func(huma.API, huma.Operation)) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		op.MaxBodyBytes = textRoom
		register(h, op)
	}
}

// bindDocument is bind for the route that takes documents: a form with a file becomes the same as JSON before anything else looks at it.
func (a *API) bindDocument() func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		op.MaxBodyBytes = textRoom
		op.Middlewares = append(huma.Middlewares{op.Middlewares[0], a.takeDocument}, op.Middlewares[1:]...)
		bind(a, a.createDocument)(h, op)
		text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
		h.OpenAPI().Paths[op.Path].Post.RequestBody.Content["multipart/form-data"] = &huma.MediaType{Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"file"},
			Properties: map[string]*huma.Schema{
				"file":  {Type: huma.TypeString, Format: "binary", Description: "PDF (.pdf), Word (.docx), Markdown (.md), HTML (.html), text (.txt) or a table of questions and answers (.csv, .tsv), in UTF-8, UTF-16 or GB 18030."},
				"title": text("Defaults to the text's own title, or the file's name."), "url": text("Where people find it."), "language": text("A language tag such as zh or en."),
			},
		}}
	}
}
