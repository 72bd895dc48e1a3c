//go:build race

package live_test

// raced says that the race detector is on, which makes everything bigger.
const raced = true
