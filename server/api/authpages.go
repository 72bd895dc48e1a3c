package api

import _ "embed"

// The pages that links in mails lead to. They are no part of the console: who opens them can't log in.

//go:embed auth.html
var authHTML []byte

//go:embed auth.css
var authCSS []byte

//go:embed auth.js
var authJS []byte

// authPages adds them to the files that are served. No page of others may hold them in a frame, nor learn of the address.
func authPages(files map[string]*file) {
	page := newFile("index.html", authHTML)
	files[resetPath], files["/auth/link"] = page, page
	files["/auth/auth.css"], files["/auth/auth.js"] = newFile("auth.css", authCSS), newFile("auth.js", authJS)
}
