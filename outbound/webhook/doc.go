// Package webhook sends tenants' events to their endpoints: it claims deliveries that are due, makes and signs requests, and
// decides what becomes of a delivery and its endpoint.
//
// It owns the back-off, the breaker, the signatures (Standard Webhooks), and whom may be spoken to: the address that is dialled
// is checked, not the name. It never decides what is an event, and keeps nothing itself: what it knows is in the database, so
// that any node goes on where another has died. Deliveries are made at least once.
package webhook
