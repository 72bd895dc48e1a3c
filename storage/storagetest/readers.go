package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/uniqchat/uniqchat/chat"
)

// testResume reads on from every point, in steps of every size: always exactly what follows.
func testResume(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	for i := range 30 {
		e := th.message(fmt.Sprint(i))
		if i%4 == 0 {
			e.Visibility, e.Role = chat.InternalOnly, chat.RoleAgent
		}
		s.append(e)
	}
	all := th.all(chat.AudienceAll)
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.IntRange(0, len(all)).Draw(rt, "from")
		step := rapid.IntRange(1, 40).Draw(rt, "step")
		after := chat.Seq(0)
		if from > 0 {
			after = all[from-1].Seq
		}
		var got []chat.Message
		for {
			events, err := s.Log.Read(ctx(), th.key, after, step)
			if err != nil {
				rt.Fatal(err)
			}
			for i := range events {
				got = append(got, events[i].Message)
				after = events[i].Seq
			}
			if len(events) < step {
				break
			}
		}
		if diff := cmp.Diff(append([]chat.Message(nil), all[from:]...), got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// testTail follows while many append: everything once, in each conversation's order, with the state that held.
func testTail(t *testing.T, s *suite) {
	var mu sync.Mutex
	got := map[chat.Key][]chat.Event{}
	total := 0
	ready := make(chan struct{})
	c, cancel := context.WithCancel(ctx())
	done := make(chan error, 1)
	go func() {
		first := true
		done <- s.Log.Tail(c, func(events []chat.Event) {
			if first {
				first = false
				close(ready)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, e := range events {
				k := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
				got[k] = append(got[k], e)
				total++
			}
		})
	}()
	<-ready
	const threads, each = 8, 50
	var wg sync.WaitGroup
	var all []*thread
	origin := chat.Origin{Session: chat.NewID[chat.Origin](), Request: 7}
	for range threads {
		th := s.thread()
		all = append(all, th)
		wg.Go(func() {
			th.create()
			for i := range each {
				e := th.message(fmt.Sprint(i))
				e.Origin = origin
				s.append(e, e) // the second is a duplicate, and no event
			}
			th.move(chat.Closed, chat.AgentID{})
		})
	}
	wg.Wait()
	const want = threads * (each + 3)
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return total >= want }, 20*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Equal(t, want, total)
	for _, th := range all {
		kept := th.all(chat.AudienceAll)
		require.Len(t, got[th.key], len(kept))
		for i, e := range got[th.key] {
			require.Empty(t, cmp.Diff(kept[i], e.Message))
			require.Equal(t, th.visitor, e.State.Visitor)
		}
		last := got[th.key][len(kept)-1]
		require.Equal(t, chat.Closed, last.State.Status)
		require.Equal(t, origin, got[th.key][5].Origin)
		require.Equal(t, chat.Queued, got[th.key][5].State.Status)
	}
}

func testPages(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	for i := range 20 {
		e := th.message(fmt.Sprint(i))
		if i%3 == 0 {
			e.Visibility = chat.InternalOnly
		}
		s.append(e)
	}
	for _, a := range []chat.Audience{chat.AudienceAll, chat.AudiencePublic} {
		all := th.all(a)
		n := len(all)
		for _, tt := range []struct {
			name     string
			page     chat.Page
			want     []chat.Message
			complete bool
		}{
			{"oldest", chat.Page{Limit: 5}, all[:5], false},
			{"exactly all", chat.Page{Limit: n}, all, true},
			{"after", chat.Page{After: all[3].Seq, Limit: 4}, all[4:8], false},
			{"after, to the end", chat.Page{After: all[n-3].Seq, Limit: 4}, all[n-2:], true},
			{"newest", chat.Page{Newest: true, Limit: 4}, all[n-4:], false},
			{"newest, all", chat.Page{Newest: true, Limit: 100}, all, true},
			{"before", chat.Page{Before: all[10].Seq, Limit: 4}, all[6:10], false},
			{"between", chat.Page{After: all[2].Seq, Before: all[6].Seq, Limit: 9}, all[3:6], true},
			{"between, cut", chat.Page{After: all[2].Seq, Before: all[9].Seq, Limit: 2}, all[7:9], false},
			{"nothing", chat.Page{After: all[n-1].Seq, Limit: 9}, nil, true},
		} {
			tt.page.Audience = a
			for _, read := range []func(context.Context, chat.Key, chat.Page) ([]chat.Message, bool, error){s.Store.Messages, s.Log.Messages} {
				got, complete, err := read(ctx(), th.key, tt.page)
				require.NoError(t, err)
				require.Equal(t, tt.complete, complete, "%s, audience %d", tt.name, a)
				require.Empty(t, cmp.Diff(append([]chat.Message{}, tt.want...), append([]chat.Message{}, got...)), tt.name)
			}
		}
	}
}

func testLists(t *testing.T, s *suite) {
	var threads []*thread
	agent := chat.NewID[chat.Agent]()
	for i := range 12 {
		th := s.thread()
		th.clock = i * 1000
		th.create()
		switch i % 3 {
		case 1:
			th.move(chat.Open, agent)
		case 2:
			th.move(chat.Closed, chat.AgentID{})
		}
		threads = append(threads, th)
	}
	threads[0].clock = 100_000
	s.append(threads[0].message("the newest activity"))
	list := func(f chat.Filter) []chat.ConversationID {
		t.Helper()
		return s.listed(t, f)
	}
	want := []chat.ConversationID{threads[0].key.Conversation}
	for i := 11; i > 0; i-- {
		want = append(want, threads[i].key.Conversation)
	}
	require.Equal(t, want, list(chat.Filter{Limit: 200}))
	require.Equal(t, want, list(chat.Filter{Limit: 5}))
	require.Equal(t, want, list(chat.Filter{Limit: 1}))
	require.Len(t, list(chat.Filter{Limit: 3, Statuses: []chat.Status{chat.Open, chat.Closed}}), 8)
	require.Len(t, list(chat.Filter{Limit: 3, Assignee: agent}), 4)
	all, nobodys := list(chat.Filter{Limit: 3}), list(chat.Filter{Limit: 3, Unassigned: true})
	require.Len(t, nobodys, len(all)-4)
	require.Subset(t, all, nobodys)
	require.NotSubset(t, list(chat.Filter{Limit: 3, Assignee: agent}), nobodys)
	require.Equal(t, []chat.ConversationID{threads[4].key.Conversation}, list(chat.Filter{Limit: 3, Visitor: threads[4].visitor}))
	require.Empty(t, list(chat.Filter{Limit: 3, Since: start.Add(time.Hour)}))
	_, _, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Limit: 3, Cursor: "nonsense"})
	code(t, err, chat.Malformed)
	_, _, err = s.Store.Conversations(ctx(), s.tenant, chat.Filter{Limit: 300})
	code(t, err, chat.Malformed)
	c, err := s.Store.Conversation(ctx(), threads[0].key)
	require.NoError(t, err)
	require.JSONEq(t, `{"text":"the newest activity"}`, string(c.LastMessage.Body))
	require.Equal(t, 2, c.Unread)
	require.Equal(t, "Li", c.VisitorName)
	require.JSONEq(t, `{}`, string(c.Context))
	c, err = s.Store.Conversation(ctx(), threads[2].key)
	require.NoError(t, err)
	require.Equal(t, chat.Closed, c.Status)
	require.False(t, c.ClosedAt.IsZero())
}

func testQueue(t *testing.T, s *suite) {
	agent := chat.NewID[chat.Agent]()
	var waiting []chat.ConversationID
	for i := range 6 {
		th := s.thread()
		th.clock = (6 - i) * 1000
		th.create()
		if i%2 == 0 {
			th.move(chat.Open, agent)
		} else {
			waiting = append([]chat.ConversationID{th.key.Conversation}, waiting...)
		}
	}
	queue, err := s.Store.Waiting(ctx(), s.tenant, 10)
	require.NoError(t, err)
	var got []chat.ConversationID
	for i := range queue {
		got = append(got, queue[i].ID)
		require.False(t, queue[i].Queued.IsZero())
	}
	require.Equal(t, waiting, got)
	counts, err := s.Store.OpenCounts(ctx(), s.tenant)
	require.NoError(t, err)
	require.Equal(t, map[chat.AgentID]int{agent: 3}, counts)
	tenants, err := s.Store.TenantsWaiting(ctx())
	require.NoError(t, err)
	require.Equal(t, []chat.TenantID{s.tenant}, tenants)
}

func testMarks(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	for i := range 5 {
		s.append(th.message(fmt.Sprint(i)))
	}
	agent := chat.NewID[chat.Actor]()
	unread := func() int {
		c, err := s.Store.Conversation(ctx(), th.key)
		require.NoError(t, err)
		return c.Unread
	}
	require.Equal(t, 6, unread())
	top := th.all(chat.AudienceAll)[6].Seq
	for _, step := range []struct {
		read, want chat.Seq
		moved      bool
		unread     int
	}{{top - 2, top - 2, true, 2}, {top - 3, top - 2, false, 2}, {top - 2, top - 2, false, 2}, {top, top, true, 0}} {
		m, moved, err := s.Store.MarkRead(ctx(), th.key, chat.Mark{User: agent, Role: chat.RoleAgent, Delivered: step.read, Read: step.read})
		require.NoError(t, err)
		require.Equal(t, step.moved, moved)
		require.Equal(t, step.want, m.Read)
		require.Equal(t, step.unread, unread())
	}
	marks, err := s.Store.Marks(ctx(), th.key)
	require.NoError(t, err)
	require.Equal(t, []chat.Mark{{User: agent, Role: chat.RoleAgent, Delivered: top, Read: top}}, marks)
	s.append(th.message("one more"))
	require.Equal(t, 1, unread())
}

func testRefresh(t *testing.T, s *suite) {
	now := start
	family := [16]byte(chat.NewID[chat.Actor]())
	token := func(n byte) chat.RefreshToken {
		return chat.RefreshToken{Hash: [32]byte{n}, Family: family, Tenant: s.tenant, Agent: chat.NewID[chat.Agent](), IssuedAt: now, ExpiresAt: now.Add(time.Hour)}
	}
	first, second := token(1), token(2)
	require.NoError(t, s.Store.SaveRefreshToken(ctx(), first))
	got, err := s.Store.TakeRefreshToken(ctx(), first.Hash, [32]byte{}, now)
	require.NoError(t, err)
	first.Taken = 1
	require.Empty(t, cmp.Diff(first, got))
	require.NoError(t, s.Store.SaveRefreshToken(ctx(), second))
	_, err = s.Store.TakeRefreshToken(ctx(), first.Hash, [32]byte{}, now) // somebody else has a copy
	code(t, err, chat.Unauthenticated)
	_, err = s.Store.TakeRefreshToken(ctx(), second.Hash, [32]byte{}, now) // so the whole log-in ends
	code(t, err, chat.Unauthenticated)
	ended, err := s.Store.EndedFamilies(ctx(), start.Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, [][16]byte{family}, ended)
	other := token(3)
	other.Family = [16]byte(chat.NewID[chat.Actor]())
	require.NoError(t, s.Store.SaveRefreshToken(ctx(), other))
	_, err = s.Store.TakeRefreshToken(ctx(), other.Hash, [32]byte{}, now.Add(2*time.Hour))
	code(t, err, chat.Unauthenticated)
	_, err = s.Store.TakeRefreshToken(ctx(), [32]byte{9}, [32]byte{}, now)
	code(t, err, chat.Unauthenticated)
	require.NoError(t, s.Store.EndRefreshFamily(ctx(), other.Family))
	require.NoError(t, s.Store.EndRefreshFamily(ctx(), other.Family))
}

func testAgents(t *testing.T, s *suite) {
	team := chat.Team{ID: chat.NewID[chat.Team](), Tenant: s.tenant, Name: "Returns", CreatedAt: start}
	require.NoError(t, s.Store.SaveTeam(ctx(), team))
	var agents []chat.Agent
	for i := range 5 {
		agents = append(agents, chat.Agent{
			ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: fmt.Sprintf("a%d@x.test", i), Name: fmt.Sprint("A", i), Role: chat.Member,
			Teams: []chat.TeamID{team.ID}, Capacity: 3, PasswordHash: "h", CreatedAt: start,
		})
	}
	require.NoError(t, s.Store.SaveAgents(ctx(), agents...))
	got, err := s.Store.Agent(ctx(), s.tenant, agents[2].ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(agents[2], got))
	_, err = s.Store.Agent(ctx(), chat.NewID[chat.Tenant](), agents[2].ID)
	code(t, err, chat.NotFound)
	var all []chat.Agent
	for cursor := ""; ; {
		page, next, err := s.Store.Agents(ctx(), s.tenant, cursor, 2)
		require.NoError(t, err)
		all = append(all, page...)
		if cursor = next; next == "" {
			break
		}
	}
	require.Empty(t, cmp.Diff(agents, all))
	_, _, err = s.Store.Agents(ctx(), s.tenant, "", 0)
	code(t, err, chat.Malformed)
	_, _, err = s.Store.Agents(ctx(), s.tenant, "nonsense", 5)
	code(t, err, chat.Malformed)
	double := chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: "a1@x.test"}
	code(t, s.Store.SaveAgents(ctx(), chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: "new@x.test"}, double), chat.Conflict)
	none, err := s.Store.AgentsByEmail(ctx(), "new@x.test")
	require.NoError(t, err)
	require.Empty(t, none, "a refused call must leave nothing behind")
	double.Tenant = chat.NewID[chat.Tenant]()
	require.NoError(t, s.Store.SaveAgents(ctx(), double))
	both, err := s.Store.AgentsByEmail(ctx(), "a1@x.test")
	require.NoError(t, err)
	require.Len(t, both, 2)
	agents[0].Disabled, agents[0].Name, agents[0].TokensAfter = true, "Changed", start
	require.NoError(t, s.Store.SaveAgents(ctx(), agents[0]))
	got, err = s.Store.Agent(ctx(), s.tenant, agents[0].ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(agents[0], got))
	teams, err := s.Store.Teams(ctx(), s.tenant)
	require.NoError(t, err)
	require.Equal(t, []chat.Team{team}, teams)
}

func testSettings(t *testing.T, s *suite) {
	tenant := chat.Tenant{ID: s.tenant, Slug: "shop", Name: "Shop", CreatedAt: start}
	require.NoError(t, s.Store.SaveTenant(ctx(), tenant))
	for _, find := range []func() (chat.Tenant, error){
		func() (chat.Tenant, error) { return s.Store.Tenant(ctx(), tenant.ID) },
		func() (chat.Tenant, error) { return s.Store.TenantBySlug(ctx(), "shop") },
	} {
		got, err := find()
		require.NoError(t, err)
		require.Equal(t, tenant, got)
	}
	code(t, s.Store.SaveTenant(ctx(), chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "shop"}), chat.Conflict)
	_, err := s.Store.TenantBySlug(ctx(), "nobody")
	code(t, err, chat.NotFound)
	key := chat.SiteKey{Tenant: s.tenant, Key: "sk", Secrets: []string{"new", "old"}, Origins: []string{"https://a.test"}}
	require.NoError(t, s.Store.SaveSiteKey(ctx(), key))
	got, err := s.Store.SiteKey(ctx(), "sk")
	require.NoError(t, err)
	require.Equal(t, key, got)
	key.Secrets, key.Origins = []string{"newest"}, nil
	require.NoError(t, s.Store.SaveSiteKey(ctx(), key))
	theirs := chat.SiteKey{Tenant: chat.NewID[chat.Tenant](), Key: "sk", Secrets: []string{"stolen"}}
	code(t, s.Store.SaveSiteKey(ctx(), theirs), chat.Conflict)
	got, err = s.Store.SiteKey(ctx(), "sk")
	require.NoError(t, err)
	require.Equal(t, s.tenant, got.Tenant)
	require.Equal(t, []string{"newest"}, got.Secrets)
	require.Empty(t, got.Origins)
	_, err = s.Store.SiteKey(ctx(), "other")
	code(t, err, chat.NotFound)
	for i, id := range []string{"k1", "k2", "k1"} {
		require.NoError(t, s.Store.AddSigningKey(ctx(), chat.SigningKey{ID: id, Secret: []byte{byte(i)}, CreatedAt: start.Add(time.Duration(i) * time.Second)}))
	}
	keys, err := s.Store.SigningKeys(ctx())
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Equal(t, "k2", keys[0].ID)
	require.Equal(t, []byte{0}, keys[1].Secret)
}
