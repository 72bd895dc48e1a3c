package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The test binary is the program itself when it is asked to be.
func TestMain(m *testing.M) {
	if os.Getenv("UNIQCHAT_TEST_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// place is where a server keeps its data, with addresses of its own.
type place struct {
	t    *testing.T
	dir  string
	env  []string
	http string
	adm  string
}

func newPlace(t *testing.T) *place {
	p := &place{t: t, dir: t.TempDir()}
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		return l.Addr().String()
	}
	p.http, p.adm = free(), free()
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "UNIQCHAT_") {
			p.env = append(p.env, pair)
		}
	}
	p.env = append(p.env, "UNIQCHAT_TEST_MAIN=1", "UNIQCHAT_DATA_DIR="+p.dir, "UNIQCHAT_HTTP_LISTEN="+p.http, "UNIQCHAT_ADMIN_LISTEN="+p.adm,
		"UNIQCHAT_WS_LISTEN=127.0.0.1:0", "UNIQCHAT_TCP_LISTEN=127.0.0.1:0", "UNIQCHAT_DRAIN_WINDOW=200ms", "UNIQCHAT_LOG_LEVEL=info")
	return p
}

func (p *place) command(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = p.env
	return c
}

// run runs a command to its end and returns what it wrote.
func (p *place) run(args ...string) (string, error) {
	out, err := p.command(args...).CombinedOutput()
	return string(out), err
}

func (p *place) must(args ...string) string {
	p.t.Helper()
	out, err := p.run(args...)
	require.NoError(p.t, err, out)
	return out
}

// log collects what a server writes.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type serving struct {
	*exec.Cmd
	log  *log
	done chan error
}

// serve starts a server and waits until it is ready.
func (p *place) serve(args ...string) *serving {
	p.t.Helper()
	s := &serving{Cmd: p.command(append([]string{"serve"}, args...)...), log: &log{}, done: make(chan error, 1)}
	s.Stdout, s.Stderr = s.log, s.log
	require.NoError(p.t, s.Start())
	go func() { s.done <- s.Wait() }()
	p.t.Cleanup(func() { _ = s.Process.Kill() })
	require.Eventually(p.t, func() bool {
		res, err := http.Get("http://" + p.adm + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == 200
	}, 20*time.Second, 20*time.Millisecond, s.log)
	return s
}

func (s *serving) end(t *testing.T, sig syscall.Signal) {
	t.Helper()
	require.NoError(t, s.Process.Signal(sig))
	select {
	case err := <-s.done:
		if sig == syscall.SIGTERM || sig == syscall.SIGINT {
			require.NoError(t, err, s.log) // exit code 0 after a clean drain
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("the server does not end:\n%s", s.log)
	}
}

func (p *place) post(path string, body any) (int, map[string]any) {
	p.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(p.t, err)
	res, err := http.Post("http://"+p.http+path, "application/json", bytes.NewReader(raw))
	require.NoError(p.t, err)
	defer res.Body.Close()
	var out map[string]any
	b, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, json.Unmarshal(b, &out), string(b))
	return res.StatusCode, out
}

func (p *place) login(email, password string) int {
	status, _ := p.post("/api/v1/auth/login", map[string]string{"email": email, "password": password})
	return status
}

// A demo is there at once, again after SIGTERM, and again after SIGKILL, with the same password; and tokens survive.
func TestDemo(t *testing.T) {
	p := newPlace(t)
	s := p.serve("--demo")
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), "password") }, 5*time.Second, 10*time.Millisecond)
	for _, want := range []string{"http://" + p.http + "/demo/", "http://" + p.http + "/console/", "http://" + p.http + "/api/docs", "alice@demo.test"} {
		require.Contains(t, s.log.String(), want)
	}
	file := filepath.Join(p.dir, "demo-password")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	password := strings.TrimSpace(string(raw))
	require.Contains(t, s.log.String(), password)
	for _, email := range []string{"alice@demo.test", "bob@demo.test", "admin@demo.test"} {
		require.Equal(t, 200, p.login(email, password), email)
	}
	status, session := p.post("/api/v1/widget/session", map[string]string{"site_key": "demo"})
	require.Equal(t, 201, status)
	s.end(t, syscall.SIGTERM)

	s = p.serve("--demo")
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), password) }, 5*time.Second, 10*time.Millisecond)
	s.end(t, syscall.SIGKILL)
	p.env = append(p.env, "UNIQCHAT_DEMO_PASSWORD=something else")
	s = p.serve("--demo")
	require.Equal(t, 200, p.login("alice@demo.test", "something else"))
	require.Equal(t, 401, p.login("alice@demo.test", password))
	req, err := http.NewRequest("POST", "http://"+p.http+"/api/v1/widget/session", strings.NewReader(`{"site_key":"demo"}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+session["token"].(string))
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, 201, res.StatusCode, "signing keys persist")
	s.end(t, syscall.SIGINT)
}

func TestRefusals(t *testing.T) {
	p := newPlace(t)
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"public demo":     {[]string{"serve", "--demo", "--http.listen", "0.0.0.0:0"}, "http.listen: 0.0.0.0:0 is not loopback"},
		"postgres":        {[]string{"serve", "--storage.url", "postgres://x"}, "redis.url: missing"},
		"redis":           {[]string{"serve", "--redis.url", "redis://x"}, "redis.url: a log in Redis goes with rows in PostgreSQL"},
		"role":            {[]string{"serve", "--role", "api"}, "leave --role at all"},
		"max_connections": {[]string{"serve", "--engine.max_connections", "2000000000"}, "engine.max_connections"},
		"no file":         {[]string{"serve", "-c", filepath.Join(p.dir, "none.yaml")}, "none.yaml"},
		"no tenant":       {[]string{"user", "list"}, "uniqchat tenant create"},
		"bad slug":        {[]string{"tenant", "create", "No Slug"}, "a slug is"},
		"no scheme":       {[]string{"tenant", "create", "acme", "--origin", "shop.example"}, "e.g. https://shop.example.com"},
		"path":            {[]string{"tenant", "create", "acme", "--origin", "https://shop.example/"}, "e.g. https://shop.example.com"},
		"capitals":        {[]string{"tenant", "create", "acme", "--origin", "https://Shop.example"}, "e.g. https://shop.example.com"},
		"pattern":         {[]string{"tenant", "create", "acme", "--origin", "https://*.shop.example"}, "e.g. https://shop.example.com"},
		"usual port":      {[]string{"tenant", "create", "acme", "--origin", "https://shop.example:443"}, "write https://shop.example"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := p.run(tc.args...)
			require.Error(t, err)
			require.Contains(t, out, tc.want)
		})
	}
}

// Accounts are made beside a server that is running, and one database is never served twice.
func TestAccountsBesideAServer(t *testing.T) {
	p := newPlace(t)
	require.Contains(t, p.must("migrate"), "up to date")
	out := p.must("tenant", "create", "acme", "--name", "Acme", "--site-key", "acme-key", "--origin", "https://acme.example")
	require.Contains(t, out, "acme-key")
	s := p.serve()
	_, err := p.run("tenant", "create", "acme")
	require.Error(t, err)
	require.Contains(t, p.must("tenant", "list"), "Acme")

	p.env = append(p.env, "UNIQCHAT_PASSWORD=first password")
	p.must("user", "create", "Owner@acme.test", "--role", "owner")
	require.Equal(t, 200, p.login("owner@acme.test", "first password"))
	p.env = append(p.env, "UNIQCHAT_PASSWORD=second password")
	p.must("user", "password", "owner@acme.test")
	require.Equal(t, 401, p.login("owner@acme.test", "first password"))
	require.Equal(t, 200, p.login("owner@acme.test", "second password"))
	require.Contains(t, p.must("user", "list"), "owner@acme.test")
	out, err = p.run("user", "create", "x@acme.test", "--role", "god")
	require.Error(t, err)
	require.Contains(t, out, "use owner")

	status, session := p.post("/api/v1/widget/session", map[string]string{"site_key": "acme-key"})
	require.Equal(t, 201, status, session)
	second := newPlace(t)
	second.env = append(second.env, "UNIQCHAT_DATA_DIR="+p.dir)
	out, err = second.run("serve")
	require.Error(t, err)
	require.Contains(t, out, "being served by another process")
	s.end(t, syscall.SIGTERM)
}

var printedToken = regexp.MustCompile(`id +(\S+)\ntoken +(uq_[0-9a-f]{64})\n`)

// API tokens are made, listed and revoked beside a server that is running.
func TestAPITokens(t *testing.T) {
	p := newPlace(t)
	p.must("migrate")
	p.must("tenant", "create", "acme")
	s := p.serve()
	get := func(path, token string) int {
		req, err := http.NewRequest("GET", "http://"+p.http+path, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		res.Body.Close()
		return res.StatusCode
	}
	for _, bad := range [][]string{
		{"--scope", "*"},
		{"--name", "x"},
		{"--name", "x", "--scope", "everything"},
		{"--name", "x", "--platform", "--scope", "*"},
		{"--name", "x", "--platform", "--tenant", "acme"},
		{"--name", "x", "--scope", "*", "--ttl", "-1h"},
		{"--name", "x", "--scope", "*", "--tenant", "none"},
	} {
		_, err := p.run(append([]string{"token", "create"}, bad...)...)
		require.Error(t, err, bad)
	}
	ours := printedToken.FindStringSubmatch(p.must("token", "create", "--name", "CRM", "--scope", "agents:read", "--ttl", "24h"))
	require.Len(t, ours, 3)
	platform := printedToken.FindStringSubmatch(p.must("token", "create", "--name", "ops", "--platform"))
	require.Len(t, platform, 3)
	require.Equal(t, 200, get("/api/v1/agents", ours[2]))
	require.Equal(t, 403, get("/api/v1/conversations", ours[2]))
	require.Equal(t, 403, get("/api/v1/tenants", ours[2]))
	require.Equal(t, 200, get("/api/v1/tenants", platform[2]))
	require.Equal(t, 403, get("/api/v1/agents", platform[2]))
	list := p.must("token", "list")
	require.Contains(t, list, "CRM")
	require.NotContains(t, list, "ops")
	require.NotContains(t, list, ours[2])
	require.Contains(t, p.must("token", "list", "--platform"), "ops")
	_, err := p.run("token", "revoke", platform[1])
	require.Error(t, err, "it is not the tenant's")
	p.must("token", "revoke", ours[1])
	p.must("token", "revoke", "--platform", platform[1])
	require.Eventually(t, func() bool {
		return get("/api/v1/agents", ours[2]) == 401 && get("/api/v1/tenants", platform[2]) == 401
	}, 5*time.Second, 50*time.Millisecond)
	s.end(t, syscall.SIGTERM)
}

func TestMint(t *testing.T) {
	p := newPlace(t)
	s := p.serve("--demo")
	file := filepath.Join(p.dir, "tokens.jsonl")
	_, err := p.run("token", "mint", "--tenant", "demo", "--agents", "2")
	require.Error(t, err, "there are no such agents yet")
	for range 2 { // the second time they are there
		p.must("token", "mint", "--tenant", "demo", "--visitors", "500", "--agents", "3", "--create-agents", "--out", file, "--ttl", "1000h")
		f, err := os.Open(file)
		require.NoError(t, err)
		defer f.Close()
		count, users := map[string]int{}, map[string]bool{}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var m minted
			require.NoError(t, json.Unmarshal(lines.Bytes(), &m))
			count[m.Role]++
			users[m.User] = true
			if m.Role == "agent" {
				req, err := http.NewRequest("GET", "http://"+p.http+"/api/v1/conversations", nil)
				require.NoError(t, err)
				req.Header.Set("X-API-Token", m.Token)
				res, err := http.DefaultClient.Do(req)
				require.NoError(t, err)
				res.Body.Close()
				require.Equal(t, 200, res.StatusCode)
			}
		}
		require.Equal(t, map[string]int{"visitor": 500, "agent": 3}, count)
		require.Len(t, users, 503)
	}
	require.Equal(t, 401, p.login("bench-agent-1@bench.test", "!"))
	s.end(t, syscall.SIGTERM)
}

func TestReload(t *testing.T) {
	p := newPlace(t)
	file := filepath.Join(p.dir, "uniqchat.yaml")
	config := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	config("limits: {sessions_per_address_per_second: 5}\n")
	p.env = append(p.env, "UNIQCHAT_TEST_X=1")
	s := p.serve("--demo", "-c", file)
	says := func(texts ...string) {
		t.Helper()
		require.NoError(t, s.Process.Signal(syscall.SIGHUP))
		for _, text := range texts {
			require.Eventually(t, func() bool { return strings.Contains(s.log.String(), text) }, 5*time.Second, 10*time.Millisecond, "%s in\n%s", text, s.log)
		}
	}
	config("limits: {sessions_per_address_per_second: 0.001}\ntcp: {listen: off}\nheartbeat: {agent: {ping: 3s}}\n")
	says(`"key":"limits.sessions_per_address_per_second","to":"0.001"`, `restart for it","key":"heartbeat.agent.ping"`)
	status, _ := p.post("/api/v1/widget/session", map[string]string{"site_key": "demo"})
	require.Equal(t, 201, status)
	status, _ = p.post("/api/v1/widget/session", map[string]string{"site_key": "demo"})
	require.Equal(t, 429, status)
	config("nonsense: 1\n")
	says("configuration not reloaded")
	s.end(t, syscall.SIGTERM)
}

// A second signal does not wait for the drain.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "UNIQCHAT_DRAIN_WINDOW=1m", "UNIQCHAT_TCP_LISTEN=127.0.0.1:0")
	s := p.serve("--demo")
	_, session := p.post("/api/v1/widget/session", map[string]string{"site_key": "demo"})
	ws := strings.TrimSuffix(strings.TrimPrefix(session["ws_url"].(string), "ws://"), "/ws")
	c, err := net.Dial("tcp", ws)
	require.NoError(t, err)
	defer c.Close()
	fmt.Fprintf(c, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	_, err = c.Read(make([]byte, 100))
	require.NoError(t, err)
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), "draining") }, 5*time.Second, 10*time.Millisecond)
	wait := time.NewTimer(2 * echo) // what follows sooner counts as the same signal
	<-wait.C
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.done:
		require.Error(t, err, "not a clean end")
	case <-time.After(5 * time.Second):
		t.Fatal("still draining")
	}
}

func TestCheckConfig(t *testing.T) {
	p := newPlace(t)
	out := p.must("check-config")
	for _, want := range []string{"http.listen", "open files", "this machine carries", "drain.window"} {
		require.Contains(t, out, want)
	}
	require.Contains(t, p.must("version"), "uniqchat dev")
}
