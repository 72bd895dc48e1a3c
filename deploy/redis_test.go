package deploy_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	uniqredis "github.com/uniqchat/uniqchat/storage/redis"
)

// startRedis starts redis-server with the shipped configuration; args come over it. It ends with the test.
func startRedis(t *testing.T, dir string, args ...string) (*redis.Client, *exec.Cmd) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	require.NoError(t, err, "redis-server is not installed: apt-get install redis-server")
	conf, err := filepath.Abs("redis/redis.conf")
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	cmd := exec.Command(program, append([]string{conf, "--port", port(t, addr), "--bind", "127.0.0.1", "--dir", dir}, args...)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	c := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2})
	t.Cleanup(func() {
		_ = c.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	require.Eventually(t, func() bool { return c.Ping(context.Background()).Err() == nil }, 20*time.Second, 10*time.Millisecond)
	return c, cmd
}

// A redis-server takes the shipped configuration, line by line, and what the promises need is in force.
func TestRedisConf(t *testing.T) {
	c, _ := startRedis(t, t.TempDir())
	get := func(name string) string {
		v, err := c.ConfigGet(t.Context(), name).Result()
		require.NoError(t, err)
		require.Contains(t, v, name)
		return v[name]
	}
	for name, want := range map[string]string{
		"appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no", "aof-load-truncated": "yes", "save": "",
		"maxmemory-policy": "noeviction", "maxmemory": "2147483648", "protected-mode": "yes", "enable-debug-command": "no",
		"client-output-buffer-limit": "normal 0 0 0 slave 536870912 134217728 60 pubsub 134217728 33554432 30",
	} {
		require.Equal(t, want, get(name), name)
	}
	// The other lines say what the server says.
	overridden := []string{"port", "bind", "dir", "daemonize", "client-output-buffer-limit", "save", "logfile"}
	require.NoError(t, uniqredis.Check(t.Context(), c, uniqredis.AckFsync), "what the server looks at when it starts")
	lines := 0
	for line := range strings.Lines(read(t, "redis/redis.conf")) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(name, "#") || slices.Contains(overridden, name) {
			continue
		}
		lines++
		require.Equal(t, bytesOf(value), get(name), name)
	}
	require.Greater(t, lines, 25)
}

// bytesOf writes 128mb as CONFIG GET does.
func bytesOf(v string) string {
	for unit, shift := range map[string]int{"mb": 20, "gb": 30} {
		var n int64
		if number, ok := strings.CutSuffix(v, unit); ok {
			if _, err := fmt.Sscan(number, &n); err == nil {
				return fmt.Sprint(n << shift)
			}
		}
	}
	return v
}

// What was answered is there after SIGKILL, and no snapshot was written.
func TestRedisKeepsWhatItAnswered(t *testing.T) {
	dir := t.TempDir()
	c, cmd := startRedis(t, dir)
	for i := range 200 {
		require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: "log", Values: []any{"n", i}}).Err())
	}
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	again, _ := startRedis(t, dir)
	n, err := again.XLen(t.Context(), "log").Result()
	require.NoError(t, err)
	require.EqualValues(t, 200, n)
	snapshots, err := filepath.Glob(filepath.Join(dir, "*.rdb"))
	require.NoError(t, err)
	require.Empty(t, snapshots)
}

// A full Redis refuses to write and throws nothing away.
func TestRedisIsFull(t *testing.T) {
	c, _ := startRedis(t, t.TempDir(), "--maxmemory", "6mb")
	value := strings.Repeat("x", 64<<10)
	written := 0
	var err error
	for ; written < 1000 && err == nil; written++ {
		err = c.Set(t.Context(), fmt.Sprint(written), value, 0).Err()
	}
	require.ErrorContains(t, err, "OOM")
	n, err := c.DBSize(t.Context()).Result()
	require.NoError(t, err)
	require.EqualValues(t, written-1, n)
}
