package knowledge

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

// A build that wakes up late rests longer, up to a bound, and comes back to its least rest when it wakes up in time again.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace()
		from := time.Now()
		p.breathe()
		if time.Since(from) != 0 {
			t.Error("it rests before it has worked")
		}
		time.Sleep(stint)
		from = time.Now()
		p.breathe()
		if d := time.Since(from); d != p.least || d < shortRest {
			t.Errorf("rested for %v", d)
		}
		for range 20 {
			p.adjust(2 * late)
		}
		if p.rest != longRest {
			t.Errorf("on a busy machine it rests for %v", p.rest)
		}
		for range 200 {
			p.adjust(0)
		}
		if p.rest != p.least {
			t.Errorf("on an idle one for %v", p.rest)
		}
		var none pace
		from = time.Now()
		none.breathe()
		if time.Since(from) != 0 {
			t.Error("the zero pace rests")
		}
	})
}

// An index that was built aside is the same; and it is given up when nobody wants it any more.
func TestAside(t *testing.T) {
	chunks, vectors := big(300, 16)
	want, got := must(NewIndex(chunks, "random", vectors)), must(NewIndexAside(t.Context(), chunks, "random", vectors))
	if !reflect.DeepEqual(want.lexical, got.lexical) {
		t.Error("it has other postings")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewIndexAside(ctx, chunks, "random", vectors); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
