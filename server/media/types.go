package media

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// Error is why a file is not taken.
type Error struct {
	Name    string // stable, machine-readable
	Message string // for people
	Large   bool   // it is too large, rather than of a kind that is not taken
}

func (e *Error) Error() string { return e.Message }

func errorf(name, format string, args ...any) *Error {
	return &Error{Name: name, Message: fmt.Sprintf(format, args...)}
}

// kind is one type that is taken.
type kind struct {
	mime       string
	extensions []string
	found      []string // what the content is called by those who look at it, if not mime
	picture    format   // nil: no image
	archive    bool
}

// kinds is everything that is taken. Nothing in it can carry a script that a browser runs; only images are ever shown in a page.
// SVG, HTML, XML, scripts and programs are in no row.
var kinds = []kind{
	{mime: "image/jpeg", extensions: []string{".jpg", ".jpeg"}, picture: jpegFormat{}},
	{mime: "image/png", extensions: []string{".png"}, found: []string{"image/png", "image/vnd.mozilla.apng"}, picture: pngFormat{}},
	{mime: "image/gif", extensions: []string{".gif"}, picture: gifFormat{}},
	{mime: "image/webp", extensions: []string{".webp"}, picture: webpFormat{}},

	{mime: "application/pdf", extensions: []string{".pdf"}},
	{mime: "text/plain", extensions: []string{".txt", ".log", ".md"}, found: plain},
	{mime: "text/csv", extensions: []string{".csv"}, found: plain},
	{mime: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", extensions: []string{".docx"}, archive: true},
	{mime: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", extensions: []string{".xlsx"}, archive: true},
	{mime: "application/vnd.openxmlformats-officedocument.presentationml.presentation", extensions: []string{".pptx"}, archive: true},
	{mime: "application/vnd.oasis.opendocument.text", extensions: []string{".odt"}, archive: true},
	{mime: "application/vnd.oasis.opendocument.spreadsheet", extensions: []string{".ods"}, archive: true},
	{mime: "application/vnd.oasis.opendocument.presentation", extensions: []string{".odp"}, archive: true},
	{mime: "application/zip", extensions: []string{".zip"}, archive: true},

	{mime: "audio/mpeg", extensions: []string{".mp3"}},
	{mime: "audio/ogg", extensions: []string{".ogg", ".oga", ".opus"}, found: []string{"audio/ogg", "application/ogg"}},
	{mime: "audio/wav", extensions: []string{".wav"}},
	{mime: "audio/mp4", extensions: []string{".m4a"}, found: []string{"audio/x-m4a", "audio/mp4", "video/mp4"}},
	{mime: "video/mp4", extensions: []string{".mp4"}},
	{mime: "video/quicktime", extensions: []string{".mov"}},
	{mime: "video/webm", extensions: []string{".webm"}},
}

// plain is what text may be taken for.
var plain = []string{"text/plain", "text/csv", "text/tab-separated-values", "application/json", "application/x-ndjson"}

// Info is what a file is.
type Info struct {
	Mime    string
	Image   bool // to be cleaned, and may be shown in a page
	picture format
}

// Extensions lists what may be sent up, for people.
func Extensions() (list []string) {
	for i := range kinds {
		for _, ext := range kinds[i].extensions {
			list = append(list, strings.TrimPrefix(ext, "."))
		}
	}
	return list
}

// Inspect looks at a file of size bytes and says what it is: what its name says, if its content says so too. An *Error says why
// it is not taken.
func Inspect(f io.ReaderAt, size int64, name string) (Info, error) {
	ext := strings.ToLower(path.Ext(name))
	i := slices.IndexFunc(kinds, func(k kind) bool { return slices.Contains(k.extensions, ext) })
	if i < 0 {
		return Info{}, errorf("file_type_not_allowed", "files of this type are not taken; these are: %s", strings.Join(Extensions(), ", "))
	}
	k := &kinds[i]
	if size == 0 {
		return Info{}, errorf("file_empty", "the file is empty")
	}
	content, err := mimetype.DetectReader(io.NewSectionReader(f, 0, size))
	if err != nil {
		return Info{}, err
	}
	found := k.found
	if found == nil {
		found = []string{k.mime}
	}
	if !slices.ContainsFunc(found, content.Is) {
		return Info{}, errorf("file_type_mismatch", "the file's content (%s) is not what its name says (%s)", content.String(), ext)
	}
	if k.archive {
		if err := checkArchive(f, size); err != nil {
			return Info{}, err
		}
	}
	return Info{Mime: k.mime, Image: k.picture != nil, picture: k.picture}, nil
}
