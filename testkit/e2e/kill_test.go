package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/journal"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// fast lifts the limits that a full-speed test would run into.
var fast = []string{
	"UNIQCHAT_LIMITS_SESSIONS_PER_ADDRESS_PER_SECOND=0",
	"UNIQCHAT_LIMITS_VISITOR_SEND_RATE=100000", "UNIQCHAT_LIMITS_VISITOR_SEND_BURST=100000",
	"UNIQCHAT_LIMITS_AGENT_SEND_RATE=100000", "UNIQCHAT_LIMITS_AGENT_SEND_BURST=100000",
	"UNIQCHAT_LOG_LEVEL=warn",
}

// crowd is many clients of one server with one journal.
type crowd struct {
	t     *testing.T
	ctx   context.Context
	s     *process.Server
	api   *api.API
	rec   *journal.Recorder
	admin api.Login

	mu      sync.Mutex
	clients []*client.Client
}

func newCrowd(t *testing.T, ctx context.Context, s *process.Server, file string) *crowd {
	c := &crowd{t: t, ctx: ctx, s: s, api: &api.API{Base: s.BaseURL()}, rec: journal.NewRecorder(nil)}
	if file != "" {
		f, err := os.Create(file)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, f.Close()) })
		c.rec = journal.NewRecorder(f)
	}
	var err error
	c.admin, err = c.api.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	return c
}

// connect starts a client that stays until the test ends.
func (c *crowd) connect(name, token string, mode client.Mode, tune func(*client.Config)) *client.Client {
	c.t.Helper()
	cfg := client.Config{
		Name: name, Token: token, Mode: mode, Recorder: c.rec, Tenant: "demo", Address: c.s.WSURL(),
		// Quicker than people's clients, so that the server is under load again while it is still starting.
		BackoffMin: 50 * time.Millisecond, BackoffMax: time.Second,
	}
	if mode == client.TCP {
		cfg.Address = c.s.TCP
	}
	if tune != nil {
		tune(&cfg)
	}
	cl, err := client.New(cfg)
	require.NoError(c.t, err)
	ctx, cancel := context.WithCancel(c.ctx)
	done := make(chan error, 1)
	go func() { done <- cl.Run(ctx) }()
	c.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Errorf("client %s: %v", name, err)
		}
	})
	c.mu.Lock()
	c.clients = append(c.clients, cl)
	c.mu.Unlock()
	return cl
}

// connectQuietly is connect without a journal.
func (c *crowd) connectQuietly(token string) *client.Client {
	c.t.Helper()
	return c.connect("", token, client.Binary, func(cfg *client.Config) { cfg.Recorder = nil })
}

// verdict waits until every client has everything and holds all journals against the database.
func (c *crowd) verdict(convs []uuid.UUID) *journal.Verdict {
	c.t.Helper()
	for _, cl := range c.clients {
		cl.Refresh()
	}
	for _, cl := range c.clients {
		require.NoError(c.t, cl.WaitIdle(c.ctx))
	}
	db, err := c.api.Database(c.ctx, c.admin.AccessToken, "demo", convs)
	require.NoError(c.t, err)
	require.NoError(c.t, c.rec.Err())
	v := journal.Check(c.rec.Entries(), db)
	c.t.Log(v)
	return v
}

// TestKillChat: 200 conversations at full speed, the server killed three times in the middle of it. Nothing acknowledged
// is lost, nothing is stored or shown twice, everyone sees the same order.
func TestKillChat(t *testing.T) { onBoth(t, testKillChat) }

func testKillChat(t *testing.T, start func(o process.Options) *process.Server) {
	const convs, kills = 200, 3
	total := number(t, "UNIQCHAT_KILL_MESSAGES", 4000)
	each := max(total/convs/2, 2) // of the visitor and of the agent of each conversation
	ctx := within(t, 10*time.Minute)
	s := start(process.Options{Env: fast})
	file := ""
	if dir := os.Getenv("UNIQCHAT_JOURNALS"); dir != "" {
		file = filepath.Join(dir, "kill.jsonl")
	}
	c := newCrowd(t, ctx, s, file)

	// Everybody's tokens first: HTTP has no retries here.
	var tokens [convs]string
	for i := range tokens {
		v, err := c.api.Session(ctx, "demo")
		require.NoError(t, err)
		tokens[i] = v.Token
	}
	var agents []*client.Client
	for i, mode := range []client.Mode{client.JSON, client.Binary, client.TCP, client.Binary} {
		l, err := c.api.Login(ctx, []string{"alice@demo.test", "bob@demo.test"}[i%2], process.Password)
		require.NoError(t, err)
		agents = append(agents, c.connect(fmt.Sprintf("agent %d", i), l.AccessToken, mode, nil))
	}
	watcher := c.connect("admin", c.admin.AccessToken, client.Binary, nil)

	var acked atomic.Int64
	began := time.Now()
	var talk sync.WaitGroup
	ids := make([]uuid.UUID, convs)
	for i := range convs {
		ids[i] = client.NewID()
		talk.Go(func() {
			c.converse(i, ids[i], tokens[i], agents[i%len(agents)], watcher, each, &acked)
		})
	}
	over := make(chan struct{})
	go func() { talk.Wait(); close(over) }()
	for k := range kills {
		at := int64(2 * convs * each * (k + 1) / (kills + 1))
		c.reach(&acked, at, over)
		t.Logf("killing the server after %d acknowledgements, %.1f s", acked.Load(), time.Since(began).Seconds())
		s.Kill()
		s.Restart()
	}
	<-over
	t.Logf("%d messages acknowledged in %.1f s", acked.Load(), time.Since(began).Seconds())
	v := c.verdict(ids)
	require.True(t, v.Clean(), "%v", v)
	require.Equal(t, 2*convs*each, v.Stored)
	require.Equal(t, v.Sent, v.Acked)
	require.Zero(t, v.Failed)
	require.Positive(t, v.Retries, "the kills hit nobody")
	c.recount(ids, each)
	s.Stop()
}

// recount holds I5: the list's counters equal a recount. An agent reads half of each conversation first.
func (c *crowd) recount(ids []uuid.UUID, each int) {
	c.t.Helper()
	list, err := c.api.Conversations(c.ctx, c.admin.AccessToken, nil)
	require.NoError(c.t, err)
	require.Len(c.t, list, len(ids))
	for _, row := range list {
		require.Equal(c.t, min(each, 1000), row.Unread, "nobody has read %s", row.ID)
	}
	db, err := c.api.Database(c.ctx, c.admin.AccessToken, "demo", ids[:5])
	require.NoError(c.t, err)
	for _, conv := range db {
		half, after := conv.Messages[len(conv.Messages)/2].Seq, 0
		for _, m := range conv.Messages {
			if m.Sender == conv.Visitor && m.Seq > half {
				after++
			}
		}
		path := "/api/v1/conversations/" + conv.ID.String() + "/read"
		require.NoError(c.t, c.api.Call(c.ctx, http.MethodPost, path, c.admin.AccessToken, map[string]uint64{"seq": half}, nil))
		row, err := c.api.Conversation(c.ctx, c.admin.AccessToken, conv.ID)
		require.NoError(c.t, err)
		require.Equal(c.t, min(after, 1000), row.Unread, "%s was read up to %d", conv.ID, half)
	}
}

// reach waits until a count is reached, or everything is over, which would mean that the kill comes too late.
func (c *crowd) reach(count *atomic.Int64, at int64, over <-chan struct{}) {
	c.t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for count.Load() < at {
		select {
		case <-poll.C:
		case <-over:
			c.t.Fatal("the chat was over before the server was killed")
		case <-c.ctx.Done():
			c.t.Fatalf("only %d of %d messages were acknowledged", count.Load(), at)
		}
	}
}

// converse is one conversation: a visitor (some with a second tab), its agent, and an admin who looks on.
func (c *crowd) converse(i int, conv uuid.UUID, token string, agent, watcher *client.Client, each int, acked *atomic.Int64) {
	visitor := c.connect(fmt.Sprintf("visitor %d", i), token, client.Mode(i%3), nil)
	first, err := visitor.Send(c.ctx, codec.Send{Conv: conv, Body: client.TextBody("hello 你好")})
	if err != nil {
		c.t.Errorf("visitor %d: %v", i, err)
		return
	}
	acked.Add(1)
	readers := []*client.Client{agent, watcher}
	if i%10 == 0 {
		readers = append(readers, c.connect(fmt.Sprintf("visitor %d, second tab", i), token, client.Mode((i+1)%3), nil))
	}
	var both sync.WaitGroup
	for _, r := range readers {
		both.Go(func() {
			if err := r.Follow(c.ctx, conv); err != nil {
				c.t.Errorf("conversation %d: %v", i, err)
			}
		})
	}
	both.Wait()
	say := func(who *client.Client, name string, from int) {
		sendings := []*client.Sending{first}
		for k := from; k < each; k++ {
			p := codec.Send{Conv: conv, Body: client.TextBody(fmt.Sprintf("%s %d says %d of %d", name, i, k, each))}
			if name == "agent" && k%8 == 7 {
				p.Visibility = codec.VisibilityInternal
			}
			sendings = append(sendings, who.Post(p))
			if k%4 == 0 { // what follows must be stored after it (I4)
				if err := sendings[len(sendings)-1].Wait(c.ctx); err != nil {
					c.t.Errorf("%s %d: %v", name, i, err)
				}
			}
		}
		for _, s := range sendings[1:] {
			if err := s.Wait(c.ctx); err != nil {
				c.t.Errorf("%s %d: %v", name, i, err)
				return
			}
			acked.Add(1)
		}
	}
	both.Go(func() { say(visitor, "visitor", 1) })
	both.Go(func() { say(agent, "agent", 0) })
	both.Wait()
}
