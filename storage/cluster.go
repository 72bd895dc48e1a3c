package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/postgres"
	"github.com/uniqchat/uniqchat/storage/redis"
)

// cluster is a node's part of a deployment that keeps its log in Redis and its rows in PostgreSQL.
type cluster struct {
	db        *postgres.DB
	log       *redis.Log
	broker    *redis.Broker
	limiter   *redis.Limiter
	projector *postgres.Projector
	indexer   *postgres.Indexer
	sealing   *sealing // nil: nothing is sealed
	close     func() error
}

// openCluster opens both and checks what they promise. Redis and PostgreSQL must answer: a node that starts without either
// could not tell whether something was lost.
func openCluster(ctx context.Context, o Options) (_ *Storage, err error) {
	ack := redis.Ack(o.Ack)
	switch ack {
	case "":
		ack = redis.AckFsync
	case redis.AckFsync, redis.AckRedis, redis.AckReplica:
	default:
		return nil, fmt.Errorf("storage.ack %q: must be fsync, redis or replica", o.Ack)
	}
	client, err := redis.Connect(o.Redis)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, client.Close())
		}
	}()
	if err := redis.Check(ctx, client, ack); err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, o.URL, postgres.Options{})
	if err != nil {
		return nil, err
	}
	o.sign(db.Store())
	set := metrics.NewSet()
	sealing, err := o.seal(ctx, db.Store(), nil, nil, set)
	if err != nil {
		db.Close()
		return nil, err
	}
	c := &cluster{db: db, broker: redis.NewBroker(client, redisPrefix, o.Logger)}
	c.log = redis.New(redis.Options{Client: client, Prefix: redisPrefix, Ack: ack, Database: db, Keys: db.Store().Keyring(), Logger: o.Logger, Metrics: set})
	c.limiter = redis.NewLimiter(client, redisPrefix, o.Logger, set)
	if o.Node == "" {
		o.Node = chat.NewID[chat.Presence]().String()
	}
	if !o.Passive {
		c.projector = postgres.NewProjector(db, c.log, postgres.ProjectorOptions{
			Node: o.Node, Logger: o.Logger, Metrics: set,
		})
		c.indexer = postgres.NewIndexer(db, postgres.IndexerOptions{Logger: o.Logger, Metrics: set})
	}
	c.sealing = sealing
	c.close = func() error {
		db.Close()
		return client.Close()
	}
	return &Storage{
		Log: c.log, Store: db.Store(), Broker: c.broker, Limiter: c.limiter, Metrics: []*metrics.Set{set}, health: c.health, settled: c.log.Settled, sealing: sealing, run: c.run, close: c.close,
	}, nil
}

// redisPrefix stands in front of every key and channel.
const redisPrefix = "uniqchat:"

// run does the node's own work until ctx ends.
func (c *cluster) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.log.Run(ctx) })
	g.Go(func() error { return c.broker.Run(ctx) })
	if c.sealing != nil {
		g.Go(func() error { return c.sealing.run(ctx) })
	}
	g.Go(func() error { return c.limiter.Run(ctx) })
	if c.projector != nil {
		g.Go(func() error {
			select {
			case <-c.log.Ready():
				return c.projector.Run(ctx)
			case <-ctx.Done():
				return nil
			}
		})
		g.Go(func() error { return c.indexer.Run(ctx) })
	}
	return g.Wait()
}

// silence is how long Redis may say nothing before the node is not ready.
const silence = 5 * time.Second

// health says how Redis and PostgreSQL are. Without PostgreSQL chat goes on, so that is no reason to leave the node.
func (c *cluster) health(ctx context.Context) map[string]string {
	out := map[string]string{"redis": "ok", "postgres": "ok"}
	if since := time.Since(c.log.LastSeen()); since > silence {
		out["redis"] = fmt.Sprintf("unreachable for %s", since.Round(time.Second))
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := c.db.Ping(ctx); err != nil {
		out["postgres"] = "degraded: unreachable"
	}
	return out
}
