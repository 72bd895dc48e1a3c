package project

import (
	"encoding/json"
	"testing"

	"github.com/uniqchat/uniqchat/chat"
)

// TestKnown: PostgreSQL writes a visitor's attributes in its own way while they are plain, and as they came once they are sealed.
func TestKnown(t *testing.T) {
	of := func(name, attributes string) string {
		return Known(&chat.Visitor{Name: name, Attributes: json.RawMessage(attributes)})
	}
	for _, same := range [][2]string{
		{`{"plan":"gold","n":1}`, `{"n": 1, "plan": "gold"}`},
		{`{"a":{"b":1,"c":[1,2]}}`, `{"a": {"c": [1, 2], "b": 1}}`},
		{`{"id":12345678901234567890}`, `{"id": 12345678901234567890}`},
		{`{"s":"\u00e9"}`, `{"s": "é"}`},
		{``, `{}`},
	} {
		if of("Li", same[0]) != of("Li", same[1]) {
			t.Errorf("%s and %s say the same", same[0], same[1])
		}
	}
	for _, other := range [][2]string{
		{`{"plan":"gold"}`, `{"plan":"silver"}`},
		{`{"n":1}`, `{"n":"1"}`},
		{`{"id":12345678901234567890}`, `{"id":12345678901234567891}`},
		{`{"l":[1,2]}`, `{"l":[2,1]}`},
		{`{"plan":"gold"}`, `{}`},
		{`{"plan":"gold"}`, ``},
	} {
		if of("Li", other[0]) == of("Li", other[1]) {
			t.Errorf("%s and %s differ", other[0], other[1])
		}
	}
	if of("Li", `{}`) == of("Lin", `{}`) {
		t.Error("a new name is a change")
	}
}
