// Uniqbench measures a uniqchat server: it runs the scenarios of docs/performance.md against it and replays dialogues.
//
// It owns the command line; the work is done by package bench. It never starts a server.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// errFound says that a run came to its end but found problems; they have been printed.
var errFound = errors.New("the run found problems")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "uniqbench:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "uniqbench",
		Short:         "Measure a uniqchat server",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.AddCommand(runCommand(), replayCommand(), capacityCommand(), reportCommand(), datasetCommand(), explainCommand())
	return c
}
