// Package prompt turns a question into what a language model is told, and what the model writes into a structured result.
//
// Instructions stand in the system message alone. Everything that others wrote (chunks, the conversation, the question) stands in the
// user message between lines with a word that is random and new for each question, so that no text can pretend to have ended. An action is a field of
// an object that the model writes, never a word in a text. The package calls nobody.
package prompt
