package router_test

import (
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/testkit/engines"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

// TestSockets: over real connections, too, a failing engine costs nobody an answer. "make eval" measures all ways to fail.
func TestSockets(t *testing.T) {
	for _, f := range []llm.Fault{llm.Hang, llm.Failing, llm.Cut, llm.BadJSON, llm.Limited} {
		t.Run(string(f), func(t *testing.T) {
			b, err := engines.New(router.Config{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.Close)
			for broken, seconds := range []time.Duration{1, 2} {
				if broken == 1 {
					b.Break(0, f)
				}
				got := b.Load(t.Context(), 20, seconds*time.Second)
				if got.Answered != got.N || got.Changed > 0 || got.ByEngine < got.N*3/4 {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}
