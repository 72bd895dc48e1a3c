// Package openai is an engine that asks any server which speaks like OpenAI's chat completions: OpenAI, DeepSeek, vLLM, llama.cpp,
// Ollama and their like.
//
// Embedder makes vectors with any server that speaks like its embeddings.
//
// The engine streams, gives up in time (connection, first token, silence, all of it), bounds everything that it reads, and says by kind what failed. It
// never tries a failed question again: that is ai/router's business, which knows the deadline; the one exception is a server that refuses a
// parameter it doesn't know, which is left out from then on.
package openai
