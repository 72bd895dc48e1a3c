// Command uniqeval measures the AI on sets of questions and on the project's own cases, how fast it is, and what faults and load do to it, and prints a
// table and JSON. See docs/ai.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/uniqchat/uniqchat/ai"
	"github.com/uniqchat/uniqchat/ai/eval"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/testkit/engines"
)

// options says what to measure.
type options struct {
	data, train, only, json string
	plain, dictionary, fit  bool
	own, speed              bool
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "folder with the sets, one folder each")
	flag.StringVar(&o.train, "train", "", "folder with what -data lacks of them: rows to train on, passages, entries")
	flag.StringVar(&o.only, "only", "", "sets to run, separated by commas: "+strings.Join((&eval.Runner{More: engines.Measure{}.Sets()}).Names(), ","))
	flag.StringVar(&o.json, "json", "", "file to write the metrics to as JSON, - for standard output instead of the table; else they follow the table")
	flag.BoolVar(&o.plain, "no-vectors", false, "without the local embedder")
	flag.BoolVar(&o.fit, "fit", false, "fit the constants of package confidence on the folder's shopfaq and print them")
	flag.BoolVar(&o.dictionary, "dictionary", true, "with the CC-CEDICT gloss")
	flag.BoolVar(&o.own, "own", true, "measure the cases that the project wrote itself, too: follow-ups, injections, sentences of the built-in intents")
	flag.BoolVar(&o.speed, "speed", true, "measure how fast this machine searches and answers, and what load, swaps and broken engines do to that, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "uniqeval:", err)
		os.Exit(1)
	}
}

// run writes what could be measured, whatever else failed, and returns what did.
func run(ctx context.Context, o options, out, log io.Writer) error {
	if o.data == "" {
		return errors.New("-data is missing: the folder with the sets")
	}
	pages, err := shop()
	if err != nil {
		return err
	}
	r := eval.Runner{Weights: knowledge.Shipped, Data: o.data, Train: o.train, Own: o.own, Speed: o.speed, Shop: pages, Log: func(format string, args ...any) {
		fmt.Fprintf(log, format+"\n", args...)
	}}
	r.More = engines.Measure{Log: r.Log}.Sets()
	if !o.plain {
		l, err := ai.NewLocal(o.dictionary)
		if err != nil {
			return err
		}
		r.Local = l
	}
	if o.fit {
		m, err := r.FitConfidence(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "var Shipped = Model%.4v\n", m)
		return err
	}
	names := map[string]bool{}
	for n := range strings.SplitSeq(o.only, ",") {
		if n == "" {
			continue
		}
		if !slices.Contains(r.Names(), n) {
			return fmt.Errorf("-only: there is no set %q", n)
		}
		names[n] = true
	}
	metrics, failed := r.Run(ctx, names)
	return errors.Join(failed, write(metrics, o.json, out))
}

// write writes the table, and JSON where it is wanted.
func write(metrics []eval.Metric, file string, out io.Writer) error {
	b, err := json.MarshalIndent(metrics, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if file != "-" {
		if err := eval.Print(out, metrics); err != nil {
			return err
		}
	}
	if file != "-" && file != "" {
		return os.WriteFile(file, b, 0o644)
	}
	_, err = out.Write(b)
	return err
}
