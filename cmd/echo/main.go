// Command echo sends every WebSocket message back as it came: codec and engine without our packets, so that outside
// conformance suites can be pointed at them.
package main

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9001", "address to listen on")
	limit := flag.Int("max", 16<<20, "longest message in bytes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *limit); err != nil {
		slog.Error("echo ended", "err", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen string, limit int) error {
	h := echo{tier: &engine.Tier{MaxMessage: limit, OutLimit: 2*limit + 1<<20}}
	e, err := engine.New(engine.Config{WSListen: listen, First: *h.tier, QueueBytes: 8 * limit}, h)
	if err != nil {
		return err
	}
	go func() {
		<-e.Started()
		slog.Info("echo", "url", "ws://"+e.WSAddr()+"/")
	}()
	return e.Run(ctx)
}

// echo implements engine.Handler.
type echo struct{ tier *engine.Tier }

// Open lifts the deadline for a first message: there is nothing to prove here.
func (h echo) Open(c *engine.Conn) engine.Session {
	c.Ready(h.tier, nil)
	return struct{}{}
}

// Serve sends everything back.
func (echo) Serve(_ int, batch []engine.Inbound) {
	for i := range batch {
		in := &batch[i]
		switch in.Op {
		case engine.OpText:
			in.Conn.Send(engine.Message(codec.OpTextFrame, in.Data), engine.Must)
		case engine.OpBinary:
			in.Conn.Send(engine.Message(codec.OpBinaryFrame, in.Data), engine.Must)
		}
	}
}

func (echo) Tick(int)                                                    {}
func (echo) Busy(*engine.Conn, []byte) *engine.Frame                     { return nil }
func (echo) Ping(engine.Kind, int64) *engine.Frame                       { return nil }
func (echo) Bye(engine.Kind, uint16, string, uint32, bool) *engine.Frame { return nil }
func (echo) Gap(*engine.Conn, []engine.Missed) *engine.Frame             { return nil }
