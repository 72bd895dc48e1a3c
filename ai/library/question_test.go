package library

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// away is an embedder that can be out of reach.
type away struct {
	constant
	asked atomic.Int64
	fails atomic.Bool
	hangs atomic.Bool
}

func (a *away) Question(ctx context.Context, q string) ([]float32, error) {
	a.asked.Add(1)
	if a.hangs.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if a.fails.Load() {
		return nil, errors.New("out of reach")
	}
	return a.constant.Question(ctx, q)
}

func (a *away) questions() *questions {
	return &questions{
		embedder: func(context.Context) (Embedder, error) { return a, nil }, patience: time.Second, logger: slog.New(slog.DiscardHandler),
		without: metrics.NewSet().NewCounter("x"),
	}
}

// An embedder that hangs costs the first questions their patience and later ones nothing, until one of them finds that it answers again.
func TestLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &away{}
		q := a.questions()
		a.hangs.Store(true)
		for n := range inARow + 5 {
			from := time.Now()
			if q.of(t.Context(), a.Name(), fmt.Sprint(n)) != nil {
				t.Fatal("a vector of nowhere")
			}
			want := time.Duration(0)
			if n < inARow {
				want = time.Second
			}
			if took := time.Since(from); took != want {
				t.Errorf("question %d took %v", n, took)
			}
		}
		time.Sleep(leftAlone)
		var wg sync.WaitGroup
		for n := range 5 {
			wg.Go(func() { q.of(t.Context(), a.Name(), fmt.Sprint("probe", n)) })
		}
		wg.Wait()
		if n := a.asked.Load(); n != inARow+1 {
			t.Errorf("asked %d times: more than one tried it", n)
		}
		a.hangs.Store(false)
		if q.of(t.Context(), a.Name(), "x") != nil {
			t.Error("it was not left alone after it failed again")
		}
		time.Sleep(leftAlone)
		for range 3 {
			if q.of(t.Context(), a.Name(), "x") == nil {
				t.Error("no vector, though it is well")
			}
		}
		if n, without := a.asked.Load(), q.without.Get(); n != inARow+2 || without != inARow+5+5+1 {
			t.Errorf("asked %d times, %d searches without", n, without)
		}
	})
}

// Who goes says nothing about the embedder; failures with answers between them don't either.
func TestNotLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &away{}
		q := a.questions()
		a.hangs.Store(true)
		for n := range inARow + 1 {
			ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
			q.of(ctx, a.Name(), fmt.Sprint(n))
			stop()
		}
		a.hangs.Store(false)
		for n := range 3 * inARow {
			a.fails.Store(n%inARow != 0)
			q.of(t.Context(), a.Name(), fmt.Sprint("then", n))
		}
		a.fails.Store(false)
		if q.of(t.Context(), a.Name(), "last") == nil {
			t.Error("left alone")
		}
		if q.of(t.Context(), "another", "last") != nil {
			t.Error("a vector for an index that others made")
		}
	})
}

// The newest questions are kept, and no more.
func TestKeptQuestions(t *testing.T) {
	a := &away{}
	q := a.questions()
	for range 2 {
		for n := range keptQuestions + 10 {
			q.of(t.Context(), a.Name(), fmt.Sprint(n))
		}
	}
	if len(q.kept) != keptQuestions {
		t.Errorf("%d are kept", len(q.kept))
	}
	before := a.asked.Load()
	for n := range keptQuestions {
		q.of(t.Context(), a.Name(), fmt.Sprint(n+10))
	}
	if n := a.asked.Load() - before; n != 0 {
		t.Errorf("%d were asked for again", n)
	}
}
