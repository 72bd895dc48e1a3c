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

// network is what a limit is about: an IPv4 address, or the /64 that one IPv6 host chooses its addresses from.
func network(a netip.Addr) netip.Addr {
	if a.Is4() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

func newAddresses(most, perSecond int) *addresses {
	return &addresses{most: most, perSec: perSecond, conns: make(map[netip.Addr]int32), accepts: make(map[netip.Addr]int32)}
}

// admit takes a new connection, and counts it if there is a limit, or says why there may not be one more. Who was counted
// must leave.
func (a *addresses) admit(addr netip.Addr, now uint32) (counted bool, refusal string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	addr = network(addr)
	if a.perSec > 0 {
		if a.second != now {
			a.second = now
			clear(a.accepts)
		}
		if int(a.accepts[addr]) >= a.perSec {
			return false, "address_rate"
		}
		a.accepts[addr]++
	}
	if a.most > 0 {
		if int(a.conns[addr]) >= a.most {
			return false, "address_limit"
		}
		a.conns[addr]++
	}
	return a.most > 0, ""
}

// leave takes back what admit counted.
func (a *addresses) leave(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	addr = network(addr)
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
