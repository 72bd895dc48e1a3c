package services

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// SentinelMaster is the name under which Sentinels know the primary they watch.
const SentinelMaster = "uniqchat"

// Sentinels are a primary, its replicas, and as many Sentinels, which promote one of the replicas when the primary is gone.
type Sentinels struct {
	Servers []*Redis // the first is the first primary
	addrs   []string
	dirs    []string
	watch   []*child
}

// StartSentinels starts a primary, n-1 replicas and n Sentinels that call the primary dead after a second, and waits until the
// Sentinels know all of them. The caller calls Close.
func StartSentinels(ctx context.Context, n int, o RedisOptions) (*Sentinels, error) {
	s := new(Sentinels)
	err := s.start(ctx, n, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start sentinels: %w", err), s.Close())
	}
	return s, nil
}

func (s *Sentinels) start(ctx context.Context, n int, o RedisOptions) error {
	primary, err := StartRedis(ctx, o)
	if err != nil {
		return err
	}
	s.Servers = append(s.Servers, primary)
	for range n - 1 {
		replica, err := StartReplica(ctx, primary, o)
		if err != nil {
			return err
		}
		s.Servers = append(s.Servers, replica)
	}
	path, err := find("redis-server", "redis-server")
	if err != nil {
		return err
	}
	ports, err := freePorts(n)
	if err != nil {
		return err
	}
	for _, port := range ports {
		if err := s.sentinel(path, port, n/2+1); err != nil {
			return err
		}
	}
	for _, addr := range s.addrs {
		if err := s.wait(ctx, addr, n); err != nil {
			return err
		}
	}
	return nil
}

// sentinel starts one Sentinel. It keeps what it learns in its own configuration file.
func (s *Sentinels) sentinel(path string, port, quorum int) error {
	dir, err := os.MkdirTemp("", "uniqchat-sentinel-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	s.dirs = append(s.dirs, dir)
	host, primary, err := net.SplitHostPort(s.Servers[0].Addr)
	if err != nil {
		return fmt.Errorf("address of the primary: %w", err)
	}
	file := filepath.Join(dir, "sentinel.conf")
	conf := []string{
		"port " + strconv.Itoa(port), "bind 127.0.0.1", "dir " + dir, "daemonize no",
		fmt.Sprintf("sentinel monitor %s %s %s %d", SentinelMaster, host, primary, quorum),
		"sentinel down-after-milliseconds " + SentinelMaster + " 1000",
		"sentinel failover-timeout " + SentinelMaster + " 5000",
	}
	if err := os.WriteFile(file, []byte(strings.Join(conf, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	c := &child{name: "sentinel", path: path, logPath: filepath.Join(dir, "sentinel.log"), dir: dir, args: []string{file, "--sentinel"}}
	s.watch = append(s.watch, c)
	s.addrs = append(s.addrs, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return c.start()
}

// wait waits until a Sentinel knows all servers and the other Sentinels, so that a failover can go through.
func (s *Sentinels) wait(ctx context.Context, addr string, n int) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	c := redis.NewSentinelClient(&redis.Options{Addr: addr, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
	defer c.Close()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		m, err := c.Master(ctx, SentinelMaster).Result()
		others := strconv.Itoa(n - 1)
		if err == nil && m["num-slaves"] == others && m["num-other-sentinels"] == others {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("sentinel %s does not know all servers: %w", addr, errors.Join(ctx.Err(), err))
		}
	}
}

// Primary returns the server that the Sentinels call the primary at this moment.
func (s *Sentinels) Primary(ctx context.Context) (*Redis, error) {
	c := redis.NewSentinelClient(&redis.Options{Addr: s.addrs[0], MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
	defer c.Close()
	at, err := c.GetMasterAddrByName(ctx, SentinelMaster).Result()
	if err != nil {
		return nil, fmt.Errorf("ask for the primary: %w", err)
	}
	for _, r := range s.Servers {
		if r.Addr == net.JoinHostPort(at[0], at[1]) {
			return r, nil
		}
	}
	return nil, fmt.Errorf("the primary is %v, which is none of ours", at)
}

// URL is what redis.url takes.
func (s *Sentinels) URL() string {
	return "redis://" + strings.Join(s.addrs, ",") + "?master=" + SentinelMaster
}

// Close kills everything and removes the directories.
func (s *Sentinels) Close() error {
	var errs []error
	for _, c := range s.watch {
		errs = append(errs, c.end(syscall.SIGKILL, 20*time.Second))
	}
	for _, r := range s.Servers {
		errs = append(errs, r.Close())
	}
	for _, dir := range s.dirs {
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}
