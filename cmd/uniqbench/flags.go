package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/uniqchat/uniqchat/bench"
)

// common are the flags that every measuring command has.
type common struct {
	cfg   bench.Config
	mode  string
	json  string
	quiet bool
	bar   string
}

// connection adds the flags about where the connections go and what is measured.
func (c *common) connection(f *pflag.FlagSet) {
	f.StringVar(&c.cfg.WS, "ws", "ws://127.0.0.1:8081/ws", "WebSocket address of the server; several with commas between are nodes of a cluster, taken in turn (as in --http and --tcp)")
	f.IntVar(&c.cfg.Loops, "loops", 1, "event loops of the load generator; more only help with more cores")
	f.IntVar(&c.cfg.Sources, "sources", 0, "spread connections over so many loopback addresses 127.0.x.y; 0: as many as are needed")
	f.IntVar(&c.cfg.Ramp, "ramp", 256, "connections being set up at the same time")
	f.IntSliceVar(&c.cfg.Server.PIDs, "pid", nil, "a process of the server, to be measured with its children; may be repeated")
	f.StringVar(&c.cfg.Server.Name, "server-name", "", "measure all processes of this name; without --pid and --server-name it is who listens on the address")
	f.StringVar(&c.json, "json", "", `write the result as JSON to this file ("-": to standard output instead of the table)`)
	f.BoolVarP(&c.quiet, "quiet", "q", false, "show no progress")
	f.StringVar(&c.bar, "progress", "auto", "how progress is shown: bar, lines or auto (a bar on a terminal)")
}

// protocol adds the flags of scenarios that speak the protocol.
func (c *common) protocol(f *pflag.FlagSet) {
	c.connection(f)
	f.StringVar(&c.cfg.HTTP, "http", "http://127.0.0.1:8080", "address of the HTTP API")
	f.StringVar(&c.cfg.TCP, "tcp", "127.0.0.1:8082", "address of the raw TCP listener")
	f.StringVar(&c.mode, "mode", "ws-bin", "transport and encoding: ws-bin, ws-json or tcp")
	f.StringVar(&c.cfg.Credentials.SiteKey, "site-key", "", "make visitors through the API with this site key")
}

// people adds the flags about who takes part.
func (c *common) people(f *pflag.FlagSet, agents bool) {
	f.StringVar(&c.cfg.Credentials.Tokens, "tokens", "", "a file of identities as `uniqchat token mint` writes it, instead of the API")
	if !agents {
		return
	}
	f.StringSliceVar(&c.cfg.Credentials.AgentEmails, "agent-email", nil, "log an agent in through the API; may be repeated")
	f.StringVar(&c.cfg.Credentials.AgentPassword, "agent-password", "", "password of the agents (default: $UNIQCHAT_DEMO_PASSWORD)")
}

// config completes what the flags said.
func (c *common) config(cmd *cobra.Command) (bench.Config, error) {
	if c.mode != "" {
		m, err := bench.ParseMode(c.mode)
		if err != nil {
			return c.cfg, err
		}
		c.cfg.Mode = m
	}
	if cr := &c.cfg.Credentials; len(cr.AgentEmails) > 0 && cr.AgentPassword == "" {
		cr.AgentPassword = os.Getenv("UNIQCHAT_DEMO_PASSWORD")
	}
	if !c.quiet {
		terminal := c.bar == "bar" || c.bar == "auto" && term.IsTerminal(int(os.Stderr.Fd()))
		c.cfg.Progress = &bench.Progress{W: cmd.ErrOrStderr(), Terminal: terminal}
	}
	return c.cfg, nil
}

// finish writes the result, whatever came of the run, and says whether all was well.
func (c *common) finish(cmd *cobra.Command, r *bench.Result, err error) error {
	if r == nil {
		return err
	}
	if c.json != "" {
		if werr := r.Write(c.json, cmd.OutOrStdout()); werr != nil {
			return werr
		}
	}
	if c.json != "-" {
		if werr := bench.Report(cmd.OutOrStdout(), []*bench.Result{r}); werr != nil {
			return werr
		}
	}
	if err == nil && !r.OK {
		err = errFound
	}
	return err
}
