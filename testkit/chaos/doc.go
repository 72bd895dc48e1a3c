// Package chaos breaks things under a running cluster and decides whether the promises were kept (docs/architecture.md, I1 to
// I6): nodes are child processes of the real program, Redis and PostgreSQL are real and thrown away, every node reaches them
// through its own proxy, and a population of visitors and agents writes down everything it sends, is told and shows.
//
// It owns the faults, the population and the verdict of each row of docs/reliability.md. It never reaches into a node: what it
// knows comes from the clients' journals, the database, /metrics and /readyz.
package chaos
