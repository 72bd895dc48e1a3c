package live

import (
	"encoding/json"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/uniqchat/uniqchat/chat"
)

func TestProfileComesBack(t *testing.T) {
	a := &chat.Actor{User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor, Name: "王"}
	for name, v := range map[string]chat.Visitor{
		"full":       {ExternalID: "7", Verified: true, Name: "王", Email: "w@x.test", Locale: "zh-CN", Page: "https://a.test/?q=鞋", Attributes: json.RawMessage(`{"vip":true}`)},
		"only where": {Locale: "en", Page: "/"},
	} {
		got := packProfile(&v).actor(a)
		if diff := cmp.Diff(&v, got.Profile); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if got.User != a.User || got.Name != a.Name || a.Profile != nil {
			t.Errorf("%s: the actor changed: %+v", name, got)
		}
	}
	if p := packProfile(&chat.Visitor{}); p != "" || p.actor(a) != a {
		t.Errorf("nothing is kept as %q", p)
	}
	if got := packProfile(&chat.Visitor{Locale: "de", Attributes: json.RawMessage(`{`)}).actor(a); got.Profile.Locale != "de" {
		t.Errorf("broken attributes took the rest along: %+v", got.Profile)
	}
}

// There are 100,000 of them: one byte more takes 32.
func TestSessionSize(t *testing.T) {
	if n := unsafe.Sizeof(session{}); n > 256 {
		t.Errorf("a session has %d bytes; memory is given out by 256 and then by 288", n)
	}
}
