// Package engines is three engines behind a router, over real connections, that are asked many questions while some of them fail. Tests of the router and
// make eval measure with it.
//
// It owns its servers, its router and what it asks. It knows nothing of how a router decides.
package engines

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/ai/eval"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/openai"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

// Texts are what the engines answer, the cheapest first: each in its own words, so that it shows who wrote what.
var Texts = [3]string{
	eval.Truth,
	"Goods can be returned within 30 days of delivery. Send them in their box; the refund is paid after five working days.",
	"Within 30 days of delivery you can return goods in their box. We have five working days, then the refund is paid.",
}

// Bench is the engines and their router.
type Bench struct {
	Router  *router.Router
	servers []*llm.Server
	engines []*openai.Engine
}

// healthy is what an engine does that doesn't fail.
func healthy(i int) llm.Behaviour {
	text, err := json.Marshal(Texts[i])
	if err != nil {
		panic(err) // it is a string
	}
	return llm.Behaviour{
		Text: fmt.Sprintf(`{"action":"answer","sources":[1],"text":%s,"buttons":[]}`, text), First: 100 * time.Millisecond, Token: 5 * time.Millisecond,
	}
}

// New starts them, with the rest of c as it is. Close ends them.
func New(c router.Config) (b *Bench, err error) {
	b = &Bench{}
	defer func() {
		if err != nil {
			b.Close()
		}
	}()
	for i := range Texts {
		s := llm.New(healthy(i))
		b.servers = append(b.servers, s)
		e, err := openai.New(openai.Config{Name: fmt.Sprint("engine", i), BaseURL: s.URL, Model: "m"})
		if err != nil {
			return nil, err
		}
		b.engines = append(b.engines, e)
		c.Engines = append(c.Engines, router.Member{Engine: e, Price: model.Price{Prompt: float64(i + 1), Completion: float64(i + 1)}})
	}
	b.Router, err = router.New(c)
	return b, err
}

// Close ends the router, then engines and servers.
func (b *Bench) Close() {
	if b.Router != nil {
		b.Router.Close()
	}
	for _, e := range b.engines {
		e.Close()
	}
	for _, s := range b.servers {
		s.Close()
	}
}

// Break makes an engine fail from now on.
func (b *Bench) Break(i int, f llm.Fault) {
	broken := healthy(i)
	broken.Fault = f
	b.servers[i].Set(broken)
}

// Calls is how many requests the engines have had.
func (b *Bench) Calls() (n int) {
	for _, s := range b.servers {
		n += s.Calls()
	}
	return n
}

// Figures are what a load came to.
type Figures struct {
	N, Answered, HandedOff int // those that are neither have no outcome that anybody can see
	ByEngine               int // by one that is asked over the network
	Changed                int // messages in which two engines wrote, or that were shown otherwise than they are kept
	Reasons                map[router.Reason]int
	took, first            []time.Duration
}

// At is the time that a share of 100 stay below: for all of an answer, and for the first piece that is shown.
func (f *Figures) At(share int) (whole, first time.Duration) {
	at := func(all []time.Duration) time.Duration {
		slices.Sort(all)
		return all[len(all)*share/100]
	}
	return at(f.took), at(f.first)
}

// Load asks so many questions a second for a while. A question's time counts from when it was due.
func (b *Bench) Load(ctx context.Context, perSecond int, d time.Duration) *Figures {
	n := int(d.Seconds() * float64(perSecond))
	f := &Figures{N: n, Reasons: map[router.Reason]int{}, took: make([]time.Duration, n), first: make([]time.Duration, n)}
	var mu sync.Mutex
	var wg sync.WaitGroup
	from := time.Now()
	for i := range n {
		due := from.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
		}
		wg.Go(func() {
			var shown []string
			o := b.Router.Answer(ctx, eval.Returns(eval.Sure), func(message int, piece string) error {
				if len(shown) == 0 {
					f.first[i] = time.Since(due)
				}
				for len(shown) <= message {
					shown = append(shown, "")
				}
				shown[message] += piece
				return nil
			})
			if f.took[i] = time.Since(due); len(shown) == 0 {
				f.first[i] = f.took[i]
			}
			mu.Lock()
			defer mu.Unlock()
			f.count(o, shown)
		})
	}
	wg.Wait()
	return f
}

// count counts one outcome.
func (f *Figures) count(o router.Outcome, shown []string) {
	f.Reasons[o.Reason]++
	switch {
	case o.Step == router.HandedOff && o.Summary != nil:
		f.HandedOff++
	case o.Step == router.Answered && len(o.Messages) > 0 && o.Messages[0].Text != "":
		f.Answered++
	}
	if o.Reason == router.BecauseEngine {
		f.ByEngine++
	}
	if len(shown) != len(o.Messages) {
		f.Changed++
		return
	}
	for i, m := range o.Messages {
		if strings.TrimSpace(shown[i]) != m.Text || !wrote(m) {
			f.Changed++
		}
	}
}

// wrote reports whether all of a message is its engine's: it begins as its text does, though it may break off or go on without sense, and has nothing of what
// another one writes.
func wrote(m router.Message) bool {
	own := ""
	for _, c := range eval.Returns(eval.Sure).Chunks {
		own += c.Text // the local engine's
	}
	for i, text := range Texts {
		if m.Engine != fmt.Sprint("engine", i) {
			continue
		}
		if own = text; m.Text != text && !(m.Cut && strings.HasPrefix(m.Text, text[:min(len(m.Text), len(text)/4)])) {
			return false
		}
	}
	const piece = 16
	for _, text := range Texts {
		for at := range len(text) - piece {
			if p := text[at : at+piece]; strings.Contains(m.Text, p) && !strings.Contains(own, p) {
				return false
			}
		}
	}
	return true
}
