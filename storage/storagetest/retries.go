package storagetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// testRetriedState sends state events again, as after an unknown outcome: they are duplicates, not stale.
func testRetriedState(t *testing.T, s *suite) {
	th := s.thread()
	created, first := th.change(chat.Queued, chat.AgentID{}), th.message("first")
	first.Joined = true
	once := s.append(created, first)
	th.state = *created.Next
	again := s.append(created, first)
	for i := range again {
		once[i].Dup = true
	}
	require.Empty(t, cmp.Diff(once, again))
	opened := th.change(chat.Open, chat.NewID[chat.Agent]())
	r := s.append(opened)[0]
	th.state = *opened.Next
	th.move(chat.Closed, chat.AgentID{})
	again = s.append(opened)
	require.True(t, again[0].Dup)
	require.Equal(t, r.Seq, again[0].Seq)
	h, err := s.Log.Heads(ctx(), th.key)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(th.state, h[0].State), "a duplicate must not change the state")
	require.Len(t, th.all(chat.AudienceAll), 4)
}

// testCancelled gives up on appends while they are under way, and uses the memory again: each message is in the log once
// after it was sent again, as it was first meant.
func testCancelled(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	ended, cancel := context.WithCancel(ctx())
	cancel()
	m := th.message("sent with a context that has ended")
	if r, err := s.Log.Append(ended, m); err != nil {
		require.Contains(t, []chat.Code{chat.Unknown, chat.Busy}, chat.CodeOf(err), "%v", err)
	} else {
		require.NoError(t, r[0].Err)
	}
	s.append(m)
	const senders, each = 8, 20
	threads := make([]*thread, senders)
	var wg sync.WaitGroup
	for i := range threads {
		threads[i] = s.thread()
		threads[i].create()
		wg.Go(func() {
			events := make([]chat.Event, 1)
			for n := range each {
				m := threads[i].message(fmt.Sprint(n))
				soon, cancel := context.WithTimeout(ctx(), time.Duration(n)*20*time.Microsecond)
				events[0] = m
				_, err := s.Log.Append(soon, events...)
				cancel()
				events[0] = chat.Event{} // the caller's again
				var e *chat.Error
				if err != nil && !(errors.As(err, &e) && e.Code.Retryable()) {
					t.Errorf("an append that was given up: %v", err)
				}
				if r, err := s.Log.Append(ctx(), m); err != nil || r[0].Err != nil {
					t.Errorf("sent again: %v %v", err, r)
				}
			}
		})
	}
	wg.Wait()
	for _, th := range threads {
		all := th.all(chat.AudienceAll)
		require.Len(t, all, each+2)
		for n := range each {
			require.JSONEq(t, fmt.Sprintf(`{"text":"%d"}`, n), string(all[n+2].Body))
		}
	}
}

// testSlowTail blocks one follower: appends and another follower go on, and it misses nothing.
func testSlowTail(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	var wg sync.WaitGroup
	c, cancel := context.WithCancel(ctx())
	follow := func(hold <-chan struct{}) <-chan chat.Seq {
		ready, got := make(chan struct{}), make(chan chat.Seq, 1000)
		wg.Go(func() {
			err := s.Log.Tail(c, func(events []chat.Event) {
				if len(events) == 0 {
					close(ready)
				}
				for i := range events {
					if hold != nil {
						<-hold
					}
					got <- events[i].Seq
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Tail: %v", err)
			}
		})
		<-ready
		return got
	}
	hold := make(chan struct{})
	slow, quick := follow(hold), follow(nil)
	var want []chat.Seq
	for i := range 300 {
		want = append(want, s.append(th.message(fmt.Sprint(i)))[0].Seq)
		require.Equal(t, want[i], <-quick)
	}
	require.Empty(t, slow)
	close(hold)
	for i := range want {
		require.Equal(t, want[i], <-slow)
	}
	cancel()
	wg.Wait()
}

// testShown checks what lists show of a conversation, and that it follows the log.
func testShown(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	agent := chat.NewID[chat.Agent]()
	get := func() chat.Conversation {
		t.Helper()
		c, err := s.Store.Conversation(ctx(), th.key)
		require.NoError(t, err)
		h, err := s.Log.Heads(ctx(), th.key)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(h[0], c.Head))
		return c
	}
	by := func(m chat.Event, role chat.Role) chat.Event {
		m.Role, m.Sender = role, chat.UserID(agent)
		m.ID = chat.DeriveMessageID(m.Conversation, m.Sender, m.CMID)
		return m
	}
	answer := by(th.message("answer"), chat.RoleAgent)
	note := by(th.message("note"), chat.RoleAgent)
	note.Visibility = chat.InternalOnly
	require.True(t, get().LastAgent.IsZero())
	s.append(note)
	require.True(t, get().LastAgent.IsZero(), "a note is no answer")
	r := s.append(answer)[0]
	th.move(chat.Closed, agent)
	c := get()
	require.Equal(t, agent, c.LastAgent)
	want := answer.Message
	want.Seq, want.Prev, want.PrevPublic = r.Seq, r.Prev, r.PrevPublic
	require.Empty(t, cmp.Diff(want, *c.LastMessage))
	require.False(t, c.ClosedAt.IsZero())
	th.move(chat.Queued, chat.AgentID{})
	c = get()
	require.True(t, c.ClosedAt.IsZero())
	require.Equal(t, th.state.Queued, c.Queued)
	require.Equal(t, agent, c.LastAgent, "sticky routing needs it")
	// A later conversation of the visitor whose token knows less keeps what is known.
	th.move(chat.Closed, chat.AgentID{})
	later := s.thread()
	later.visitor = th.visitor
	created := later.change(chat.Queued, chat.AgentID{})
	created.Profile = &chat.Visitor{ID: th.visitor, Tenant: s.tenant, Page: "https://shop.test/cart"}
	s.append(created)
	v, err := s.Store.Visitor(ctx(), s.tenant, th.visitor)
	require.NoError(t, err)
	require.Equal(t, "Li", v.Name)
	require.Equal(t, "https://shop.test/cart", v.Page)
}

// testUnread counts what no agent has read: other people's marks don't matter, and counting ends at a thousand.
func testUnread(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	unread := func() int {
		c, err := s.Store.Conversation(ctx(), th.key)
		require.NoError(t, err)
		return c.Unread
	}
	top := s.append(th.message("second"))[0].Seq
	for _, m := range []chat.Mark{
		{User: chat.UserID(th.visitor), Role: chat.RoleVisitor, Read: top}, {User: chat.NewID[chat.Actor](), Role: chat.RoleBot, Read: top},
	} {
		_, moved, err := s.Store.MarkRead(ctx(), th.key, m)
		require.NoError(t, err)
		require.True(t, moved)
	}
	require.Equal(t, 2, unread())
	many := make([]chat.Event, 1100)
	for i := range many {
		many[i] = th.message(fmt.Sprint(i))
	}
	s.append(many...)
	require.Equal(t, 1000, unread())
	// Two agents at once, marks in any order: the furthest holds.
	var wg sync.WaitGroup
	agent := chat.NewID[chat.Actor]()
	for n := range chat.Seq(20) {
		wg.Go(func() {
			if _, _, err := s.Store.MarkRead(ctx(), th.key, chat.Mark{User: agent, Role: chat.RoleAgent, Delivered: top + n, Read: top + n}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	marks, err := s.Store.Marks(ctx(), th.key)
	require.NoError(t, err)
	require.Len(t, marks, 3)
	for _, m := range marks {
		if m.User == agent {
			require.Equal(t, chat.Mark{User: agent, Role: chat.RoleAgent, Delivered: top + 19, Read: top + 19}, m)
		}
	}
}

// testRefreshRace takes one token many times at once: one gets it, and the log-in has ended.
func testRefreshRace(t *testing.T, s *suite) {
	token := chat.RefreshToken{
		Hash: [32]byte{1}, Family: [16]byte{2}, Tenant: s.tenant, Agent: chat.NewID[chat.Agent](), IssuedAt: start, ExpiresAt: start.Add(time.Hour),
	}
	require.NoError(t, s.Store.SaveRefreshToken(ctx(), token))
	var wg sync.WaitGroup
	got := make(chan chat.RefreshToken, 20)
	for range 20 {
		wg.Go(func() {
			tok, err := s.Store.TakeRefreshToken(ctx(), token.Hash, [32]byte{}, start)
			if err == nil {
				got <- tok
			} else if chat.CodeOf(err) != chat.Unauthenticated {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, got, 1)
	token.Taken = 1
	require.Empty(t, cmp.Diff(token, <-got))
	ended, err := s.Store.EndedFamilies(ctx(), start)
	require.NoError(t, err)
	require.Equal(t, [][16]byte{token.Family}, ended)
	// The log-in stays ended, whatever is saved for it.
	token.Hash = [32]byte{3}
	require.NoError(t, s.Store.SaveRefreshToken(ctx(), token))
	_, err = s.Store.TakeRefreshToken(ctx(), token.Hash, [32]byte{}, start)
	code(t, err, chat.Unauthenticated)
}

// logIn saves the first token of a log-in, and returns it with a maker of more.
func logIn(t *testing.T, s *suite) (chat.RefreshToken, func() chat.RefreshToken) {
	family, agent := [16]byte(chat.NewID[chat.Actor]()), chat.NewID[chat.Agent]()
	next := func() chat.RefreshToken {
		id := chat.NewID[chat.Actor]()
		return chat.RefreshToken{Hash: sha256.Sum256(id[:]), Family: family, Tenant: s.tenant, Agent: agent, IssuedAt: start, ExpiresAt: start.Add(time.Hour)}
	}
	first := next()
	require.NoError(t, s.Store.SaveRefreshToken(ctx(), first))
	return first, next
}

// testRefreshAgain takes a used token again with the attempt of its first use: the newest answer counts, anything else is reuse.
func testRefreshAgain(t *testing.T, s *suite) {
	attempt, late := [32]byte{7}, start.Add(chat.RefreshRepeats)
	take := func(tok chat.RefreshToken, attempt [32]byte, at time.Time) chat.RefreshToken {
		t.Helper()
		got, err := s.Store.TakeRefreshToken(ctx(), tok.Hash, attempt, at)
		require.NoError(t, err)
		return got
	}
	give := func(taken, next chat.RefreshToken) chat.RefreshToken {
		t.Helper()
		require.NoError(t, s.Store.GiveRefreshToken(ctx(), taken, next))
		return next
	}
	ends := func(tok chat.RefreshToken, attempt [32]byte, at time.Time, rest ...chat.RefreshToken) {
		t.Helper()
		for _, x := range append([]chat.RefreshToken{tok}, rest...) {
			_, err := s.Store.TakeRefreshToken(ctx(), x.Hash, attempt, at)
			code(t, err, chat.Unauthenticated)
		}
		ended, err := s.Store.EndedFamilies(ctx(), start.Add(-time.Hour))
		require.NoError(t, err)
		require.Contains(t, ended, tok.Family)
	}
	for name, end := range map[string]func(first, lost, second chat.RefreshToken){
		"another attempt":      func(first, _, second chat.RefreshToken) { ends(first, [32]byte{8}, start, second) },
		"no attempt":           func(first, _, second chat.RefreshToken) { ends(first, [32]byte{}, start, second) },
		"too late":             func(first, _, second chat.RefreshToken) { ends(first, attempt, late, second) },
		"the lost one is used": func(_, lost, second chat.RefreshToken) { ends(lost, attempt, start, second) },
		"the next was used": func(first, _, second chat.RefreshToken) {
			third := give(take(second, attempt, start), chat.RefreshToken{
				Hash: sha256.Sum256(second.Hash[:]), Family: first.Family, Tenant: first.Tenant, Agent: first.Agent, IssuedAt: start, ExpiresAt: first.ExpiresAt,
			})
			ends(first, attempt, start, second, third)
		},
	} {
		t.Log(name)
		first, next := logIn(t, s)
		lost := give(take(first, attempt, start), next())
		again := take(first, attempt, late.Add(-time.Microsecond))
		require.Equal(t, 2, again.Taken)
		end(first, lost, give(again, next()))
	}
	first, next := logIn(t, s) // without an attempt nothing can be asked for again, also not with one
	second := give(take(first, [32]byte{}, start), next())
	ends(first, attempt, start, second)
	first, next = logIn(t, s) // an answer that was overtaken is none
	slow := take(first, attempt, start)
	give(take(first, attempt, start), next())
	code(t, s.Store.GiveRefreshToken(ctx(), slow, next()), chat.Conflict)
}

// testRefreshAgainRace asks for one refresh many times at once: one answer counts. It is used while the refresh is asked for again: either is
// reuse.
func testRefreshAgainRace(t *testing.T, s *suite) {
	attempt := [32]byte{7}
	first, next := logIn(t, s)
	var wg sync.WaitGroup
	given := make(chan chat.RefreshToken, 10)
	for range 10 {
		wg.Go(func() {
			taken, err := s.Store.TakeRefreshToken(ctx(), first.Hash, attempt, start)
			n := next()
			if err == nil {
				err = s.Store.GiveRefreshToken(ctx(), taken, n)
			}
			if err == nil {
				given <- n
			} else if chat.CodeOf(err) != chat.Conflict {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	taken, err := s.Store.TakeRefreshToken(ctx(), first.Hash, attempt, start)
	require.NoError(t, err)
	require.Equal(t, 11, taken.Taken)
	require.NotEmpty(t, given)
	second := next()
	require.NoError(t, s.Store.GiveRefreshToken(ctx(), taken, second))
	var well atomic.Int32
	for _, tok := range []chat.RefreshToken{first, second} {
		wg.Go(func() {
			_, err := s.Store.TakeRefreshToken(ctx(), tok.Hash, attempt, start)
			if err == nil {
				well.Add(1)
			} else if chat.CodeOf(err) != chat.Unauthenticated {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, well.Load())
	ended, err := s.Store.EndedFamilies(ctx(), start)
	require.NoError(t, err)
	require.Equal(t, [][16]byte{first.Family}, ended)
}
