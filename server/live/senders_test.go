package live

import (
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Two shards that have read the clock in one order and come here in the other, and a clock that is put back, fill nothing up again.
func TestSendersClockGoesBack(t *testing.T) {
	var s senders
	k := chat.VisitorKey{Visitor: chat.NewID[chat.Visitor]()}
	at := time.UnixMilli(1 << 41)
	taken := func(back time.Duration) (n int) {
		for i := range 100 {
			if s.take(k, at.Add(-back*time.Duration(i%2)), 10, 40) == 0 {
				n++
			}
		}
		return n
	}
	if n := taken(time.Millisecond); n < 40 || n > 41 {
		t.Errorf("%d taken of 40", n)
	}
	at = at.Add(-time.Hour)
	if n := taken(0); n > 1 {
		t.Errorf("%d more after the clock was put back", n)
	}
	at = at.Add(4 * time.Second)
	if n := taken(0); n < 39 {
		t.Errorf("only %d four seconds later", n)
	}
}
