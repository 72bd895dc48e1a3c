package bench

import (
	"encoding/binary"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// newUUID makes a UUIDv7 (RFC 9562 5.7) from the loop's own random numbers: no lock, no system call.
func (l *Loop) newUUID() codec.UUID { return uuidv7(time.Now().UnixMilli(), l.random(), l.random()) }

func uuidv7(ms int64, a, b uint64) (u codec.UUID) {
	binary.BigEndian.PutUint64(u[:8], uint64(ms)<<16|0x7000|a&0x0FFF)
	binary.BigEndian.PutUint64(u[8:], b&^(3<<62)|2<<62)
	return u
}
