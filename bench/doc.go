// Package bench is the load generator: it speaks the wire protocol as many clients at once, runs the scenarios of
// docs/performance.md, replays real dialogues, and measures latency, the server's processor time and its memory.
//
// It owns event loops (one goroutine and one epoll set each) on which thousands of connections live without a goroutine
// or a buffer of their own, the clients' side of the protocol's rules (resend, resume, order, retry), and the checks that
// nothing was lost, doubled or put out of order. It never fakes a server: what it reports was measured against the process
// that it was pointed at. It imports codec and nothing else of ours.
package bench
