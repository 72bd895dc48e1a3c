// Package files keeps the bytes of uploads: in a directory, or in a bucket of anything that speaks S3.
//
// It owns how and where bytes are laid down. It knows nothing of what is in them, nor of who may read them.
package files
