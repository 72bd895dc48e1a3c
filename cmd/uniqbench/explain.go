package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/cmd/uniqbench/explain"
)

func explainCommand() *cobra.Command {
	var cfg explain.Config
	var jsonPath, markdown string
	var show bool
	c := &cobra.Command{
		Use:   "explain",
		Short: "Look at the plans and times of every query of the store on a full PostgreSQL database",
		Long: "Call every query of the store on a database that uniqbench dataset has filled, as the server does (role uniqchat_app, the\n" +
			"tenant set), and look at the plans that PostgreSQL really used and at how long calls take. A sequential scan of a large table\n" +
			"and a missed goal are problems. The user of the URL must be a superuser.",
		Args:    cobra.NoArgs,
		Example: "  uniqbench explain --url postgres://postgres@127.0.0.1:5432/measure --json explain.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cfg.URL == "" {
				return errors.New("--url: which database? e.g. postgres://postgres@127.0.0.1:5432/measure")
			}
			started := time.Now()
			report, err := explain.Run(cmd.Context(), cfg, func(what string) { fmt.Fprintln(os.Stderr, what) })
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if err := report.Markdown(out); err != nil {
				return err
			}
			if show {
				for _, f := range report.Findings {
					fmt.Fprintf(out, "\n%s\n%s", f.Case, f.Worst)
				}
			}
			result := report.Result(cfg, started)
			if jsonPath != "" {
				if err := report.WriteJSON(jsonPath, result); err != nil {
					return err
				}
			}
			if markdown != "" {
				if err := explain.WriteInto(markdown, report); err != nil {
					return err
				}
			}
			for _, p := range result.Problems {
				fmt.Fprintf(os.Stderr, "problem: %s\n", p)
			}
			if !result.OK {
				return errFound
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&cfg.URL, "url", "", "address of the database")
	f.Uint64Var(&cfg.Seed, "seed", 1, "which tenants and conversations are drawn")
	f.IntVar(&cfg.Calls, "calls", 1000, "timed calls of every query, for any tenant and for the biggest each")
	f.IntVar(&cfg.Tenants, "tenants", 200, "tenants that are drawn beside the biggest")
	f.BoolVar(&show, "plans", false, "print the plan of each query that touched most")
	f.StringVar(&jsonPath, "json", "", "write the result as JSON to this file")
	f.StringVar(&markdown, "into", "", "write the table between the marks of this Markdown page")
	return c
}
