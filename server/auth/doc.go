// Package auth proves who someone is: visitor and access tokens, refresh tokens that rotate, passwords, signed
// identities of a shop's own customers, and the rate limits of those who have not proved anything yet.
//
// It owns the signing keys in memory and the short-lived caches behind them. It never decides what a proven actor may do
// to a conversation (that is chat.Desk) nor which routes a role may call (that is the table in server/api).
package auth
