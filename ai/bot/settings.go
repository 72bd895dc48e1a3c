package bot

import (
	"cmp"
	"regexp"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/chat"
)

// mostClarify is how often a visitor is asked back in one conversation, unless its tenant wants less.
const mostClarify = 2

// noName is what a bot is called that was given no name: it doesn't introduce itself.
const noName = "Bot"

// withDefaults fills in what a tenant has left to the product.
func withDefaults(s *chat.BotSettings) {
	if s.Clarify == nil {
		n := mostClarify
		s.Clarify = &n
	}
	t := &s.Thresholds
	t.Answer = cmp.Or(t.Answer, confidence.Default.Answer)
	t.Clarify = cmp.Or(t.Clarify, confidence.Default.Clarify)
	t.Clarify = min(t.Clarify, t.Answer)
}

// tag is a language as BCP 47 writes it, as far as is needed here.
var tag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
