package services

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// AppendFile returns the path of the append-only file that is written now.
func (r *Redis) AppendFile() (string, error) {
	files, err := filepath.Glob(filepath.Join(r.Dir, "appendonlydir", "*.incr.aof"))
	if err != nil {
		return "", fmt.Errorf("look for the append-only file: %w", err)
	}
	if len(files) == 0 {
		return "", errors.New("there is no append-only file in " + r.Dir)
	}
	// appendonly.aof.<n>.incr.aof: the longest name with the highest digits is the newest.
	slices.SortFunc(files, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		if a < b {
			return -1
		}
		return 1
	})
	return files[len(files)-1], nil
}

// CutAppendFile takes the last bytes off the append-only file and returns how long it is then. The server must not run.
func (r *Redis) CutAppendFile(bytes int64) (int64, error) {
	path, size, err := r.appendFile()
	if err != nil {
		return 0, err
	}
	left := max(size-bytes, 0)
	if err := os.Truncate(path, left); err != nil {
		return 0, fmt.Errorf("cut the append-only file: %w", err)
	}
	return left, nil
}

// FlipAppendFile inverts the first byte of the last command that begins at least so many bytes before the end of the append-only
// file, which Redis notices when it loads the file: a byte inside a value it would not, for the file has no checksums. The
// server must not run.
func (r *Redis) FlipAppendFile(beforeEnd int64) error {
	path, size, err := r.appendFile()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("flip a byte: %w", err)
	}
	at := bytes.LastIndex(b[:max(size-beforeEnd+1, 0)], []byte("\r\n*")) + len("\r\n")
	if at < len("\r\n") {
		return errors.New("flip a byte: no command begins there")
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("flip a byte: %w", err)
	}
	_, err = f.WriteAt([]byte{^b[at]}, int64(at))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("flip a byte: %w", err)
	}
	return nil
}

// RepairAppendFile does what an operator does when the server refuses a damaged file: redis-check-aof --fix, which cuts it
// before the damage.
func (r *Redis) RepairAppendFile() error {
	tool, err := find("redis-check-aof", "redis-tools")
	if err != nil {
		return err
	}
	// The manifest names all files; the tool asks before it cuts.
	manifest := filepath.Join(r.Dir, "appendonlydir", "appendonly.aof.manifest")
	cmd := exec.Command("/bin/sh", "-c", `yes | "$0" --fix "$1"`, tool, manifest)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("redis-check-aof: %w\n%s", err, out)
	}
	return nil
}

func (r *Redis) appendFile() (path string, size int64, err error) {
	if r.Running() {
		return "", 0, fmt.Errorf("the append-only file: %w", ErrRunning)
	}
	if path, err = r.AppendFile(); err != nil {
		return "", 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, fmt.Errorf("the append-only file: %w", err)
	}
	return path, info.Size(), nil
}
