// Command uniqeval measures the AI's local parts on sets of questions and prints a table, and JSON if asked. See docs/ai.md.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/uniqchat/uniqchat/ai"
	"github.com/uniqchat/uniqchat/ai/eval"
	"github.com/uniqchat/uniqchat/ai/knowledge"
)

func main() {
	data := flag.String("data", "", "folder with the sets, one folder each")
	train := flag.String("train", "", "folder with the rows to train on, where -data has only others")
	only := flag.String("only", "", "sets to run, separated by commas: "+strings.Join(eval.Names(), ","))
	out := flag.String("json", "", "file to write the metrics to as JSON, - for standard output instead of the table")
	plain := flag.Bool("no-vectors", false, "without the local embedder")
	fit := flag.Bool("fit", false, "fit the constants of package confidence on the folder's shopfaq and print them")
	dictionary := flag.Bool("dictionary", true, "with the CC-CEDICT gloss")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *data, *train, *only, *out, *plain, *dictionary, *fit); err != nil {
		fmt.Fprintln(os.Stderr, "uniqeval:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data, train, only, out string, plain, dictionary, fit bool) error {
	if data == "" {
		return fmt.Errorf("-data is missing: the folder with the sets")
	}
	r := eval.Runner{Weights: knowledge.Shipped, Data: data, Train: train, Log: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}}
	if !plain {
		l, err := ai.NewLocal(dictionary)
		if err != nil {
			return err
		}
		r.Local = l
	}
	if fit {
		m, err := r.FitConfidence(ctx)
		fmt.Printf("var Shipped = Model%.4v\n", m)
		return err
	}
	names := map[string]bool{}
	for n := range strings.SplitSeq(only, ",") {
		if n != "" {
			names[n] = true
		}
	}
	metrics, err := r.Run(ctx, names)
	if err != nil {
		return err
	}
	if out != "" {
		b, err := json.MarshalIndent(metrics, "", "  ")
		if err != nil {
			return err
		}
		if out == "-" {
			_, err = os.Stdout.Write(append(b, '\n'))
			return err
		}
		if err := os.WriteFile(out, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	return eval.Print(os.Stdout, metrics)
}
