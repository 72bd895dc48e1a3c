// Package media says what a file is, whether it is taken, and makes of an image what is shown: without what it tells beyond the
// picture, and small.
//
// It owns the list of types. It never decodes a picture before its header says how large it is, and never unpacks an archive.
package media
