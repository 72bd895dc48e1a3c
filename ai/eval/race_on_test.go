//go:build race

package eval

// raced: the race detector makes everything slower, so fewer texts are tried.
const raced = true
