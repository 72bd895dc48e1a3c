package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/storagetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("UNIQCHAT_TEST_CRASH"); path != "" {
		appendUntilKilled(path)
		return
	}
	goleak.VerifyTestMain(m)
}

// run opens a database and runs it until stop.
func run(t testing.TB, path string) (*storage.Storage, func()) {
	s, err := storage.Open(context.Background(), storage.Options{URL: "sqlite:" + path, Audit: storagetest.Signer{}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return s, func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, s.Close())
	}
}

func TestConformance(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storagetest.Open {
		path := filepath.Join(t.TempDir(), "a dir", "chat#1.db")
		return func(t *testing.T) storagetest.Backend {
			s, stop := run(t, path)
			return storagetest.Backend{Log: s.Log, Store: s.Store, Broker: s.Broker, Stop: stop}
		}
	})
}

func TestTwoServersOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	_, stop := run(t, path)
	defer stop()
	_, err := storage.Open(context.Background(), storage.Options{URL: "sqlite:" + path})
	require.ErrorContains(t, err, "served by another process")
	store, closeStore, err := storage.OpenStore(context.Background(), storage.Options{URL: "sqlite:" + path})
	require.NoError(t, err, "the command line works beside a server")
	require.NoError(t, store.SaveTenant(context.Background(), chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "x"}))
	require.NoError(t, closeStore())
}

// conversation makes events as the Desk would.
type conversation struct {
	key  chat.Key
	user chat.UserID
	n    int
}

func newConversation(tenant chat.TenantID) *conversation {
	return &conversation{key: chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, user: chat.NewID[chat.Actor]()}
}

func (c *conversation) message() chat.Event {
	c.n++
	e := chat.Event{Message: chat.Message{
		Tenant: c.key.Tenant, Conversation: c.key.Conversation, CMID: chat.NewID[chat.Event](), Sender: c.user, Role: chat.RoleVisitor,
		Time: time.Now(), Body: fmt.Appendf(nil, `{"text":"message %d of this conversation, about as long as people write: %s"}`, c.n, strings.Repeat("x", 60)),
	}}
	e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

func (c *conversation) create() []chat.Event {
	created := chat.Event{Next: &chat.State{Visitor: chat.VisitorID(c.user), Version: 1}, Message: chat.Message{
		Tenant: c.key.Tenant, Conversation: c.key.Conversation, CMID: chat.NewID[chat.Event](), Kind: chat.KindSystem, Time: time.Now(),
		Body: []byte(`{"event":"conversation.created"}`),
	}}
	created.ID = chat.DeriveMessageID(created.Conversation, created.Sender, created.CMID)
	created.Profile = &chat.Visitor{ID: chat.VisitorID(c.user), Tenant: c.key.Tenant}
	first := c.message()
	first.Joined = true
	return []chat.Event{created, first}
}

// appendUntilKilled is the child of TestCrash: it prints every message that was acknowledged.
func appendUntilKilled(path string) {
	s, err := storage.Open(context.Background(), storage.Options{URL: "sqlite:" + path})
	if err != nil {
		panic(err)
	}
	go func() { panic(s.Run(context.Background())) }()
	var mu sync.Mutex
	out := bufio.NewWriter(os.Stdout)
	tenant := chat.NewID[chat.Tenant]()
	for range 16 {
		go func() {
			c := newConversation(tenant)
			next := c.create()
			for {
				r, err := s.Log.Append(context.Background(), next...)
				if err != nil {
					panic(err)
				}
				last := next[len(next)-1]
				mu.Lock()
				fmt.Fprintln(out, tenant, c.key.Conversation, last.ID, r[len(r)-1].Seq)
				out.Flush()
				mu.Unlock()
				next = []chat.Event{c.message()}
			}
		}()
	}
	select {}
}

// TestCrash kills a process in the middle of appending: what it acknowledged is there, once, with the seq it named.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	acked := map[string]string{}
	for round := range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "UNIQCHAT_TEST_CRASH="+path)
		cmd.Stderr = os.Stderr
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(stdout)
		for n := 0; lines.Scan(); n++ {
			f := strings.Fields(lines.Text())
			if len(f) != 4 { // cut off by the kill
				continue
			}
			acked[f[0]+" "+f[1]+" "+f[2]] = f[3]
			if n == 500+round*137 {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait() // killed
	}
	s, stop := run(t, path)
	defer stop()
	seen := map[chat.Key]map[chat.Seq]bool{}
	for line, seq := range acked {
		f := strings.Fields(line)
		tenant, err := chat.ParseID[chat.Tenant](f[0])
		require.NoError(t, err)
		conv, err := chat.ParseID[chat.Conversation](f[1])
		require.NoError(t, err)
		id, err := chat.ParseID[chat.Message](f[2])
		require.NoError(t, err)
		key := chat.Key{Tenant: tenant, Conversation: conv}
		m, err := s.Store.Message(context.Background(), key, id)
		require.NoError(t, err, "acknowledged and lost")
		require.Equal(t, seq, fmt.Sprint(m.Seq))
		if seen[key] == nil {
			seen[key] = map[chat.Seq]bool{}
		}
		require.False(t, seen[key][m.Seq], "two messages with one seq")
		seen[key][m.Seq] = true
	}
	for key := range seen {
		all, _, err := s.Store.Messages(context.Background(), key, chat.Page{Limit: 1 << 20})
		require.NoError(t, err)
		last := chat.Seq(0)
		for i := range all {
			require.Equal(t, last, all[i].Prev)
			last = all[i].Seq
		}
	}
	t.Logf("%d acknowledged, none lost", len(acked))
}

// BenchmarkAppend: events a second with 64 callers at once, each going around many conversations, and creations.
func BenchmarkAppend(b *testing.B) {
	for _, what := range []string{"message", "create", "sealed message", "sealed create"} {
		b.Run(what, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "chat.db")
			open := run
			what, sealed := strings.CutPrefix(what, "sealed ")
			if sealed {
				masters, err := seal.MastersOf(seal.NewMasterKey())
				if err != nil {
					b.Fatal(err)
				}
				open = func(t testing.TB, path string) (*storage.Storage, func()) { return runSealed(t, path, masters) }
			}
			s, stop := open(b, path)
			defer stop()
			const callers, each = 64, 80
			tenant := chat.NewID[chat.Tenant]()
			ready := make([][]*conversation, callers)
			for i := range ready {
				for range each {
					c := newConversation(tenant)
					if _, err := s.Log.Append(context.Background(), c.create()...); err != nil {
						b.Fatal(err)
					}
					ready[i] = append(ready[i], c)
				}
			}
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			b.ResetTimer()
			before := cpu(b)
			for i := range callers {
				wg.Go(func() {
					for n := 0; left.Add(-1) >= 0; n++ {
						next := []chat.Event{ready[i][n%each].message()}
						if what == "create" {
							next = newConversation(tenant).create()
						}
						r, err := s.Log.Append(context.Background(), next...)
						if err != nil || r[0].Err != nil {
							b.Error(err, r)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-us/call")
		})
	}
}

// cpu is how much processor time this process has used: steadier than the clock on a shared machine.
func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
