package chat

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestCleanName(t *testing.T) {
	for given, want := range map[string]string{
		"a.png": "a.png", "假日 照片.JPG": "假日 照片.JPG", "": "file", ".": "file", "..": "file", "/": "file", `\`: "file", ".htaccess": "htaccess",
		"../../etc/passwd": "passwd", `C:\Windows\win.ini`: "win.ini", "a/b\\c.txt": "c.txt", "a\x00b\r\nSet-Cookie: x.txt": "abSet-Cookie_ x.txt",
		"fdp.\u202egpj.exe": "fdp.gpj.exe", "\u2066a\u2069\u200e.txt": "a.txt", "a\u200bb\ufeff.txt": "ab.txt", "👩\u200d💻.txt": "👩\u200d💻.txt",
		"a\u00a0\u3000 b.txt": "a b.txt", "a\u2028b.txt": "ab.txt", "con.txt": "_con.txt", "COM1": "_COM1", "a .txt ": "a.txt", "a\xff\xfe.txt": "a.txt",
		`"q"<s>|*?:.txt`: "_q__s_____.txt", "a.": "a", "a..txt": "a.txt",
		"a." + strings.Repeat("x", 30): "a." + strings.Repeat("x", 30), strings.Repeat("a", 300) + ".tar.gz": strings.Repeat("a", 120) + ".gz",
	} {
		require.Equal(t, want, CleanName(given), "%q", given)
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.png", "../\u202e\x00.exe", strings.Repeat("长", 100) + ".txt", "CON", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := CleanName(s)
		if got == "" || len(got) > maxFileName+maxExtension+1 || !utf8.ValidString(got) || strings.ContainsAny(got, `/\"`) || got == "." || got == ".." {
			t.Fatalf("%q became %q", s, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%q became %q", s, got)
			}
		}
		if again := CleanName(got); again != got {
			t.Fatalf("%q became %q became %q", s, got, again)
		}
	})
}
