package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/bench"
)

func runCommand() *cobra.Command {
	c := &cobra.Command{Use: "run", Short: "Run a scenario"}
	c.AddCommand(idleCommand(), echoCommand(), chatCommand(), sessionsCommand(), reconnectCommand())
	return c
}

func idleCommand() *cobra.Command {
	var o common
	var s bench.Idle
	var without bool
	c := &cobra.Command{
		Use:   "idle",
		Short: "Hold many authenticated visitors who do nothing; memory and CPU of the server",
		Args:  cobra.NoArgs,
		Example: "  uniqbench run idle -n 15000 --site-key demo\n" +
			"  uniqbench run idle -n 100000 --tokens tokens.jsonl --hold 5m",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := o.config(cmd)
			if err != nil {
				return err
			}
			s.Conversations = !without
			r, err := bench.RunIdle(cmd.Context(), cfg, s)
			return o.finish(cmd, r, err)
		},
	}
	f := c.Flags()
	o.protocol(f)
	o.people(f, false)
	f.IntVarP(&s.N, "connections", "n", 15000, "connections")
	f.BoolVar(&without, "no-conversations", false, "visitors send no first message and so have no conversation")
	f.DurationVar(&s.Hold, "hold", time.Minute, "how long they are watched")
	f.DurationVar(&s.Settle, "settle", 5*time.Second, "pause between the last connection and the first look")
	f.DurationVar(&s.GiveUp, "give-up", time.Minute, "end the run when no connection came up for so long")
	return c
}

func echoCommand() *cobra.Command {
	var o common
	var s bench.Echo
	c := &cobra.Command{
		Use:     "echo",
		Short:   "Round trips of plain WebSocket messages against cmd/echo",
		Args:    cobra.NoArgs,
		Example: "  uniqbench run echo --ws ws://127.0.0.1:9001/ -n 1000 --depth 8",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := o.config(cmd)
			if err != nil {
				return err
			}
			r, err := bench.RunEcho(cmd.Context(), cfg, s)
			return o.finish(cmd, r, err)
		},
	}
	f := c.Flags()
	o.connection(f)
	f.IntVarP(&s.N, "connections", "n", 100, "connections")
	f.IntVar(&s.Depth, "depth", 1, "messages on their way on each connection")
	f.IntVar(&s.Size, "size", 128, "bytes of a message")
	f.BoolVar(&s.Text, "text", false, "text messages rather than binary ones")
	f.DurationVar(&s.Warmup, "warmup", time.Second, "before anything counts")
	f.DurationVar(&s.Duration, "duration", 10*time.Second, "how long to measure")
	return c
}

func chatCommand() *cobra.Command {
	c, s := chatRun(&cobra.Command{
		Use:   "chat",
		Short: "Visitors and agents who write to each other by turns",
		Long: "Visitors and agents who write to each other by turns: at a rate (open loop, latencies from when a message was meant to be\n" +
			"sent) or with so many messages on their way (closed loop). Raise the server's limits.* for high rates.",
		Example: "  uniqbench run chat --pairs 5000 --agents 50 --rate 4000 --tokens tokens.jsonl\n" +
			"  uniqbench run chat --pairs 5000 --agents 50 --closed 128 --tokens tokens.jsonl\n" +
			"  uniqbench run chat --pairs 100 --find-max 50ms --rate 500 --site-key demo --agent-email alice@demo.test",
	})
	f := c.Flags()
	f.Float64Var(&s.Rate, "rate", 0, "messages a second over all pairs (open loop)")
	f.IntVar(&s.Closed, "closed", 0, "messages on their way at any time (closed loop; 128 if no rate is given)")
	f.DurationVar(&s.FindMax, "find-max", 0, "look for the highest rate with this p99, beginning with --rate")
	return c
}

// capacityCommand is a name for the search that run chat does with --find-max.
func capacityCommand() *cobra.Command {
	c, s := chatRun(&cobra.Command{
		Use:     "capacity",
		Short:   "Look for the highest rate of messages that a server carries",
		Long:    "Look for the highest rate of messages between visitors and agents at which 99 of 100 are there in time. Raise the server's limits.*.",
		Example: "  uniqbench capacity --pairs 5000 --agents 50 --p99 50ms --tokens tokens.jsonl",
	})
	f := c.Flags()
	f.Float64Var(&s.Rate, "rate", 1000, "messages a second over all pairs to begin with")
	f.DurationVar(&s.FindMax, "p99", 50*time.Millisecond, "from the sender to the other side")
	return c
}

// chatRun makes a command run a chat, which its flags describe.
func chatRun(c *cobra.Command) (*cobra.Command, *bench.Chat) {
	var o common
	var s bench.Chat
	c.Args = cobra.NoArgs
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := o.config(cmd)
		if err != nil {
			return err
		}
		r, err := bench.RunChat(cmd.Context(), cfg, s)
		return o.finish(cmd, r, err)
	}
	f := c.Flags()
	o.protocol(f)
	o.people(f, true)
	f.IntVar(&s.Pairs, "pairs", 5000, "visitors, each in a conversation with an agent")
	f.IntVar(&s.Agents, "agents", 0, "agents' accounts, each with one connection (default: one for 100 pairs)")
	f.IntVar(&s.Size, "size", 128, "bytes of a message's body")
	f.DurationVar(&s.Warmup, "warmup", 2*time.Second, "before anything counts")
	f.DurationVar(&s.Duration, "duration", 20*time.Second, "how long to measure")
	f.DurationVar(&s.Drain, "drain", 10*time.Second, "how long to wait at the end without anything arriving")
	return c, &s
}

func sessionsCommand() *cobra.Command {
	var o common
	var s bench.Sessions
	c := &cobra.Command{
		Use:     "sessions",
		Short:   "New visitors: session, WebSocket, CONNECT, first message stored",
		Args:    cobra.NoArgs,
		Example: "  uniqbench run sessions --site-key demo --clients 64 --duration 30s",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := o.config(cmd)
			if err != nil {
				return err
			}
			r, err := bench.RunSessions(cmd.Context(), cfg, s)
			return o.finish(cmd, r, err)
		},
	}
	f := c.Flags()
	o.protocol(f)
	f.IntVar(&s.Clients, "clients", 64, "sessions being made at the same time")
	f.IntVarP(&s.N, "sessions", "n", 0, "sessions in all, instead of a duration")
	f.DurationVar(&s.Warmup, "warmup", time.Second, "before anything counts")
	f.DurationVar(&s.Duration, "duration", 20*time.Second, "how long to measure")
	f.DurationVar(&s.Timeout, "timeout", 30*time.Second, "of one session")
	return c
}

func reconnectCommand() *cobra.Command {
	var o common
	var s bench.Reconnect
	c := &cobra.Command{
		Use:   "reconnect",
		Short: "Many visitors lose their connections at once and come back with RESUME",
		Args:  cobra.NoArgs,
		Example: "  uniqbench run reconnect -n 10000 --tokens tokens.jsonl\n" +
			"  uniqbench run reconnect -n 9000 --missed 0.2 --ws ws://127.0.0.1:8081/ws,ws://127.0.0.1:8181/ws --tokens tokens.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := o.config(cmd)
			if err != nil {
				return err
			}
			r, err := bench.RunReconnect(cmd.Context(), cfg, s)
			return o.finish(cmd, r, err)
		},
	}
	f := c.Flags()
	o.protocol(f)
	o.people(f, false)
	f.IntVarP(&s.N, "visitors", "n", 10_000, "visitors, each with a conversation")
	f.IntVar(&s.Rounds, "rounds", 3, "how often all of them are dropped")
	f.Float64Var(&s.Missed, "missed", 0, "part of them (0 to 1) who lack the newest message when they come back")
	f.DurationVar(&s.Settle, "settle", 5*time.Second, "rest before each drop")
	f.DurationVar(&s.GiveUp, "give-up", 30*time.Second, "end a round when nobody came back for so long")
	return c
}
