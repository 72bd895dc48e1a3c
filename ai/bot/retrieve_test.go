package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/uniqchat/uniqchat/chat"
)

// crowd is knowledge that answers once so many ask at the same time.
type crowd struct {
	Knowledge
	most int

	mu    sync.Mutex
	asked []string
	all   chan struct{}
}

func newCrowd(k Knowledge, most int) *crowd {
	return &crowd{Knowledge: k, most: most, all: make(chan struct{})}
}

func (c *crowd) Search(ctx context.Context, tenant chat.TenantID, q chat.KnowledgeQuery) (chat.KnowledgeAnswer, error) {
	c.mu.Lock()
	if c.asked = append(c.asked, q.Question); len(c.asked) == c.most {
		close(c.all)
	}
	c.mu.Unlock()
	select {
	case <-c.all:
		return c.Knowledge.Search(ctx, tenant, q)
	case <-ctx.Done():
		return chat.KnowledgeAnswer{}, ctx.Err()
	}
}

// What a follow-up is looked up by is looked up at once, each text once, and what is found is what is found one after the other.
func TestSideBySide(t *testing.T) {
	const question, said = "Is there a warranty?", "Two years."
	turns := []string{"visitor: " + question, "bot: " + said}
	sequential := newBot(t, nil, nil)
	for message, want := range map[string][]string{
		"and for the desk lamp?": {"and for the desk lamp?", content("and for the desk lamp?"), question + "\nand for the desk lamp?", said},
		"and trainers":           {"and trainers", content("and trainers"), question + "\nand trainers", said},
		"那运费呢？":                  {"那运费呢？", content("那运费呢？"), question, said},
	} {
		slices.Sort(want)
		want = slices.Compact(want)
		c := newCrowd(parts().shop, len(want))
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		o := newBot(t, c, nil).Answer(ctx, input(message, turns...), nil)
		stop()
		slices.Sort(c.asked)
		if d := cmp.Diff(want, c.asked); d != "" {
			t.Errorf("%s: asked %s", message, d)
		}
		one := sequential.Answer(t.Context(), input(message, turns...), nil)
		if d := cmp.Diff(one.Trace.Chunks, o.Trace.Chunks); d != "" || o.Trace.Evidence != one.Trace.Evidence || o.Trace.Context != one.Trace.Context || o.Step != one.Step {
			t.Errorf("%s: %s because %s, %s because %s: %s", message, o.Step, o.Reason, one.Step, one.Reason, d)
		}
	}
}

// The first failure ends the other searches, and a panic of one is a panic of whoever asked.
func TestSideBySideFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	err := sideBySide(t.Context(), 3, func(ctx context.Context, i int) error {
		if i == 1 {
			return broken
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a panic was lost")
		}
	}()
	_ = sideBySide(t.Context(), 2, func(ctx context.Context, i int) error {
		if i == 1 {
			panic("broken")
		}
		<-ctx.Done()
		return ctx.Err()
	})
}
