package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// isDocumentForm reports whether a request sends a document as a file: its body is not taken before it is known who asks.
func isDocumentForm(h *app.RequestContext, path string) bool {
	return path == documentsPath && string(h.Method()) == http.MethodPost && formBoundary(h) != ""
}

// formBoundary is what stands between the parts of a form; empty if the request has none.
func formBoundary(h *app.RequestContext) string {
	kind, params, err := mime.ParseMediaType(string(h.Request.Header.ContentType()))
	if err != nil || kind != "multipart/form-data" || len(params["boundary"]) > 70 {
		return ""
	}
	return params["boundary"]
}

func documentTooLarge(most int) error {
	return &chat.Error{Code: chat.TooLarge, Name: "document_too_large", Message: fmt.Sprintf("a document may have %d bytes", most)}
}

// takeDocument makes JSON of a form with a file.
func (a *API) takeDocument(ctx huma.Context, next func(huma.Context)) {
	h, is := ctx.(*hertzContext)
	if !is || !isDocumentForm(h.c, documentsPath) {
		next(ctx)
		return
	}
	c := callOf(ctx.Context())
	if err := a.formToJSON(ctx.Context(), c, h.c); err != nil {
		writeProblem(h.c, a.fail(c, err))
		return
	}
	next(ctx)
}

// formToJSON reads the form. What there is no room for is refused before it is read.
func (a *API) formToJSON(ctx context.Context, c *call, h *app.RequestContext) error {
	base, err := a.base()
	if err != nil {
		return err
	}
	if err := a.cfg.Store.KnowledgeRoom(ctx, c.actor().Tenant, 1, a.cfg.KnowledgeLimits); err != nil {
		return err
	}
	if err := a.uploaders.Allow(string(c.actor().User[:])); err != nil {
		return err
	}
	most := a.cfg.KnowledgeLimits.DocumentBytes
	if most <= 0 {
		most = maxBody
	}
	form, err := a.receiveDocument(c, h, most)
	if err != nil {
		return err
	}
	select {
	case a.reading <- struct{}{}:
		defer func() { <-a.reading }()
	default:
		return errFilesBusy
	}
	if form.fields["format"], form.fields["text"], err = base.Decode(ctx, form.name, form.file, most); err != nil {
		return err
	}
	if form.fields["title"] == "" {
		// The text's own title is better, if it has one.
		if title, _, err := base.Read(form.fields["format"], form.fields["text"]); err == nil && title == "" {
			form.fields["title"] = strings.TrimSuffix(form.name, path.Ext(form.name))
		}
	}
	raw, err := json.Marshal(form.fields)
	if err != nil {
		return err
	}
	h.Request.SetBodyRaw(raw)
	h.Request.Header.SetContentTypeBytes([]byte("application/json"))
	return nil
}

// documentsAtOnce is how many files texts are made of at a time; PDFs wait for each other besides.
const documentsAtOnce = 4

// errFilesBusy is for those who send files when as many are coming in as may.
var errFilesBusy = chat.Errorf(chat.Busy, "too many files are coming in; try again")

// receiveDocument takes the form in.
func (a *API) receiveDocument(c *call, h *app.RequestContext, most int) (form documentForm, err error) {
	b := c.body
	if b == nil {
		return form, statusProblem(c, http.StatusBadRequest, "the request has no body")
	}
	select {
	case a.uploading <- struct{}{}:
		defer func() { <-a.uploading }()
	default:
		return form, errFilesBusy
	}
	largest := chat.KnowledgeFileBytes(".pdf", most)
	if b.left > int64(largest)+formRoom {
		b.waste()
		return form, documentTooLarge(largest)
	}
	b.patient(a.cfg.Uploads.Pause, a.cfg.Uploads.Patience)
	form, err = readDocumentForm(io.LimitReader(b, int64(largest)+formRoom), formBoundary(h), most)
	var known *chat.Error
	switch {
	case errors.As(err, &known):
		b.waste()
		return form, err
	case err != nil && b.err != nil:
		return form, b.problem(c)
	case err != nil:
		return form, statusProblem(c, http.StatusBadRequest, "the form can't be read")
	case form.file == nil:
		return form, statusProblem(c, http.StatusBadRequest, "the form has no part called file")
	}
	return form, nil
}

// documentForm is what a form holds.
type documentForm struct {
	name   string
	file   []byte
	fields map[string]string
}

func readDocumentForm(r io.Reader, boundary string, most int) (f documentForm, err error) {
	f.fields = map[string]string{}
	form := multipart.NewReader(r, boundary)
	for range 10 {
		p, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, r) // what stands behind the form
			return f, err
		}
		if err != nil {
			return f, err
		}
		switch name := p.FormName(); name {
		case "file":
			f.name = chat.CleanName(p.FileName())
			bytes := chat.KnowledgeFileBytes(f.name, most)
			if f.file, err = io.ReadAll(io.LimitReader(p, int64(bytes)+1)); err != nil {
				return f, err
			}
			if len(f.file) > bytes {
				return f, documentTooLarge(bytes)
			}
		case "title", "url", "language":
			raw, err := io.ReadAll(io.LimitReader(p, 8<<10))
			if err != nil {
				return f, err
			}
			if f.fields[name] = string(raw); f.fields[name] == "" {
				delete(f.fields, name)
			}
		default:
			if _, err := io.Copy(io.Discard, p); err != nil {
				return f, err
			}
		}
	}
	return f, chat.Errorf(chat.Malformed, "the form has too many parts")
}
