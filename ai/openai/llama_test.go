package openai

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/ai/model"
)

// TestServer asks a real server, if there is one: UNIQCHAT_LLM_URL is its base URL (with /v1), UNIQCHAT_LLM_MODEL a model that it has, UNIQCHAT_LLM_KEY its
// key. What the model says does not matter, a small one talks nonsense; that it is read does.
func TestServer(t *testing.T) {
	url, name := os.Getenv("UNIQCHAT_LLM_URL"), os.Getenv("UNIQCHAT_LLM_MODEL")
	if url == "" || name == "" {
		t.Skip("UNIQCHAT_LLM_URL and UNIQCHAT_LLM_MODEL name no server")
	}
	e := newEngine(t, url, func(c *Config) {
		*c = Config{Name: "real", BaseURL: url, Model: name, Key: os.Getenv("UNIQCHAT_LLM_KEY"), MaxTokens: 200, FirstToken: time.Minute, Total: 2 * time.Minute} // how fast it is does not matter here either
	})
	good := 0
	for range 3 {
		var seen strings.Builder
		pieces := 0
		res, err := e.Answer(t.Context(), question(), func(p string) error { seen.WriteString(p); pieces++; return nil })
		t.Logf("%d pieces, %+v, %v", pieces, res, err)
		switch kind := model.KindOf(err); {
		case err == nil && res.Action == model.Answer && strings.TrimSpace(seen.String()) != strings.TrimSpace(res.Text):
			t.Errorf("seen %q", seen.String())
		case err == nil:
			good++
			if res.Usage.Prompt < 100 || res.Usage.Completion < 1 || res.Usage.Estimated {
				t.Errorf("%+v", res.Usage)
			}
		case kind != model.Cut && kind != model.Garbled: // too long, or no structure: the model's fault
			t.Error(err)
		}
	}
	if good == 0 {
		t.Error("no answer could be read")
	}
}
