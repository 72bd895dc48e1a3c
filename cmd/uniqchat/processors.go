package main

import (
	"os"
	"runtime"
)

// makeRoom lets as much run at once as there are processors and event loops together, and returns how many processors there are. An event
// loop waits for its connections inside a system call, where the Go runtime takes it for running: with one processor nobody else looks
// whether Redis or PostgreSQL has answered, but for the runtime's own watchdog, every 10 ms. GOMAXPROCS in the environment is the operator's word.
func makeRoom(loops int) (processors int) {
	processors = runtime.GOMAXPROCS(0)
	if os.Getenv("GOMAXPROCS") != "" {
		return processors
	}
	if loops == 0 {
		loops = processors
	}
	runtime.GOMAXPROCS(processors + loops)
	return processors
}
