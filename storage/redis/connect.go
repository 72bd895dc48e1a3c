package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// quiet takes the driver's own log lines: what matters comes back as an error.
type quiet struct{}

func (quiet) Printf(_ context.Context, format string, v ...any) {
	slog.Debug("redis driver", "msg", fmt.Sprintf(format, v...))
}

func init() { goredis.SetLogger(quiet{}) }

// Connect opens a pool for redis.url:
//
//	redis://[user:password@]host:port[/db]                              a single server (rediss:// with TLS)
//	redis://[user:password@]host1:port,host2:port,…                     a Redis Cluster; or redis://host1:port?addr=host2:port&addr=…
//	redis://[user:password@]host1:port,host2:port,…[/db]?master=NAME    Sentinel: the hosts are Sentinels, user and password the servers';
//	                                                                    &sentinel_username= and &sentinel_password= are for the Sentinels
//
// Nothing is dialled yet.
func Connect(raw string) (goredis.UniversalClient, error) {
	hosts, single := splitHosts(raw)
	u, err := url.Parse(single)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Host == "" {
		// The error of url.Parse would show the password.
		return nil, errors.New("redis.url: must be redis://[user:password@]host:port[/db], or several hosts with commas between")
	}
	query := u.Query()
	master, watcher, secret := query.Get("master"), query.Get("sentinel_username"), query.Get("sentinel_password")
	hosts = append(hosts, query["addr"]...)
	for _, ours := range []string{"master", "sentinel_username", "sentinel_password", "addr"} {
		query.Del(ours)
	}
	u.RawQuery = query.Encode()
	o, err := goredis.ParseURL(u.String())
	if err != nil {
		return nil, fmt.Errorf("redis.url: %w", err)
	}
	port := ":6379"
	if master != "" {
		port = ":26379"
	}
	for i, h := range hosts {
		if !strings.Contains(h, ":") {
			hosts[i] = h + port
		}
	}
	all := &goredis.UniversalOptions{
		Addrs: hosts, DB: o.DB, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig,
		MasterName: master, SentinelUsername: watcher, SentinelPassword: secret,
		IsClusterMode: len(hosts) > 1 && master == "",
		ClientName:    "uniqchat", MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second,
		PoolTimeout: 2 * time.Second, PoolSize: 64, MinIdleConns: 2, ConnMaxIdleTime: 5 * time.Minute, ContextTimeoutEnabled: true,
		DialerRetries: 1, DialerRetryTimeout: 10 * time.Millisecond,
	}
	return goredis.NewUniversalClient(all), nil
}

// splitHosts returns the hosts of a URL, and the URL with the first of them only: lists of hosts are not what net/url parses.
func splitHosts(raw string) (hosts []string, single string) {
	from := strings.Index(raw, "://")
	if from < 0 {
		return []string{raw}, raw
	}
	from += len("://")
	to := len(raw)
	if end := strings.IndexAny(raw[from:], "/?#"); end >= 0 {
		to = from + end
	}
	from += strings.LastIndexByte(raw[from:to], '@') + 1
	hosts = strings.Split(raw[from:to], ",")
	return hosts, raw[:from] + hosts[0] + raw[to:]
}

// Check verifies that a server keeps what the acknowledgement level promises (delivery.md). The error names the setting, the
// reason and the fix.
func Check(ctx context.Context, client goredis.UniversalClient, ack Ack) error {
	if c, ok := client.(*goredis.ClusterClient); ok {
		return c.ForEachMaster(ctx, func(ctx context.Context, c *goredis.Client) error { return check(ctx, c, ack) })
	}
	return check(ctx, client, ack)
}

func check(ctx context.Context, c goredis.Cmdable, ack Ack) error {
	if err := c.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis.url: redis does not answer: %w", err)
	}
	get := func(name string) (string, error) {
		m, err := c.ConfigGet(ctx, name).Result()
		if err != nil {
			return "", fmt.Errorf("redis.url: CONFIG GET %s is refused, so its settings can't be checked: allow it to this user: %w", name, err)
		}
		return m[name], nil
	}
	for _, want := range []struct {
		name, value, why string
		only             bool
	}{
		{"maxmemory-policy", "noeviction", "it would throw acknowledged messages away when memory is short", true},
		{"appendonly", "yes", "a restart of redis would lose acknowledged messages", true},
		{"appendfsync", "always", "storage.ack " + string(ack) + " promises that an acknowledged message survives a power cut", ack != AckRedis},
		{"no-appendfsync-on-rewrite", "no", "storage.ack " + string(ack) + " promises that an acknowledged message survives a power cut, also while the file is rewritten", ack != AckRedis},
	} {
		got, err := get(want.name)
		if err != nil {
			return err
		}
		if want.only && got != want.value {
			return fmt.Errorf("redis has %s %s, but %s: set %s %s in redis.conf (deploy/redis/redis.conf is an example)",
				want.name, got, want.why, want.name, want.value)
		}
		if want.name == "appendfsync" && got == "no" {
			return errors.New("redis has appendfsync no, so that nothing is known of what a restart loses: set appendfsync always, or everysec with storage.ack redis")
		}
	}
	return nil
}
