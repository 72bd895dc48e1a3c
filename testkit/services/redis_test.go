package services_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/testkit/services"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func startRedis(t *testing.T, ctx context.Context, o services.RedisOptions) *services.Redis {
	t.Helper()
	r, err := services.StartRedis(ctx, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func get(t *testing.T, ctx context.Context, r *services.Redis, key string) any {
	t.Helper()
	v, err := r.Do(ctx, "GET", key)
	if err != nil {
		return err.Error()
	}
	return v
}

// TestRedis: the settings are the promised ones, and what was acknowledged survives SIGKILL on the same port.
func TestRedis(t *testing.T) {
	ctx := within(t, time.Minute)
	r := startRedis(t, ctx, services.RedisOptions{})
	for name, want := range map[string]string{
		"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "save": "", "maxmemory": "0",
	} {
		c := r.Client()
		got, err := c.ConfigGet(ctx, name).Result()
		require.NoError(t, errors.Join(err, c.Close()))
		require.Equal(t, want, got[name], name)
	}
	_, err := r.Do(ctx, "SET", "k", "v")
	require.NoError(t, err)
	addr, pid := r.Addr, r.PID()
	require.ErrorIs(t, r.Begin(), services.ErrRunning)
	require.NoError(t, r.Restart(ctx))
	require.Equal(t, addr, r.Addr)
	require.NotEqual(t, pid, r.PID())
	require.Equal(t, "v", get(t, ctx, r, "k"))
	require.NoError(t, r.Stop())
	require.False(t, r.Running())
	require.ErrorIs(t, r.Pause(), services.ErrStopped)
	require.NoError(t, r.Start(ctx))
	require.Equal(t, "v", get(t, ctx, r, "k"))
}

// TestRedisFrozen: a frozen server does not answer, and nothing is lost.
func TestRedisFrozen(t *testing.T) {
	ctx := within(t, time.Minute)
	r := startRedis(t, ctx, services.RedisOptions{Append: services.AppendEverysec})
	require.NoError(t, r.Pause())
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_, err := r.Do(short, "PING")
	require.Error(t, err)
	require.NoError(t, r.Resume())
	_, err = r.Do(ctx, "PING")
	require.NoError(t, err)
}

// TestRedisWithoutFile: without an append-only file everything is gone with the process.
func TestRedisWithoutFile(t *testing.T) {
	ctx := within(t, time.Minute)
	r := startRedis(t, ctx, services.RedisOptions{Append: services.AppendOff, MaxMemory: 8 << 20})
	_, err := r.Do(ctx, "SET", "k", "v")
	require.NoError(t, err)
	for i := range 1000 {
		if _, err = r.Do(ctx, "SET", i, make([]byte, 100<<10)); err != nil {
			break
		}
	}
	require.ErrorContains(t, err, "OOM")
	require.NoError(t, r.Restart(ctx))
	require.Equal(t, "redis: nil", fmt.Sprint(errors.Unwrap(errOf(r.Do(ctx, "GET", "k")))))
}

func errOf(_ any, err error) error { return err }

// TestAppendFile: a cut tail loses the last writes; a flipped byte stops the server until the file is repaired.
func TestAppendFile(t *testing.T) {
	ctx := within(t, time.Minute)
	r := startRedis(t, ctx, services.RedisOptions{})
	for i := range 10 {
		_, err := r.Do(ctx, "SET", "k", i)
		require.NoError(t, err)
	}
	_, err := r.CutAppendFile(1)
	require.ErrorIs(t, err, services.ErrRunning)
	require.NoError(t, r.Kill())
	_, err = r.CutAppendFile(1)
	require.NoError(t, err)
	require.NoError(t, r.Start(ctx))
	require.Equal(t, "8", get(t, ctx, r, "k"))

	require.NoError(t, r.Kill())
	entry := int64(len("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n8\r\n"))
	require.NoError(t, r.FlipAppendFile(2*entry))
	require.Error(t, r.Start(ctx))
	require.NoError(t, r.RepairAppendFile())
	require.NoError(t, r.Start(ctx), "%s", r.Log())
	require.Equal(t, "6", get(t, ctx, r, "k"), "what came before the damage is left")
}

// TestReplica: a promoted replica has what the primary had.
func TestReplica(t *testing.T) {
	ctx := within(t, time.Minute)
	primary := startRedis(t, ctx, services.RedisOptions{})
	replica, err := services.StartReplica(ctx, primary, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, replica.Close()) })
	c := primary.Client()
	defer c.Close()
	conn := c.Conn()
	defer conn.Close()
	require.NoError(t, conn.Set(ctx, "k", "v", 0).Err())
	n, err := conn.Wait(ctx, 1, 10*time.Second).Result()
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.NoError(t, primary.Kill())
	_, err = replica.Do(ctx, "SET", "k", "w")
	require.ErrorContains(t, err, "READONLY")
	require.NoError(t, replica.Promote(ctx))
	require.Equal(t, "v", get(t, ctx, replica, "k"))
	require.NoError(t, primary.Start(ctx))
	_, err = replica.Do(ctx, "SET", "k", "newer")
	require.NoError(t, err)
	require.NoError(t, primary.Follow(ctx, replica))
	require.Equal(t, "newer", get(t, ctx, primary, "k"))
}

// TestRedisCluster: every key finds its node, also after one was killed and came back.
func TestRedisCluster(t *testing.T) {
	ctx := within(t, time.Minute)
	cluster, err := services.StartRedisCluster(ctx, 3, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	c := cluster.Client()
	defer c.Close()
	for i := range 30 {
		require.NoError(t, c.Set(ctx, fmt.Sprint("k", i), i, 0).Err())
	}
	require.NoError(t, cluster.Nodes[1].Restart(ctx))
	require.NoError(t, cluster.WaitOK(ctx))
	for i := range 30 {
		got, err := c.Get(ctx, fmt.Sprint("k", i)).Int()
		require.NoError(t, err)
		require.Equal(t, i, got)
	}
	for _, r := range cluster.Nodes {
		n, err := r.Do(ctx, "DBSIZE")
		require.NoError(t, err)
		require.NotZero(t, n, "the slots are not shared")
	}
}

// TestTmpfs: writes fail when it is full, and go on once it has grown.
func TestTmpfs(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting takes root")
	}
	ctx := within(t, time.Minute)
	f, err := services.NewTmpfs(1 << 20)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	r := startRedis(t, ctx, services.RedisOptions{Dir: f.Dir})
	for range 100 {
		if _, err = r.Do(ctx, "SET", "k", make([]byte, 100<<10)); err != nil {
			break
		}
	}
	require.Error(t, err, "the disk never was full")
	require.NoError(t, r.Kill())
	require.NoError(t, f.Resize(32<<20))
	require.NoError(t, r.Start(ctx), "%s", r.Log())
	_, err = r.Do(ctx, "SET", "k", "v")
	require.NoError(t, err)
}
