package main

import (
	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/bench"
)

func reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report FILE…",
		Short: "Print results that were written with --json",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			var all []*bench.Result
			for _, path := range files {
				results, err := bench.ReadResults(path)
				if err != nil {
					return err
				}
				all = append(all, results...)
			}
			return bench.Report(cmd.OutOrStdout(), all)
		},
	}
}
