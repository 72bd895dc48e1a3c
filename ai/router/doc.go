// Package router decides who answers a question and what comes of it: the cache, the local engine, or one of a tenant's engines; then an answer, a
// choice to click on, or a person.
//
// No engine can hold it up: the local engine always runs first, as the floor; engines that are slow are hedged, engines that fail are left alone
// for a while, and all of it ends by a deadline. An engine can only ever add an answer. What is done without one (answer, ask back, hand off) follows
// from evidence that no text can talk out of, so no action comes from a document or from what a model was made to say.
//
// The package finds no chunks and stores nothing: questions come with what was found, and the trace of an answer is given back with it.
package router
