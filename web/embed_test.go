package web

import (
	"io/fs"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilesArePresent(t *testing.T) {
	for _, name := range []string{
		"widget.js",
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
