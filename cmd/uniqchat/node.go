package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/uuid"
)

// nodeName returns a name for this node that is the same after a restart, so that it takes up at once what it did before. It is
// kept in a file of the data directory, which is locked: a second process there, or one that can't write, gets a name for
// this run only. release ends the lock.
func nodeName(dir string) (name string, release func()) {
	name, release = uuid.NewString(), func() {}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return name, release
	}
	f, err := os.OpenFile(filepath.Join(dir, "node"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return name, release
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return name, release
	}
	release = func() { _ = f.Close() }
	kept, err := io.ReadAll(io.LimitReader(f, 64))
	if id, bad := uuid.Parse(strings.TrimSpace(string(kept))); err == nil && bad == nil {
		return id.String(), release
	}
	_, seekErr := f.Seek(0, io.SeekStart)
	_, writeErr := f.WriteString(name + "\n")
	if errors.Join(seekErr, f.Truncate(int64(len(name)+1)), writeErr) != nil {
		return uuid.NewString(), release
	}
	return name, release
}
