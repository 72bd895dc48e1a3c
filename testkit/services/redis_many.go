package services

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// slots is how many a Redis Cluster has.
const slots = 16384

// StartReplica starts a replica of a server and waits until it is in step.
func StartReplica(ctx context.Context, of *Redis, o RedisOptions) (*Redis, error) {
	host, port, _ := strings.Cut(of.Addr, ":")
	o.Args = append([]string{"--replicaof", host + " " + port}, o.Args...)
	r, err := StartRedis(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := r.waitInfo(ctx, "replication", "master_link_status:up"); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Promote makes a replica a primary (REPLICAOF NO ONE), as an operator or Sentinel does when the primary is gone.
func (r *Redis) Promote(ctx context.Context) error {
	if _, err := r.Do(ctx, "REPLICAOF", "NO", "ONE"); err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	return r.waitInfo(ctx, "replication", "role:master")
}

// Follow makes a running server a replica of another one and waits until it is in step. What it held is gone.
func (r *Redis) Follow(ctx context.Context, primary *Redis) error {
	host, port, _ := strings.Cut(primary.Addr, ":")
	if _, err := r.Do(ctx, "REPLICAOF", host, port); err != nil {
		return fmt.Errorf("follow %s: %w", primary.Addr, err)
	}
	return r.waitInfo(ctx, "replication", "master_link_status:up")
}

// waitInfo waits until a section of INFO has a line.
func (r *Redis) waitInfo(ctx context.Context, section, line string) error {
	c := r.Client()
	defer c.Close()
	return r.waitFor(ctx, line, func(ctx context.Context) (bool, error) {
		info, err := c.Info(ctx, section).Result()
		return err == nil && strings.Contains(info, line+"\r\n"), err
	})
}

// waitFor waits until cond holds.
func (r *Redis) waitFor(ctx context.Context, what string, cond func(ctx context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		ok, err := cond(ctx)
		if ok {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("redis-server %s: never came to %s: %w", r.Addr, what, errors.Join(ctx.Err(), err))
		}
	}
}

// RedisCluster is a Redis Cluster of primaries without replicas.
type RedisCluster struct{ Nodes []*Redis }

// StartRedisCluster starts a cluster of n nodes that share the slots evenly, and waits until every node says that it is ok.
// The caller calls Close.
func StartRedisCluster(ctx context.Context, n int, o RedisOptions) (*RedisCluster, error) {
	o.cluster = true
	if o.Dir != "" {
		return nil, errors.New("the nodes of a cluster can't share a directory")
	}
	c := new(RedisCluster)
	for range n {
		r, err := StartRedis(ctx, o)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.Nodes = append(c.Nodes, r)
	}
	if err := c.form(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("form a cluster: %w", err), c.Close())
	}
	return c, nil
}

// form deals the slots out and introduces the nodes to one another.
func (c *RedisCluster) form(ctx context.Context) error {
	for i, r := range c.Nodes {
		from, to := i*slots/len(c.Nodes), (i+1)*slots/len(c.Nodes)-1
		if _, err := r.Do(ctx, "CLUSTER", "ADDSLOTSRANGE", from, to); err != nil {
			return err
		}
		if _, err := r.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1); err != nil {
			return err
		}
	}
	for _, r := range c.Nodes[1:] {
		first := c.Nodes[0]
		bus := first.child.flag("--cluster-port")
		if _, err := r.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", first.port, bus); err != nil {
			return err
		}
	}
	return c.WaitOK(ctx)
}

// WaitOK waits until every node knows all others and says cluster_state:ok.
func (c *RedisCluster) WaitOK(ctx context.Context) error {
	for _, r := range c.Nodes {
		client := r.Client()
		known := fmt.Sprintf("cluster_known_nodes:%d\r\n", len(c.Nodes))
		err := r.waitFor(ctx, "cluster_state:ok", func(ctx context.Context) (bool, error) {
			info, err := client.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok\r\n") && strings.Contains(info, known), err
		})
		if err = errors.Join(err, client.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Addrs are the nodes' host:port.
func (c *RedisCluster) Addrs() []string {
	var addrs []string
	for _, r := range c.Nodes {
		addrs = append(addrs, r.Addr)
	}
	return addrs
}

// URL is a redis:// URL as go-redis's ParseClusterURL takes it: the first node, and the others as addr.
func (c *RedisCluster) URL() string {
	return "redis://" + c.Nodes[0].Addr + "?addr=" + strings.Join(c.Addrs()[1:], "&addr=")
}

// Client returns a client; the caller closes it.
func (c *RedisCluster) Client() *redis.ClusterClient {
	return redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs(), DialTimeout: 2 * time.Second, ContextTimeoutEnabled: true})
}

// Close kills the nodes and removes their directories.
func (c *RedisCluster) Close() error {
	var errs []error
	for _, r := range c.Nodes {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}
