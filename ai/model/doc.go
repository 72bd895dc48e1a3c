// Package model says what an engine is: something that writes an answer to a question from chunks of the tenant's knowledge, piece by
// piece, and ends with a structured result. Engines are in ai/openai (any server that speaks like OpenAI's) and ai/local (no network).
//
// What an engine says is a proposal. Whether it is shown, and whether its action is taken, is decided by ai/router. The package does
// nothing itself.
package model
