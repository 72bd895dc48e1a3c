package openai

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const good = `{"action":"answer","sources":[1],"text":"You can return it within 30 days. 三十天内可退。","buttons":[]}`

func question() *model.Question {
	return &model.Question{
		Text: "can I return it?", Language: "en", Secrets: model.NewSecrets(),
		Chunks: []model.Chunk{{Chunk: &knowledge.Chunk{ID: "c1", Heading: "Returns", Text: "Returns are taken within 30 days."}}},
	}
}

func newEngine(t *testing.T, url string, change func(*Config)) *Engine {
	t.Helper()
	c := Config{Name: "test", BaseURL: url, Key: "sk-secret", Model: "m", FirstToken: 400 * time.Millisecond, Total: 5 * time.Second}
	if change != nil {
		change(&c)
	}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestAnswer(t *testing.T) {
	for name, b := range map[string]llm.Behaviour{
		"stream": {Text: good}, "slow tokens": {Text: good, First: 50 * time.Millisecond, Token: 5 * time.Millisecond},
		"whole": {Text: good, Whole: true}, "no usage": {Text: good, NoUsage: true},
		"old server":       {Text: good, Unknown: []string{"json_schema", "json_object", "stream_options"}},
		"json mode only":   {Text: good, Unknown: []string{"json_schema"}},
		"words of its own": {Text: strings.Repeat("You can return it within 30 days. 三十天内可退。", 4)},
	} {
		t.Run(name, func(t *testing.T) {
			s := llm.Start(t, b)
			e := newEngine(t, s.URL+"/", nil)
			for range 2 { // the second time with what was learnt
				var seen strings.Builder
				pieces := 0
				res, err := e.Answer(t.Context(), question(), func(p string) error { seen.WriteString(p); pieces++; return nil })
				if err != nil {
					t.Fatal(err)
				}
				want := "You can return it within 30 days. 三十天内可退。"
				if b.Text != good {
					want = b.Text
				}
				if res.Action != model.Answer || res.Text != want || seen.String() != res.Text {
					t.Errorf("%+v, seen %q", res, seen.String())
				}
				if !b.Whole && pieces < 4 {
					t.Errorf("%d pieces", pieces)
				}
				if plain := b.Text != good; res.Plain != plain || !plain && (len(res.Cited) != 1 || res.Cited[0] != "c1") {
					t.Errorf("%+v", res)
				}
				if u := res.Usage; u.Prompt < 50 || u.Completion < 5 || u.Estimated != b.NoUsage {
					t.Errorf("%+v", u)
				}
			}
			if want := 2 + len(b.Unknown); s.Calls() != want {
				t.Errorf("%d calls, want %d", s.Calls(), want)
			}
			if r := s.Last(); r.Key != "Bearer sk-secret" || r.Model != "m" {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestFaults: each failure is told by its kind, in time, and without anybody's words or key.
func TestFaults(t *testing.T) {
	kinds := map[llm.Fault]model.Kind{
		llm.Hang: model.Slow, llm.SlowFirst: model.Slow, llm.Stall: model.Slow, llm.Limited: model.Limited, llm.Failing: model.Failed, llm.Down: model.Failed,
		llm.Denied: model.Refused, llm.Cut: model.Cut, llm.Ended: model.Cut, llm.BadJSON: model.Garbled, llm.BadShape: model.Garbled, llm.Huge: model.TooLong,
		llm.HugeLine: model.TooLong, llm.HugeHead: model.Unreachable, llm.WrongType: model.Garbled, llm.InStream: model.Failed, llm.Redirect: model.Refused,
	}
	for _, f := range llm.Faults {
		t.Run(string(f), func(t *testing.T) {
			s := llm.Start(t, llm.Behaviour{Fault: f, Text: good, RetryAfter: "7"})
			e := newEngine(t, s.URL, nil)
			from := time.Now()
			res, err := e.Answer(t.Context(), question(), func(string) error { return nil })
			var known *model.Error
			if !errors.As(err, &known) || known.Kind != kinds[f] || known.Engine != "test" {
				t.Fatalf("%v", err)
			}
			if took := time.Since(from); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
			if f == llm.Limited && known.RetryAfter != 7*time.Second {
				t.Errorf("retry after %v", known.RetryAfter)
			}
			if text := err.Error(); strings.Contains(text, "sk-secret") || strings.Contains(text, "return it") || strings.Contains(text, "127.0.0.1:") && f != llm.HugeHead {
				t.Error(text)
			}
			switch f {
			case llm.Limited, llm.Failing, llm.Down, llm.Denied, llm.Redirect:
				if res.Usage.Total() != 0 {
					t.Errorf("nobody bills a refusal: %+v", res.Usage)
				}
			default:
				if res.Usage.Prompt < 50 {
					t.Errorf("the request went out, and may be billed: %+v", res.Usage)
				}
			}
			if started := f == llm.Stall || f == llm.Cut || f == llm.Ended; started && res.Usage.Total() < 20 {
				t.Errorf("used %+v", res.Usage)
			}
		})
	}
}

// TestUnreachable: a port where nobody listens, and an address that is not allowed.
func TestUnreachable(t *testing.T) {
	s := llm.Start(t, llm.Behaviour{Text: good})
	for name, e := range map[string]*Engine{
		"nobody": newEngine(t, "http://127.0.0.1:1/v1", nil),
		"refused": newEngine(t, s.URL, func(c *Config) {
			c.Control = func(string, string, syscall.RawConn) error { return errors.New("a private address") }
		}),
	} {
		if res, err := e.Answer(t.Context(), question(), nil); model.KindOf(err) != model.Unreachable || res.Usage.Total() != 0 {
			t.Errorf("%s: %v, used %+v", name, err, res.Usage)
		}
	}
	if s.Calls() != 0 {
		t.Error("asked all the same")
	}
}

// TestTotal: tokens that keep coming do not make an answer longer than it may take.
func TestTotal(t *testing.T) {
	s := llm.Start(t, llm.Behaviour{Text: strings.Repeat("word ", 400), Token: 20 * time.Millisecond})
	e := newEngine(t, s.URL, func(c *Config) { c.Total = 300 * time.Millisecond })
	if _, err := e.Answer(t.Context(), question(), nil); model.KindOf(err) != model.Slow || !errors.Is(err, errTotal) {
		t.Error(err)
	}
}

// TestCancel: when the caller goes, so does the request, at once; and an error of the caller's comes back as it is.
func TestCancel(t *testing.T) {
	s := llm.Start(t, llm.Behaviour{Fault: llm.Hang})
	e := newEngine(t, s.URL, func(c *Config) { c.FirstToken = time.Minute })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if res, err := e.Answer(ctx, question(), nil); !errors.Is(err, context.Canceled) || model.KindOf(err) != model.Canceled || res.Usage.Prompt < 50 {
		t.Errorf("%v, used %+v", err, res.Usage)
	}
	for until := time.Now().Add(5 * time.Second); s.Open() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the server still works for nobody")
		}
	}
	s.Set(llm.Behaviour{Text: good})
	stop := errors.New("enough")
	if _, err := e.Answer(t.Context(), question(), func(string) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestRetryAfter(t *testing.T) {
	for v, want := range map[string]time.Duration{"": 0, "3": 3 * time.Second, "-1": 0, "0.5": 500 * time.Millisecond, "1e12": time.Hour, "soon": 0, "NaN": 0} {
		if got := retryAfter(v); got != want {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
	if got := retryAfter(time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)); got < 50*time.Second || got > time.Minute {
		t.Error(got)
	}
}

func TestNew(t *testing.T) {
	for _, c := range []Config{
		{},
		{Name: "a", BaseURL: "http://x/v1"},
		{Name: "a", Model: "m", BaseURL: "ftp://x"},
		{Name: "a", Model: "m", BaseURL: "https://u:p@x"},
		{Name: "a", Model: "m", BaseURL: "https://x", Key: "a\nb"},
		{Name: "a", Model: "m", BaseURL: "https://x", Total: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
