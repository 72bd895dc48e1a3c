package chat

import (
	"testing"
)

// The examples of RFC 7396, appendix A, that are about objects.
func TestMergePatch(t *testing.T) {
	for _, tt := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `{"a":"b"}`, `{"a":"b"}`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{``, `{"n":12345678901234567890,"f":1.50}`, `{"f":1.50,"n":12345678901234567890}`},
	} {
		got, changed, err := mergePatch([]byte(tt[0]), []byte(tt[1]))
		if err != nil || string(got) != tt[2] || !changed {
			t.Errorf("%s with %s: %s, %v, %v; want %s", tt[0], tt[1], got, changed, err, tt[2])
		}
		if again, changed, err := mergePatch(got, []byte(tt[1])); err != nil || changed || string(again) != string(got) {
			t.Errorf("%s with %s twice: %s, %v, %v", tt[0], tt[1], again, changed, err)
		}
	}
	for _, bad := range []string{``, `null`, `[]`, `"x"`, `{"a":1} {}`, `{"a":"\u0000"}`, `{"\u0000":1}`, `{"a":1e400}`, `{"a":[{"b":"\u0000"}]}`} {
		if _, _, err := mergePatch([]byte(`{}`), []byte(bad)); CodeOf(err) != Malformed {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
