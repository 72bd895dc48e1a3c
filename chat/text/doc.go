// Package text cuts what people write into tokens, for search and for retrieval alike: words where words have spaces between
// them, and pairs of neighbouring characters where they don't (Chinese, Japanese, Korean, Thai and their like).
//
// It owns what counts as the same word (case, width and accents don't), how a query is read, and where in a text it was found.
// It knows no language's dictionary, never looks at JSON, and never keeps anything.
package text
