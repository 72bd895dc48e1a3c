package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// cutAll is every token of a text: words as they are, pairs and ends marked.
func cutAll(s string) (out []string) {
	var scan Scanner
	scan.Reset(s)
	for scan.Next() {
		out = append(out, [...]string{"", "+", "."}[scan.Kind]+string(scan.Text()))
	}
	return out
}

func TestTokens(t *testing.T) {
	for _, test := range []struct {
		in   string
		want string
	}{
		{"", ""},
		{" ,.!? ", ""},
		{"Hello, World", "hello world"},
		{"ORDER-2012345 AEI-1234", "order 2012345 aei 1234"},
		{"don't don’t rock'n'roll dogs'", "dont dont rocknroll dogs"},
		{"Ｈｅｌｌｏ　１２３", "hello 123"},
		{"Café CAFÉ cafe\u0301 Ångström Ấ ß", "cafe cafe cafe angstrom a ß"},
		{"МОСКВА Ελλάδα", "москва ελλάδα"},
		{"退款", "+退款 .款"},
		{"什么时候能发货?", "+什么 +么时 +时候 +候能 +能发 +发货 .货"},
		{"退", ".退"},
		{"退 款", ".退 .款"},
		{"iPhone15手机壳XL码", "iphone15 +手机 +机壳 .壳 xl .码"},
		{"退款,发货。", "+退款 .款 +发货 .货"},
		{"ｶﾀｶﾅ カタカナ", "+カタ +タカ +カナ .ナ +カタ +タカ +カナ .ナ"},
		{"배송 조회", "+배송 .송 +조회 .회"},
		{"สวัสดี", "+สว +วั +ัส +สด +ดี .ี"},
		{"हिन्दी", "हिन्दी"},
		{"𠮷野家", "+𠮷野 +野家 .家"},
		{"a\xffb", "a b"},
		{"👍 ok 👍", "ok"},
		{"zero\u200bwidth", "zerowidth"},
		{"退\ufe00款", "+退款 .款"},
		{strings.Repeat("a", 100) + " b", strings.Repeat("a", maxWord) + " b"},
	} {
		if diff := cmp.Diff(test.want, strings.Join(cutAll(test.in), " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.in, diff)
		}
	}
}

func TestPlaces(t *testing.T) {
	in := "Ｏrder 退货运 don't"
	var got []string
	var s Scanner
	s.Reset(in)
	for s.Next() {
		got = append(got, in[s.Start:s.Stop])
	}
	require.Equal(t, []string{"Ｏrder", "退货", "货运", "运", "don't"}, got)
}

func TestBag(t *testing.T) {
	var b Bag
	fill := func(texts ...string) (out []string) {
		b.Fill(texts...)
		for i := range b.Len() {
			out = append(out, string(b.At(i)))
		}
		return out
	}
	require.Equal(t, []string{"a", "b", "c"}, fill("b a B a", "c A"))
	require.Equal(t, []string{"款退", "货", "退款", "退货"}, fill("退款退货"))
	require.Empty(t, fill())
	b.Fill(strings.Repeat("退款不到账", 20_000))
	require.LessOrEqual(t, b.Len(), MaxTokens)
	fill("when will the order ship", "什么时候能发货")
	require.Zero(t, testing.AllocsPerRun(100, func() { b.Fill("When will the order ship?", "什么时候能发货?") }))
}

func TestQuery(t *testing.T) {
	terms := func(q string) string {
		parsed, err := Parse(q)
		require.NoError(t, err)
		var out []string
		for _, term := range parsed.Terms {
			if term.Prefix {
				term.Text += "*"
			}
			out = append(out, term.Text)
		}
		return strings.Join(out, " ")
	}
	require.Equal(t, "refund ord*", terms("Refund ORD"))
	require.Equal(t, "refund ord", terms("refund ord "))
	require.Equal(t, "refund x", terms("refund x"))
	require.Equal(t, "退款", terms("退款"))
	require.Equal(t, "什么 么时 时候", terms("什么时候"))
	require.Equal(t, "退*", terms("退"))
	require.Equal(t, "退* 货*", terms("退 货"))
	require.Equal(t, "iphone 手机", terms("iPhone手机"))
	require.Equal(t, "a", terms("a a A"))
	for q, want := range map[string]error{
		"": ErrNothing, "  ?! ": ErrNothing, "👍": ErrNothing, strings.Repeat("好", MaxQuery): nil, strings.Repeat("好", MaxQuery+1): ErrLong,
	} {
		_, err := Parse(q)
		require.ErrorIs(t, err, want, q)
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		query, text string
		want        bool
	}{
		{"refund", "Where is my REFUND?", true},
		{"refu", "Where is my refund?", true},
		{"refu where", "Where is my refund?", false},
		{"order refund", "a refund for the order", true},
		{"order refund", "a refund", false},
		{"退款", "我要退款", true},
		{"退款", "款退了", false},
		{"退款", "退了款", false},
		{"款", "我要退款", true},
		{"退", "我要退款", true},
		{"货", "我要退款", false},
		{"什么时候", "请问什么时候发货", true},
		{"cafe", "Café", true},
		{"２０１２", "order 2012", true},
	} {
		q, err := Parse(test.query)
		require.NoError(t, err)
		require.Equal(t, test.want, q.Matches(test.text), "%q in %q", test.query, test.text)
	}
}

func TestSnippet(t *testing.T) {
	q, err := Parse("refund")
	require.NoError(t, err)
	require.Equal(t, "my refund", q.Snippet("my refund", 40))
	require.Equal(t, "nothing here", q.Snippet("nothing\n here", 40))
	long := strings.Repeat("so many words ", 20) + "about a refund that " + strings.Repeat("never came ", 20)
	got := q.Snippet(long, 60)
	require.Contains(t, got, "refund")
	require.LessOrEqual(t, utf8.RuneCountInString(got), 62)
	require.True(t, strings.HasPrefix(got, "…") && strings.HasSuffix(got, "…"), got)
	q, err = Parse("退款")
	require.NoError(t, err)
	require.Equal(t, "…好好我要退款"+strings.Repeat("了", 10)+"…", q.Snippet(strings.Repeat("好", 50)+"我要退款"+strings.Repeat("了", 50), 16))
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"", "Hello 世界", "ｶﾞ", "a\xff\xfe", "don't'", "สวัสดี", "\u0301", "退", "𠮷", "İ", "ẞ"} {
		f.Add(s, "退款 re")
	}
	f.Fuzz(func(t *testing.T, s, query string) {
		var scan Scanner
		scan.Reset(s)
		at := 0
		for scan.Next() {
			text := scan.Text()
			if len(text) == 0 || len(text) > maxWord || !utf8.Valid(text) {
				t.Fatalf("token %q of %q", text, s)
			}
			if scan.Start < at || scan.Stop <= scan.Start || scan.Stop > len(s) {
				t.Fatalf("token %q of %q stands at %d to %d", text, s, scan.Start, scan.Stop)
			}
			at = scan.Start
			for _, r := range string(text) { // nothing that an index would have to escape
				if r <= ' ' || strings.ContainsRune(`'"\:*&|!()<>`, r) {
					t.Fatalf("token %q of %q", text, s)
				}
			}
			var again Scanner // a token is what it is made of
			again.Reset(string(text))
			if !again.Next() || again.Kind == Word && string(again.Text()) != string(text) {
				t.Fatalf("token %q of %q becomes %q", text, s, again.Text())
			}
		}
		q, err := Parse(query)
		if err != nil {
			return
		}
		q.Matches(s)
		if cut := q.Snippet(s, 30); utf8.ValidString(s) && (!utf8.ValidString(cut) || utf8.RuneCountInString(cut) > 32) {
			t.Fatalf("snippet %q", cut)
		}
		if utf8.RuneCountInString(s) <= MaxQuery {
			if own, err := Parse(s); err == nil && !own.Matches(s) {
				t.Fatalf("%q does not find itself: %v", s, own.Terms)
			}
		}
	})
}

func BenchmarkBag(b *testing.B) {
	for name, s := range map[string]string{
		"english": "Order 2012345678 says delivered but nothing arrived, can you change the delivery address to Boston?",
		"chinese": "订单2012345678显示已签收,但是我没有收到,能不能帮我把收货地址改到北京?",
		"hostile": strings.Repeat("退款不到账abc ", 5000),
	} {
		b.Run(name, func(b *testing.B) {
			var bag Bag
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				bag.Fill(s)
			}
		})
	}
}
