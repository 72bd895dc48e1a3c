package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// linkPath begins the address of a file for whoever holds it. It is not under /api/v1: there is no credential but the address.
const linkPath = "/files/"

// filePolicy lets a file that is opened as a page do nothing, and be framed by nobody (CSP 3).
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// link makes links to a file that the caller may read.
func (a *API) link(c *call, u *chat.Upload) (out FileLink, err error) {
	l := auth.FileLink{
		Tenant: u.Tenant, Upload: u.ID, Audience: c.actor().Audience(), Own: u.Uploader == c.actor().User && u.Role == c.actor().Role,
		Expires: a.cfg.Now().Add(a.cfg.Uploads.LinkLife).UTC().Truncate(time.Second),
	}
	token, err := a.cfg.Auth.SignLink(l)
	if err != nil {
		return out, err
	}
	out = FileLink{URL: linkPath + token, ExpiresAt: l.Expires}
	if u.Width > 0 {
		l.Thumb = true
		if token, err = a.cfg.Auth.SignLink(l); err != nil {
			return out, err
		}
		out.ThumbnailURL = linkPath + token
	}
	return out, nil
}

func (a *API) fileOf(ctx context.Context, c *call, rawID string) (chat.Upload, error) {
	id, err := pathID[chat.Upload](rawID)
	if err != nil {
		return chat.Upload{}, err
	}
	return a.cfg.Desk.File(ctx, c.actor(), id)
}

func (a *API) linkUpload(ctx context.Context, c *call, in *Target) (*answer[FileLink], error) {
	u, err := a.fileOf(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := a.link(c, &u)
	if err != nil {
		return nil, err
	}
	return ok(out)
}

func (a *API) deleteUpload(ctx context.Context, c *call, in *Target) (*none, error) {
	id, err := pathID[chat.Upload](in.ID)
	if err != nil {
		return nil, err
	}
	return &none{}, a.cfg.Desk.DropFile(ctx, c.actor(), id)
}

// served says with which status the handler has answered by itself.
type served struct{ Status int }

func (a *API) getUpload(ctx context.Context, c *call, in *Target) (*served, error) {
	return a.readUpload(ctx, c, in.ID, false)
}

func (a *API) getThumbnail(ctx context.Context, c *call, in *Target) (*served, error) {
	return a.readUpload(ctx, c, in.ID, true)
}

func (a *API) readUpload(ctx context.Context, c *call, id string, thumb bool) (*served, error) {
	u, err := a.fileOf(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return a.serveUpload(ctx, c, &u, thumb)
}

// linkedFile serves a file to whoever holds a link to it.
func (a *API) linkedFile(ctx context.Context, h *app.RequestContext) {
	c := callOf(ctx)
	call, cancel := context.WithTimeout(ctx, a.cfg.CallTimeout)
	defer cancel()
	_, err := a.followLink(call, c, h.Param("token"))
	if err != nil {
		writeProblem(h, a.fail(c, err))
		return
	}
	head := &h.Response.Header
	head.Set("Cross-Origin-Resource-Policy", "cross-origin") // a shop's page shows it
	head.Set("Referrer-Policy", "no-referrer")
}

func (a *API) followLink(ctx context.Context, c *call, token string) (*served, error) {
	l, err := a.cfg.Auth.VerifyLink(ctx, strings.Clone(token))
	if err != nil {
		return nil, err
	}
	u, err := a.cfg.Desk.LinkedFile(ctx, l.Tenant, l.Upload, l.Audience, l.Own)
	if err != nil {
		return nil, err
	}
	return a.serveUpload(ctx, c, &u, l.Thumb)
}

var errNoThumbnail = chat.Errorf(chat.NotFound, "the file is no image")

// serveUpload answers with a file, its small picture, or a part of it (RFC 9110, 14.2).
func (a *API) serveUpload(ctx context.Context, c *call, u *chat.Upload, thumb bool) (*served, error) {
	size, kind, etag := u.Size, u.Mime, fmt.Sprintf(`"%x"`, u.SHA256[:16])
	if thumb && u.Width == 0 {
		return nil, errNoThumbnail
	}
	if thumb = thumb && u.Thumb != ""; thumb { // an image that is small has none of its own
		size, kind, etag = u.ThumbSize, u.Thumb, fmt.Sprintf(`"%x-t"`, u.SHA256[:16])
	}
	h, head := c.h, &c.h.Response.Header
	head.Set("Content-Security-Policy", filePolicy)
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Content-Disposition", disposition(u.Name, u.Width > 0))
	head.Set("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", int(a.cfg.Uploads.LinkLife.Seconds())))
	head.Set("ETag", etag)
	head.Set("Accept-Ranges", "bytes")
	if matchesETag(string(h.Request.Header.Peek("If-None-Match")), etag) {
		h.SetStatusCode(http.StatusNotModified)
		return &served{http.StatusNotModified}, nil
	}
	from, length, status := int64(0), size, http.StatusOK
	if asked := string(h.Request.Header.Peek("Range")); asked != "" && ifRange(string(h.Request.Header.Peek("If-Range")), etag) {
		if from, length, status = byteRange(asked, size); status == http.StatusRequestedRangeNotSatisfiable {
			head.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
			head.Del("Content-Disposition")
			return nil, statusProblem(c, status, "the file does not have these bytes")
		}
	}
	if status == http.StatusPartialContent {
		head.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+length-1, size))
	}
	h.SetContentType(kind)
	h.SetStatusCode(status)
	if string(h.Method()) == http.MethodHead {
		head.SetContentLength(int(length))
		return &served{status}, nil
	}
	// It is read after the handler has returned, for as long as the reader takes.
	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Uploads.Patience)
	r, err := a.cfg.Desk.OpenFile(reading, u, thumb, from, length)
	if err != nil {
		cancel()
		return nil, err
	}
	h.SetBodyStream(stream{r, cancel}, int(length))
	a.stats.downloaded.Add(int(length))
	return &served{status}, nil
}

// stream is a file that is being read.
type stream struct {
	io.ReadCloser
	cancel func()
}

func (s stream) Close() error {
	defer s.cancel()
	return s.ReadCloser.Close()
}

// ifRange reports whether a range is asked of the file that there is (RFC 9110, 13.1.5).
func ifRange(wanted, etag string) bool { return wanted == "" || wanted == etag }

// byteRange reads a range. Anything but one range of bytes is as if it were not there.
func byteRange(asked string, size int64) (from, length int64, status int) {
	spec, isBytes := strings.CutPrefix(asked, "bytes=")
	first, last, isRange := strings.Cut(strings.TrimSpace(spec), "-")
	if !isBytes || !isRange || strings.Contains(spec, ",") {
		return 0, size, http.StatusOK
	}
	a, errA := strconv.ParseUint(first, 10, 62)
	b, errB := strconv.ParseUint(last, 10, 62)
	switch {
	case first == "" && errB == nil: // the last b bytes
		if b == 0 || size == 0 {
			return 0, 0, http.StatusRequestedRangeNotSatisfiable
		}
		n := min(int64(b), size)
		return size - n, n, http.StatusPartialContent
	case errA != nil, last != "" && (errB != nil || b < a):
		return 0, size, http.StatusOK
	case int64(a) >= size:
		return 0, 0, http.StatusRequestedRangeNotSatisfiable
	case last == "":
		return int64(a), size - int64(a), http.StatusPartialContent
	}
	return int64(a), min(int64(b), size-1) - int64(a) + 1, http.StatusPartialContent
}

// disposition names a file for whoever saves it (RFC 6266, RFC 8187). Only images are shown in place.
func disposition(name string, inline bool) string {
	how := "attachment"
	if inline {
		how = "inline"
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	return fmt.Sprintf(`%s; filename="%s"; filename*=UTF-8''%s`, how, plain, strings.ReplaceAll(url.PathEscape(name), "'", "%27"))
}

// bindFile is bind for a route that answers with a file.
func bindFile[I any](a *API, fn func(context.Context, *call, *I) (*served, error)) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		op.Responses = map[string]*huma.Response{strconv.Itoa(op.DefaultStatus): {
			Description: "The file, or the part of it that Range asks for (206). Images are to be shown in place, anything else is an attachment.",
			Content:     map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}}
		bind(a, fn)(h, op)
	}
}
