// Package local is the engine that is always there: it answers with sentences of the tenant's knowledge, word by word, without any
// network. It says so when it doesn't know, and it has the few sentences that the product itself says to visitors in such cases.
//
// It makes nothing up, for it makes nothing.
package local
