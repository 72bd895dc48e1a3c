package openai

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uniqchat/uniqchat/ai/prompt"
)

// TestThinks: a model that thinks for longer than it has for its first token is alive, whatever its server calls that.
func TestThinks(t *testing.T) {
	for delta, alive := range map[string]bool{
		`{"reasoning_content": "Let me see."}`:                             true,
		`{"reasoning": "Let me see."}`:                                     true,
		`{"reasoning": "Let me see.", "reasoning_content": "Let me see."}`: true,
		`{"content": "", "reasoning": {"text": "Let me see."}}`:            true,
		`{"content": "", "reasoning": null, "reasoning_content": ""}`:      false,
		`{"role": "assistant"}`:                                            false,
	} {
		t.Run(delta, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, "http://127.0.0.1:1/v1", nil)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				a := &answering{e: e, cancel: cancel, reader: prompt.NewReader(question(), func(string) error { return nil })}
				a.timer = time.AfterFunc(e.c.FirstToken, func() { cancel(errFirstToken) })
				defer a.timer.Stop()
				r, w := io.Pipe()
				go func() {
					const thoughts = 5
					for range thoughts {
						time.Sleep(e.c.FirstToken * 3 / 4)
						_, _ = fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":%s}]}\n\n", delta)
					}
					_, _ = fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%q},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", good)
					_ = w.Close()
				}()
				if err := a.stream(r); err != nil {
					t.Fatal(err)
				}
				if got := context.Cause(ctx) == nil; got != alive {
					t.Errorf("alive: %v", got)
				}
				if res, err := a.reader.Close(); err != nil || res.Text == "" {
					t.Errorf("%+v, %v", res, err)
				}
				if thought := a.written > 30; thought != alive {
					t.Errorf("%d tokens", a.written)
				}
				_, _ = io.Copy(io.Discard, r)
			})
		})
	}
}
