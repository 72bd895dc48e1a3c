package chat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"
)

// UploadPath begins the url with which a message names an upload; the id follows.
const UploadPath = "/api/v1/uploads/"

// FileLimits bound what is kept of a tenant's and an uploader's files.
type FileLimits struct {
	// Quota is how many bytes one tenant's files may take. 0: no limit.
	Quota int64
	// Unsent is how many files one uploader may have that no message names. Defaults to 50.
	Unsent int
	// UnsentLife is how long a file is kept that no message names. Defaults to 24h.
	UnsentLife time.Duration
}

func (l FileLimits) withDefaults() FileLimits {
	if l.Unsent <= 0 {
		l.Unsent = 50
	}
	if l.UnsentLife <= 0 {
		l.UnsentLife = 24 * time.Hour
	}
	return l
}

var (
	errNoUpload = Errorf(NotFound, "there is no such upload")
	errNoFiles  = Errorf(Busy, "this node keeps no files")
)

// Keep keeps a file. The caller has looked at what is in it and fills in Conversation (zero: whichever the message that names
// it belongs to), Name, Mime, Size, SHA256, Width, Height and, for a small picture, Thumb.
func (d *Desk) Keep(ctx context.Context, a *Actor, u Upload, body io.Reader, thumb []byte) (Upload, error) {
	if d.files == nil {
		return Upload{}, errNoFiles
	}
	if !mayWrite(a) {
		return Upload{}, errNotAllowed
	}
	if !u.Conversation.IsZero() {
		if _, err := d.readable(ctx, a, u.Conversation); err != nil {
			return Upload{}, err
		}
	}
	u.ID, u.Tenant, u.Uploader, u.Role = NewID[Upload](), a.Tenant, a.User, a.Role
	u.Object, u.ThumbSize, u.CreatedAt = objectName(u.Tenant), int64(len(thumb)), d.now().UTC().Truncate(time.Microsecond)
	if err := d.store.ReserveUpload(ctx, u, d.fileLimits.Quota, d.fileLimits.Unsent); err != nil {
		return Upload{}, err
	}
	err := d.files.Put(ctx, u.Object, body, u.Size)
	if err == nil && len(thumb) > 0 {
		err = d.files.Put(ctx, u.ThumbObject(), strings.NewReader(string(thumb)), u.ThumbSize)
	}
	if err == nil {
		err = d.store.KeepUpload(ctx, u.Tenant, u.ID)
	}
	if err != nil {
		// Whoever asked may be gone; what fails now is left to the sweep.
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if cerr := d.remove(clean, &u); cerr != nil {
			d.logger.Warn("a file that was not kept is left to the sweep", "err", cerr)
		}
		return Upload{}, err
	}
	return u, nil
}

// objectName returns a name of 192 random bits, in a folder of the tenant's.
func objectName(t TenantID) string {
	var b [24]byte
	_, _ = rand.Read(b[:])
	name := hex.EncodeToString(b[:])
	return t.String() + "/" + name[:2] + "/" + name
}

// File returns an upload that the actor may read: its own; and those that a message names which the actor may see.
func (d *Desk) File(ctx context.Context, a *Actor, id UploadID) (Upload, error) {
	u, err := d.store.Upload(ctx, a.Tenant, id)
	switch {
	case errors.Is(err, &Error{Code: NotFound}):
		return Upload{}, errNoUpload
	case err != nil:
		return Upload{}, err
	case u.Uploader == a.User && u.Role == a.Role:
		return u, nil
	case !u.Named, a.Audience() == AudiencePublic && !u.Shown, u.Conversation.IsZero():
		return Upload{}, errNoUpload
	}
	if _, err := d.readable(ctx, a, u.Conversation); errors.Is(err, &Error{Code: NotFound}) {
		return Upload{}, errNoUpload
	} else if err != nil {
		return Upload{}, err
	}
	return u, nil
}

// LinkedFile returns the upload of a link that somebody who could read it was given: still there, and still to be read by
// somebody of that audience, or by its uploader if own is set.
func (d *Desk) LinkedFile(ctx context.Context, t TenantID, id UploadID, audience Audience, own bool) (Upload, error) {
	u, err := d.store.Upload(ctx, t, id)
	switch {
	case errors.Is(err, &Error{Code: NotFound}):
		return Upload{}, errNoUpload
	case err != nil:
		return Upload{}, err
	case !own && (!u.Named || audience == AudiencePublic && !u.Shown):
		return Upload{}, errNoUpload
	}
	return u, nil
}

// OpenFile returns length bytes of an upload, or of its small picture, from an offset on.
func (d *Desk) OpenFile(ctx context.Context, u *Upload, thumb bool, offset, length int64) (io.ReadCloser, error) {
	if d.files == nil {
		return nil, errNoFiles
	}
	name := u.Object
	if thumb {
		name = u.ThumbObject()
	}
	return d.files.Open(ctx, name, offset, length)
}

// DropFile deletes an upload of the actor's own that no message names. Conflict if one does.
func (d *Desk) DropFile(ctx context.Context, a *Actor, id UploadID) error {
	if d.files == nil {
		return errNoFiles
	}
	u, err := d.File(ctx, a, id)
	if err != nil {
		return err
	}
	if u.Uploader != a.User || u.Role != a.Role {
		return &Error{Code: Forbidden, Name: "not_yours", Message: "only who sent a file up may delete it"}
	}
	if err := d.store.DropUpload(ctx, a.Tenant, id); err != nil {
		return err
	}
	return d.remove(ctx, &u)
}

// remove deletes an upload's bytes and then its row.
func (d *Desk) remove(ctx context.Context, u *Upload) error {
	err := d.files.Delete(ctx, u.Object)
	if u.ThumbSize > 0 {
		err = errors.Join(err, d.files.Delete(ctx, u.ThumbObject()))
	}
	if err != nil {
		return err
	}
	return d.store.RemoveUpload(ctx, u.Tenant, u.ID)
}

// namedUpload returns the upload that a message's body names, zero if it names none. Malformed if the body names something
// that no page may load.
func namedUpload(k Kind, body []byte) (id UploadID, err error) {
	member := "url"
	switch k {
	case KindImage, KindFile:
	case KindCard:
		member = "image"
	default:
		return id, nil
	}
	var members map[string]json.RawMessage // not a struct: there "URL" would count as "url", as it does for no page
	if json.Unmarshal(body, &members) != nil {
		return id, Errorf(Malformed, "body must be a JSON object")
	}
	raw, there := members[member]
	if !there && k == KindCard {
		return id, nil
	}
	var link *string
	if json.Unmarshal(raw, &link) != nil || link == nil {
		return id, Errorf(Malformed, `the body of an image or a file needs "url", and a card's "image" is one: a string`)
	}
	if name, ours := strings.CutPrefix(*link, UploadPath); ours {
		if id, err = ParseID[Upload](name); err != nil || id.IsZero() {
			return id, errNoUpload
		}
		return id, nil
	}
	u, err := url.Parse(*link)
	if err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || strings.Contains(*link, `\`) {
		return id, Errorf(Malformed, "%s: must be an upload's url, or a link with http or https", member)
	}
	return id, nil
}

// hold is an upload that a message which is not appended yet names.
type hold struct {
	request int // in its Send
	use     UploadUse
}

// hold notes that a message names an upload, before it is appended: from then on the file is kept. fresh is nil if the body
// names none, or the note was there before.
func (d *Desk) hold(ctx context.Context, m *Message, body []byte, edited bool) (fresh *UploadUse, err error) {
	id, err := namedUpload(m.Kind, body)
	if err != nil || id.IsZero() {
		return nil, err
	}
	if m.Kind == KindImage {
		u, err := d.store.Upload(ctx, m.Tenant, id)
		if err == nil && !strings.HasPrefix(u.Mime, "image/") {
			return nil, &Error{Code: Malformed, Name: "not_an_image", Message: "the upload is no image: send it as a file"}
		}
		if err != nil {
			return nil, uploadGone(err)
		}
	}
	use := UploadUse{
		Key: Key{m.Tenant, m.Conversation}, Upload: id, Message: m.ID, Sender: m.Sender, Role: m.Role, Public: m.Visibility == Public,
		Edited: edited, At: d.now(),
	}
	isNew, err := d.store.UseUpload(ctx, use)
	if err != nil {
		return nil, uploadGone(err)
	}
	if !isNew {
		return nil, nil
	}
	return &use, nil
}

// uploadGone names the error of a message whose upload is not there, or not for this conversation.
func uploadGone(err error) error {
	if errors.Is(err, &Error{Code: NotFound}) {
		return &Error{Code: NotFound, Name: "upload_not_found", Message: "there is no such upload for this conversation"}
	}
	return err
}

// holdSend is hold for a SEND. A message that is in the log already needs no file: sent again, it is a duplicate for ever.
func (d *Desk) holdSend(ctx context.Context, e *Event) (*UploadUse, error) {
	use, err := d.hold(ctx, &e.Message, e.Body, false)
	if !errors.Is(err, &Error{Code: NotFound}) {
		return use, err
	}
	if _, merr := d.store.Message(ctx, Key{e.Tenant, e.Conversation}, e.ID); merr != nil {
		return nil, err
	}
	e.Retry = true
	return nil, nil
}

// release takes back what was noted for a message that was refused. If that fails, the sweep does it.
func (d *Desk) release(ctx context.Context, use UploadUse) {
	if err := d.store.ReleaseUpload(ctx, use); err != nil {
		d.logger.Warn("a refused message's upload is left to the sweep", "err", err)
	}
}

// refused reports whether an event's error says that it was not and will not be appended.
func refused(err error) bool {
	switch CodeOf(err) {
	case Malformed, Forbidden, NotFound, Conflict, TooLarge:
		return true
	default:
		return false
	}
}

const (
	sweepFirst = time.Minute
	sweepEvery = time.Hour
	sweepBatch = 100
)

// runSweep deletes files that nothing needs, now and then, until ctx ends.
func (d *Desk) runSweep(ctx context.Context) {
	if d.files == nil || d.passive {
		return
	}
	d.everyFrom(ctx, sweepFirst, sweepEvery, "files that nothing needs can't all be deleted", func(ctx context.Context) error {
		_, err := d.Sweep(ctx)
		return err
	})
}

// Sweep deletes files that no message has named for FileLimits.UnsentLife, and returns how many. Several nodes may do so at
// once.
func (d *Desk) Sweep(ctx context.Context) (removed int, err error) {
	if d.files == nil {
		return 0, nil
	}
	for {
		batch, err := d.store.StaleUploads(ctx, d.now().Add(-d.fileLimits.UnsentLife), sweepBatch)
		if err != nil {
			return removed, err
		}
		for i := range batch {
			if err := d.remove(ctx, &batch[i]); err != nil {
				return removed, err
			}
			removed++
		}
		d.swept.Add(uint64(len(batch)))
		if len(batch) < sweepBatch {
			return removed, nil
		}
	}
}

// Swept is how many files this node's sweeps have deleted.
func (d *Desk) Swept() uint64 { return d.swept.Load() }
