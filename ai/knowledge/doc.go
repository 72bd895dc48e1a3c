// Package knowledge is what a tenant knows: it reads documents (Markdown, HTML, text, tables of questions), cuts them into chunks, and
// finds the chunks that answer a question.
//
// An Index never changes once it is built; a Base holds the one that is in use behind an atomic pointer, so that queries never wait
// for a build and a build never waits for queries. Three ways of looking are added up, each on its own scale that does not depend on
// the query's other results: words and character n-grams (BM25), concepts of shops in two languages, and vectors of whole sentences.
//
// The package owns chunks and indexes. It makes no vectors itself (Embedder does), opens no file or connection, and decides nothing
// about answering: how sure one may be is package confidence's business.
package knowledge
