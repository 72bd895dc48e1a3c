package e2e_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/process"
	"github.com/uniqchat/uniqchat/testkit/screen"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// TestBoardOfTwoNodes: an agent's screen on one node shows who is connected to both, says when one of them is killed, and
// has the rest of the rows.
func TestBoardOfTwoNodes(t *testing.T) {
	shared.once.Do(func() {
		shared.postgres, shared.err = services.StartPostgres(context.Background(), services.PostgresOptions{})
	})
	require.NoError(t, shared.err)
	ctx := within(t, 5*time.Minute)
	database, err := shared.postgres.NewDatabase(ctx)
	require.NoError(t, err)
	redis, err := services.StartRedis(ctx, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = redis.Close() })
	env := append([]string{"UNIQCHAT_STORAGE_URL=" + database, "UNIQCHAT_REDIS_URL=" + redis.URL()}, fast...)
	nodes := []*process.Server{process.Start(t, process.Options{Env: env}), process.Start(t, process.Options{Env: env})}
	a := &api.API{Base: nodes[0].BaseURL()}
	login, err := a.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)

	const each = 30
	visitors := make(map[string]*raw)
	node := make(map[string]int)
	for i := range 2 * each {
		v, err := a.Session(ctx, "demo")
		require.NoError(t, err)
		s := nodes[i%2]
		x := upgraded(t, ctx, s.WSURL(), s.TCP, []string{"json", "bin", "tcp"}[i%3]).hello(v.Token)
		x.packet(0, &codec.Track{Name: "page_view", Data: fmt.Appendf(nil, `{"url":"https://shop.test/%02d"}`, i)})
		visitors[v.Visitor.ID.String()], node[v.Visitor.ID.String()] = x, i%2
	}
	agent := upgraded(t, ctx, nodes[0].WSURL(), nodes[0].TCP, "json").hello(login.AccessToken)
	agent.packet(2, &codec.Watch{Topic: codec.WatchBoard, Filter: []byte(`{"page":"shop.test/","sort":"pages"}`), Offset: 10, Limit: 40})
	var s screen.Screen
	until := func(what string, so func() bool) {
		t.Helper()
		for !so() {
			var bad error
			got := agent.until(func(p codec.Packet) bool {
				e, is := p.(*codec.Event)
				if is = is && e.Name == "board.changed"; is {
					bad = s.Take(e.Data)
				}
				return is
			})
			require.NoError(t, bad)
			require.Empty(t, got.closed, what)
		}
	}
	until("everybody is there", func() bool { return s.Complete && s.Total == 2*each && len(s.Rows) == 40 })
	seen := make(map[int]int)
	for _, id := range s.IDs() {
		seen[node[id]]++
	}
	require.NotZero(t, seen[0])
	require.NotZero(t, seen[1])

	// The last row looks at many pages, and leaves the screen at its upper end.
	last := s.IDs()[39]
	for range 5 {
		visitors[last].packet(0, &codec.Track{Name: "page_view", Data: []byte(`{"url":"https://shop.test/again"}`)})
	}
	until("it goes up", func() bool { return s.Total == 2*each && s.IDs()[39] != last && len(s.Rows) == 40 })
	require.NotContains(t, s.IDs(), last)

	// 30 are left, of whom 10 are above the screen. Whoever was connected to the other node is gone with it.
	nodes[1].Kill()
	until("half of them are gone", func() bool { return s.Complete && s.Total == each })
	until("the others are there", func() bool { return len(s.Rows) == each-10 })
	for _, id := range s.IDs() {
		require.Zero(t, node[id])
	}
}
