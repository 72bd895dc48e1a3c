// Package redis is the log of a cluster: 64 partitions on Redis streams, one script call for whatever has queued up, a feed
// to every node, and a ring in every node's memory from which readers resume.
//
// It owns the keys below its prefix, seqs, epochs and the chain of batches. It never writes rows (storage/postgres does) and
// knows no rule of the domain.
package redis
