// Package bot makes an outcome of a visitor's message: an answer with its sources, a choice to click on, a person who takes over, or nothing.
//
// Six steps, one after the other: guard (what only a person may answer), intent (greetings need no model), context (is it a follow-up, and of
// what), retrieval, the router with its engines, and the outcome. Each is in the trace, with how long it took and why. What is done follows from
// the visitor's message, the evidence of retrieval and the tenant's settings; nothing that a document or an engine says can cause an action.
//
// For agents the package has suggested answers (Suggest) and summaries (Summary).
//
// It stores nothing, opens no connection, knows no conversation but what it is given, and sends nothing itself: the caller carries out the outcome.
package bot
