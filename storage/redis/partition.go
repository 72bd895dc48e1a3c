package redis

import (
	"fmt"
	"strconv"

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

// keys are the names of a partition's keys.
type keys struct {
	meta   string
	stream string
	feed   string
	head   string // a generation's number comes behind it
	dup    string // a window's number comes behind it
	open   string // a generation's number comes behind it
}

func keysOf(prefix string, p int) keys {
	base := fmt.Sprintf("%s{%s}:", prefix, tags[p])
	return keys{meta: base + "meta", stream: base + "log", feed: base + "feed", head: base + "head:", dup: base + "dup:", open: base + "open:"}
}

func numbered(name string, n uint64) string { return name + strconv.FormatUint(n, 10) }
