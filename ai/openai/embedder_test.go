package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/vec"
	"github.com/uniqchat/uniqchat/testkit/embedding"
)

func newEmbedder(t *testing.T, s *embedding.Server, change func(*EmbedderConfig)) *Embedder {
	t.Helper()
	c := EmbedderConfig{BaseURL: s.URL, Key: embedding.Key, Model: "m", Attempt: 5 * time.Second, Total: 15 * time.Second, Pause: time.Millisecond}
	if change != nil {
		change(&c)
	}
	e, err := NewEmbedder(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// many are texts that need several requests, a blank one among them.
func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("text number %d", i)
	}
	out[n/2] = " \n"
	return out
}

func check(t *testing.T, texts []string, got [][]float32, dims int) {
	t.Helper()
	if len(got) != len(texts) {
		t.Fatalf("%d vectors", len(got))
	}
	for i, v := range got {
		want := embedding.Vector(texts[i], dims)
		if vec.Normalise(want); strings.TrimSpace(texts[i]) == "" {
			clear(want)
		}
		if d := cmp.Diff(want, v, cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 })); d != "" {
			t.Fatalf("%q: %s", texts[i], d)
		}
	}
}

// Whatever order an answer has, each text gets its own vector, of length 1; several requests go at once, none with too much.
func TestEmbed(t *testing.T) {
	s := embedding.Start(t)
	s.Fail(func(w http.ResponseWriter, r *http.Request, q *embedding.Request) {
		data := embedding.Data(q)
		for i := range data {
			j := (i*7 + 3) % len(data)
			data[i], data[j] = data[j], data[i]
		}
		for s.Most() < 2 && len(data) == maxTexts && r.Context().Err() == nil { // the next one comes meanwhile
			time.Sleep(time.Millisecond)
		}
		embedding.Answer(w, data)
	})
	e := newEmbedder(t, s, nil)
	texts := many(300)
	got, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	check(t, texts, got, embedding.Dims)
	if e.Name() != "openai/m/64" {
		t.Error(e.Name())
	}
	if most := s.Most(); most < 2 || most > calls {
		t.Errorf("%d requests at once", most)
	}
	for _, q := range s.Seen() {
		if len(q.Input) > maxTexts || q.Model != "m" || q.Dims != 0 {
			t.Errorf("%d texts, %+v", len(q.Input), q.Dims)
		}
	}

	s.Fail(nil)
	long := []string{strings.Repeat("长", 5000), strings.Repeat("a", 9000)}
	for range 40 {
		long = append(long, strings.Repeat("word ", 1500))
	}
	before := len(s.Seen())
	if _, err := e.Embed(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	for _, q := range s.Seen()[before:] {
		n := 0
		for _, text := range q.Input {
			if n += len(text); len(text) > maxText || strings.Contains(text, "\uFFFD") {
				t.Errorf("a text of %d bytes", len(text))
			}
		}
		if n > maxSent {
			t.Errorf("%d bytes in one request", n)
		}
	}
}

// The server is told how many values there are to be, and the name has them before the first answer.
func TestDims(t *testing.T) {
	s := embedding.Start(t)
	e := newEmbedder(t, s, func(c *EmbedderConfig) { c.Dims = 32 })
	if err := e.Ready(t.Context()); err != nil || len(s.Seen()) != 0 || e.Name() != "openai/m/32" {
		t.Fatal(err, len(s.Seen()), e.Name())
	}
	v, err := e.Question(t.Context(), "a question")
	if err != nil || s.Seen()[0].Dims != 32 {
		t.Fatal(err)
	}
	check(t, []string{"a question"}, [][]float32{v}, 32)
}

// What passes is waited for, as long as the server says; what does not pass is not.
func TestTriesAgain(t *testing.T) {
	s := embedding.Start(t)
	cut := func(w http.ResponseWriter, _ *http.Request, _ *embedding.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"data":[`))
	}
	e := newEmbedder(t, s, func(c *EmbedderConfig) { c.Dims, c.Attempt = embedding.Dims, time.Second })
	s.Once(embedding.Status(500, ""), embedding.Status(503, ""), cut, s.Hang, embedding.Status(429, "1"))
	from := time.Now()
	got, err := e.Embed(t.Context(), []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	check(t, []string{"a", "b"}, got, embedding.Dims)
	if n := len(s.Seen()); n != 6 {
		t.Errorf("%d requests", n)
	}
	if took := time.Since(from); took < 1900*time.Millisecond {
		t.Errorf("%v: Retry-After was not waited for", took)
	}

	s.Fail(embedding.Status(429, "3600"))
	before := len(s.Seen())
	if _, err := e.Embed(t.Context(), []string{"a"}); model.KindOf(err) != model.Limited || !strings.Contains(err.Error(), "1h0m0s") || len(s.Seen()) != before+1 {
		t.Error(err)
	}
	s.Fail(embedding.Status(500, ""))
	short := newEmbedder(t, s, func(c *EmbedderConfig) { c.Total = time.Second })
	if _, err := short.Embed(t.Context(), []string{"a"}); model.KindOf(err) != model.Failed {
		t.Error(err)
	}
	before = len(s.Seen())
	if _, err := e.Question(t.Context(), "a"); model.KindOf(err) != model.Failed || len(s.Seen()) != before+1 {
		t.Error("somebody waited while it was tried again", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s.Fail(func(w http.ResponseWriter, r *http.Request, q *embedding.Request) { stop(); s.Hang(w, r, q) })
	if _, err := e.Embed(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func raw(text string) embedding.Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ *embedding.Request) { _, _ = w.Write([]byte(text)) }
}

// Each wrong answer is told by what is wrong with it, and asked for once; no error has a key or a text.
func TestWrongAnswers(t *testing.T) {
	one := func(vector string) embedding.Fault { return raw(`{"data":[{"index":0,"embedding":` + vector + `}]}`) }
	for name, tc := range map[string]struct {
		f    embedding.Fault
		kind model.Kind
		says string
	}{
		"wrong key":     {embedding.Status(401, ""), model.Refused, "HTTP 401"},
		"wrong model":   {embedding.Status(404, ""), model.Refused, "the model's name"},
		"moved":         {embedding.Status(307, ""), model.Refused, "HTTP 307"},
		"bad request":   {embedding.Status(400, ""), model.Declined, "dimensions"},
		"no json":       {raw("<html>"), model.Garbled, "no JSON"},
		"too few":       {raw(`{"data":[]}`), model.Garbled, "0 vectors for 1 texts"},
		"too many":      {raw(`{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1]}]}`), model.Garbled, "2 vectors for 1 texts"},
		"no index":      {raw(`{"data":[{"embedding":[1]}]}`), model.Garbled, "no index"},
		"another index": {raw(`{"data":[{"index":1,"embedding":[1]}]}`), model.Garbled, "no index from 0 to 0"},
		"NaN":           {one(`[NaN]`), model.Garbled, "no JSON"},
		"strings":       {one(`["1"]`), model.Garbled, "no list of finite numbers"},
		"base64":        {one(`"AAAA"`), model.Garbled, "no list of finite numbers"},
		"null":          {one(`null`), model.Garbled, "no list of finite numbers"},
		"a null":        {one(`[1,null]`), model.Garbled, "no list of finite numbers"},
		"infinite":      {one(`[1e39]`), model.Garbled, "no list of finite numbers"},
		"empty":         {one(`[]`), model.Garbled, "0 values"},
		"too long":      {one(`[1` + strings.Repeat(",1", MaxDims) + `]`), model.Garbled, "4097 values"},
		"other dims":    {one(`[1,2,3]`), model.Garbled, "3 values, and those before had 64"},
		"huge":          {one(`[1` + strings.Repeat(" ", 1<<20) + `]`), model.TooLong, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			s := embedding.Start(t)
			e := newEmbedder(t, s, nil)
			if err := e.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.Fail(tc.f)
			_, err := e.Embed(t.Context(), []string{"a private text"})
			if model.KindOf(err) != tc.kind || !strings.Contains(fmt.Sprint(err), tc.says) {
				t.Errorf("%v", err)
			}
			if text := fmt.Sprint(err); strings.Contains(text, embedding.Key) || strings.Contains(text, "private") {
				t.Error(text)
			}
			if n := len(s.Seen()); n != 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
	s := embedding.Start(t)
	e := newEmbedder(t, s, nil)
	for says, data := range map[string]string{
		"two vectors with the index 1": `[{"index":1,"embedding":[1]},{"index":1,"embedding":[1]}]`, "vectors of 1 and of 2 values": `[{"index":1,"embedding":[1]},{"index":0,"embedding":[1,2]}]`,
	} {
		s.Once(func(w http.ResponseWriter, _ *http.Request, q *embedding.Request) {
			embedding.Answer(w, embedding.Data(q))
		}, raw(`{"data":`+data+`}`))
		if _, err := newEmbedder(t, s, nil).Embed(t.Context(), []string{"a", "b"}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	s.Fail(nil)
	other := newEmbedder(t, s, func(c *EmbedderConfig) { c.Key = "sk-other" })
	if err := other.Ready(t.Context()); model.KindOf(err) != model.Refused || strings.Contains(err.Error(), "sk-") {
		t.Error(err)
	}
	s.Fail(s.Hang)
	e.c.Attempt, e.c.Total = 20*time.Millisecond, 50*time.Millisecond
	if err := e.Ready(t.Context()); model.KindOf(err) != model.Slow {
		t.Error(err)
	}
}

func TestNewEmbedder(t *testing.T) {
	for says, c := range map[string]EmbedderConfig{
		"url:":        {Model: "m"},
		"model:":      {BaseURL: "https://x/v1"},
		"key:":        {BaseURL: "https://x/v1", Model: "m", Key: "a\nb"},
		"dimensions:": {BaseURL: "https://x/v1", Model: "m", Dims: MaxDims + 1},
		"times":       {BaseURL: "https://x/v1", Model: "m", Total: -1},
	} {
		if _, err := NewEmbedder(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// FuzzReadVectors: whatever comes, there are as many vectors as texts, alike in length and of length 1 or 0, or an error.
func FuzzReadVectors(f *testing.F) {
	for _, n := range []int{1, 3} {
		q := embedding.Request{Input: many(n), Dims: 3}
		b, err := json.Marshal(map[string]any{"data": embedding.Data(&q)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, n)
	}
	f.Add([]byte(`{"data":[{"index":0,"embedding":[1e38,1e-45,-3.4e38]}]}`), 1)
	f.Add([]byte(`{"data":[{"index":0,"embedding":[1e-45,0]}]}`), 1)
	f.Fuzz(func(t *testing.T, raw []byte, n int) {
		if n < 1 || n > maxTexts {
			return
		}
		got, err := readVectors(raw, n)
		if err != nil {
			return
		}
		if len(got) != n {
			t.Fatal(len(got))
		}
		for _, v := range got {
			var sum float64
			for _, x := range v {
				sum += float64(x) * float64(x)
			}
			if len(v) != len(got[0]) || sum != 0 && math.Abs(sum-1) > 1e-4 {
				t.Errorf("%d values, square %v", len(v), sum)
			}
		}
	})
}
