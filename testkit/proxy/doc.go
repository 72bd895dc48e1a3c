// Package proxy is a TCP proxy inside a test that breaks the network between two programs: it refuses, resets, delays, drips,
// swallows, and stops one direction.
//
// It owns its listener and both sides of every connection through it. It never looks at what it carries.
package proxy
