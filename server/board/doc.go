// Package board keeps the live board of a node: who of a tenant's visitors is online here, sorted and filtered, and what
// agents' screens show of it.
//
// It owns the order of rows, which of them match a filter, and what a screen has to be told. It never looks for visitors
// itself, and never talks to connections or to other nodes.
package board
