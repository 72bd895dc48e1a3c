// Package worker has bots answer in conversations: it works off the jobs that the log's projection has written, any number at once, on any number
// of nodes.
//
// It owns a job from its claim to its end: reads the conversation, asks package service, shows pieces of the answer while it is made, and has the
// Desk append what comes of it. It decides nothing of what is said. Whoever loses a job, to time, to a newer question or to a person, says nothing
// more: between the last look and the append the conversation's version decides.
package worker
