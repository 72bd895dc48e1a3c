package eval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/ai"
	"github.com/uniqchat/uniqchat/ai/encoder"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/knowledge"
)

// Runner measures.
type Runner struct {
	Local   *ai.Local // nil: without vectors
	Weights knowledge.Weights
	// Data is the folder with the sets; Train, if set, has what Data lacks: rows to train on, passages, entries.
	Data, Train string
	// Own has the cases measured that the project wrote itself, too; Speed, how fast this machine is.
	Own, Speed bool
	// Shop is what the demo shop knows: follow-ups are asked of it.
	Shop []Page
	// More is measured after all else, as if it were of Speed.
	More []Set
	Log  func(format string, args ...any)

	intents *intent.Model // the built-in ones, once they are needed
	sizes   sizes         // of what is measured for its speed; zero: as docs/ai.md says
}

// Page is a text of the demo shop. Its name says how it is written.
type Page struct {
	Name, Title string
	Text        []byte
}

// Set is something that is measured without a folder.
type Set struct {
	Name string
	Run  func(ctx context.Context) ([]Metric, error)
}

// task is one set: a folder and what is done with it.
type task struct {
	name string
	run  func(r *Runner, ctx context.Context, folder string) ([]Metric, error)
}

var tasks = []task{
	{"xquad", (*Runner).xquad},
	{"cmrc2018", (*Runner).cmrc},
	{"shopfaq", (*Runner).shop},
	{"shopfaq", (*Runner).decide},
	{"banking77", (*Runner).banking},
	{"clinc150", (*Runner).clinc},
	{"natcs", (*Runner).natcs},
	{"bitext27", (*Runner).bitext},
}

// own are the sets of the project's own cases, and fast those of how fast the machine is.
func (r *Runner) own() []Set {
	return []Set{{"built-in", r.ownFolds}, {"follow-ups", r.followUps}, {"injections", r.injections}}
}

func (r *Runner) fast() []Set {
	return append([]Set{{speedSet, r.speed}, {"embedder", r.embedder}, {"swap", r.swap}}, r.More...)
}

// Names lists the sets that Run knows.
func (r *Runner) Names() []string {
	var out []string
	for _, t := range tasks {
		if !slices.Contains(out, t.name) {
			out = append(out, t.name)
		}
	}
	for _, s := range slices.Concat(r.own(), r.fast()) {
		out = append(out, s.Name)
	}
	return out
}

// Run measures the sets that are in the folder, and what Own and Speed ask for, or only what is named. What fails keeps nothing else from being measured:
// the error is all of what failed, by name.
func (r *Runner) Run(ctx context.Context, only map[string]bool) ([]Metric, error) {
	var out []Metric
	var failed []error
	measure := func(name string, run func() ([]Metric, error)) {
		metrics, err := run()
		if err != nil {
			r.Log("%s: failed: %s", name, err)
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
		for _, m := range metrics {
			r.Log("%s: %s %.4g", m.Set, m.Name, m.Value)
		}
		out = append(out, metrics...)
	}
	for _, t := range tasks {
		folder := filepath.Join(r.Data, t.name)
		if len(only) > 0 && !only[t.name] {
			continue
		}
		if _, err := os.Stat(folder); err != nil {
			r.Log("%s: not in the folder, left out", t.name)
			continue
		}
		measure(t.name, func() ([]Metric, error) { return t.run(r, ctx, folder) })
		if ctx.Err() != nil {
			return out, errors.Join(failed...)
		}
	}
	besides := func(wanted bool, sets []Set) {
		for _, s := range sets {
			if ctx.Err() == nil && (only[s.Name] || wanted && len(only) == 0) {
				measure(s.Name, func() ([]Metric, error) { return s.Run(ctx) })
			}
		}
	}
	besides(r.Own, r.own())
	besides(r.Speed, r.fast())
	return out, errors.Join(failed...)
}

// index builds an index as the product would.
func (r *Runner) index(ctx context.Context, chunks []knowledge.Chunk) (*knowledge.Index, error) {
	if r.Local == nil {
		return knowledge.NewIndex(chunks, "", nil)
	}
	vectors, err := knowledge.Embed(ctx, r.Local, chunks, nil)
	if err != nil {
		return nil, err
	}
	return knowledge.NewIndex(chunks, r.Local.Name(), vectors)
}

func (r *Runner) query(text string) knowledge.Query {
	q := knowledge.Query{Text: text}
	if r.Local != nil {
		q.Vector = make([]float32, encoder.Dims)
		r.Local.One(q.Vector, text)
	}
	return q
}

// vectors embeds many texts on all processors.
func (r *Runner) vectors(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	if r.Local == nil {
		return out, nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	const part = 64
	for from := 0; from < len(texts); from += part {
		to := min(from+part, len(texts))
		g.Go(func() error {
			v, err := r.Local.Embed(ctx, texts[from:to])
			copy(out[from:], v)
			return err
		})
	}
	return out, g.Wait()
}
