package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/process"
	"github.com/uniqchat/uniqchat/testkit/proxy"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// Setup says what a row runs on. The zero value is three nodes, one redis-server with appendfsync always, one PostgreSQL.
type Setup struct {
	// SQLite makes it one node without services.
	SQLite bool
	Nodes  int
	Redis  services.RedisOptions
	// Replica gives Redis a replica; Cluster makes it a Redis Cluster of three, without proxies.
	Replica, Cluster bool
	// Ack is storage.ack. Defaults to fsync.
	Ack string
	// Disk is a size in bytes of a disk for both services whose power can be cut; RedisTmpfs and PostgresTmpfs put one of them
	// on a tmpfs of a size.
	Disk, RedisTmpfs, PostgresTmpfs int64
	// Direct leaves out the proxies between the nodes and the services, for rows that break nothing on that way and are better off
	// without what they cost.
	Direct bool
	// Env is added to every node's environment, NoFile lowers a node's limit of open files, Path is another program.
	Env     []string
	NodeEnv func(i int) []string // added to that of the i-th node
	NoFile  int
	Path    func(t testing.TB) string
	// Visitors and Agents are how many tokens are made beyond the population's.
	Visitors, Agents int
}

// fast lifts the limits that a crowd from one address runs into.
var fast = []string{
	"UNIQCHAT_LIMITS_SESSIONS_PER_ADDRESS_PER_SECOND=0",
	"UNIQCHAT_LIMITS_VISITOR_SEND_RATE=100000", "UNIQCHAT_LIMITS_VISITOR_SEND_BURST=100000",
	"UNIQCHAT_LIMITS_AGENT_SEND_RATE=100000", "UNIQCHAT_LIMITS_AGENT_SEND_BURST=100000",
}

// World is what a row runs on. Its methods are for the row's own goroutine.
type World struct {
	t     testing.TB
	setup Setup
	path  string

	Redis    *services.Redis // the primary at the beginning
	Replica  *services.Redis
	Cluster  *services.RedisCluster
	Postgres *services.Postgres
	Disk     *services.Disk
	Full     *services.Tmpfs
	Nodes    []*Node

	url    string // of the database, without a proxy
	tokens map[string][]token
}

// Node is one process with its own way to the services; nil proxies of a node that has none.
type Node struct {
	*process.Server
	Redis, Postgres *proxy.Proxy
}

// token is a line of `uniqchat token mint`.
type token struct{ Role, Token, User string }

// Start starts everything and waits until it is ready. It ends with the test.
func Start(t testing.TB, ctx context.Context, s Setup, visitors, agents int) *World {
	t.Helper()
	if s.Nodes == 0 {
		s.Nodes = 3
	}
	if s.Ack == "" {
		s.Ack = "fsync"
	}
	w := &World{t: t, setup: s}
	if s.Path != nil {
		w.path = s.Path(t)
	} else {
		w.path = process.Binary(t)
	}
	if s.SQLite {
		w.url = "sqlite:" + filepath.Join(t.TempDir(), "uniqchat.db")
	} else {
		w.startServices(ctx)
	}
	w.accounts(ctx, visitors+s.Visitors, agents+s.Agents)
	for range s.Nodes {
		w.addNode()
	}
	return w
}

// startServices starts Redis and PostgreSQL as the setup wants them.
func (w *World) startServices(ctx context.Context) {
	t, s := w.t, &w.setup
	pg := services.PostgresOptions{}
	var err error
	switch {
	case s.Disk > 0:
		w.Disk, err = services.NewDisk(s.Disk)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.Disk.Close()) })
		s.Redis.Dir, pg.Dir = filepath.Join(w.Disk.Dir, "redis"), filepath.Join(w.Disk.Dir, "postgres")
		require.NoError(t, errors.Join(os.Mkdir(s.Redis.Dir, 0o755), os.Mkdir(pg.Dir, 0o700)))
	case s.RedisTmpfs > 0:
		w.Full, err = services.NewTmpfs(s.RedisTmpfs)
		require.NoError(t, err)
		s.Redis.Dir = w.Full.Dir
	case s.PostgresTmpfs > 0:
		w.Full, err = services.NewTmpfs(s.PostgresTmpfs)
		require.NoError(t, err)
		pg.Dir = w.Full.Dir
	}
	if w.Full != nil {
		t.Cleanup(func() { require.NoError(t, w.Full.Close()) })
	}
	if s.Cluster {
		w.Cluster, err = services.StartRedisCluster(ctx, 3, s.Redis)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.Cluster.Close()) })
	} else {
		w.Redis, err = services.StartRedis(ctx, s.Redis)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.Redis.Close()) })
	}
	if s.Replica {
		o := s.Redis
		o.Dir = ""
		w.Replica, err = services.StartReplica(ctx, w.Redis, o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.Replica.Close()) })
	}
	w.Postgres, err = services.StartPostgres(ctx, pg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Postgres.Close()) })
	w.url, err = w.Postgres.NewDatabase(ctx)
	require.NoError(t, err)
	if w.Disk != nil {
		require.NoError(t, w.Disk.Sync())
	}
}

// addNode starts one more node and waits until it is ready.
func (w *World) addNode() {
	n := &Node{}
	env := append(w.env(), w.setup.Env...)
	if w.setup.NodeEnv != nil {
		env = append(env, w.setup.NodeEnv(len(w.Nodes))...)
	}
	if !w.setup.SQLite {
		env = append(env, w.ways(n)...)
	}
	n.Server = process.Start(w.t, process.Options{NoDemo: true, Env: env, NoFile: w.setup.NoFile, Path: w.path})
	w.Nodes = append(w.Nodes, n)
}

// ways is what a node is told of the services: the proxies that it gets, or the services themselves.
func (w *World) ways(n *Node) []string {
	database := w.url
	var redis string
	switch {
	case w.Cluster != nil:
		redis = w.Cluster.URL()
	case w.setup.Direct:
		redis = w.Redis.URL()
	default:
		n.Redis = w.proxy(w.Redis.Addr)
		redis = "redis://" + n.Redis.Addr()
	}
	if !w.setup.Direct {
		n.Postgres = w.proxy(w.Postgres.Addr)
		database = through(w.t, w.url, n.Postgres.Addr())
	}
	return []string{"UNIQCHAT_STORAGE_URL=" + database, "UNIQCHAT_STORAGE_ACK=" + w.setup.Ack, "UNIQCHAT_REDIS_URL=" + redis}
}

// env is what every node and command is told.
func (w *World) env() []string { return append([]string{"UNIQCHAT_STORAGE_URL=" + w.url}, fast...) }

func (w *World) proxy(target string) *proxy.Proxy {
	p, err := proxy.Start(target)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = p.Close() })
	return p
}

// through puts another address into a URL.
func through(t testing.TB, raw, addr string) string {
	u, err := url.Parse(raw)
	require.NoError(t, err)
	u.Host = addr
	return u.String()
}

// adminPassword is of admin@chaos.test.
const adminPassword = "a-password-of-the-chaos-tests"

// accounts makes the tenant, an admin and the tokens of the population.
func (w *World) accounts(ctx context.Context, visitors, agents int) {
	w.command(ctx, "migrate")
	w.command(ctx, "tenant", "create", "chaos", "--site-key", "chaos")
	w.command(ctx, "user", "create", "admin@chaos.test", "--role", "admin")
	out := w.command(ctx, "token", "mint", "--visitors", strconv.Itoa(visitors), "--agents", strconv.Itoa(agents), "--create-agents")
	w.tokens = map[string][]token{}
	for sc := bufio.NewScanner(strings.NewReader(out)); sc.Scan(); {
		var t token
		require.NoError(w.t, json.Unmarshal(sc.Bytes(), &t))
		w.tokens[t.Role] = append(w.tokens[t.Role], t)
	}
}

// command runs the program beside the nodes and returns its output.
func (w *World) command(ctx context.Context, args ...string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.path, args...)
	env := append(w.env(), "PATH="+os.Getenv("PATH"), "UNIQCHAT_PASSWORD="+adminPassword, "UNIQCHAT_DATA_DIR="+w.t.TempDir())
	if w.Redis != nil {
		env = append(env, "UNIQCHAT_REDIS_URL="+w.Redis.URL())
	} else if w.Cluster != nil {
		env = append(env, "UNIQCHAT_REDIS_URL="+w.Cluster.URL())
	}
	cmd.Env = env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("uniqchat %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// revision is what the program says of itself.
func (w *World) revision(ctx context.Context) string {
	f := strings.Fields(w.command(ctx, "version")) // uniqchat <version> [<revision>] <go> <platform>
	return strings.Join(f[1:max(len(f)-2, 1)], " ")
}

// Metric adds a metric of all running nodes up.
func (w *World) Metric(name string) (sum float64) {
	for _, n := range w.Nodes {
		if n.Running() {
			sum += n.Metric(name)
		}
	}
	return sum
}

// Logged counts the lines of all nodes' logs that hold a text.
func (w *World) Logged(text string) (lines int) {
	for _, n := range w.Nodes {
		for line := range strings.Lines(n.Log()) {
			if strings.Contains(line, text) {
				lines++
			}
		}
	}
	return lines
}

// Heal ends every fault of the network.
func (w *World) Heal() {
	for _, n := range w.Nodes {
		if n.Redis != nil {
			require.NoError(w.t, n.Redis.Heal())
		}
		if n.Postgres != nil {
			require.NoError(w.t, n.Postgres.Heal())
		}
	}
}

// size writes bytes for people.
func size(b float64) string { return fmt.Sprintf("%.1f MiB", b/(1<<20)) }
