package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/bench"
)

func replayCommand() *cobra.Command {
	var o common
	var s bench.Replay
	var limits bench.Limits
	var format string
	c := &cobra.Command{
		Use:   "replay FILE…",
		Short: "Replay dialogues: every message must reach both sides in order",
		Long: "Replay dialogues from files, plain or compressed with gzip. Each is a conversation: the visitor's turns are sent by a\n" +
			"connection of its own, the others by an agent who joined it. A turn is sent once its side has seen the one before it.\n" +
			`Lines are {"id","turns":[{"role":"visitor|agent","text"}]}; --format names the files of other collections.`,
		Args: cobra.MinimumNArgs(1),
		Example: "  uniqbench replay --format crosswoz dialogues.val.jsonl.gz --site-key demo --agent-email alice@demo.test\n" +
			"  uniqbench replay --format multidogo --turns 5000 *.tsv.gz --tokens tokens.jsonl",
		RunE: func(cmd *cobra.Command, files []string) error {
			cfg, err := o.config(cmd)
			if err != nil {
				return err
			}
			f, err := bench.ParseFormat(format)
			if err != nil {
				return err
			}
			corpus, err := bench.ReadDialogues(files, f, limits)
			if err != nil {
				return err
			}
			names := make([]string, len(files))
			for i, path := range files {
				names[i] = filepath.Base(path)
			}
			r, err := bench.RunReplay(cmd.Context(), cfg, s, corpus, map[string]any{"files": names, "format": f})
			return o.finish(cmd, r, err)
		},
	}
	fl := c.Flags()
	o.protocol(fl)
	o.people(fl, true)
	fl.StringVar(&format, "format", "jsonl", "how the files are written: jsonl, crosswoz or multidogo")
	fl.IntVar(&limits.Dialogues, "limit", 0, "read at most so many dialogues")
	fl.IntVar(&limits.Turns, "turns", 0, "read at most so many turns")
	fl.IntVar(&s.Concurrency, "concurrency", 100, "dialogues at the same time")
	fl.IntVar(&s.Agents, "agents", 10, "agents' accounts that share the dialogues")
	fl.Float64Var(&s.Speed, "speed", 0, "how fast people read and type: 1 is life, 10 ten times as fast, 0 at once")
	fl.DurationVar(&s.GiveUp, "give-up", time.Minute, "end the run when nothing arrived for so long")
	return c
}
