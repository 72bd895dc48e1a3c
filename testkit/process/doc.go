// Package process runs a real `uniqchat serve` as a child process for tests: it builds the program once, picks free
// addresses, waits until the server is ready, kills, freezes and restarts it, and shows its log when a test fails.
//
// It owns the child and its data directory. It never touches a process that it did not start.
package process
