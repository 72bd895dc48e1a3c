package codec

import (
	"strings"
	"testing"
)

func TestValue(t *testing.T) {
	for in, want := range map[string]string{
		` { "a" : [ 1 , 2.5e3 ] , "b" : " x  y " } `: `{"a":[1,2.5e3],"b":" x  y "}`,
		`{"text":"\ud83d\ude00 \" \\"}`:              `{"text":"\ud83d\ude00 \" \\"}`,
		`true`:                                       `true`,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth): strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
	} {
		got, err := Value([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%.60q: got %.60q, %v", in, got, err)
		}
	}
	for _, in := range []string{
		``, `{`, `{}{}`, `{"a":"\u0000"}`, `"\ud800"`, "\"\xff\"", "\"\x01\"", `{"a":01}`, `nul`,
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	} {
		if got, err := Value([]byte(in)); err == nil || err.Error() == "" {
			t.Errorf("%.60q: got %.60q, %v", in, got, err)
		}
	}
}
