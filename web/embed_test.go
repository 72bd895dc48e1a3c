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
		"widget.js", "widget-chat.js", "widget.d.ts",
		"demo/index.html", "demo/demo.js", "demo/demo.css",
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
	for _, name := range []string{"demo/index.html", "console/index.html"} {
		page, err := fs.ReadFile(Files(), name)
		require.NoError(t, err)
		require.Empty(t, forbidden.FindString(string(page)), name)
	}
}

// What a visitor's browser has to take is promised: the loader on every page, the chat for whoever opens it (gzip, KB of 1024 bytes).
func TestWidgetSize(t *testing.T) {
	for name, most := range map[string]int{"widget.js": 10 << 10, "widget-chat.js": 35 << 10} {
		body, err := fs.ReadFile(Files(), name)
		require.NoError(t, err)
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
		require.NoError(t, err)
		_, err = w.Write(body)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		t.Logf("%s: %d bytes, %d as gzip, of %d", name, len(body), z.Len(), most)
		require.Less(t, z.Len(), most, name)
	}
}

// The loader names the chat by what is in it, as the server's ETag does, so that browsers may keep it for ever.
func TestLoaderNamesTheChat(t *testing.T) {
	loader, err := fs.ReadFile(Files(), "widget.js")
	require.NoError(t, err)
	chat, err := fs.ReadFile(Files(), "widget-chat.js")
	require.NoError(t, err)
	sum := sha256.Sum256(chat)
	require.Contains(t, string(loader), hex.EncodeToString(sum[:10]))
}
