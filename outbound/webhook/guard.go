package webhook

import (
	"errors"
	"net/netip"
	"syscall"
)

// Guard says which addresses may be dialled: those of the public internet, and what it allows besides. Immutable.
type Guard struct {
	allow []netip.Prefix
	inner bool // nothing but allow
}

// NewGuard returns a Guard that lets networks be dialled that are not public.
func NewGuard(allow ...netip.Prefix) *Guard { return &Guard{allow: allow} }

// Inner returns a Guard for what must not cross the internet, such as a secret in clear text: it lets only those networks be dialled that g lets
// be dialled though they are not public.
func (g *Guard) Inner() *Guard { return &Guard{allow: g.allow, inner: true} }

// forbidden is what is not the public internet: the special-purpose registries of IANA (RFC 6890 and its updates), multicast,
// and the ways to write an IPv4 address as another one, behind which a forbidden one could hide.
var forbidden = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and the metadata services of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.31.196.0/24", // AS112
	"192.52.193.0/24", // AMT
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"192.175.48.0/24", // AS112
	"198.18.0.0/15",   // benchmarking
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
)

// public6 is the only part of IPv6 that is public (global unicast), and forbidden6 what is not, in there.
var (
	public6    = netip.MustParsePrefix("2000::/3")
	forbidden6 = prefixes(
		"2001::/23",     // protocol assignments: Teredo, ORCHID, benchmarking
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4: IPv4 inside
		"2620:4f:8000::/48",
		"3fff::/20", // documentation
	)
)

func prefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, s := range all {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func within(addr netip.Addr, all []netip.Prefix) bool {
	for _, p := range all {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Allows reports whether an address may be dialled. One of IPv4 that is written as one of IPv6 (::ffff:a.b.c.d) is taken as
// what it is; the other ways (NAT64, 6to4, IPv4-compatible) are no public addresses.
func (g *Guard) Allows(addr netip.Addr) bool {
	if addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap()
	switch {
	case !addr.IsValid():
		return false
	case within(addr, g.allow):
		return true
	case g.inner:
		return false
	case addr.Is4():
		return !within(addr, forbidden)
	default:
		return public6.Contains(addr) && !within(addr, forbidden6)
	}
}

// errRefused does not say which address: what names resolve to inside is nobody's business outside.
var errRefused = errors.New("the address is not a public one")

// Control is net.Dialer's: it sees the address that is about to be connected to, whatever a name resolved to before.
func (g *Guard) Control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return errRefused
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil || !g.Allows(a.Addr()) {
		return errRefused
	}
	return nil
}
