package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// heard is what a sink was told.
type heard struct{ messages []string }

func (h *heard) sink(message int, piece string) error {
	for len(h.messages) <= message {
		h.messages = append(h.messages, "")
	}
	h.messages[message] += piece
	return nil
}

// check holds what must be true of every outcome.
func check(t *testing.T, o Outcome, h *heard) {
	t.Helper()
	var texts []string
	for _, m := range o.Messages {
		texts = append(texts, m.Text)
	}
	var seen []string
	for _, m := range h.messages {
		seen = append(seen, strings.TrimSpace(m))
	}
	if d := cmp.Diff(texts, seen); d != "" {
		t.Errorf("told and written down differ: %s", d)
	}
	if o.Trace == nil || o.Trace.Step != o.Step || o.Trace.Reason != o.Reason || len(o.Trace.Steps) == 0 || o.Trace.Language != o.Language {
		t.Errorf("trace: %+v", o.Trace)
	}
	if (o.Step == HandedOff) != (o.Summary != nil) || (o.Step == Clarified) != (len(o.Buttons) > 0) || len(o.Buttons) > 3 || o.Step == Silent && len(texts) > 0 {
		t.Errorf("%+v", o)
	}
}

// TestOutcomes: each outcome in both languages, with the real router and no engine.
func TestOutcomes(t *testing.T) {
	b := newBot(t, nil, nil)
	sent := "visitor: Where can I read about sending it back?"
	for _, c := range []struct {
		name   string
		in     Input
		change func(*Input)
		step   Step
		reason router.Reason
		has    string // in what the visitor reads
		source string // heading
	}{
		{"hello", input("hello"), nil, Answered, BecauseGreeting, "Hello!", ""},
		{"你好", input("你好"), nil, Answered, BecauseGreeting, "您好", ""},
		{"named", input("Hi!"), func(i *Input) { i.Settings.Name = "Fig" }, Answered, BecauseGreeting, "I'm Fig", ""},
		{"own words", input("在吗"), func(i *Input) { i.Settings.Greeting.ZH = "欢迎光临小店" }, Answered, BecauseGreeting, "欢迎光临小店", ""},
		{"thanks", input("ok, thank you so much!"), nil, Answered, BecauseThanks, "welcome", ""},
		{"谢谢", input("好的，谢谢您"), nil, Answered, BecauseThanks, "不客气", ""},
		{"bye", input("bye bye"), nil, Answered, BecauseGoodbye, "Goodbye", ""},
		{"再见", input("再见"), nil, Answered, BecauseGoodbye, "再见", ""},
		{"ok", input("ok", "visitor: Is there a warranty?", "bot: Two years."), nil, Silent, BecauseNoted, "", ""},
		{"好的", input("好的"), nil, Silent, BecauseNoted, "", ""},
		{"thumb", input("👍"), nil, Silent, BecauseWordless, "", ""},
		{"a picture", input(""), nil, HandedOff, BecauseWordless, "colleague", ""},
		{"a person", input("I want to talk to a real person"), nil, HandedOff, BecauseHuman, "colleague", ""},
		{"人工", input("转人工"), nil, HandedOff, BecauseHuman, "人工", ""},
		{"nobody is there", input("transfer me to an agent"), func(i *Input) { i.Open = false }, HandedOff, BecauseHuman, "as soon as they are back", ""},
		{"没人在", input("转人工"), func(i *Input) { i.Open = false }, HandedOff, BecauseHuman, "上线后", ""},
		{"safety", input("my son swallowed a button of it"), nil, HandedOff, router.BecauseGuard, "emergency", ""},
		{"安全", input("孩子误食了磁铁"), nil, HandedOff, router.BecauseGuard, "急救", ""},
		{"law", input("我要起诉你们"), nil, HandedOff, router.BecauseGuard, "人工", ""},
		{"known", input("hi, how much is shipping?"), nil, Answered, router.BecauseNoEngine, "¥12", "Orders, delivery and returns > Shipping costs"},
		{"知道", input("怎么退货"), nil, Answered, router.BecauseNoEngine, "30 天", "订单、配送与退换 > 退货"},
		{"a question of a table", input("Is there a warranty?"), nil, Answered, router.BecauseEasy, "two years", "Is there a warranty?"},
		{"表格", input("有保修吗"), nil, Answered, router.BecauseEasy, "两年", "有保修吗？"},
		{"follow-up", input("what about Visa?", "visitor: Can I pay with WeChat?", "bot: You can pay with Alipay or WeChat Pay."), nil, Answered, router.BecauseNoEngine, "Visa", "Orders, delivery and returns > Payment"},
		{"跟进", input("34 的呢？", "visitor: 帆布运动鞋有 40 码吗？", "bot: 帆布运动鞋有 35 到 46 码。"), nil, Answered, router.BecauseNoEngine, "35 到 46", "帆布运动鞋有哪些尺码？"},
		{"unsure", input("How do I send something back?"), nil, Clarified, router.BecauseUnsure, "Which of these", ""},
		{"不确定", input("您好，请问运费多少"), nil, Clarified, router.BecauseUnsure, "哪一个", ""},
		{"asked twice", input("How do I send something back?"), func(i *Input) { i.Clarified = 2 }, HandedOff, router.BecauseAsked, "colleague", ""},
		{"问过两次", input("您好，请问运费多少", "bot: ？ | a | b", "visitor: 别的", "bot: ？ | c | d"), nil, HandedOff, router.BecauseAsked, "人工", ""},
		{"never ask back", input("How do I send something back?"), func(i *Input) { i.Settings.Clarify = new(int) }, HandedOff, router.BecauseAsked, "colleague", ""},
		{"a button", input("Returns", sent, "bot: Which? | Damaged or wrong items | Returns"), nil, Answered, router.BecauseNoEngine, "30 days", "Orders, delivery and returns > Returns"},
		{"the second", input("the second one", sent, "bot: Which? | Damaged or wrong items | Returns"), nil, Answered, router.BecauseNoEngine, "30 days", "Orders, delivery and returns > Returns"},
		{"第一个", input("第一个", "visitor: 关于送货", "bot: 哪一个？ | 运费 | 配送"), nil, Answered, router.BecauseNoEngine, "299", "订单、配送与退换 > 运费"},
		{"unknown", input("what is the capital of France?"), nil, HandedOff, router.BecauseUnknown, "don't know", ""},
		{"不知道", input("法国的首都是哪里"), nil, HandedOff, router.BecauseUnknown, "不清楚", ""},
		{"unknown, closed", input("法国的首都是哪里"), func(i *Input) { i.Open = false }, HandedOff, router.BecauseUnknown, "上线后", ""},
		{"a person has it", input("Is there a warranty?", "agent: Hello"), func(i *Input) { i.People = Joined }, Silent, BecausePerson, "", ""},
		{"waiting: thanks", input("谢谢"), func(i *Input) { i.People = Waiting }, Silent, BecauseThanks, "", ""},
		{"waiting: a person", input("a human please"), func(i *Input) { i.People = Waiting }, Silent, BecauseWaiting, "", ""},
		{"waiting: unknown", input("what is the capital of France?"), func(i *Input) { i.People = Waiting }, Silent, BecauseWaiting, "", ""},
		{"waiting: unsure", input("How do I send something back?"), func(i *Input) { i.People = Waiting }, Silent, BecauseWaiting, "", ""},
		{"waiting: known", input("有保修吗"), func(i *Input) { i.People = Waiting }, Answered, router.BecauseEasy, "两年", "有保修吗？"},
		{"off duty", input("Is there a warranty?"), func(i *Input) { i.Settings.Hours = chat.BotClosed }, Silent, BecauseOffDuty, "", ""},
		{"on duty", input("Is there a warranty?"), func(i *Input) { i.Settings.Hours, i.Open = chat.BotClosed, false }, Answered, router.BecauseEasy, "two years", "Is there a warranty?"},
		{"forbidden", input("有保修吗"), func(i *Input) { i.Settings.Avoid = []string{"保修"} }, HandedOff, BecauseTopic, "人工", ""},
		{"forbidden intent", input("Is there a warranty?"), func(i *Input) { i.Settings.Avoid = []string{"warranty"} }, HandedOff, BecauseTopic, "colleague", ""},
		{"not allowed", input("Is there a warranty?"), func(i *Input) { i.Settings.Topics = []string{"shipping", "refund"} }, HandedOff, BecauseTopic, "colleague", ""},
		{"allowed", input("how much is shipping?"), func(i *Input) { i.Settings.Topics = []string{"shipping costs"} }, Answered, router.BecauseNoEngine, "¥12", ""},
		{"a language of the bot", input("how much is shipping?"), func(i *Input) { i.Settings.Languages = []string{"zh"} }, HandedOff, BecauseLanguage, "colleague", ""},
		{"another language of the bot", input("有保修吗"), func(i *Input) { i.Settings.Languages = []string{"zh", "en"} }, Answered, router.BecauseEasy, "两年", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.change != nil {
				c.change(&c.in)
			}
			var h heard
			o := b.Answer(t.Context(), c.in, h.sink)
			check(t, o, &h)
			if o.Step != c.step || o.Reason != c.reason || !strings.Contains(strings.Join(h.messages, "\n"), c.has) {
				t.Errorf("%s because %s, told %q, sure %.2f; want %s because %s, %q", o.Step, o.Reason, h.messages, o.Trace.Sure, c.step, c.reason, c.has)
			}
			if c.source != "" && (len(o.Sources) != 1 || o.Sources[0].Heading != c.source || o.Sources[0].Title == "" || !strings.HasPrefix(o.Sources[0].URL, "https://shop.test/help/")) {
				t.Errorf("sources %+v", o.Sources)
			}
		})
	}
}

// fakeRouter stands at the seam: it keeps what it is asked, and has an outcome ready.
type fakeRouter struct {
	mu  sync.Mutex
	ask router.Ask
	n   int
	out router.Outcome
}

func (f *fakeRouter) Answer(_ context.Context, ask router.Ask, sink router.Sink) router.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ask = ask
	f.n++
	o := f.out
	for i, m := range o.Messages {
		if sink != nil {
			_ = sink(i, m.Text)
		}
	}
	if len(o.Messages) > 0 && o.Step == router.Answered && len(ask.Chunks) > 0 {
		o.Messages = slices.Clone(o.Messages)
		o.Messages[0].Cited = []string{ask.Chunks[0].ID, "unknown"}
	}
	o.Trace = &router.Trace{}
	return o
}

// TestSeam: what the router is asked, and what becomes of what it says.
func TestSeam(t *testing.T) {
	one := []router.Message{{Engine: "x", Text: "Said."}}
	for name, c := range map[string]struct {
		out  router.Outcome
		step Step
	}{
		"answer":    {router.Outcome{Step: router.Answered, Reason: router.BecauseEngine, Messages: one, Confidence: .9}, Answered},
		"choice":    {router.Outcome{Step: router.Clarified, Reason: router.BecauseUnsure, Messages: one, Buttons: []string{"a", "b", "c", "d"}}, Clarified},
		"person":    {router.Outcome{Step: router.HandedOff, Reason: router.BecauseDown, Messages: one}, HandedOff},
		"abandoned": {router.Outcome{Step: router.HandedOff, Reason: router.BecauseAbandoned}, Silent},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fakeRouter{out: c.out}
			in := input("and how much is that?", "visitor: 运费多少", "bot: 12 元")
			in.Settings.Tone, in.Settings.Thresholds, in.Clarified = "short", chat.BotThresholds{Answer: .7, Clarify: .2}, 1
			in.Settings.Clarify = new(int)
			*in.Settings.Clarify = 1
			var h heard
			o := newBot(t, nil, f).Answer(t.Context(), in, h.sink)
			check(t, o, &h)
			a := f.ask
			if o.Step != c.step || o.Reason != c.out.Reason {
				t.Errorf("%s because %s", o.Step, o.Reason)
			}
			if a.Tenant != in.Tenant.String() || a.Text != in.Text || a.Language != "en" || a.Tone != "short" || a.Clarified != 2 || len(a.Turns) != 2 || !a.Turns[0].Visitor ||
				a.Turns[1].Visitor || a.Thresholds != (confidence.Thresholds{Answer: .7, Clarify: .2}) || a.Knowledge != "1" || len(a.Chunks) == 0 || a.Evidence == (confidence.Evidence{}) {
				t.Errorf("%+v", a)
			}
			if c.step == Answered && (len(o.Sources) != 1 || o.Sources[0].Chunk != a.Chunks[0].ID) {
				t.Errorf("sources %+v", o.Sources)
			}
		})
	}
	f := &fakeRouter{}
	b := newBot(t, nil, f)
	for _, text := range []string{"hello", "谢谢", "转人工", "my house is on fire", "", "👍", "ok"} {
		if b.Answer(t.Context(), input(text), nil); f.n > 0 {
			t.Fatalf("%q went to the router", text)
		}
	}
}

// TestSteps: the trace has the six steps in their order, and what was found.
func TestSteps(t *testing.T) {
	o := newBot(t, nil, nil).Answer(t.Context(), input("那运费呢？", "visitor: 多久能送到？", "bot: 一般二到四天送达。"), nil)
	var names []string
	for _, s := range o.Trace.Steps {
		names = append(names, s.Name)
	}
	if d := cmp.Diff([]string{"guard", "intent", "context", "retrieve", "route", "outcome"}, names); d != "" {
		t.Error(d)
	}
	c := o.Trace.Context
	if !c.Used || c.Mark != Strong || c.Of != "多久能送到？" || len(o.Trace.Chunks) == 0 || o.Trace.Router == nil || o.Trace.Intent.Label == "" || o.Trace.Knowledge != 1 {
		t.Errorf("%+v", o.Trace)
	}
}

// TestBroken: the knowledge fails, the visitor leaves, the sink does.
func TestBroken(t *testing.T) {
	b := newBot(t, &shop{err: errors.New("the disk is gone")}, nil)
	if o := b.Answer(t.Context(), input("Is there a warranty?"), nil); o.Step != HandedOff || o.Reason != BecauseBroken || o.Summary.Wants[0] != "Is there a warranty?" {
		t.Errorf("%+v", o)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if o := b.Answer(ctx, input("Is there a warranty?"), nil); o.Step != Silent || o.Reason != router.BecauseAbandoned {
		t.Errorf("%+v", o)
	}
	o := newBot(t, nil, nil).Answer(t.Context(), input("Is there a warranty?"), func(int, string) error { return errors.New("gone") })
	if o.Step != Answered {
		t.Errorf("%+v", o)
	}
	long := strings.Repeat("is there a warranty? ", 200)
	if o := newBot(t, nil, nil).Answer(t.Context(), input(long), nil); len(o.Trace.Question) > guard.MaxLength || !strings.Contains(o.Trace.Steps[0].Why, "2000") {
		t.Errorf("%d characters, %+v", len(o.Trace.Question), o.Trace.Steps)
	}
	for person, filler := range map[string]string{"I want to talk to a human": "My parcel is late. ", "我要转人工": "我的包裹还没有到。"} {
		filler = strings.Repeat(filler, guard.MaxLength)
		for _, text := range []string{filler + person, filler + "\n" + person, person + "\n" + filler} {
			if o := newBot(t, nil, nil).Answer(t.Context(), input(text), nil); o.Step != HandedOff || o.Reason != BecauseHuman {
				t.Errorf("%s: %s %s", person, o.Step, o.Reason)
			}
		}
	}
	// What is asked last is what is asked.
	last := strings.Repeat("So much for that, and I have thought about it for days. ", 50) + "\nIs there a warranty?"
	if o := newBot(t, nil, nil).Answer(t.Context(), input(last), nil); !strings.HasSuffix(o.Trace.Question, "Is there a warranty?") || !strings.HasPrefix(o.Trace.Question, "So ") {
		t.Errorf("%q", o.Trace.Question)
	}
}

// TestAtOnce: one Bot answers many at once; with -race.
func TestAtOnce(t *testing.T) {
	b := newBot(t, nil, nil)
	var wg sync.WaitGroup
	for _, text := range []string{"Is there a warranty?", "怎么退货", "hello", "转人工", "and in 47?", "how much is shipping"} {
		wg.Go(func() {
			for range 3 {
				b.Answer(t.Context(), input(text, "visitor: do you have the canvas trainers in 38?", "bot: 35 to 46"), nil)
			}
		})
	}
	wg.Wait()
}
