package router

import (
	"context"
	"strings"
	"testing"

	"github.com/uniqchat/uniqchat/ai/filter"
	"github.com/uniqchat/uniqchat/ai/model"
)

// foreignID is of another tenant: nothing that a visitor sees may have it.
const foreignID = "0198c0de-ffff-7fff-8fff-ffffffffffff"

// atOnce is an engine that streams nothing: its text is there when it is whole.
type atOnce struct {
	*fake
	text string
}

func (e atOnce) Answer(context.Context, *model.Question, func(string) error) (model.Result, error) {
	return model.Result{Text: e.text, Action: model.Answer, Cited: []string{"c1"}}, nil
}

// An id that an answer ends with is looked at, too, where nothing is streamed.
func TestForeignAtTheEnd(t *testing.T) {
	within(t, func(t *testing.T) {
		f := newFake("one")
		r := router(t, Config{}, f)
		r.members[0].Engine = atOnce{f, truth + " " + foreignID}
		s := newSeen()
		o := r.Answer(t.Context(), ask(sure), s.sink)
		agrees(t, s, o)
		if strings.Contains(strings.Join(s.messages, "\n"), foreignID) || o.Trace.Chosen == "one" {
			t.Errorf("%s by %s: %q", o.Reason, o.Trace.Chosen, s.messages)
		}
		for _, a := range o.Trace.Attempts {
			if a.Engine == "one" && (a.Verdict != "refused" || a.Error != filter.ErrForeign.Error()) {
				t.Errorf("%s: %s", a.Verdict, a.Error)
			}
		}
	})
}
