package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilesArePresent(t *testing.T) {
	for _, name := range []string{
		"widget.js", "widget-chat.js", "widget-parts.js", "widget-en.js", "widget-zh.js", "widget.d.ts",
		"demo/index.html", "demo/demo.js", "demo/demo.css", "demo/examples.html", "demo/examples.js", "demo/examples.css",
		"console/index.html", "console/console.js", "console/console.css",
	} {
		info, err := fs.Stat(Files(), name)
		require.NoError(t, err)
		require.Positive(t, info.Size(), name)
	}
}

// The pages are served under a strict Content-Security-Policy: nothing inline, nothing from elsewhere.
func TestPagesFitAStrictPolicy(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)<script>|<style|\sstyle=|\son[a-z]+=|javascript:|(src|href)="(https?:)?//`)
	for _, name := range []string{"demo/index.html", "demo/examples.html", "console/index.html"} {
		page, err := fs.ReadFile(Files(), name)
		require.NoError(t, err)
		require.Empty(t, forbidden.FindString(string(page)), name)
	}
}

// What a visitor's browser has to take is promised: the loader on every page, the chat and its words for whoever opens it (gzip,
// KB of 1000 bytes). What only few see of the chat comes by itself.
func TestWidgetSize(t *testing.T) {
	for most, all := range map[int][][]string{
		10_000: {{"widget.js"}, {"widget-parts.js"}},
		35_000: {{"widget-chat.js", "widget-en.js"}, {"widget-chat.js", "widget-zh.js"}},
	} {
		for _, names := range all {
			size := 0
			for _, name := range names {
				size += gzipped(t, name)
			}
			t.Logf("%v: %d bytes as gzip, of %d", names, size, most)
			require.Less(t, size, most, names)
		}
	}
}

func gzipped(t *testing.T, name string) int {
	t.Helper()
	body, err := fs.ReadFile(Files(), name)
	require.NoError(t, err)
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return z.Len()
}

// The loader names the others by what is in them, as the server's ETag does, so that browsers may keep them for ever.
func TestLoaderNamesTheOthers(t *testing.T) {
	loader, err := fs.ReadFile(Files(), "widget.js")
	require.NoError(t, err)
	for _, name := range []string{"widget-chat.js", "widget-parts.js", "widget-en.js", "widget-zh.js"} {
		body, err := fs.ReadFile(Files(), name)
		require.NoError(t, err)
		sum := sha256.Sum256(body)
		require.Contains(t, string(loader), hex.EncodeToString(sum[:10]), name)
	}
}
