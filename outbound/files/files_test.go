package files

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/outbound/files/filestest"
	"github.com/uniqchat/uniqchat/testkit/services"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func opened(t *testing.T, address string) chat.Files {
	t.Helper()
	f, err := Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.(io.Closer).Close()) })
	return f
}

func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "uploads")
	filestest.Run(t, opened(t, dir))
	// Nothing half-written is left, and nobody else on the machine reads what is there.
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		require.NotContains(t, path, part)
		info, err := d.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))
}

// No name leads out of the directory, not even over a link that somebody laid.
func TestNamesStayInside(t *testing.T) {
	base := t.TempDir()
	outside := filepath.Join(base, "outside")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	dir := filepath.Join(base, "uploads")
	f := opened(t, dir)
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link")))
	for _, name := range []string{"../outside", "a/../../outside", outside, "link", "/etc/passwd"} {
		_, err := f.Open(t.Context(), name, 0, 1)
		require.Error(t, err, name)
		require.Error(t, f.Put(t.Context(), "../"+filepath.Base(name)+"x", strings.NewReader("x"), 1), name)
	}
	require.Error(t, f.Delete(t.Context(), "../outside"))
	b, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Equal(t, "secret", string(b))
}

func TestDirectoryThatCantBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(t.Context(), file)
	require.Error(t, err)
}

// A bucket of a real server, which checks signatures.
func TestBucket(t *testing.T) {
	s, err := services.StartS3(t.Context())
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.MakeBucket("files"))
	for name, address := range map[string]string{"Root": s.Address("files"), "Folder": s.Address("files/one/shop")} {
		t.Run(name, func(t *testing.T) { filestest.Run(t, opened(t, address)) })
	}
	stored, err := s.Objects("files")
	require.NoError(t, err)
	require.Contains(t, strings.Join(stored, "\n"), "one/shop/")

	t.Run("Refused at the start", func(t *testing.T) {
		_, err := Open(t.Context(), s.Address("nothing"))
		require.ErrorContains(t, err, "nothing")
		u, err := url.Parse(s.Address("files"))
		require.NoError(t, err)
		u.User = url.UserPassword(u.User.Username(), "not-the-secret")
		_, err = Open(t.Context(), u.String())
		require.Error(t, err)
		require.NotContains(t, err.Error(), "not-the-secret")
	})
	t.Run("Away", func(t *testing.T) {
		f := opened(t, s.Address("files"))
		require.NoError(t, f.Put(t.Context(), "a/b", bytes.NewReader([]byte("x")), 1))
		require.NoError(t, s.Stop())
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := f.Open(ctx, "a/b", 0, 1)
		require.Equal(t, chat.Busy, chat.CodeOf(err), "%v", err)
		require.Equal(t, chat.Busy, chat.CodeOf(f.Put(ctx, "a/c", bytes.NewReader([]byte("x")), 1)))
		require.Equal(t, chat.Busy, chat.CodeOf(f.Delete(ctx, "a/b")))
		require.NoError(t, s.Start(t.Context()))
		r, err := f.Open(t.Context(), "a/b", 0, 1)
		require.NoError(t, err)
		require.NoError(t, r.Close())
	})
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]Bucket{
		"s3://k:s@minio:9000/b": {Endpoint: "minio:9000", Name: "b", Key: "k", Secret: "s"},
		"s3://s3.eu-central-1.amazonaws.com/b/f/g/?region=eu-central-1": {Endpoint: "s3.eu-central-1.amazonaws.com", Name: "b", Folder: "f/g/", Region: "eu-central-1"},
		"s3://k:s%2F%40@h/b?tls=off":                                    {Endpoint: "h", Name: "b", Key: "k", Secret: "s/@", Insecure: true},
	} {
		got, err := ParseBucket(address)
		require.NoError(t, err, address)
		require.Equal(t, want, got, address)
	}
	for _, bad := range []string{"s3://", "s3://h", "s3://h/", "s3://k@h/b", "s3://k:hidden@h/b?tls=of", "s3://k:hidden@h/b?x=1", "s3://h/b#x", "http://h/b", "s3://k:hidden@h:port/b"} {
		_, err := ParseBucket(bad)
		require.Error(t, err, bad)
		require.NotContains(t, fmt.Sprint(err), "hidden", bad)
	}
}
