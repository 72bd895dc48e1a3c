package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
)

// tokens writes a file of identities that the double accepts.
func tokens(t *testing.T, visitors, agents int) Credentials {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for i := range visitors {
		require.NoError(t, e.Encode(identity(fmt.Sprintf("v%d", i))))
	}
	for i := range agents {
		require.NoError(t, e.Encode(identity(fmt.Sprintf("a%d", i))))
	}
	path := filepath.Join(t.TempDir(), "tokens.jsonl")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return Credentials{Tokens: path}
}

// site serves the API's two ways to get an identity.
func site(t *testing.T) string {
	t.Helper()
	var count atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/widget/session", func(w http.ResponseWriter, _ *http.Request) {
		n := count.Add(1)
		if n == 2 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		token := fmt.Sprintf("v%d", n)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "visitor": map[string]any{"id": userOf(token)}, "conversation_id": nil})
	})
	mux.HandleFunc("POST /api/v1/auth/login", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Email, Password string }
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "a" + in.Email, "agent": map[string]any{"id": userOf("a" + in.Email)}})
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestIdle(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	cfg := s.config(target)
	cfg.Credentials = tokens(t, 50, 0)
	cfg.Sources, cfg.Ramp, cfg.Loops = 3, 8, 2
	r, err := RunIdle(context.Background(), cfg, Idle{N: 50, Conversations: true, Settle: time.Millisecond, Hold: 50 * time.Millisecond})
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.Equal(t, 50.0, r.Figures["connections"])
	require.Zero(t, r.Figures["drops"])
	require.Equal(t, 50, s.count(codec.TypeSend))
	s.with(func() { require.Len(t, s.convs, 50) })

	// A second run with the same visitors finds their conversations.
	r, err = RunIdle(context.Background(), cfg, Idle{N: 50, Conversations: true, Settle: time.Millisecond, Hold: time.Millisecond})
	require.NoError(t, err)
	require.True(t, r.OK)
	require.Equal(t, 50, s.count(codec.TypeSend))
}

func TestIdleReportsDrops(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	cfg := s.config(target)
	cfg.Credentials = tokens(t, 10, 0)
	cfg.Progress = &Progress{Every: 5 * time.Millisecond, W: writerFunc(func(line string) {
		if strings.Contains(line, " hold ") {
			s.drop()
		}
	})}
	r, err := RunIdle(context.Background(), cfg, Idle{N: 10, Settle: time.Millisecond, Hold: 300 * time.Millisecond})
	require.NoError(t, err)
	require.False(t, r.OK)
	require.GreaterOrEqual(t, r.Figures["drops"], 10.0)
}

type writerFunc func(line string)

func (f writerFunc) Write(b []byte) (int, error) { f(string(b)); return len(b), nil }

func TestEcho(t *testing.T) {
	s, target := newDouble(t, modeEcho)
	r, err := RunEcho(context.Background(), s.config(target), Echo{N: 5, Depth: 3, Size: 200, Text: true, Warmup: time.Millisecond, Duration: 100 * time.Millisecond})
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.Positive(t, r.Latencies["round_trip"].Count)
}

func shortChat(pairs, closed int, rate float64) Chat {
	return Chat{
		Pairs: pairs, Agents: 3, Closed: closed, Rate: rate, Warmup: time.Millisecond, Duration: 200 * time.Millisecond,
		Drain: 3 * time.Second,
	}
}

func TestChat(t *testing.T) {
	for _, mode := range []Mode{ModeBinary, ModeJSON, ModeTCP} {
		for _, rate := range []float64{0, 500} {
			t.Run(fmt.Sprintf("%s at %.0f", mode, rate), func(t *testing.T) {
				s, target := newDouble(t, mode)
				cfg := s.config(target)
				cfg.Loops = 2
				cfg.Credentials = tokens(t, 10, 3)
				closed := 0
				if rate == 0 {
					closed = 8
				}
				r, err := RunChat(context.Background(), cfg, shortChat(10, closed, rate))
				require.NoError(t, err)
				require.Empty(t, r.Problems)
				f := r.Figures
				require.Positive(t, f["delivered"])
				require.Equal(t, f["sent"], f["delivered"])
				require.Equal(t, 10.0, f["orders_compared"])
				require.Positive(t, r.Latencies["deliver"].Count)
				require.Positive(t, r.Latencies["ack"].Count)
				if rate > 0 {
					// All that was offered in the time, and no more; on a machine that is busy with other things less of it.
					n := float64(r.Latencies["deliver"].Count)
					require.LessOrEqual(t, n, rate*.2+5)
					require.GreaterOrEqual(t, n, rate*.1)
				}
			})
		}
	}
}

// TestChatSurvivesDrops: connections are cut all the time, and still nothing is lost or doubled.
func TestChatSurvivesDrops(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	cfg := s.config(target)
	cfg.Credentials = tokens(t, 10, 3)
	rnd := rand.New(rand.NewPCG(1, 2))
	onSend := func(c *doubleConn, h codec.Header, p *codec.Send) bool {
		switch rnd.IntN(20) {
		case 0:
			_ = c.c.Close()
			return false
		case 1:
			_ = c.c.Close()
			c.store(h, p)
			return false
		}
		return true
	}
	s.with(func() { s.onSend = onSend })
	chat := shortChat(10, 0, 300)
	chat.Duration = time.Second
	r, err := RunChat(context.Background(), cfg, chat)
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.Positive(t, r.Stats.Reconnects)
	require.Positive(t, r.Stats.Retries)
	require.Equal(t, r.Figures["sent"], r.Figures["delivered"])
}

// TestChatFindsFaults proves that the scenario sees what a broken server does.
func TestChatFindsFaults(t *testing.T) {
	cases := map[string]struct {
		fault  func(s *double)
		figure string
	}{
		"a message is acknowledged but not stored": {func(s *double) {
			s.onSend = func(c *doubleConn, h codec.Header, p *codec.Send) bool {
				if c.sends != 5 {
					return true
				}
				c.send(h.RID, &codec.Sendack{Conv: p.Conv, CMID: p.CMID, Seq: 1 << 40, Prev: 1 << 39, Dup: true})
				return false
			}
		}, "lost"},
		"a message is stored twice": {func(s *double) {
			s.onSend = func(c *doubleConn, h codec.Header, p *codec.Send) bool {
				if c.sends == 5 {
					c.store(h, p)
					p.CMID[15]++
				}
				return true
			}
		}, "doubled"},
		"the two sides see different messages in one place": {func(s *double) {
			s.deliver = func(c *doubleConn, m *codec.Message) bool {
				if c.sends >= 5 { // not only at the fifth: nothing may be delivered just then
					m.MID[0]++
				}
				return true
			}
		}, "different_order"},
		"a message is never acknowledged": {func(s *double) {
			s.onSend = func(c *doubleConn, h codec.Header, p *codec.Send) bool { return c.sends < 5 }
		}, "unacknowledged"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, target := newDouble(t, ModeBinary)
			s.with(func() { c.fault(s) })
			cfg := s.config(target)
			cfg.Credentials = tokens(t, 4, 3)
			chat := shortChat(4, 4, 0)
			chat.Drain = 200 * time.Millisecond
			r, err := RunChat(context.Background(), cfg, chat)
			require.NoError(t, err)
			require.False(t, r.OK)
			require.Positive(t, r.Figures[c.figure], "%v", r.Figures)
		})
	}
}

func TestChatFindMax(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	cfg := s.config(target)
	cfg.Credentials = tokens(t, 10, 3)
	chat := shortChat(10, 0, 100)
	chat.FindMax = time.Minute // whatever the machine does now, some rate is good enough
	chat.Duration = 20 * time.Millisecond
	r, err := RunChat(context.Background(), cfg, chat)
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.Positive(t, r.Figures["highest_rate"])
}

func TestSessions(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	cfg := s.config(target)
	cfg.HTTP = site(t)
	cfg.Credentials.SiteKey = "demo"
	r, err := RunSessions(context.Background(), cfg, Sessions{Clients: 1, N: 20})
	require.NoError(t, err)
	require.Equal(t, 19.0, r.Figures["sessions"], "one was refused with 429")
	require.Equal(t, 1.0, r.Figures["failed"])
	require.Equal(t, int64(19), r.Latencies["session"].Count)
	s.with(func() { require.Len(t, s.convs, 19) })
}

func dialogues() *Corpus {
	c := new(Corpus)
	for i := range 30 {
		d := Dialogue{ID: fmt.Sprint(i)}
		for n := range 6 {
			d.Turns = append(d.Turns, Turn{Agent: n%2 == 1 && n != 3, Text: fmt.Sprintf(`<你好> "%d" & %d`, i, n)})
		}
		c.add(d, Limits{})
	}
	return c
}

func TestReplay(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	cfg := s.config(target)
	cfg.HTTP = site(t)
	cfg.Credentials = Credentials{SiteKey: "demo", AgentEmails: []string{"x@demo.test", "y@demo.test"}, AgentPassword: "secret"}
	r, err := RunReplay(context.Background(), cfg, Replay{Concurrency: 5}, dialogues(), nil)
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.Equal(t, 30.0, r.Figures["dialogues_complete"])
	require.Equal(t, 180.0, r.Figures["turns_delivered"])
}

// TestReplayRecasts: visitors who talk already are replaced by others of the file.
func TestReplayRecasts(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	cfg := s.config(target)
	cfg.Credentials = tokens(t, 50, 3)
	s.with(func() {
		for i := range 10 {
			s.convs[userOf(fmt.Sprint(i))] = &doubleConv{visitor: userOf(fmt.Sprintf("v%d", i)), joined: map[*doubleConn]bool{}}
		}
	})
	r, err := RunReplay(context.Background(), cfg, Replay{}, dialogues(), nil)
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	cfg.Credentials = tokens(t, 35, 3)
	r, err = RunReplay(context.Background(), cfg, Replay{}, dialogues(), nil)
	require.NoError(t, err)
	require.Contains(t, r.Problems[0], "mint fresh tokens")
}

func TestReplaySurvivesDrops(t *testing.T) {
	s, target := newDouble(t, ModeJSON)
	cfg := s.config(target)
	cfg.Credentials = tokens(t, 30, 3)
	n := 0
	onSend := func(c *doubleConn, h codec.Header, p *codec.Send) bool {
		n++
		switch n % 14 {
		case 5:
			_ = c.c.Close()
			return false
		case 11:
			_ = c.c.Close()
			c.store(h, p)
			return false
		}
		return true
	}
	s.with(func() { s.onSend = onSend })
	r, err := RunReplay(context.Background(), cfg, Replay{}, dialogues(), nil)
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.Equal(t, 30.0, r.Figures["dialogues_complete"])
	require.Positive(t, r.Stats.Reconnects)
}

// TestReplayFindsFaults proves that a wrong text, a wrong order and a log that differs are seen.
func TestReplayFindsFaults(t *testing.T) {
	cases := map[string]func(s *double){
		"text": func(s *double) {
			s.change = func(m *codec.Message) {
				if m.Seq == 8 {
					m.Body = []byte(`{"text":"something else"}`)
				}
			}
		},
		"twice": func(s *double) {
			s.onSend = func(c *doubleConn, h codec.Header, p *codec.Send) bool {
				if c.sends == 2 {
					c.store(h, p)
					p.CMID[15]++
				}
				return true
			}
		},
		"log": func(s *double) {
			s.deliver = func(c *doubleConn, m *codec.Message) bool {
				m.MID[3] ^= 1 // what goes out is not what is kept
				return true
			}
		},
	}
	for name, fault := range cases {
		t.Run(name, func(t *testing.T) {
			s, target := newDouble(t, ModeBinary)
			s.with(func() { fault(s) })
			cfg := s.config(target)
			cfg.Credentials = tokens(t, 30, 1)
			r, err := RunReplay(context.Background(), cfg, Replay{GiveUp: 300 * time.Millisecond}, dialogues(), nil)
			require.NoError(t, err)
			require.False(t, r.OK)
			require.Less(t, r.Figures["dialogues_complete"], 30.0)
		})
	}
}

func TestBadParameters(t *testing.T) {
	_, err := RunChat(context.Background(), Config{}, Chat{Size: 10})
	require.ErrorContains(t, err, "size 10 is too small")
	_, err = RunChat(context.Background(), Config{}, Chat{Rate: 1, Closed: 1})
	require.ErrorContains(t, err, "exclude each other")
	_, err = RunSessions(context.Background(), Config{}, Sessions{})
	require.ErrorContains(t, err, "--site-key")
	_, err = RunIdle(context.Background(), Config{WS: "wss://x/ws"}, Idle{N: 1})
	require.ErrorContains(t, err, "only ws://")
	r, err := RunIdle(context.Background(), Config{}, Idle{N: 1})
	require.ErrorIs(t, err, errNobody)
	require.False(t, r.OK)
}

func TestReconnect(t *testing.T) {
	a, target := newDouble(t, ModeBinary)
	cfg := a.config(target)
	cfg.Credentials = tokens(t, 40, 0)
	cfg.Loops, cfg.Ramp = 2, 16
	r, err := RunReconnect(context.Background(), cfg, Reconnect{N: 40, Rounds: 2, Missed: .5, Settle: time.Millisecond})
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.EqualValues(t, 80, r.Stats.Reconnects)
	require.EqualValues(t, 80, r.Latencies["back"].Count)
	require.EqualValues(t, 80, r.Latencies["complete"].Count)
	require.Greater(t, r.Figures["seconds_until_all_complete"], 0.0)
	_, err = RunReconnect(context.Background(), cfg, Reconnect{Missed: 2})
	require.ErrorContains(t, err, "from 0 to 1")
}

// Several addresses are nodes of one cluster: everybody's connections are spread over them.
func TestNodesInTurn(t *testing.T) {
	a, first := newDouble(t, ModeBinary)
	b, second := newDouble(t, ModeBinary)
	cfg := a.config(first)
	cfg.WS += ", ws://" + second.Host + "/ws"
	cfg.Credentials = tokens(t, 10, 0)
	r, err := RunIdle(context.Background(), cfg, Idle{N: 10, Conversations: true, Settle: time.Millisecond, Hold: time.Millisecond})
	require.NoError(t, err)
	require.Empty(t, r.Problems)
	require.Equal(t, 5, a.count(codec.TypeConnect))
	require.Equal(t, 5, b.count(codec.TypeConnect))
	require.Equal(t, 2, r.Params.(map[string]any)["nodes"])
	cfg.WS = "ws://" + first.Host + "/ws,http://" + second.Host
	_, err = RunIdle(context.Background(), cfg, Idle{N: 10})
	require.ErrorContains(t, err, "only ws:// is supported")
}
