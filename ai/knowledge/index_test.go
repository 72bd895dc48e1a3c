package knowledge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/uniqchat/uniqchat/ai/eval/suite"
	"github.com/uniqchat/uniqchat/ai/vec"
)

// letters is an embedder for tests of machinery: a vector follows from the text's characters. It counts what it is asked.
type letters struct {
	name  string
	texts atomic.Int64
	fail  error
}

func (l *letters) Name() string { return l.name }

func (l *letters) Embed(_ context.Context, texts []string) ([][]float32, error) {
	l.texts.Add(int64(len(texts)))
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = make([]float32, 64)
		for _, r := range t {
			out[i][r%64]++
		}
		vec.Normalise(out[i])
	}
	return out, l.fail
}

var shop = Split("faq", "", []Section{
	{Question: "怎么申请退货？", Text: "在我的订单里选择申请售后。"},
	{Question: "How long does a refund take?", Text: "Refunds reach your card within five working days."},
	{Question: "Which courier do you use?", Text: "We ship with UPS and DHL."},
	{Question: "ต้องใช้เวลากี่วัน", Text: "สามถึงห้าวันทำการ"},
})

func build(t testing.TB, e Embedder, chunks []Chunk, earlier *Index) *Index {
	t.Helper()
	v, err := Embed(context.Background(), e, chunks, earlier)
	if err != nil {
		t.Fatal(err)
	}
	x, err := NewIndex(chunks, e.Name(), v)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestTraditional: a question and a text in traditional characters are as good as in simplified ones; Japanese is found by Japanese.
func TestTraditional(t *testing.T) {
	simple := Split("faq", "", []Section{
		{Path: []string{"退货"}, Text: "请在订单里选择申请售后，我们会在两天内处理。"},
		{Path: []string{"运费"}, Text: "满两百元免运费，否则每单十二元。"},
		{Path: []string{"发票"}, Text: "电子发票会发到您的邮箱。"},
		{Path: []string{"送料"}, Text: "送料は全国一律五百円です。電話番号をご入力ください。"},
	})
	traditional := Split("faq", "", []Section{
		{Path: []string{"退貨"}, Text: "請在訂單裡選擇申請售後，我們會在兩天內處理。"},
		{Path: []string{"運費"}, Text: "滿兩百元免運費，否則每單十二元。"},
		{Path: []string{"發票"}, Text: "電子發票會發到您的郵箱。"},
		{Path: []string{"送料"}, Text: "送料は全国一律五百円です。電話番号をご入力ください。"},
	})
	var indexes []*Index
	for _, chunks := range [][]Chunk{simple, traditional} {
		x, err := NewIndex(chunks, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		indexes = append(indexes, x)
	}
	for _, c := range []struct {
		simple, traditional string
		want                int
	}{
		{"怎么申请退货？", "怎麼申請退貨？", 0}, {"请问运费多少钱", "請問運費多少錢", 1}, {"电子发票发到哪里", "電子發票發到哪裡", 2}, {"電話番号は", "電話番号は", 3},
	} {
		want := indexes[0].Search(Query{Text: c.simple}, 4)
		if want[0].Chunk != c.want {
			t.Errorf("%q: %+v", c.simple, want)
		}
		for i, x := range indexes {
			for _, q := range []string{c.simple, c.traditional} {
				if d := cmp.Diff(want, x.Search(Query{Text: q}, 4)); d != "" {
					t.Errorf("%q in index %d: %s", q, i, d)
				}
			}
		}
	}
}

// TestSearch: words, parts of words and concepts find what they should, in any script, and other languages' words find it too.
func TestSearch(t *testing.T) {
	x, err := NewIndex(shop, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]int{
		"退货怎么弄": 0, "sending it back": 0, "refunds": 1, "钱什么时候退给我": 1, "couriers?": 2, "用什么快递": 2, "กี่วัน": 3, "refnd take how long": 1,
	} {
		hits := x.Search(Query{Text: q}, 3)
		if len(hits) != 3 || hits[0].Chunk != want {
			t.Errorf("%q: %+v, want chunk %d", q, hits, want)
		}
	}
	if hits := x.Search(Query{Text: "zzz"}, 2); hits[0].Score != 0 {
		t.Errorf("nonsense scores %+v", hits)
	}
	if hits := x.Search(Query{Text: "refund"}, 0); hits != nil {
		t.Errorf("no hits were asked for: %v", hits)
	}
}

// TestEmbedOnlyChanges: a chunk that stayed keeps its vectors; another model makes them all anew; a failure is told.
func TestEmbedOnlyChanges(t *testing.T) {
	e := &letters{name: "a"}
	x := build(t, e, shop, nil)
	if n := e.texts.Swap(0); n != 8 {
		t.Errorf("%d texts embedded, want 8", n)
	}
	changed := slices.Clone(shop)
	changed[2] = Split("faq", "", []Section{{Question: "Which courier?", Text: "UPS."}})[0]
	y := build(t, e, changed, x)
	if n := e.texts.Swap(0); n != 2 {
		t.Errorf("%d texts embedded again, want 2", n)
	}
	if d := cmp.Diff(x.texts.at(0), y.texts.at(0)); d != "" {
		t.Error(d)
	}
	build(t, &letters{name: "b"}, changed, y)
	if _, err := Embed(context.Background(), &letters{name: "c", fail: errors.New("down")}, shop, nil); err == nil {
		t.Error("a failure was not told")
	}
}

// TestSnapshot: an index comes back from its bytes as it was, and from damaged bytes not at all.
func TestSnapshot(t *testing.T) {
	for _, x := range []*Index{build(t, &letters{name: "a"}, shop, nil), must(NewIndex(shop, "", nil)), must(NewIndex(nil, "", nil))} {
		b := x.Append([]byte("before"))[6:]
		y, err := Open(b)
		if err != nil {
			t.Fatal(err)
		}
		q := Query{Text: "refund time", Vector: make([]float32, 64)}
		q.Vector[5] = 1
		if d := cmp.Diff(x.Search(q, 4), y.Search(q, 4)); d != "" || y.Embedder() != x.Embedder() {
			t.Errorf("%q %s", y.Embedder(), d)
		}
		for i := range b {
			damaged := slices.Clone(b)
			damaged[i] ^= 1
			if _, err := Open(damaged); !errors.Is(err, ErrSnapshot) {
				t.Fatalf("byte %d changed: %v", i, err)
			}
		}
		if _, err := Open(b[:len(b)/2]); !errors.Is(err, ErrSnapshot) {
			t.Errorf("half a snapshot: %v", err)
		}
	}
}

func must(x *Index, err error) *Index {
	if err != nil {
		panic(err)
	}
	return x
}

// TestSwap: queries go on while indexes are swapped, and each sees one index only.
func TestSwap(t *testing.T) {
	var base Base
	if base.Search(Query{Text: "x"}, 1) != nil {
		t.Error("an empty base finds something")
	}
	of := func(n int) *Index {
		chunks := make([]Chunk, n)
		for i := range chunks {
			chunks[i] = Chunk{ID: fmt.Sprint(i), Text: fmt.Sprintf("common word%d", i)}
		}
		return must(NewIndex(chunks, "", nil))
	}
	indexes := []*Index{of(10), of(300)}
	base.Swap(indexes[0])
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				x := base.Index()
				if hits := x.Search(Query{Text: "common"}, 1000); len(hits) != x.Len() {
					t.Errorf("%d hits of %d chunks", len(hits), x.Len())
					return
				}
			}
		})
	}
	for i := range 200 {
		base.Swap(indexes[i%2])
	}
	close(done)
	wg.Wait()
}

// big is n chunks of about 500 characters with two random vectors of dims values.
func big(n, dims int) ([]Chunk, []Vectors) {
	chunks, vectors := make([]Chunk, n), make([]Vectors, n)
	for i, c := range suite.Chunks(n, ChunkSize, dims) {
		chunks[i] = Chunk{ID: fmt.Sprint(i), Heading: c.Heading, Text: c.Text}
		vectors[i] = Vectors{Heading: NewVector(c.HeadingVector), Text: NewVector(c.TextVector)}
	}
	return chunks, vectors
}

// TestRecall: rounding vectors to 8 bits loses next to nothing of the nearest ten.
func TestRecall(t *testing.T) {
	const n, dims, k, queries = 5000, 256, 10, 50
	r := rand.New(rand.NewPCG(3, 4))
	random := func() []float32 {
		x := make([]float32, dims)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		vec.Normalise(x)
		return x
	}
	exact, m := make([][]float32, n), matrix{dims: dims}
	for i := range exact {
		exact[i] = random()
		m.add(NewVector(exact[i]))
	}
	found, wide, got, want := 0, make([]int16, dims), make([]float32, n), make([]float32, n)
	for range queries {
		q := random()
		scale := vec.Widen(wide, q)
		m.score(got, wide, scale)
		for i, x := range exact {
			want[i] = 0
			for j := range x {
				want[i] += x[j] * q[j]
			}
		}
		a, b := top(got, k), top(want, k)
		for _, i := range a {
			if slices.Contains(b, i) {
				found++
			}
		}
	}
	recall := float64(found) / (k * queries)
	t.Logf("recall@10 %.4f", recall)
	if recall < .98 {
		t.Errorf("recall@10 %.3f", recall)
	}
}

func top(scores []float32, k int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if scores[a] > scores[b] {
			return -1
		}
		return 1
	})
	return order[:k]
}

func BenchmarkVectors20k(b *testing.B) {
	for _, dims := range []int{256, 512} {
		b.Run(fmt.Sprint(dims), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			m := matrix{dims: dims, data: make([]int8, 20000*dims)}
			for i := range m.data {
				m.data[i] = int8(r.IntN(255) - 127)
			}
			for range 20000 {
				m.scale = append(m.scale, 1)
			}
			q, scores := make([]int16, dims), make([]float32, 20000)
			for i := range q {
				q[i] = int16(r.IntN(2*vec.Wide) - vec.Wide)
			}
			percentiles(b, func() { m.score(scores, q, 1) })
		})
	}
}

func BenchmarkSearch20k(b *testing.B) {
	chunks, vectors := big(20000, 256)
	x := must(NewIndex(chunks, "random", vectors))
	b.ReportMetric(float64(x.Bytes())/20000, "B/chunk")
	q := Query{Text: "where is " + chunks[777].Text[:40], Vector: make([]float32, 256)}
	q.Vector[3] = 1
	percentiles(b, func() { x.Search(q, 5) })
}

func BenchmarkBuild20k(b *testing.B) {
	chunks, vectors := big(20000, 256)
	for b.Loop() {
		must(NewIndex(chunks, "random", vectors))
	}
}

// percentiles runs f and reports the time that 50 and 99 of 100 runs stay below.
func percentiles(b *testing.B, f func()) {
	b.ReportAllocs()
	var all []time.Duration
	for b.Loop() {
		from := time.Now()
		f()
		all = append(all, time.Since(from))
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
}
