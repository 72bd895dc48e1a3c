package server

import "golang.org/x/sys/unix"

// adminConnections is how many connections the admin listener takes at once.
const adminConnections = 16

// ownFiles is what the program itself keeps open, with some air: the database, listeners, event loops, logs.
const ownFiles = 64

// ShareFiles shares a limit of open files out: how many connections HTTP may hold, and how many descriptors are kept from
// live connections altogether. Whoever dials the HTTP listener must not be able to take the descriptors that the live
// connections' listeners accept with: an accept that fails for want of one would end the event loops.
func ShareFiles(limit int) (http, reserved int) {
	http = min(max(limit/8, 16), 1024)
	return http, http + adminConnections + ownFiles + outgoing(limit)
}

// outgoing is how many descriptors of a limit are kept for connections that the program itself opens.
func outgoing(limit int) int { return min(max(limit/16, 8), 512) }

// Outgoing returns how many connections the program itself may hold to others at once.
func Outgoing() int { return outgoing(openFiles()) }

// openFiles returns the limit of open files, as far as it can be raised.
func openFiles() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 1024 // what it is where nobody set it; the engine reads the limit too, and says what is wrong
	}
	return int(min(l.Max, 1<<30))
}
