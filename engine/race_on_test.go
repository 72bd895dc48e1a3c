//go:build race

package engine

// raced: the race detector makes sync.Pool forget things on purpose, so allocations can't be counted under it.
const raced = true
