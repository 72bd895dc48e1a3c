// Package library keeps what tenants know ready to be asked: it builds a tenant's index aside, asks it the golden questions, puts it in
// use, and loads it again where it is wanted.
//
// It owns when an index is built, loaded and let go. What documents, chunks and versions are is in the store (chat.KnowledgeStore);
// how a chunk is found is package knowledge's business. A search takes the index that is in use and never waits for a build. Builds are
// one node's at a time, by a hold in the store that ends by itself: another node, or this one after a crash, goes on with what was kept.
package library
