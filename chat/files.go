package chat

import (
	"context"
	"io"
	"time"
)

// UploadID names a file that somebody has sent up.
type UploadID = ID[Upload]

// Upload is a file that somebody has sent up, for messages to name.
type Upload struct {
	ID     UploadID
	Tenant TenantID
	// Conversation is the only one whose messages may name the file; zero until one does, or it is given with the upload.
	Conversation ConversationID
	Uploader     UserID
	Role         Role
	Name         string // as CleanName leaves it
	Mime         string
	Size         int64 // bytes
	SHA256       [32]byte
	Width        int // pixels of an image as it is shown; 0 of anything else
	Height       int
	Object       string // its name in Files: random, and told to nobody
	Thumb        string // media type of the small picture; empty if there is none
	ThumbSize    int64
	Named        bool // a message names it
	Shown        bool // one that visitors see does
	CreatedAt    time.Time
}

// ThumbObject is the small picture's name in Files.
func (u *Upload) ThumbObject() string { return u.Object + ".thumb" }

// UploadUse is a message that names an upload.
type UploadUse struct {
	Key     Key
	Upload  UploadID
	Message MessageID
	Sender  UserID
	Role    Role
	Public  bool // visitors see the message
	Edited  bool // the message names it by an edit: also if it did before and no longer does
	At      time.Time
}

// Uploads are the rows of uploads. Methods that find one return NotFound if there is none.
type Uploads interface {
	// ReserveUpload writes the row of an upload whose bytes are about to be kept. Nobody sees it before KeepUpload. Full, named
	// quota_exceeded, if the tenant's files would take more than quota bytes (0: no limit), and TooMany if the uploader has unsent
	// files already that no message names.
	ReserveUpload(ctx context.Context, u Upload, quota int64, unsent int) error
	// KeepUpload says that the bytes of a reserved upload are kept.
	KeepUpload(ctx context.Context, tenant TenantID, id UploadID) error
	Upload(ctx context.Context, tenant TenantID, id UploadID) (Upload, error)
	// UseUpload notes that a message names an upload and makes it the conversation's; fresh is false if that was noted before.
	// NotFound if it is another conversation's, or of none and somebody else's, or a visitor names a file that no visitor saw.
	UseUpload(ctx context.Context, use UploadUse) (fresh bool, err error)
	// ReleaseUpload takes one note back as if it had never been. ReleaseUploads says that a message no longer names what it named,
	// but for one upload; the message sent again changes nothing in that. An upload that no message names any more is the
	// uploader's alone again.
	ReleaseUpload(ctx context.Context, use UploadUse) error
	ReleaseUploads(ctx context.Context, key Key, message MessageID, but UploadID) error
	// DropUpload takes an upload that no message names away from everybody; its bytes are to be deleted, and then the row.
	// Conflict if a message names it.
	DropUpload(ctx context.Context, tenant TenantID, id UploadID) error
	// StaleUploads drops up to limit uploads of all tenants that were made before a time and that no message names, and returns
	// all that were dropped and still have a row. A note counts if its message is there, or if it is not older than that time.
	StaleUploads(ctx context.Context, before time.Time, limit int) ([]Upload, error)
	// RemoveUpload removes the row of an upload that was dropped or never kept.
	RemoveUpload(ctx context.Context, tenant TenantID, id UploadID) error
	// UploadTotal returns how many bytes a tenant's files take, small pictures included.
	UploadTotal(ctx context.Context, tenant TenantID) (int64, error)
}

// Files keeps the bytes of uploads. Names are made here and are safe in any file system. Methods return *Error Busy when the
// store does not answer. Every driver passes outbound/files/filestest. Safe for concurrent use.
type Files interface {
	// Put keeps size bytes of r under a name, durably, all or nothing; what was there before is replaced.
	Put(ctx context.Context, name string, r io.Reader, size int64) error
	// Open returns length bytes from an offset on, all of which must be there. NotFound if there is no such file.
	Open(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error)
	// Delete removes a file. It is no error if there is none.
	Delete(ctx context.Context, name string) error
}
