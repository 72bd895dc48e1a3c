package encoder

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// golden is what the published model makes of a text in TensorFlow.js, with weights of 32 bits.
type golden struct {
	Text   string
	Tokens []int32
	Vector []byte // Dims float32, little-endian, in base64
}

func readGolden(t testing.TB) []golden {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func load(t testing.TB) *Encoder {
	t.Helper()
	e, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestParity: the same pieces as the original, and nearly the same vectors, though a weight has 8 bits here.
func TestParity(t *testing.T) {
	e := load(t)
	got := make([]float32, Dims)
	worst, sum, all := 1.0, 0.0, readGolden(t)
	for _, g := range all {
		if ids := e.tokens.Encode(nil, g.Text, 0); !slices.Equal(ids, g.Tokens) {
			t.Errorf("%q: pieces %v, want %v", g.Text, ids, g.Tokens)
		}
		e.Embed(got, g.Text)
		var cosine float64
		for i, v := range got {
			cosine += float64(v) * float64(math.Float32frombits(binary.LittleEndian.Uint32(g.Vector[4*i:])))
		}
		sum += cosine
		worst = min(worst, cosine)
		if cosine < .998 {
			t.Errorf("%q: cosine %.5f with the original", g.Text, cosine)
		}
	}
	t.Logf("cosine with the original: worst %.5f, mean %.5f", worst, sum/float64(len(all)))
}

// TestMeaning: what means the same is nearer than what shares words.
func TestMeaning(t *testing.T) {
	e := load(t)
	v := func(s string) []float32 { out := make([]float32, Dims); e.Embed(out, s); return out }
	q := v("I want my money back")
	if same, other := product(q, v("Please give me a refund.")), product(q, v("I want my window seat")); same <= other {
		t.Errorf("same meaning %.3f, same words %.3f", same, other)
	}
}

func TestEmpty(t *testing.T) {
	e, out := load(t), make([]float32, Dims)
	out[3] = 1
	e.Embed(out, "")
	if slices.Max(out) != 0 {
		t.Error("a text without pieces has a vector")
	}
	if n := e.Tokens(strings.Repeat("long ", 10000)); n != MaxTokens {
		t.Errorf("%d pieces of a long text", n)
	}
}

// TestParseDamaged: a file that is cut anywhere is refused.
func TestParseDamaged(t *testing.T) {
	for n := 0; n < len(builtin); n += 1 + n/3 {
		if _, err := Parse(builtin[:n]); err == nil {
			t.Errorf("%d bytes of %d were taken", n, len(builtin))
		}
	}
}

// TestAllocations: what a call needs is used again; only the tokenizer takes some of its own.
func TestAllocations(t *testing.T) {
	e, out := load(t), make([]float32, Dims)
	e.Embed(out, "where is my order please")
	if n := testing.AllocsPerRun(20, func() { e.Embed(out, "where is my order please") }); n > 6 && !raced {
		t.Errorf("%v allocations a text", n)
	}
}

func FuzzEncode(f *testing.F) {
	e := load(f)
	for _, g := range readGolden(f) {
		f.Add(g.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, id := range e.tokens.Encode(nil, text, MaxTokens) {
			if id < 0 || int(id) >= e.emb.Rows {
				t.Fatalf("piece %d of %q", id, text)
			}
		}
	})
}

func BenchmarkEmbed(b *testing.B) {
	e, out := load(b), make([]float32, Dims)
	for name, text := range map[string]string{
		"short": "where is my order please",
		"chunk": strings.Repeat("In-stock items are dispatched within 24 hours of payment. ", 9),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(e.Tokens(text)), "tokens")
			for b.Loop() {
				e.Embed(out, text)
			}
		})
	}
}
