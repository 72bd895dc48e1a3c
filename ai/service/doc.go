// Package service is the AI of a node, ready to be asked by tenant: it puts together a tenant's settings, engines, budget and knowledge, and has
// package bot answer. It implements chat.Answerer.
//
// It owns what it has in memory of tenants who ask: their settings, a router with the health of their engines, answers that were given before.
// It is read when a tenant asks first, again when something has changed, and let go when the tenant is silent. The store counts what is used, for all
// nodes. The package says nothing in any conversation: that is package worker's.
package service
