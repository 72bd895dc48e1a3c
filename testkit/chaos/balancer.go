package chaos

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/testkit/client"
)

// balancer is what stands before the nodes in production: it sends a client to a node that says it is ready, to the client's
// own one if it can; if none is, to any that listens. Safe for concurrent use.
type balancer struct {
	nodes []*Node
	ready []atomic.Bool
	next  atomic.Int64
}

func newBalancer(nodes []*Node) *balancer {
	b := &balancer{nodes: nodes, ready: make([]atomic.Bool, len(nodes))}
	for i := range b.ready {
		b.ready[i].Store(true)
	}
	return b
}

// run asks /readyz until ctx ends.
func (b *balancer) run(ctx context.Context) {
	var work sync.WaitGroup
	for i, n := range b.nodes {
		work.Go(func() {
			t := time.NewTicker(100 * time.Millisecond)
			defer t.Stop()
			for {
				select {
				case <-t.C:
					b.ready[i].Store(n.Ready(ctx))
				case <-ctx.Done():
					return
				}
			}
		})
	}
	work.Wait()
}

// dial connects to the node that a client belongs to, or to another one that is ready.
func (b *balancer) dial(home int, mode client.Mode) (net.Conn, int, error) {
	d := net.Dialer{Timeout: 2 * time.Second}
	err := errors.New("no node is ready")
	var first net.Conn
	try := func(i int) bool {
		addr := b.nodes[i].WS
		if mode == client.TCP {
			addr = b.nodes[i].TCP
		}
		first, err = d.Dial("tcp", addr)
		return err == nil
	}
	if b.ready[home].Load() && try(home) {
		return first, home, nil
	}
	from := int(b.next.Add(1))
	for k := range b.nodes {
		i := (from + k) % len(b.nodes)
		if i != home && b.ready[i].Load() && try(i) {
			return first, i, nil
		}
	}
	for k := range b.nodes { // better one that says it isn't than none
		if i := (from + k) % len(b.nodes); try(i) {
			return first, i, nil
		}
	}
	return nil, -1, err
}

// watched is a connection that tells when it broke.
type watched struct {
	net.Conn
	once  sync.Once
	broke func()
}

func (c *watched) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.once.Do(c.broke)
	}
	return n, err
}
