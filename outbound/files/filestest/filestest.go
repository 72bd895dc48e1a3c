// Package filestest is the one conformance suite that every driver of chat.Files passes.
//
// It owns the meaning of the interface's promises. It never looks inside a driver.
package filestest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// Run runs the suite against an empty store.
func Run(t *testing.T, f chat.Files) {
	for _, test := range []struct {
		name string
		fn   func(*testing.T, chat.Files)
	}{
		{"Kept", testKept},
		{"Ranges", testRanges},
		{"Replaced", testReplaced},
		{"CutOff", testCutOff},
		{"Unknown", testUnknown},
		{"Deleted", testDeleted},
		{"ManyAtOnce", testManyAtOnce},
		{"Cancelled", testCancelled},
	} {
		t.Run(test.name, func(t *testing.T) { test.fn(t, f) })
	}
}

// name is a name as the Desk makes them.
func name(t *testing.T) string {
	return fmt.Sprintf("%s/%02x/%x", chat.NewID[chat.Tenant](), len(t.Name()), random(24))
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func read(t *testing.T, f chat.Files, name string, offset, length int64) []byte {
	t.Helper()
	r, err := f.Open(t.Context(), name, offset, length)
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return b
}

func testKept(t *testing.T, f chat.Files) {
	for _, size := range []int{0, 1, 4095, 1 << 20, 7<<20 + 3} {
		n, want := name(t), random(size)
		require.NoError(t, f.Put(t.Context(), n, bytes.NewReader(want), int64(size)), size)
		require.True(t, bytes.Equal(want, read(t, f, n, 0, int64(size))), "%d bytes came back changed", size)
	}
	// A reader that gives little at a time, and its end with the last byte.
	n, want := name(t), random(70_000)
	require.NoError(t, f.Put(t.Context(), n, iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(want))), 70_000))
	require.True(t, bytes.Equal(want, read(t, f, n, 0, 70_000)))
}

func testRanges(t *testing.T, f chat.Files) {
	n, want := name(t), random(10_000)
	require.NoError(t, f.Put(t.Context(), n, bytes.NewReader(want), 10_000))
	for _, r := range [][2]int64{{0, 1}, {9_999, 1}, {5_000, 5_000}, {17, 4_000}, {10_000, 0}, {3, 0}} {
		require.True(t, bytes.Equal(want[r[0]:r[0]+r[1]], read(t, f, n, r[0], r[1])), "%v", r)
	}
	for _, r := range [][2]int64{{0, 10_001}, {9_999, 2}, {10_001, 1}} {
		_, err := f.Open(t.Context(), n, r[0], r[1])
		require.Error(t, err, "%v is more than there is", r)
	}
	// Whoever closes early leaves the others alone.
	r, err := f.Open(t.Context(), n, 0, 10_000)
	require.NoError(t, err)
	_, err = r.Read(make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Len(t, read(t, f, n, 0, 10_000), 10_000)
}

func testReplaced(t *testing.T, f chat.Files) {
	n := name(t)
	require.NoError(t, f.Put(t.Context(), n, bytes.NewReader([]byte("the first")), 9))
	require.NoError(t, f.Put(t.Context(), n, bytes.NewReader([]byte("second")), 6))
	require.Equal(t, "second", string(read(t, f, n, 0, 6)))
	_, err := f.Open(t.Context(), n, 0, 9)
	require.Error(t, err, "nothing of the first is left")
}

// A source that ends early, fails, or gives more than was said leaves nothing behind.
func testCutOff(t *testing.T, f chat.Files) {
	for what, r := range map[string]io.Reader{
		"early": bytes.NewReader(random(99)), "late": bytes.NewReader(random(101)),
		"broken": io.MultiReader(bytes.NewReader(random(50)), iotest.ErrReader(errors.New("the line is cut"))),
	} {
		n := name(t)
		require.Error(t, f.Put(t.Context(), n, r, 100), what)
		_, err := f.Open(t.Context(), n, 0, 1)
		require.Equal(t, chat.NotFound, chat.CodeOf(err), "%s: %v", what, err)
	}
}

func testUnknown(t *testing.T, f chat.Files) {
	for _, length := range []int64{0, 1} {
		_, err := f.Open(t.Context(), name(t), 0, length)
		require.Equal(t, chat.NotFound, chat.CodeOf(err), "%v", err)
	}
	require.NoError(t, f.Delete(t.Context(), name(t)))
}

func testDeleted(t *testing.T, f chat.Files) {
	n, other := name(t), name(t)
	require.NoError(t, f.Put(t.Context(), n, bytes.NewReader([]byte("x")), 1))
	require.NoError(t, f.Put(t.Context(), other, bytes.NewReader([]byte("y")), 1))
	require.NoError(t, f.Delete(t.Context(), n))
	require.NoError(t, f.Delete(t.Context(), n))
	_, err := f.Open(t.Context(), n, 0, 1)
	require.Equal(t, chat.NotFound, chat.CodeOf(err))
	require.Equal(t, "y", string(read(t, f, other, 0, 1)))
}

func testManyAtOnce(t *testing.T, f chat.Files) {
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			n, want := name(t), random(50_000)
			if err := f.Put(t.Context(), n, bytes.NewReader(want), 50_000); err != nil {
				t.Error(err)
				return
			}
			r, err := f.Open(t.Context(), n, 0, 50_000)
			if err != nil {
				t.Error(err)
				return
			}
			got, err := io.ReadAll(r)
			if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(want, got) {
				t.Errorf("came back changed: %v", err)
			}
		})
	}
	wg.Wait()
}

func testCancelled(t *testing.T, f chat.Files) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := name(t)
	require.Error(t, f.Put(ctx, n, bytes.NewReader([]byte("x")), 1))
	_, err := f.Open(t.Context(), n, 0, 1)
	require.Equal(t, chat.NotFound, chat.CodeOf(err))
}
