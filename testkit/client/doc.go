// Package client is a chat client for tests: it speaks the protocol over WebSocket (JSON or binary) and TCP, keeps every
// rule that a client has to keep (docs/protocol.md: retries with the same cmid, resume, chain of prev, back-off), and writes
// everything that it sees into a journal.
//
// It owns its connection and its outbox. It never asserts anything: the journal's checker does.
package client
