// Package chat is the domain: tenants, visitors, agents, teams, conversations and their messages, the Desk (every action
// that anyone can take), routing, and the interfaces that storage and other adapters implement.
//
// It owns the rules. It never touches a socket, a database, JSON over the wire or the clock of another package, and
// imports nothing of ours.
package chat
