// Package ai answers visitors' questions: it knows what a question is about (intent), finds what the tenant's knowledge says about it
// (knowledge), and decides whether that is good enough to be said (confidence) or whether a person must take over (guard).
//
// This package holds what its parts have in common and the local embedder that joins encoder and lexicon. Everything in it works on
// this machine, with no network.
package ai
