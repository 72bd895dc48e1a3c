package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/media"
)

// uploadsPath is the one route whose requests are not taken into memory.
const uploadsPath = "/api/v1/uploads"

// UploadLimits bound what is taken of files.
type UploadLimits struct {
	// Bytes of one file. Defaults to 20 MiB.
	Bytes int64
	// Pixels of one image. Defaults to 40 million.
	Pixels int64
	// AtOnce is how many files a node takes at a time. Defaults to 16.
	AtOnce int
	// Rate and Burst are files a second, and at once, of one user. Default to 1 and 20.
	Rate  float64
	Burst int
	// LinkLife is how long a link to a file is valid. Defaults to 15m.
	LinkLife time.Duration
	// Temp is the directory that files wait in while they come in. Defaults to os.TempDir.
	Temp string
	// Pause is how long a sender may say nothing, and Patience how long one file may take. Default to 10s and 5m.
	Pause, Patience time.Duration
}

func (l UploadLimits) withDefaults() UploadLimits {
	if l.Bytes <= 0 {
		l.Bytes = 20 << 20
	}
	if l.AtOnce <= 0 {
		l.AtOnce = 16
	}
	if l.Rate <= 0 {
		l.Rate = 1
	}
	if l.Burst <= 0 {
		l.Burst = 20
	}
	if l.LinkLife <= 0 {
		l.LinkLife = 15 * time.Minute
	}
	if l.Pause <= 0 {
		l.Pause = 10 * time.Second
	}
	if l.Patience <= 0 {
		l.Patience = 5 * time.Minute
	}
	return l
}

// Upload is a file that was sent up.
type Upload struct {
	ID             string    `json:"id" format:"uuid"`
	URL            string    `json:"url" doc:"What a message of kind image or file names it by, and where it is read with a credential."`
	Name           string    `json:"name" doc:"As it was kept: without path, control characters and the like."`
	Size           int64     `json:"size" doc:"Bytes, as they were kept."`
	Mime           string    `json:"mime"`
	Width          int       `json:"width,omitempty" doc:"Pixels of an image, as it is shown."`
	Height         int       `json:"height,omitempty"`
	SHA256         string    `json:"sha256" doc:"Of what was kept, hexadecimal."`
	ConversationID *string   `json:"conversation_id" nullable:"true" format:"uuid" doc:"The only conversation whose messages may name it; null until one does."`
	CreatedAt      time.Time `json:"created_at"`
	Link           FileLink  `json:"link"`
}

// FileLink is where a file is read for a while without a credential, by an <img> for one. Paths are relative to the API's origin.
type FileLink struct {
	URL          string    `json:"url"`
	ThumbnailURL string    `json:"thumbnail_url,omitempty" doc:"Of images: at most 480 pixels wide and high."`
	ExpiresAt    time.Time `json:"expires_at"`
}

// incoming is a file that has come in, in a file that has no name (any more): it is gone with the process, however that ends.
type incoming struct {
	file         *os.File
	size         int64
	name         string
	conversation chat.ConversationID
}

func (in *incoming) reader() io.Reader { return io.NewSectionReader(in.file, 0, in.size) }

// digest is of all that came: what it is called, where it goes and every byte.
func (in *incoming) digest(key, query []byte) (d [32]byte, err error) {
	h := sha256.New()
	if _, err := io.Copy(h, in.reader()); err != nil {
		return d, err
	}
	return digest(key, []byte("file"), query, []byte(in.name), in.conversation[:], h.Sum(nil)), nil
}

// takeIn takes in the file that a request sends, if that was not done yet: c.file. The caller calls done at the end.
func (a *API) takeIn(c *call) (done func(), err error) {
	if c.file != nil {
		return func() {}, nil
	}
	if err := a.uploaders.Allow(string(c.actor().User[:])); err != nil {
		return nil, err
	}
	select {
	case a.uploading <- struct{}{}:
	default:
		return nil, errFilesBusy
	}
	in, err := a.receive(c)
	done = func() {
		if in.file != nil {
			_ = in.file.Close() // it has no name: nothing is left of it
		}
		<-a.uploading
	}
	if err != nil {
		done()
		return nil, err
	}
	c.file = &in
	return done, nil
}

// upload takes a file.
func (a *API) upload(ctx context.Context, c *call, _ *none) (*answer[Upload], error) {
	done, err := a.takeIn(c)
	if err != nil {
		return nil, err
	}
	defer done()
	in := *c.file
	u, thumb, err := a.inspect(ctx, &in)
	if err != nil {
		return nil, a.refusal(c, err)
	}
	if in.file != c.file.file {
		defer in.file.Close() // the cleaned one
	}
	if u, err = a.cfg.Desk.Keep(ctx, c.actor(), u, in.reader(), thumb.Data); err != nil {
		return nil, err
	}
	a.stats.uploads.Inc()
	a.stats.uploaded.Add(int(u.Size))
	return a.showUpload(c, &u)
}

// refusal shows why a file is not taken.
func (a *API) refusal(c *call, err error) error {
	var e *media.Error
	if !errors.As(err, &e) {
		return full(err)
	}
	a.stats.refused.Inc()
	status := http.StatusUnsupportedMediaType
	if e.Large {
		status = http.StatusRequestEntityTooLarge
	}
	p := statusProblem(c, status, e.Message)
	p.Code = e.Name
	return p
}

// full tells a disk without room from other failures.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return chat.Errorf(chat.Full, "there is no room for files")
	}
	return err
}

// inspect looks at a file, replaces an image by what is kept of it, and returns what there is to say of it.
func (a *API) inspect(ctx context.Context, in *incoming) (u chat.Upload, thumb media.Thumb, err error) {
	info, err := media.Inspect(in.file, in.size, in.name)
	if err != nil {
		return u, thumb, err
	}
	u = chat.Upload{Conversation: in.conversation, Name: in.name, Mime: info.Mime}
	if info.Image {
		clean, err := a.temporary()
		if err != nil {
			return u, thumb, err
		}
		img, err := media.Clean(clean, in.file, in.size, info, media.Limits{Pixels: a.cfg.Uploads.Pixels})
		size, serr := clean.Seek(0, io.SeekCurrent)
		if err = errors.Join(err, serr); err != nil {
			return u, thumb, errors.Join(err, clean.Close())
		}
		in.file, in.size = clean, size
		u.Width, u.Height = img.Width, img.Height
		if thumb, err = media.Small(ctx, in.reader(), info, &img); err != nil {
			return u, thumb, errors.Join(err, clean.Close())
		}
		u.Thumb = thumb.Mime
	}
	h := sha256.New()
	if _, err := io.Copy(h, in.reader()); err != nil {
		return u, thumb, err
	}
	u.Size, u.SHA256 = in.size, [32]byte(h.Sum(nil))
	return u, thumb, nil
}

// temporary makes a file without a name.
func (a *API) temporary() (*os.File, error) {
	f, err := os.CreateTemp(a.cfg.Uploads.Temp, "upload-")
	if err != nil {
		return nil, full(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// formRoom is how large everything in a form may be that is not the file.
const formRoom = 64 << 10

// receive reads the form that a file comes in (RFC 7578).
func (a *API) receive(c *call) (in incoming, err error) {
	kind, params, err := mime.ParseMediaType(string(c.h.Request.Header.ContentType()))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" || len(params["boundary"]) > 70 {
		return in, statusProblem(c, http.StatusUnsupportedMediaType, "send multipart/form-data with a part called file")
	}
	b := c.body
	if b == nil {
		return in, statusProblem(c, http.StatusBadRequest, "the request has no body")
	}
	most := a.cfg.Uploads.Bytes
	if b.left > most+formRoom {
		b.waste()
		return in, a.tooLarge()
	}
	b.patient(a.cfg.Uploads.Pause, a.cfg.Uploads.Patience)
	limited := &io.LimitedReader{R: b, N: most + formRoom}
	err = a.readForm(c, multipart.NewReader(limited, params["boundary"]), &in)
	if err == nil {
		_, err = io.Copy(io.Discard, limited) // what stands behind the form
	}
	var known *chat.Error
	var shown *Problem
	switch {
	case errors.As(err, &known), errors.As(err, &shown):
		return in, err
	case limited.N == 0 && !b.done:
		b.waste()
		return in, a.tooLarge()
	case b.err != nil:
		return in, b.problem(c)
	case errors.Is(err, errDisk):
		return in, full(err)
	case err != nil:
		return in, statusProblem(c, http.StatusBadRequest, "the form can't be read")
	case in.file == nil:
		return in, statusProblem(c, http.StatusBadRequest, "the form has no part called file")
	}
	return in, nil
}

func (a *API) tooLarge() error {
	a.stats.refused.Inc()
	most := fmt.Sprintf("a file may have %d bytes", a.cfg.Uploads.Bytes)
	if a.cfg.Uploads.Bytes%(1<<20) == 0 {
		most = fmt.Sprintf("a file may have %d MiB", a.cfg.Uploads.Bytes>>20)
	}
	return &chat.Error{Code: chat.TooLarge, Name: "file_too_large", Message: most}
}

var errDisk = errors.New("the file can't be written here")

// readForm reads the parts of a form.
func (a *API) readForm(c *call, form *multipart.Reader, in *incoming) error {
	for range 10 {
		p, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch p.FormName() {
		case "conversation_id":
			raw, err := io.ReadAll(io.LimitReader(p, 64))
			if err != nil {
				return err
			}
			if in.conversation, err = optionalID[chat.Conversation]("conversation_id", string(raw)); err != nil {
				return err
			}
		case "file":
			if in.file != nil {
				return statusProblem(c, http.StatusBadRequest, "one file at a time")
			}
			if err := a.takeFile(p, in); err != nil {
				return err
			}
		default:
			if _, err := io.Copy(io.Discard, p); err != nil {
				return err
			}
		}
	}
	return statusProblem(c, http.StatusBadRequest, "the form has too many parts")
}

// takeFile writes the part that is the file to the disk.
func (a *API) takeFile(p *multipart.Part, in *incoming) (err error) {
	in.name = chat.CleanName(p.FileName())
	if in.file, err = a.temporary(); err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	w := &diskWriter{f: in.file}
	in.size, err = io.Copy(w, io.LimitReader(p, a.cfg.Uploads.Bytes+1))
	switch {
	case w.err != nil:
		return fmt.Errorf("%w: %w", errDisk, w.err)
	case err != nil:
		return err
	case in.size > a.cfg.Uploads.Bytes:
		return a.tooLarge()
	}
	return nil
}

// diskWriter remembers that it was the disk that failed, not the sender.
type diskWriter struct {
	f   *os.File
	err error
}

func (w *diskWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

func (a *API) showUpload(c *call, u *chat.Upload) (*answer[Upload], error) {
	link, err := a.link(c, u)
	if err != nil {
		return nil, err
	}
	return ok(Upload{
		ID: u.ID.String(), URL: chat.UploadPath + u.ID.String(), Name: u.Name, Size: u.Size, Mime: u.Mime, Width: u.Width, Height: u.Height,
		SHA256: hex.EncodeToString(u.SHA256[:]), ConversationID: idOrNull(u.Conversation), CreatedAt: u.CreatedAt.UTC(), Link: link,
	})
}

// bindUpload is bind for the route that takes files: it has more time, and a form for a body.
func (a *API) bindUpload() func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		bindFor(a, a.cfg.Uploads.Patience+a.cfg.CallTimeout, a.upload)(h, op)
		h.OpenAPI().Paths[op.Path].Post.RequestBody = &huma.RequestBody{
			Required: true,
			Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
				Type: huma.TypeObject, Required: []string{"file"},
				Properties: map[string]*huma.Schema{
					"file":            {Type: huma.TypeString, Format: "binary", Description: "The file, with its name."},
					"conversation_id": {Type: huma.TypeString, Format: "uuid", Description: "A conversation that the caller may write to. Left out: the file becomes that of the first message that names it."},
				},
			}}},
		}
	}
}
