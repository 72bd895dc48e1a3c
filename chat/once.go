package chat

import (
	"context"
	"time"
)

// OnceID names one take of a key: whoever holds it does the request, and nobody else.
type OnceID = ID[Once]

// Once is a request that is to be done once, however often it comes.
type Once struct {
	Tenant TenantID // zero: the platform's
	// Key is a hash of the caller, the route and the key that the caller chose; Body one of what else was asked.
	Key, Body [32]byte
	Owner     OnceID
	// Done is false while the request runs, and for ever if its node died meanwhile.
	Done bool
	// Answer is what it was answered, sealed; nil if that is not kept.
	Answer []byte
	// Subject is the conversation, visitor, or whatever of theirs, that the answer is about, if it is about one: it goes with it.
	Subject   ID[Once]
	BegunAt   time.Time
	ExpiresAt time.Time // from then on the key is free
}

// Onces keeps keys of requests for all nodes. A tenant of zero is the platform.
type Onces interface {
	// BeginOnce takes a key that is free at o.BegunAt, and returns o; otherwise it returns who has it, with another Owner. Of many
	// at once one takes it.
	BeginOnce(ctx context.Context, o Once) (Once, error)
	// FinishOnce notes that the owner's request was done. Nothing happens if the key is not the owner's any more.
	FinishOnce(ctx context.Context, tenant TenantID, key [32]byte, owner OnceID, answer []byte) error
	// ForgetOnce frees the owner's key: its request came to nothing.
	ForgetOnce(ctx context.Context, tenant TenantID, key [32]byte, owner OnceID) error
	// SweepOnces removes up to limit keys that are free at now, of all tenants, and returns how many it found.
	SweepOnces(ctx context.Context, now time.Time, limit int) (int, error)
}
