// Package codec holds the byte layouts of uniqchat's wire: WebSocket frames and the upgrade (RFC 6455), fragment
// assembly, the packet catalogue in its binary and JSON encodings, close codes, and the pooled buffers that carry them.
//
// It owns every limit that must be checked before memory is taken. It never does I/O, starts no goroutine, and imports
// nothing of ours. Inbound bytes are borrowed: what a decoder returns points into what it was given.
package codec
