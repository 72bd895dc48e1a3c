package chaos

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/proxy"
)

// nodeRows break nodes.
var nodeRows = []*Row{
	{
		Name: "node-kill", Fault: "each of the three nodes SIGKILLed under load, down for 16 s the first time",
		Holds: zeroLost + "; " + underLoad + "; another node projects within 15 s; clients back <= 1 s", People: busy, Setup: Setup{Direct: true},
		Break: func(r *Run) {
			r.warmUp()
			for i, n := range r.W.Nodes {
				r.goOn()
				r.Fault("SIGKILL node %d", i)
				n.Kill()
				if i == 0 {
					r.Last(16 * time.Second)
				}
				r.Moment(time.Second)
				n.Restart()
				r.Healed()
			}
			r.goOn()
			r.underLoad()
			r.takenOver(15 * time.Second)
			r.back(time.Second)
		},
	},
	{
		Name: "node-gone", Fault: "a node SIGKILLed and not started again until its agent is shown as offline", Holds: "its sessions gone in <= 10 s, its agents after their grace of 45 s; " + zeroLost,
		People: Population{Talks: 48, Agents: 6, Watchers: 3, Rate: 300}, Setup: Setup{Agents: 1}, Break: nodeGone,
	},
	{
		Name: "node-kill-append", Fault: "each node SIGKILLed while the answers of its appends are held up: between append and acknowledgement", Holds: zeroLost,
		Break: func(r *Run) {
			for i, n := range r.W.Nodes {
				r.Fault("node %d hears no answers of Redis, and is killed", i)
				r.Must(n.Redis.OneWay(proxy.Down))
				r.Moment(500 * time.Millisecond)
				n.Kill()
				r.Must(n.Redis.Heal())
				n.Restart()
				r.Healed()
				r.Say(r.messages / 5)
			}
		},
	},
	{
		Name: "node-kill-commit", Fault: "each node SIGKILLed while nothing of it reaches Redis, but its commits reach PostgreSQL: between commit and trim", Holds: zeroLost,
		Break: func(r *Run) {
			for i, n := range r.W.Nodes {
				r.Fault("node %d does not reach Redis, and is killed", i)
				r.Must(n.Redis.OneWay(proxy.Up))
				r.Moment(500 * time.Millisecond)
				n.Kill()
				r.Must(n.Redis.Heal())
				n.Restart()
				r.Healed()
				r.Say(r.messages / 5)
			}
		},
	},
	{
		Name: "node-frozen", Fault: "a node frozen (SIGSTOP) for 20 s: its leases and its clients go elsewhere, and it wakes up with old ones", Holds: zeroLost,
		Break: func(r *Run) {
			r.Fault("SIGSTOP node 1")
			r.W.Nodes[1].Pause()
			r.Last(20 * time.Second)
			r.W.Nodes[1].Resume()
			r.Healed()
			r.Say(r.messages / 5)
		},
	},
	{
		Name: "rolling-restart", Fault: "each node ended with SIGTERM and started again", Holds: zeroLost + "; no client waits longer than 5 s",
		Setup: Setup{Env: []string{"UNIQCHAT_DRAIN_WINDOW=3s"}},
		Break: func(r *Run) {
			for i, n := range r.W.Nodes {
				r.Fault("SIGTERM node %d", i)
				n.Stop()
				n.Restart()
				r.Healed()
				r.Say(r.messages / 5)
			}
			r.afterwards = append(r.afterwards, func() {
				r.Check("no message waits longer than 5 s", r.result.Wait <= 5000, "%s", millis(r.result.Wait))
			})
			r.back(5 * time.Second)
		},
	},
	{
		Name: "panic", Fault: "a handler panics on every tenth of 50 messages (the program is built with such a handler)", Holds: "that message is quarantined, everyone else is unaffected",
		Setup: Setup{Path: panicking, Visitors: 1}, Break: handlerPanics,
	},
	{
		Name: "clock", Fault: "the clocks of two nodes jump by +5 s and -5 s under load (the program is built with such a clock)", Holds: zeroLost + "; seq stays monotonic",
		Setup: Setup{Path: jumping, NodeEnv: func(i int) []string {
			return []string{fmt.Sprintf("CHAOS_CLOCK=%d", []int{5, -5, 0}[i%3]), fmt.Sprintf("CHAOS_CLOCK_AFTER=%d", 8*time.Second)}
		}},
		Break: func(r *Run) {
			r.Fault("the clocks jump")
			r.Last(15 * time.Second)
			for i, want := range []time.Duration{5 * time.Second, -5 * time.Second, 0} {
				off := r.clockOf(i)
				r.Check(fmt.Sprintf("the clock of node %d is off by %s", i, want), (off-want).Abs() < time.Second, "%s", off)
			}
			r.Healed()
			r.Say(r.messages / 5)
		},
	},
}

// clockOf returns how far a node's clock is ahead of ours, as its CONNACK tells.
func (r *Run) clockOf(i int) time.Duration {
	m := r.C.join(fmt.Sprintf("clock %d", i), r.W.tokens["visitor"][0], i, client.Binary, nil)
	hello, err := m.WaitReady(r.ctx)
	r.Must(err)
	return time.Until(time.UnixMilli(int64(hello.Time))).Round(100 * time.Millisecond)
}

// takenOver checks that what was acknowledged in the second after each fault was in the database within a time of the fault.
func (r *Run) takenOver(limit time.Duration) {
	r.afterwards = append(r.afterwards, func() {
		tl := newTimeline(r.C.rec.Entries())
		longest := time.Duration(0)
		for _, f := range r.faults {
			at := f.from + time.Second.Microseconds()
			took := r.projected(tl, at)
			if took < 0 {
				took = time.Hour
			}
			longest = max(longest, took+time.Second)
		}
		r.Check("another node projects within "+limit.String(), longest <= limit, "%s", longest)
	})
}

// overlay builds the program with one source file changed: each old text is replaced by the one behind it.
func overlay(t testing.TB, name, file string, oldNew ...string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	src := string(b)
	for i := 0; i < len(oldNew); i += 2 {
		require.Equal(t, 1, strings.Count(src, oldNew[i]), "%s has not once: %s", file, oldNew[i])
		src = strings.Replace(src, oldNew[i], oldNew[i+1], 1)
	}
	dir := t.TempDir()
	changed, list, bin := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(changed, []byte(src), 0o600))
	abs, err := filepath.Abs(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(list, fmt.Appendf(nil, `{"Replace": {%q: %q}}`, abs, changed), 0o600))
	out, err := exec.Command("go", "build", "-overlay", list, "-o", bin, "github.com/uniqchat/uniqchat/cmd/uniqchat").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

// panicking is the program with a handler that panics on a certain text.
func panicking(t testing.TB) string {
	return overlay(t, "uniqchat-panics", "../../chat/desk_send.go", "func checkSend(r *SendRequest) error {\n",
		"func checkSend(r *SendRequest) error {\n\tif bytes.Contains(r.Body, []byte(\"chaos: panic\")) {\n\t\tpanic(\"chaos\")\n\t}\n")
}

// jumping is the program with a clock that jumps by CHAOS_CLOCK seconds once CHAOS_CLOCK_AFTER nanoseconds have passed since
// its start.
func jumping(t testing.TB) string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	const now = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	return overlay(t, "uniqchat-jumps", filepath.Join(strings.TrimSpace(string(out)), "src", "time", "time.go"),
		"import (\n", "import (\n\t\"syscall\"\n",
		now, clockSource+now+"\tif chaosClock != 0 && mono-startNano > chaosAfter {\n\t\tsec += chaosClock\n\t}\n")
}

const clockSource = `var chaosClock, chaosAfter = chaosNumber("CHAOS_CLOCK"), chaosNumber("CHAOS_CLOCK_AFTER")

func chaosNumber(name string) (n int64) {
	s, _ := syscall.Getenv(name)
	for i := range len(s) {
		if s[i] != '-' {
			n = n*10 + int64(s[i]-'0')
		}
	}
	if len(s) > 0 && s[0] == '-' {
		n = -n
	}
	return n
}

`

// handlerPanics sends messages of which some make the handler panic.
func handlerPanics(r *Run) {
	m := r.C.join("unlucky visitor", r.W.tokens["visitor"][r.row.People.Talks], 0, client.Binary, func(c *client.Config) { c.Recorder = nil })
	quiet := r.C.join("bystander", r.W.tokens["visitor"][0], 0, client.Binary, nil)
	_, err := quiet.WaitReady(r.ctx)
	r.Must(err)
	_, err = m.WaitReady(r.ctx)
	r.Must(err)
	r.Fault("a handler panics")
	conv, refused, accepted := client.NewID(), 0, 0
	for n := range 50 {
		text := fmt.Sprintf("fine %d", n)
		if n%10 == 5 {
			text = fmt.Sprintf("chaos: panic %d", n)
		}
		ctx, cancel := context.WithTimeout(r.ctx, 20*time.Second)
		_, err := m.Send(ctx, codec.Send{Conv: conv, Body: client.TextBody(text)})
		cancel()
		if err == nil {
			accepted++
			continue
		}
		refused++
		r.Logf("%s: %v", text, err)
	}
	r.Healed()
	r.extra[conv] = true
	r.Check("the other messages of the same visitor are accepted", accepted == 45 && refused == 5, "%d accepted, %d refused", accepted, refused)
	r.Check("others on that node keep their connections", quiet.Stats().Disconnects == 0, "%d disconnects", quiet.Stats().Disconnects)
	panics := r.W.Metric("uniqchat_live_panics_total") + r.W.Metric("uniqchat_engine_panics_total")
	r.Check("panics are counted", panics >= 5, "%.0f", panics)
}

// nodeGone watches how long the other nodes show an agent whose only connection was to a node that died.
func nodeGone(r *Run) {
	home := r.W.Nodes[0]
	tok := r.W.tokens["agent"][r.row.People.Agents+r.row.People.Watchers]
	m := r.C.join("agent of one node", tok, 0, client.Binary, func(c *client.Config) {
		c.Recorder = nil
		c.Dial = func(string, string) (net.Conn, error) { return net.Dial("tcp", home.WS) }
	})
	_, err := m.WaitReady(r.ctx)
	r.Must(err)
	m.Fire(&codec.Status{State: codec.Online})
	a := &api.API{Base: r.W.Nodes[1].BaseURL()}
	login, err := a.Login(r.ctx, "admin@chaos.test", adminPassword)
	r.Must(err)
	status := func() string {
		var agent struct{ Status string }
		if err := a.Call(r.ctx, http.MethodGet, "/api/v1/agents/"+tok.User, login.AccessToken, nil, &agent); err != nil {
			return err.Error()
		}
		return agent.Status
	}
	r.Until(10*time.Second, "another node shows the agent as online", func() bool { return status() == "online" })
	r.Fault("SIGKILL node 0")
	from := time.Now()
	home.Kill()
	gone := r.Wait(70*time.Second, func() bool { return status() == "offline" })
	took := time.Since(from)
	home.Restart()
	r.Healed()
	r.Check("the other nodes show its agent as offline after 10 s and the grace of 45 s", gone && took < 60*time.Second, "after %s: %s", took.Round(100*time.Millisecond), status())
	r.C.goAway(m)
}
