package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/uniqchat/uniqchat/chat"
)

// directory keeps files below a directory, which no name can lead out of. Safe for concurrent use, by several processes too.
type directory struct{ root *os.Root }

// part begins the name of a file that is not whole yet.
const part = ".part-"

func openDirectory(dir string) (chat.Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	d := &directory{root: root}
	probe := part + "probe"
	f, err := root.OpenFile(probe, os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(f.Close(), root.Remove(probe))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // another process that starts may have removed it
		return nil, errors.Join(fmt.Errorf("the directory can't be written to: %w", err), root.Close())
	}
	return d, nil
}

// Close lets go of the directory.
func (d *directory) Close() error { return d.root.Close() }

// Put implements chat.Files. The file appears under its name once it is on the disk.
func (d *directory) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	dir, base := path.Split(name)
	if err := d.root.MkdirAll(filepath.Clean(dir), 0o700); err != nil {
		return full(err)
	}
	half := dir + part + base
	f, err := d.root.OpenFile(half, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return full(err)
	}
	n, err := io.Copy(f, io.LimitReader(r, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("put a file: %w", io.ErrUnexpectedEOF)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.root.Rename(half, name)
	}
	if err != nil {
		_ = d.root.Remove(half) // it is in the way of nobody
		return full(err)
	}
	return d.sync(dir)
}

// sync makes a directory's names durable.
func (d *directory) sync(dir string) error {
	f, err := d.root.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// full tells a disk without room from other failures.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return chat.Errorf(chat.Full, "there is no room for files")
	}
	return err
}

var errNoFile = chat.Errorf(chat.NotFound, "the file is not there")

// Open implements chat.Files.
func (d *directory) Open(_ context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoFile
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && (offset < 0 || length < 0 || offset+length > info.Size() || info.IsDir()) {
		err = fmt.Errorf("open a file: bytes %d to %d of %d", offset, offset+length, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return section{io.NewSectionReader(f, offset, length), f}, nil
}

// section is a part of an open file.
type section struct {
	io.Reader
	io.Closer
}

// Delete implements chat.Files.
func (d *directory) Delete(_ context.Context, name string) error {
	err := d.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
