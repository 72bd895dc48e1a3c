//go:build race

package knowledge

// raced: the race detector makes everything slower and sync.Pool forgetful, so allocations are not judged.
const raced = true
