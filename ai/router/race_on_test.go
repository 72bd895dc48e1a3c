//go:build race

package router

// raced: the race detector makes everything slower and sync.Pool forgetful, so less is asked, and neither times nor allocations are judged.
const raced = true
