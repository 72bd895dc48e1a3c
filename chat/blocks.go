package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"time"
)

// Suspect is what a blocklist can be about of somebody. Zero fields are about nothing.
type Suspect struct {
	Visitor VisitorID
	Addr    netip.Addr
	Print   Print
}

// Print is a fingerprint in few bytes; 0 is none.
type Print uint64

// PrintOf returns the Print of what a page named as its fingerprint.
func PrintOf(fingerprint string) Print {
	if fingerprint == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(fingerprint))
	return Print(binary.BigEndian.Uint64(sum[:]) | 1)
}

// ErrBlocked refuses a blocked visitor.
var ErrBlocked = &Error{Code: Forbidden, Name: "blocked", Message: "you have been blocked"}

// blocklist is a tenant's blocks, each with its end; the zero time is none. It is never changed.
type blocklist struct {
	visitors  map[VisitorID]time.Time
	prints    map[Print]time.Time
	addresses map[netip.Addr]time.Time
	ranges    []blockedRange
}

type blockedRange struct {
	netip.Prefix
	until time.Time
}

func blocklistOf(records []Record) *blocklist {
	b := &blocklist{visitors: make(map[VisitorID]time.Time), prints: make(map[Print]time.Time), addresses: make(map[netip.Addr]time.Time)}
	for i := range records {
		var one Block
		if records[i].Kind == RecordBlock && json.Unmarshal(records[i].Body, &one) == nil {
			b.add(&one)
		}
	}
	return b
}

func (b *blocklist) add(one *Block) {
	var until time.Time
	if one.ExpiresAt != nil {
		until = *one.ExpiresAt
	}
	switch one.Kind {
	case BlockVisitor:
		if id, err := ParseID[Visitor](one.Value); err == nil {
			b.visitors[id] = until
		}
	case BlockAddress:
		p, err := parseRange(one.Value)
		switch {
		case err != nil:
		case p.IsSingleIP():
			b.addresses[p.Addr()] = until
		default:
			b.ranges = append(b.ranges, blockedRange{p, until})
		}
	case BlockFingerprint:
		b.prints[PrintOf(one.Value)] = until
	}
}

func (b *blocklist) empty() bool {
	return len(b.visitors)+len(b.prints)+len(b.addresses)+len(b.ranges) == 0
}

// blocks reports whether somebody is kept away at a time.
func (b *blocklist) blocks(who *Suspect, now time.Time) bool {
	if b == nil || b.empty() {
		return false
	}
	holds := func(until time.Time, ok bool) bool { return ok && (until.IsZero() || now.Before(until)) }
	until, ok := b.visitors[who.Visitor]
	if holds(until, ok) {
		return true
	}
	if who.Print != 0 {
		if until, ok = b.prints[who.Print]; holds(until, ok) {
			return true
		}
	}
	if !who.Addr.IsValid() {
		return false
	}
	addr := who.Addr.Unmap().WithZone("")
	if until, ok = b.addresses[addr]; holds(until, ok) {
		return true
	}
	for i := range b.ranges {
		if b.ranges[i].Contains(addr) && holds(b.ranges[i].until, true) {
			return true
		}
	}
	return false
}
