// Package services starts throw-away redis-server, PostgreSQL and S3 processes for tests: on free loopback ports, with data in
// temporary directories, killed, frozen and restarted at will.
//
// It owns the processes and directories that it makes. It never touches a server that it did not start, and never skips: a
// program that is missing is an error that names the package to install.
package services
