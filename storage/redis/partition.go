package redis

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// partitionOf returns the partition of a conversation.
func partitionOf(k chat.Key) int {
	return int(xxhash.Sum64(k.Conversation[:]) % project.Partitions)
}

// homeOf returns the partition that keeps what is known of a visitor.
func homeOf(v chat.VisitorID) int { return int(xxhash.Sum64(v[:]) % project.Partitions) }

// slots is how many hash slots a Redis Cluster has.
const slots = 16384

// tags are the hash tags of the partitions: each lies in its own 64th of the slots, so that any number of masters gets an
// even share.
var tags = func() (out [project.Partitions]string) {
	const width = slots / project.Partitions
	left := project.Partitions
	for i := 0; left > 0; i++ {
		t := strconv.Itoa(i)
		if p := slotOf(t) / width; out[p] == "" {
			out[p] = t
			left--
		}
	}
	return out
}()

// slotOf returns the hash slot of a hash tag: CRC-16/XMODEM modulo 16384 (Redis Cluster specification).
func slotOf(tag string) int {
	var crc uint16
	for i := range len(tag) {
		crc ^= uint16(tag[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc) % slots
}

// scope is what one call of the script may span: on a single server all partitions, on a cluster one. Its partitions share the
// keys of heads, duplicates and visitors' places, so a call costs a handful of commands and one XADD for each partition.
// Safe for concurrent use.
type scope struct {
	meta string // bookkeeping
	feed string // channel
	head string // a generation's number comes behind it
	dup  string // a window's number comes behind it
	open string // a generation's number comes behind it

	parts []*partition

	mu   sync.Mutex
	book book
}

func newScope(base string) *scope {
	return &scope{meta: base + "meta", feed: base + "feed", head: base + "head:", dup: base + "dup:", open: base + "open:"}
}

func (s *scope) read() book {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.book
}

// write notes what was read of the bookkeeping. Numbers never go back but where everything was lost.
func (s *scope) write(b book) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book = b
}

// openKeys are where visitors' places are kept: in this generation and in the one before.
func (s *scope) openKeys(b book) []string {
	return []string{numbered(s.open, b.generation), numbered(s.open, b.generation-1)}
}

func numbered(name string, n uint64) string { return name + strconv.FormatUint(n, 10) }

// arrange makes the partitions and their scopes.
func (l *Log) arrange() {
	all := newScope(l.Prefix)
	l.scopes = []*scope{all}
	if l.cluster {
		l.scopes = nil
	}
	for i := range l.parts {
		p := &l.parts[i]
		base := fmt.Sprintf("%s{%s}:", l.Prefix, tags[i])
		p.number, p.field, p.stream, p.moved, p.scope = i, "p"+strconv.Itoa(i), base+"log", make(chan struct{}), all
		if l.cluster {
			p.scope = newScope(base)
			l.scopes = append(l.scopes, p.scope)
		}
		p.scope.parts = append(p.scope.parts, p)
		p.reset()
	}
}
