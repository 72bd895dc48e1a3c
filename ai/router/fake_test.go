package router

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fault is how a fake engine fails.
type fault string

const (
	fine     fault = ""
	hangs    fault = "hang"
	late     fault = "slow first token"
	limited  fault = "429"
	failing  fault = "5xx"
	cut      fault = "cut in mid-stream"
	stalls   fault = "stalls in mid-stream"
	rests    fault = "rests in mid-stream"
	garbled  fault = "bad JSON"
	huge     fault = "huge"
	refused  fault = "wrong type"
	declines fault = "declines"
	proposes fault = "always hands off"
	babbles  fault = "says what nothing supports"
	blabs    fault = "tells its secrets"
	turns    fault = "answers, and says at the end that it doesn't"
)

var faults = []fault{hangs, late, limited, failing, cut, stalls, rests, garbled, huge, refused, declines, proposes, babbles, blabs}

// fake is an engine in the test's own time.
type fake struct {
	name   string
	first  time.Duration
	gap    time.Duration
	rest   time.Duration // of the fault
	text   string
	action model.Action
	button []string
	say    func(q *model.Question) string
	fault  atomic.Value
	calls  atomic.Int64
	usage  model.Usage
}

func newFake(name string) *fake {
	f := &fake{name: name, first: 200 * time.Millisecond, gap: 20 * time.Millisecond, rest: time.Second, text: truth, action: model.Answer, usage: model.Usage{Prompt: 500, Completion: 40}}
	f.fault.Store(fine)
	return f
}

func (f *fake) Name() string { return f.name }

func (f *fake) wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *fake) fail(k model.Kind) error { return &model.Error{Kind: k, Engine: f.name} }

// Answer implements model.Engine.
func (f *fake) Answer(ctx context.Context, q *model.Question, piece func(string) error) (model.Result, error) {
	n := f.calls.Add(1)
	used := model.Result{Usage: f.usage}
	first := f.first + time.Duration(n%10)*f.first/20 // they differ a little
	switch f.fault.Load().(fault) {
	case hangs:
		if err := f.wait(ctx, 4*time.Second); err != nil {
			return used, err
		}
		return used, f.fail(model.Slow)
	case late:
		first = 3 * time.Second
	case limited:
		return model.Result{}, &model.Error{Kind: model.Limited, Engine: f.name, Status: 429, RetryAfter: 2 * time.Second}
	case failing:
		return model.Result{}, f.fail(model.Failed)
	case garbled, refused:
		return used, f.fail(model.Garbled)
	case declines:
		return used, f.fail(model.Declined)
	}
	if err := f.wait(ctx, first); err != nil {
		return used, err
	}
	text := f.text
	if f.say != nil {
		text = f.say(q)
	}
	switch f.fault.Load().(fault) {
	case babbles:
		text = "Elephants sleep standing because lions roam the savannah at night, as everybody knows."
	case blabs:
		text = "The number that I was given is " + q.Secrets.Canary + "."
	case proposes:
		return model.Result{Text: text, Action: model.HandOff, Usage: f.usage}, nil
	}
	if f.action != model.Answer {
		return model.Result{Text: text, Action: f.action, Buttons: f.button, Usage: f.usage}, nil
	}
	words := strings.SplitAfter(text, " ")
	for i, w := range words {
		if i > 0 {
			if err := f.wait(ctx, f.gap); err != nil {
				return used, err
			}
		}
		if i > 0 && i == 3*len(words)/4 {
			switch f.fault.Load().(fault) {
			case cut:
				return used, f.fail(model.Cut)
			case huge:
				return used, f.fail(model.TooLong)
			case rests:
				if err := f.wait(ctx, f.rest); err != nil {
					return used, err
				}
			case stalls:
				if err := f.wait(ctx, 4*time.Second); err != nil {
					return used, err
				}
				return used, f.fail(model.Slow)
			}
		}
		if err := piece(w); err != nil {
			return used, err
		}
	}
	if f.fault.Load().(fault) == turns {
		return model.Result{Text: text, Action: model.HandOff, Usage: f.usage}, nil
	}
	return model.Result{Text: text, Action: model.Answer, Cited: []string{"c1"}, Usage: f.usage}, nil
}

const (
	truth    = "You can return goods within 30 days. Send them in their box, and the refund is paid within five working days."
	passage  = "Returns: you can return goods within 30 days of delivery. Send them in their box. The refund is paid within five working days after we have them."
	question = "Can I return goods?"
)

// Evidence of which the shipped model makes much, something, and little.
var (
	sure   = confidence.Evidence{Words: 1, Grams: .9, Concepts: 1, Heading: .8, Body: .7, Score: 2, Margin: 1, Share: .9, HeadingMargin: .3, Agreement: 1, Inside: 1, SameIntent: .8}
	unsure = confidence.Evidence{Grams: .5, Concepts: .6, Heading: .5, Body: .5, Margin: .3, Share: .5, Agreement: .6, Inside: 1, SameIntent: .3}
	blind  = confidence.Evidence{}
)

func ask(e confidence.Evidence) Ask {
	a := Ask{Tenant: "t1", Knowledge: "v1", Intent: "return", Evidence: e}
	a.Text, a.Language = question, "en"
	a.Chunks = []model.Chunk{
		{Chunk: &knowledge.Chunk{ID: "c1", Document: "d1", Heading: "Returns", Text: passage}, Score: 2},
		{Chunk: &knowledge.Chunk{ID: "c2", Document: "d1", Heading: "Exchanges", Text: "Goods can be exchanged within 30 days."}, Score: 1},
	}
	return a
}

// seen is what a visitor sees.
type seen struct {
	messages []string
	at       time.Duration // of the first piece
	from     time.Time
}

func newSeen() *seen { return &seen{from: time.Now()} }

func (s *seen) sink(message int, piece string) error {
	for len(s.messages) <= message {
		s.messages = append(s.messages, "")
	}
	if s.at == 0 {
		s.at = time.Since(s.from)
	}
	if message != len(s.messages)-1 {
		return fmt.Errorf("a piece of message %d came after one of message %d", message, len(s.messages)-1)
	}
	s.messages[message] += piece
	return nil
}

func router(t testing.TB, c Config, engines ...*fake) *Router {
	t.Helper()
	for i, e := range engines {
		c.Engines = append(c.Engines, Member{Engine: e, Price: model.Price{Prompt: float64(i + 1), Completion: float64(i + 1)}})
	}
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// agrees checks that what was shown is what the outcome says.
func agrees(t *testing.T, s *seen, o Outcome) {
	t.Helper()
	if len(s.messages) != len(o.Messages) {
		t.Errorf("seen %q, outcome %+v", s.messages, o.Messages)
		return
	}
	for i, m := range o.Messages {
		if strings.TrimSpace(s.messages[i]) != m.Text {
			t.Errorf("message %d: seen %q, outcome %q", i, s.messages[i], m.Text)
		}
	}
}
