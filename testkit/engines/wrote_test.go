package engines

import (
	"testing"

	"github.com/uniqchat/uniqchat/ai/router"
)

// TestWrote: a message in which another engine goes on is found, and one that its own engine broke off, or went on with nonsense, is not.
func TestWrote(t *testing.T) {
	chunk := "You can return goods within 30 days of delivery."
	for name, c := range map[string]struct {
		m    router.Message
		want bool
	}{
		"whole":                   {router.Message{Engine: "engine1", Text: Texts[1]}, true},
		"another's":               {router.Message{Engine: "engine1", Text: Texts[0]}, false},
		"half, and not cut":       {router.Message{Engine: "engine1", Text: Texts[1][:60]}, false},
		"cut":                     {router.Message{Engine: "engine1", Text: Texts[1][:60], Cut: true}, true},
		"cut early":               {router.Message{Engine: "engine1", Text: Texts[1][:5], Cut: true}, true},
		"nonsense, cut":           {router.Message{Engine: "engine0", Text: Texts[0][:60] + "more and more", Cut: true}, true},
		"cut, and another's":      {router.Message{Engine: "engine0", Text: Texts[0][:50] + Texts[2][50:], Cut: true}, false},
		"local":                   {router.Message{Engine: "local", Text: "Instead:\n\n" + chunk}, true},
		"local after an engine's": {router.Message{Engine: "local", Text: Texts[1][:60] + chunk}, false},
	} {
		if got := wrote(c.m); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
