package services

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Tmpfs is a small file system in memory, for disks that run full. It needs root (CAP_SYS_ADMIN).
type Tmpfs struct{ Dir string }

// NewTmpfs mounts one of a size in bytes on a fresh directory.
func NewTmpfs(size int64) (*Tmpfs, error) {
	dir, err := os.MkdirTemp("", "uniqchat-tmpfs-")
	if err != nil {
		return nil, fmt.Errorf("mount a tmpfs: %w", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0777", size)); err != nil {
		return nil, errors.Join(fmt.Errorf("mount a tmpfs: %w (it takes root)", err), os.Remove(dir))
	}
	return &Tmpfs{dir}, nil
}

// Resize gives it another size in bytes, at least what is in it.
func (f *Tmpfs) Resize(size int64) error {
	if err := syscall.Mount("tmpfs", f.Dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", size)); err != nil {
		return fmt.Errorf("resize the tmpfs: %w", err)
	}
	return nil
}

// Close unmounts it. What used it must have ended.
func (f *Tmpfs) Close() error {
	if err := syscall.Unmount(f.Dir, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the tmpfs: %w", err)
	}
	return os.Remove(f.Dir)
}
