// Package web holds the pages that the server hands out, built from TypeScript into dist: the widget, the demo shop and
// the console. It owns their bytes and never serves them; dist is generated (npm run build) and committed.
package web

import (
	"embed"
	"io/fs"
)

//go:generate go test -run ^(TestAPITypes|TestProtocolNames)$ -count 1 -update .

//go:embed dist
var dist embed.FS

// Files returns the built pages: widget.js, widget-chat.js, demo/ and console/, each page with its index.html. Safe for concurrent use.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil { // "dist" is a valid path, which is all that Sub asks
		panic(err)
	}
	return files
}
