package engine

import (
	"net/netip"
	"sync"
)

// addresses counts connections, and new ones per second, by client address. Addresses without connections cost nothing.
// Safe for concurrent use.
type addresses struct {
	most    int // connections; 0: any number
	perSec  int // new ones a second; 0: any number
	mu      sync.Mutex
	conns   map[netip.Addr]int32
	second  uint32
	accepts map[netip.Addr]int32 // in that second
}

func newAddresses(most, perSecond int) *addresses {
	return &addresses{most: most, perSec: perSecond, conns: make(map[netip.Addr]int32), accepts: make(map[netip.Addr]int32)}
}

func (a *addresses) on() bool { return a.most > 0 || a.perSec > 0 }

// admit counts a new connection, or says why there may not be one more.
func (a *addresses) admit(addr netip.Addr, now uint32) (refusal string) {
	if !a.on() {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.perSec > 0 {
		if a.second != now {
			a.second = now
			clear(a.accepts)
		}
		if int(a.accepts[addr]) >= a.perSec {
			return "address_rate"
		}
		a.accepts[addr]++
	}
	if a.most > 0 {
		if int(a.conns[addr]) >= a.most {
			return "address_limit"
		}
		a.conns[addr]++
	}
	return ""
}

// leave takes back what admit counted.
func (a *addresses) leave(addr netip.Addr) {
	if a.most == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conns[addr]--; a.conns[addr] <= 0 {
		delete(a.conns, addr)
	}
}

// setLimits changes the limits; connections that are there stay.
func (a *addresses) setLimits(most, perSecond int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.most, a.perSec = most, perSecond
}
