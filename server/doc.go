// Package server puts the transport and the domain side by side: the engine with live connections, Hertz with the HTTP API
// and the pages, and the admin listener.
//
// It owns their life from start to drain. It never opens storage (that is cmd's to choose) and never decides what an action
// does (that is chat.Desk's).
package server
