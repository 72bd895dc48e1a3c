// Package engine is the transport: a gnet event loop with two listeners (WebSocket and raw TCP), handshakes, frames and
// fragments, heartbeats on a per-loop wheel, bounded shards that hand messages to the application, a hub of topics, and
// one gathered write per connection and wake with a policy for slow readers.
//
// It owns connections and their memory. It knows no tenant and no conversation, parses no packet body, and imports
// only codec.
package engine
