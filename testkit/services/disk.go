package services

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Disk is a small ext4 file system on a file, for power cuts: Cut drops everything that nobody has asked to be on the disk
// (fsync), as a machine does that loses its power with its page cache. It takes root, mount and mkfs.ext4.
type Disk struct {
	// Dir is where it is mounted.
	Dir string

	base    string
	mounted bool
}

// The ioctl that xfstests cut the power with: shut the file system down at once, without flushing its journal.
const (
	ext4Shutdown        = 0x8004587d // _IOR('X', 125, __u32)
	shutdownWithoutSync = 2          // EXT4_GOING_FLAGS_NOLOGFLUSH
)

// NewDisk makes and mounts one of a size in bytes; little of it is used until it is written to.
func NewDisk(size int64) (*Disk, error) {
	base, err := os.MkdirTemp("", "uniqchat-disk-")
	if err != nil {
		return nil, fmt.Errorf("make a disk: %w", err)
	}
	d := &Disk{base: base, Dir: filepath.Join(base, "mnt")}
	if err := errors.Join(os.Chmod(base, 0o755), os.Mkdir(d.Dir, 0o755), os.WriteFile(d.image(), nil, 0o600), os.Truncate(d.image(), size)); err != nil {
		return nil, errors.Join(fmt.Errorf("make a disk: %w", err), d.Close())
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", d.image()).CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("mkfs.ext4 (package e2fsprogs): %w\n%s", err, out), d.Close())
	}
	if err := d.mount(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Disk) image() string { return filepath.Join(d.base, "image") }

func (d *Disk) mount() error {
	if out, err := exec.Command("mount", "-o", "loop", d.image(), d.Dir).CombinedOutput(); err != nil {
		return fmt.Errorf("mount a disk (it takes root): %w\n%s", err, out)
	}
	d.mounted = true
	return os.Chmod(d.Dir, 0o755)
}

func (d *Disk) unmount() error {
	if out, err := exec.Command("umount", d.Dir).CombinedOutput(); err != nil {
		return fmt.Errorf("unmount a disk: %w\n%s", err, out)
	}
	d.mounted = false
	return nil
}

// Sync puts everything on the disk.
func (d *Disk) Sync() error {
	f, err := os.Open(d.Dir)
	if err != nil {
		return fmt.Errorf("sync a disk: %w", err)
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

// Cut takes the power: from here on nothing more reaches the disk, and what was not synced is gone. Who uses it must be frozen
// before and killed afterwards: the kernel may tell a sync that is under way that it is done, though it no longer is (seen once in 60
// cuts on Linux 6.18), and where the power is gone nobody hears such an answer.
func (d *Disk) Cut() error {
	f, err := os.Open(d.Dir)
	if err != nil {
		return fmt.Errorf("cut the power: %w", err)
	}
	defer f.Close()
	if err := unix.IoctlSetPointerInt(int(f.Fd()), ext4Shutdown, shutdownWithoutSync); err != nil {
		return fmt.Errorf("cut the power: %w", err)
	}
	return nil
}

// Revive mounts the disk again after a Cut; the file system's journal is replayed. Nobody may use it.
func (d *Disk) Revive() error { return errors.Join(d.unmount(), d.mount()) }

// Close removes it. Nobody may use it.
func (d *Disk) Close() error {
	if d.mounted {
		if err := d.unmount(); err != nil {
			return err
		}
	}
	return os.RemoveAll(d.base)
}
