package bot

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// TestLongHeadings: a heading for which a button has no room is offered all the same, cut, and what it begins is found when it is chosen.
func TestLongHeadings(t *testing.T) {
	p := parts()
	if p.err != nil {
		t.Fatal(p.err)
	}
	for language, c := range map[string]struct{ question, first, says, second string }{
		"en": {
			"tell me of waxing the oilskin jacket", "Waxing the oilskin jacket at home when it has been worn in the rain for more than two winters", "Warm the wax first.",
			"Waxing the oilskin jacket in our workshop if you would rather have somebody else do it",
		},
		"zh": {
			"防水油布夹克怎么上蜡", "防水油布夹克" + strings.Repeat("在雨里穿了很久以后", 6) + "自己在家里怎么上蜡", "请先把蜡加热。",
			"防水油布夹克如果" + strings.Repeat("不想自己动手并且住得很近的话", 5) + "由我们上蜡",
		},
	} {
		t.Run(language, func(t *testing.T) {
			chunk := func(id, heading, text string) knowledge.Chunk {
				return knowledge.Chunk{ID: id, Document: "jackets", Title: "Jackets", Heading: "Care > " + heading, Text: text}
			}
			s, err := newShop(p.local, chunk("first", c.first, c.says), chunk("second", c.second, "Two weeks. 两周。"))
			if err != nil {
				t.Fatal(err)
			}
			b := newBot(t, s, nil)
			in := input(c.question)
			in.Settings.Thresholds = chat.BotThresholds{Answer: .999, Clarify: .001}
			var h heard
			o := b.Answer(t.Context(), in, h.sink)
			check(t, o, &h)
			at := -1
			for i, button := range o.Buttons {
				if utf8.RuneCountInString(button) > model.MaxButton {
					t.Errorf("%q is too long", button)
				}
				if words, cut := strings.CutSuffix(button, "…"); cut && strings.HasPrefix(c.first, words) {
					at = i
				}
			}
			if o.Step != Clarified || at < 0 {
				t.Fatalf("%s because %s: %q", o.Step, o.Reason, o.Buttons)
			}
			again := input(o.Buttons[at])
			again.Settings = in.Settings
			again.Turns = []Turn{{Who: Visitor, Text: c.question}, {Who: Machine, Text: o.Messages[0].Text, Buttons: o.Buttons}}
			h = heard{}
			o = b.Answer(t.Context(), again, h.sink)
			check(t, o, &h)
			if !o.Trace.Context.Clicked || o.Step != Answered || o.Reason != router.BecauseNoEngine || len(o.Trace.Chunks) != 1 || !strings.Contains(h.messages[0], c.says) {
				t.Errorf("%s because %s: %q of %+v", o.Step, o.Reason, h.messages, o.Trace.Chunks)
			}
		})
	}
}
