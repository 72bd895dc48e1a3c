package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// KeptFiles are the files that are kept, as a Resealer brings them into the form that is written now.
type KeptFiles interface {
	// Again brings a file of a size into that form, and reports whether it was in another one. NotFound if there is no such file.
	Again(ctx context.Context, name string, size int64) (changed bool, err error)
	Delete(ctx context.Context, name string) error
}

// shelf is a table whose rows name files.
type shelf struct {
	part  string // as the progress is kept
	list  string // columns
	table string
	files func(scan row) (keptFiles, error)
}

// keptFiles are the files of a row.
type keptFiles struct {
	id    [16]byte
	files []keptFile
}

type keptFile struct {
	name string
	size int64
}

// shelves are all tables whose rows name files. A row that is not there any more, or not like this, has none.
var shelves = []shelf{
	{"files of uploads", `id, object, size, thumb_size`, `uploads WHERE state = 1 AND tenant = $1`, func(scan row) (k keptFiles, err error) {
		var u chat.Upload
		err = scan(&u.ID, &u.Object, &u.Size, &u.ThumbSize)
		k.id, k.files = u.ID, []keptFile{{u.Object, u.Size}}
		if u.ThumbSize > 0 {
			k.files = append(k.files, keptFile{u.ThumbObject(), u.ThumbSize})
		}
		return k, err
	}},
	{"files of exports", `id, body`, `exports WHERE state = 2 AND tenant = $1`, func(scan row) (k keptFiles, err error) {
		var e chat.Export
		var body []byte
		if err = scan(&e.ID, &body); err == nil {
			err = json.Unmarshal(body, &e)
		}
		k.id, k.files = e.ID, []keptFile{{e.Object, e.Bytes}}
		return k, err
	}},
}

// files brings a tenant's files into the form that is wanted, and returns how many were in another one. Their key lasts, so a new data
// key changes nothing for them.
func (r *Resealer) files(ctx context.Context, t chat.TenantID, at map[string]progress, f *form) (total int, err error) {
	if r.Files == nil {
		return 0, nil
	}
	to := &form{keys: f.keys, target: min(f.target, 1)}
	for i := range shelves {
		from := keyValues{}
		if old := at[shelves[i].part]; old.target == int64(to.target) && len(old.cursor) > 0 {
			if old.done {
				continue
			}
			from = readCursor(old.cursor)
		}
		n, err := r.shelf(ctx, t, &shelves[i], to, from)
		if total += n; err != nil {
			return total, fmt.Errorf("%s: %w", shelves[i].part, err)
		}
	}
	return total, nil
}

// shelf goes through a table from a place on. It notes where it is after each file that it has written.
func (r *Resealer) shelf(ctx context.Context, t chat.TenantID, s *shelf, to *form, at keyValues) (total int, err error) {
	for {
		page, err := readAll(ctx, r.store, System, s.files, `SELECT `+s.list+` FROM `+s.table+` AND id > $2 ORDER BY id LIMIT $3`, t, at.id[:], r.Batch)
		if err != nil {
			return total, err
		}
		for i := range page {
			began := time.Now()
			n, err := r.again(ctx, t, s, &page[i])
			if err != nil {
				return total, err
			}
			at.id = page[i].id
			last := i+1 == len(page) && len(page) < r.Batch
			if n == 0 && !last {
				continue
			}
			total += n
			r.rewritten.Add(n)
			if err := r.note(ctx, t, s.part, to, &at, last); err != nil {
				return total, err
			}
			select { // half of the time is others'
			case <-ctx.Done():
				return total, ctx.Err()
			case <-time.After(time.Since(began)):
			}
		}
		if len(page) < r.Batch {
			if len(page) == 0 {
				err = r.note(ctx, t, s.part, to, &at, true)
			}
			return total, err
		}
	}
}

// note keeps how far a part is, and the lease.
func (r *Resealer) note(ctx context.Context, t chat.TenantID, part string, to *form, at *keyValues, done bool) error {
	return r.store.write(ctx, System, func(ctx context.Context, q Querier) error {
		if err := r.hold(ctx, q); err != nil {
			return err
		}
		return saveProgress(ctx, q, t, part, to, at.cursor(), done)
	})
}

// again brings a row's files into the form that is wanted, and returns how many were in another one.
func (r *Resealer) again(ctx context.Context, t chat.TenantID, s *shelf, k *keptFiles) (n int, err error) {
	for _, file := range k.files {
		changed, err := r.Files.Again(ctx, file.name, file.size)
		switch {
		case errors.Is(err, &chat.Error{Code: chat.NotFound}): // its row is about to go
			continue
		case errors.Is(err, seal.ErrUnreadable):
			place := seal.Place{Column: s.part, Row: k.id}
			r.store.keys.Lost(t, &place, err)
			continue
		case err != nil:
			return n, err
		case !changed:
			continue
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	// Whoever deletes files says so in the row first, or looks for files once more after the row: so one of us sees the other. A row may
	// name other files by now.
	rows, err := readAll(ctx, r.store, System, s.files, `SELECT `+s.list+` FROM `+s.table+` AND id = $2`, t, k.id[:])
	if err != nil {
		return n, err
	}
	named := make(map[string]bool)
	for _, row := range rows {
		for _, file := range row.files {
			named[file.name] = true
		}
	}
	for _, file := range k.files {
		if named[file.name] {
			continue
		}
		if err := r.Files.Delete(ctx, file.name); err != nil {
			return n, err
		}
	}
	return n, nil
}
