package seal_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/outbound/files"
	"github.com/uniqchat/uniqchat/outbound/files/filestest"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// inFolder puts every name into a tenant's folder.
type inFolder struct {
	chat.Files
	tenant string
}

func (f inFolder) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	return f.Files.Put(ctx, f.tenant+"/"+name, r, size)
}

func (f inFolder) Open(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	return f.Files.Open(ctx, f.tenant+"/"+name, offset, length)
}

func (f inFolder) Delete(ctx context.Context, name string) error {
	return f.Files.Delete(ctx, f.tenant+"/"+name)
}

func TestFilesConform(t *testing.T) {
	under, err := files.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	f := seal.NewFiles(under, ring(t, masters(t, seal.NewMasterKey()), &table{}))
	filestest.Run(t, inFolder{f, chat.NewID[chat.Tenant]().String()})
}

func read(f chat.Files, name string, offset, length int64) ([]byte, error) {
	r, err := f.Open(context.Background(), name, offset, length)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	under, err := files.Open(t.Context(), dir)
	require.NoError(t, err)
	in := &table{}
	f := seal.NewFiles(under, ring(t, masters(t, seal.NewMasterKey()), in))
	tenant := chat.NewID[chat.Tenant]()
	name := tenant.String() + "/ab/abcd"
	body := bytes.Repeat([]byte("planted secret "), 20_000) // some chunks
	for _, size := range []int{0, 1, 40, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10, len(body)} {
		part := body[:size]
		require.NoError(t, f.Put(t.Context(), name, bytes.NewReader(part), int64(size)))
		for _, at := range [][2]int{{0, size}, {size / 2, size - size/2}, {size, 0}, {max(size-1, 0), min(size, 1)}, {size / 3, size / 3}} {
			got, err := read(f, name, int64(at[0]), int64(at[1]))
			require.NoError(t, err, "%d: %v", size, at)
			require.True(t, bytes.Equal(part[at[0]:at[0]+at[1]], got), "%d: %v", size, at)
		}
		_, err := read(f, name, 0, int64(size)+1)
		require.Error(t, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	require.NotContains(t, string(raw), "planted")

	path := filepath.Join(dir, name)
	for what, bad := range map[string][]byte{
		"a bit":          append(append(bytes.Clone(raw[:100]), raw[100]^1), raw[101:]...),
		"another size":   append(append(bytes.Clone(raw[:47]), raw[47]-1), raw[48:]...),
		"cut off":        raw[:len(raw)-1],
		"another's":      nil,
		"chunks swapped": append(append(append(bytes.Clone(raw[:48]), raw[48+65552:48+2*65552]...), raw[48:48+65552]...), raw[48+2*65552:]...),
	} {
		if bad == nil {
			elsewhere := tenant.String() + "/ab/other"
			require.NoError(t, f.Put(t.Context(), elsewhere, bytes.NewReader(body), int64(len(body))))
			bad, err = os.ReadFile(filepath.Join(dir, elsewhere))
			require.NoError(t, err)
		}
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		_, err := read(f, name, 0, int64(len(body)))
		require.Error(t, err, what)
	}

	// An export is its tenant's, too; what is nobody's is not kept.
	export := chat.NewExportObject(tenant)
	require.NoError(t, f.Put(t.Context(), export, bytes.NewReader(body), int64(len(body))))
	got, err := read(f, export, 0, 7)
	require.NoError(t, err)
	require.Equal(t, "planted", string(got))
	raw, err = os.ReadFile(filepath.Join(dir, export))
	require.NoError(t, err)
	require.NotContains(t, string(raw), "planted")
	require.Error(t, f.Put(t.Context(), "somewhere/else", bytes.NewReader(body), int64(len(body))))

	// What was there before is read as it is.
	require.NoError(t, under.Put(t.Context(), name, bytes.NewReader(body), int64(len(body))))
	got, err = read(f, name, 3, 100)
	require.NoError(t, err)
	require.Equal(t, string(body[3:103]), string(got))
	require.NoError(t, under.Put(t.Context(), name, bytes.NewReader(body[:4]), 4))
	got, err = read(f, name, 1, 3)
	require.NoError(t, err)
	require.Equal(t, "lan", string(got))

	require.NoError(t, f.Put(t.Context(), name, bytes.NewReader(body), int64(len(body))))
	in.mu.Lock()
	in.rows[tenant] = []seal.Row{{ID: seal.Erased}}
	in.mu.Unlock()
	k := seal.NewFiles(under, ring(t, masters(t, seal.NewMasterKey()), in))
	_, err = read(k, name, 0, 10)
	require.Equal(t, chat.NotFound, chat.CodeOf(err))
}
