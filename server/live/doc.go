// Package live is where packets meet the domain: it decodes what the engine hands over, calls the Desk, and fans out what
// the Log's Tail brings to everyone who may see it.
//
// It owns sessions (who is behind a connection), the audience of every event, and the order in which a connection sees
// them. It never decides a rule (that is the Desk's), and keeps no copy of a conversation.
package live
