package codes

import (
	"testing"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// Every code of the domain has a row, its packet code is the protocol's number, and retryable failures never close with a
// code that tells clients to stay away.
func TestTableIsComplete(t *testing.T) {
	all := []chat.Code{
		chat.Malformed, chat.Unauthenticated, chat.Forbidden, chat.NotFound, chat.Conflict, chat.TooLarge, chat.TooMany,
		chat.Internal, chat.Busy, chat.Unknown, chat.Full,
	}
	if len(all) != len(table) {
		t.Fatalf("the table has %d rows, the domain %d codes", len(table), len(all))
	}
	names := map[string]bool{}
	for _, c := range all {
		r, ok := table[c]
		if !ok {
			t.Fatalf("no row for %d", c)
		}
		if r.HTTP != int(c) || r.Packet != uint16(c) {
			t.Errorf("%d: HTTP %d, packet %d", c, r.HTTP, r.Packet)
		}
		if r.ZH == "" || r.EN == "" || r.Name == "" || names[r.Name] {
			t.Errorf("%d: title or name missing or doubled: %+v", c, r)
		}
		names[r.Name] = true
		if c.Retryable() && !codec.Reconnect(r.Close) {
			t.Errorf("%d is retryable but closes with %d", c, r.Close)
		}
	}
	if got := Of(chat.Code(999)); got.HTTP != 500 {
		t.Errorf("an unknown code is shown as %d", got.HTTP)
	}
}
