// Package api is the HTTP interface: every route on one page (routes.go), who may call it beside it, and handlers by subject.
// It serves the OpenAPI document that is made from the same table, its reference page, and the embedded pages.
//
// It owns HTTP: shapes, problem documents, request ids, CORS, headers. It never decides what an action does (chat.Desk) nor
// whether a credential is genuine (server/auth), and opens no listener (package server).
package api

//go:generate go test -run ^TestOpenAPIFile$ -count 1 -update .
