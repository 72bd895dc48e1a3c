package services

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// S3 is one versitygw, a server that speaks S3 and checks signatures, over all its restarts, on one port and directory of
// 127.0.0.1. Safe for concurrent use.
type S3 struct {
	// Addr is host:port, Dir where the buckets are: a folder each.
	Addr string
	Dir  string

	child *child
}

// The server's only account.
const (
	s3Key    = "test-key"
	s3Secret = "test-secret-0123456789"
)

// s3Module says which server; it is built from source, once for a machine.
const s3Module = "tools/s3/go.mod"

// StartS3 starts a server and waits until it answers. The first one on a machine is built, which takes minutes. The caller calls
// Close.
func StartS3(ctx context.Context) (*S3, error) {
	path, err := buildS3(ctx)
	if err != nil {
		return nil, err
	}
	s := &S3{}
	if s.Dir, err = os.MkdirTemp("", "uniqchat-s3-"); err != nil {
		return nil, fmt.Errorf("start S3: %w", err)
	}
	for _, dir := range []string{"buckets", "sidecar"} {
		if err := os.Mkdir(filepath.Join(s.Dir, dir), 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("start S3: %w", err), s.Close())
		}
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.Addr = "127.0.0.1:" + strconv.Itoa(ports[0])
	s.child = &child{
		name: "versitygw", path: path, logPath: filepath.Join(s.Dir, "log"), dir: s.Dir,
		args: []string{"--access", s3Key, "--secret", s3Secret, "--port", s.Addr, "--quiet", "posix", "--sidecar", filepath.Join(s.Dir, "sidecar"), filepath.Join(s.Dir, "buckets")},
	}
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Start starts a server that was stopped, and waits until it answers.
func (s *S3) Start(ctx context.Context) error {
	if err := s.child.start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-s.child.ended():
			return fmt.Errorf("versitygw ended: %s", s.child.log())
		case <-ctx.Done():
			return fmt.Errorf("versitygw does not answer: %w: %s", err, s.child.log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop kills the server. What was acknowledged is there again after Start.
func (s *S3) Stop() error { return s.child.end(syscall.SIGKILL, 10*time.Second) }

// Close ends the server and removes its directory.
func (s *S3) Close() error {
	var err error
	if s.child != nil {
		err = s.Stop()
	}
	return errors.Join(err, os.RemoveAll(s.Dir))
}

// MakeBucket makes an empty bucket.
func (s *S3) MakeBucket(name string) error {
	return os.Mkdir(filepath.Join(s.Dir, "buckets", name), 0o700)
}

// Address names a bucket, or a folder of one, as uploads.store does.
func (s *S3) Address(bucket string) string {
	u := url.URL{Scheme: "s3", User: url.UserPassword(s3Key, s3Secret), Host: s.Addr, Path: "/" + bucket, RawQuery: "region=us-east-1&tls=off"}
	return u.String()
}

// Objects lists what is in a bucket.
func (s *S3) Objects(bucket string) (names []string, err error) {
	root := filepath.Join(s.Dir, "buckets", bucket)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(path, root+"/"))
		}
		return err
	})
	return names, err
}

// buildS3 builds the server if that was not done before, and returns where it is.
func buildS3(ctx context.Context) (string, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}")
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	root := strings.TrimSpace(string(out))
	text, err := os.ReadFile(filepath.Join(root, s3Module))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(text), "github.com/versity/versitygw v")
	version, _, ok := strings.Cut(rest, " ")
	if !ok {
		return "", fmt.Errorf("%s names no version of versitygw", s3Module)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "uniqchat-test", "versitygw-"+strings.TrimSpace(version))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	half := path + "." + strconv.Itoa(os.Getpid())
	build := exec.CommandContext(ctx, "go", "build", "-modfile="+s3Module, "-trimpath", "-o", half, "github.com/versity/versitygw/cmd/versitygw")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build versitygw: %w: %s", err, out)
	}
	return path, os.Rename(half, path)
}
