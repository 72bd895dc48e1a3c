package router

import (
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/ai/local"
	"github.com/uniqchat/uniqchat/ai/model"
)

// TestTurnsDown: an engine that turns down what others answer is left alone, however it does so; what nobody answers has nobody left alone.
func TestTurnsDown(t *testing.T) {
	for _, f := range []fault{declines, proposes, babbles, blabs} {
		t.Run(string(f), func(t *testing.T) {
			within(t, func(t *testing.T) {
				a, b := newFake("a"), newFake("b")
				a.fault.Store(f)
				r := router(t, Config{}, a, b)
				for i := range 2 * inARow {
					if o := r.Answer(t.Context(), ask(sure), nil); o.Reason != BecauseEngine || o.Messages[0].Engine != "b" {
						t.Fatalf("%d: %s by %+v", i, o.Reason, o.Messages)
					}
				}
				if n := a.calls.Load(); n != inARow {
					t.Errorf("asked %d times", n)
				}
				time.Sleep(coolDown)
				r.Answer(t.Context(), ask(sure), nil) // one question tries it
				r.Answer(t.Context(), ask(sure), nil)
				if n, h := a.calls.Load(), r.Health()["a"]; n != inARow+1 || h != "open" {
					t.Errorf("asked %d times, %s", n, h)
				}

				c, d := newFake("c"), newFake("d")
				c.fault.Store(f)
				d.fault.Store(f)
				r = router(t, Config{}, c, d)
				for range 4 * inARow {
					r.Answer(t.Context(), ask(sure), nil)
				}
				if h := r.Health(); h["c"] != "closed" || h["d"] != "closed" {
					t.Errorf("for questions that nobody answers: %v", h)
				}
				d.fault.Store(fine)
				if o := r.Answer(t.Context(), ask(sure), nil); o.Reason != BecauseEngine {
					t.Errorf("then one that can be answered: %s", o.Reason)
				}
			})
		})
	}
}

// TestSecond: an engine that is right to propose something else now and then does not have every such question asked twice.
func TestSecond(t *testing.T) {
	within(t, func(t *testing.T) {
		a, b := newFake("a"), newFake("b")
		r := router(t, Config{}, a, b)
		const n = 1000
		twice := 0
		for i := range n {
			a.fault.Store([]fault{fine, proposes}[i%2])
			if o := r.Answer(t.Context(), ask(sure), nil); i%2 == 1 && o.Reason == BecauseEngine {
				twice++
			} else if i%2 == 1 && (o.Reason != BecauseDeclined || o.Messages[0].Engine != local.Name) {
				t.Fatalf("%s by %+v", o.Reason, o.Messages)
			}
		}
		if most := mostExtra/2 + int(n*secondShare); twice < most-2 || twice > most || int(b.calls.Load()) != twice {
			t.Errorf("%d asked twice, %d calls", twice, b.calls.Load())
		}
		if h := r.Health()["a"]; h != "closed" {
			t.Error(h)
		}
	})
}

// TestSlow: an engine that answers later than it used to is put behind the others, not left alone: when they fail it answers.
func TestSlow(t *testing.T) {
	within(t, func(t *testing.T) {
		a, b := newFake("a"), newFake("b")
		r := router(t, Config{}, a, b)
		for range 20 {
			r.Answer(t.Context(), ask(sure), nil)
		}
		a.first = 2 * time.Second
		for range inARow {
			r.Answer(t.Context(), ask(sure), nil)
		}
		before := a.calls.Load()
		if o := r.Answer(t.Context(), ask(sure), nil); o.Messages[0].Engine != "b" || a.calls.Load() != before {
			t.Errorf("by %s, who is late was asked %d times more", o.Messages[0].Engine, a.calls.Load()-before)
		}
		b.fault.Store(failing)
		for i := range 2 * inARow {
			if o := r.Answer(t.Context(), ask(sure), nil); o.Reason != BecauseEngine || o.Messages[0].Engine != "a" {
				t.Errorf("%d, when the other one fails: %s by %s", i, o.Reason, o.Messages[0].Engine)
			}
		}
		if h := r.Health()["a"]; h != "closed" {
			t.Error(h)
		}
	})
}

// TestRests: an answer that somebody reads may rest. It is broken off when it does so for long and another engine works; one that is alone has its own limits.
func TestRests(t *testing.T) {
	for _, c := range []struct {
		name string
		rest time.Duration
		e    bool // there is another engine
		sure bool // it is shown while it is made
		by   string
		cut  time.Duration // after which rest it is broken off; 0: it is not
	}{
		{"a second", time.Second, true, true, "a", 0},
		{"nearly two", 1900 * time.Millisecond, true, true, "a", 0},
		{"three", 3 * time.Second, true, true, "a", 2 * time.Second},
		{"three, alone", 3 * time.Second, false, true, "a", 0},
		{"a second, and nobody reads", time.Second, true, false, "b", 0},
		{"three, nobody reads, alone", 3 * time.Second, false, false, "a", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				a, b := newFake("a"), newFake("b")
				r := router(t, Config{}, a)
				if c.e {
					r = router(t, Config{}, a, b)
				}
				for range 20 { // its pace is known
					r.Answer(t.Context(), ask(sure), nil)
				}
				a.fault.Store(rests)
				a.rest = c.rest
				e := sure
				if !c.sure {
					e = unsure
				}
				s := newSeen()
				o := r.Answer(t.Context(), ask(e), s.sink)
				agrees(t, s, o)
				if o.Messages[0].Engine != c.by || o.Messages[0].Cut != (c.cut > 0) || len(o.Messages) != 1 && c.cut == 0 {
					t.Fatalf("%s: %+v", o.Reason, o.Messages)
				}
				if last := o.Trace.Attempts[1]; c.cut > 0 && (last.Kind != model.Cut || last.Took < c.cut+a.first || last.Took > c.cut+a.first+time.Second) {
					t.Errorf("%+v", last)
				}
			})
		})
	}
}

// TestStanding: what calls say has a breaker put its engine behind the others, leave it alone, or have it back.
func TestStanding(t *testing.T) {
	within(t, func(t *testing.T) {
		b := newBreaker()
		is := func(want standing) {
			t.Helper()
			if got := b.standing(); got != want {
				t.Errorf("standing %d, want %d", got, want)
			}
		}
		leave := func(v verdict) {
			p, ok := b.enter(time.Now())
			if !ok || p.probe {
				t.Fatal("not asked, or as a probe")
			}
			b.leave(p, v, time.Now(), 0)
		}
		probe := func(v verdict) {
			p, ok := b.enter(time.Now())
			if !ok || !p.probe {
				t.Fatal("no probe")
			}
			b.leave(p, v, time.Now(), 0)
		}
		doubt := func(n int) {
			for range n {
				p, _ := b.enter(time.Now())
				b.doubt(p, time.Now())
			}
		}
		doubt(inARow - 1)
		leave(well)
		doubt(inARow - 1)
		is(closed)
		doubt(1)
		is(behind)
		leave(well) // when the others can't answer
		is(behind)
		if !b.last(time.Now()) || b.state(time.Now()) != "closed" {
			t.Error("not behind the others, or said to be left alone")
		}
		time.Sleep(coolDown)
		if b.last(time.Now()) {
			t.Error("nobody will try it")
		}
		probe(slow)
		is(behind)
		time.Sleep(coolDown - time.Millisecond)
		if !b.last(time.Now()) {
			t.Error("tried too soon")
		}
		time.Sleep(time.Millisecond)
		probe(slow)
		time.Sleep(2 * coolDown)
		probe(well)
		is(closed)
		doubt(inARow)
		time.Sleep(coolDown)
		probe(ill) // past its own limits
		is(open)
		time.Sleep(coolDown)
		probe(slow)
		is(behind)
		for range inARow {
			leave(outdone)
		}
		is(open)
		time.Sleep(maxCoolDown)
		probe(well)
		for range inARow {
			leave(outdone)
			leave(well)
		}
		is(closed)
	})
}
