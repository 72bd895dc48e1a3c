package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
)

var update = flag.Bool("update", false, "write the golden texts")

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "uniqchat.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// A file, over it the environment, over that flags.
func TestSourcesInOrder(t *testing.T) {
	file := write(t, `
http: {listen: "127.0.0.1:1"}
ws: {listen: "127.0.0.1:1"}
tcp: {listen: "127.0.0.1:1"}
heartbeat: {visitor: {ping: 7s}}
limits: {visitor: {send_rate: 2.5}}
`)
	flags := pflag.NewFlagSet("x", pflag.ContinueOnError)
	config.AddFlags(flags)
	require.NoError(t, flags.Parse([]string{"--tcp.listen", "127.0.0.1:3", "--drain.window=3s"}))
	c, err := config.Load(config.Sources{File: file, Args: flags, Env: []string{
		"UNIQCHAT_WS_LISTEN=127.0.0.1:2", "UNIQCHAT_TCP_LISTEN=127.0.0.1:2", "UNIQCHAT_LIMITS_VISITOR_SEND_BURST=9", "HOME=/x",
		"UNIQCHAT_SERVICE_HOST=10.0.0.1", "UNIQCHAT_DEMO_PASSWORD=whatever", "UNIQCHAT_ADMIN_ALLOW_REMOTE=true", "UNIQCHAT_DATA_DIR=/d",
	}})
	require.NoError(t, err)
	want := config.Default()
	want.HTTP.Listen, want.WS.Listen, want.TCP.Listen = "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"
	want.Heartbeat.Visitor.Ping = config.Duration(7 * time.Second)
	want.Limits.Visitor.SendRate, want.Limits.Visitor.SendBurst = 2.5, 9
	want.Drain.Window = config.Duration(3 * time.Second)
	want.Admin.AllowRemote = true
	want.DataDir, want.Storage.URL, want.Uploads.Store = "/d", "sqlite:/d/uniqchat.db", "/d/uploads"
	want.Audit.Key, want.Audit.Checkpoint = "/d/audit.key", "/d/audit.checkpoint"
	require.Empty(t, cmp.Diff(want, c))
}

// The names that outside programs set, by file and by environment.
func TestKeys(t *testing.T) {
	have := map[string]string{}
	for _, k := range config.Default().Keys() {
		have[k.Name] = k.Env()
		require.NotEmpty(t, k.Doc, k.Name)
	}
	for _, name := range []string{
		"http.listen", "ws.listen", "ws.public_url", "tcp.listen", "admin.listen", "storage.url", "redis.url", "data_dir", "engine.max_connections",
		"log.level", "storage.ack", "limits.connections_per_address", "limits.sessions_per_address_per_second", "limits.visitor.send_rate",
		"limits.visitor.send_burst", "limits.agent.send_rate", "limits.agent.send_burst", "heartbeat.visitor.ping", "heartbeat.visitor.pong",
		"heartbeat.agent.ping", "heartbeat.agent.pong", "heartbeat.api.ping", "heartbeat.api.pong", "drain.window", "webhooks.allow_networks", "webhooks.timeout",
		"webhooks.retention", "encryption.enabled", "encryption.key_file", "encryption.key",
	} {
		require.Equal(t, "UNIQCHAT_"+strings.ToUpper(strings.ReplaceAll(name, ".", "_")), have[name], name)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	c, err := config.Load(config.Sources{})
	require.NoError(t, err)
	require.Equal(t, "sqlite:data/uniqchat.db", c.Storage.URL)
	require.NoError(t, c.RequireLoopback())
	_, err = config.Load(config.Sources{File: write(t, "# nothing but a comment\n")})
	require.NoError(t, err)
}

// What people see when something is wrong: the place or the key, the reason, the fix.
func TestErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		file string
		env  []string
		args []string
	}{
		"unknown key":      {file: "http:\n  listen: \"127.0.0.1:8080\"\n  lisen: x\n"},
		"unknown section":  {file: "htpp:\n  listen: x\n"},
		"wrong type":       {file: "engine:\n  max_connections: many\n"},
		"bad duration":     {file: "drain:\n  window: 10 seconds\n"},
		"not yaml":         {file: "http: [\n"},
		"twice":            {file: "log:\n  level: info\n  level: debug\n"},
		"unknown variable": {env: []string{"UNIQCHAT_HTTP_LISEN=x"}},
		"bad variable":     {env: []string{"UNIQCHAT_ENGINE_MAX_CONNECTIONS=many", "UNIQCHAT_DRAIN_WINDOW=soon", "UNIQCHAT_ADMIN_ALLOW_REMOTE=perhaps"}},
		"bad flag":         {args: []string{"--limits.visitor.send_rate=fast"}},
		"bad values": {file: `
http: {listen: "8080"}
ws: {public_url: "http://x"}
admin: {listen: "0.0.0.0:8083"}
proxies: {trusted: "10.0.0.0/8, nowhere"}
storage: {url: "mysql://x", ack: sometimes}
redis: {url: "redis://x"}
engine: {max_connections: -1}
log: {level: loud, format: xml}
limits: {sessions_per_address_per_second: -1, visitor: {send_rate: 0, send_burst: 0, window: 100000}, tenant: {request_rate: -1, request_burst: 0}}
heartbeat: {agent: {ping: 1ms, pong: 2h}}
drain: {window: -1s}
webhooks: {allow_networks: "10.0.0.0/8, home", timeout: 1h, retention: 1h}
encryption: {key_file: "keys", key: "secret"}
smtp: {host: "mail.example.com:25", port: 70000, tls: none, username: me, from: "nobody", timeout: 1ms, give_up: 1s, tenant_per_hour: 0, recipient_per_hour: 0}
uploads: {store: "s3://key:secret@host", max_bytes: 1, max_pixels: 0, tenant_bytes: -1, unsent_life: 1s, link_life: 48h}
data_dir: ""
`},
		"no smtp host":             {file: "smtp: {from: \"x@example.com\"}\n"},
		"insecure mail":            {file: "smtp: {host: mail.example.com, tls: none, from: \"x@example.com\"}\n"},
		"mail without links":       {file: "http: {listen: \"0.0.0.0:8080\"}\nsmtp: {host: mail.example.com, from: \"x@example.com\"}\n"},
		"a public path":            {file: "http: {public_url: \"https://x.example/chat?a\"}\n"},
		"two passwords":            {file: "smtp: {host: x.example, from: \"x@example.com\", username: a, password: b, password_file: c}\n"},
		"embedder":                 {file: "ai: {embedder: openai, embedder_url: \"https://x:secret@y\", embedder_dimensions: 5000}\n"},
		"embedder without a model": {file: "ai: {embedder: openai, embedder_url: \"https://api.example/v1\"}\n"},
		"another embedder":         {file: "ai: {embedder: none, embedder_key: secret}\n"},
		"two keys":                 {file: "ai: {embedder: openai, embedder_key: a, embedder_key_file: b}\n"},
		"same address":             {file: "http: {listen: \"127.0.0.1:9000\"}\nws: {listen: \"127.0.0.1:9000\"}\n"},
		"postgres":                 {env: []string{"UNIQCHAT_STORAGE_URL=postgres://user:secret@host/db"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := config.Sources{Env: tc.env}
			if tc.file != "" {
				s.File = write(t, tc.file)
			}
			if tc.args != nil {
				s.Args = pflag.NewFlagSet("x", pflag.ContinueOnError)
				config.AddFlags(s.Args)
				require.NoError(t, s.Args.Parse(tc.args))
			}
			_, err := config.Load(s)
			require.Error(t, err)
			got := err.Error() + "\n"
			if s.File != "" {
				got = strings.ReplaceAll(got, s.File, "uniqchat.yaml")
			}
			require.NotContains(t, got, "secret")
			golden := filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".txt")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

// What check-config prints is copied into reports: passwords are no part of it.
func TestShownWithoutPasswords(t *testing.T) {
	cfg, err := config.Load(config.Sources{Env: []string{
		"UNIQCHAT_STORAGE_URL=postgres://user:s3cr@t@db.example:5432/chat", "UNIQCHAT_REDIS_URL=redis://:s3cret@a:1,b:2", "UNIQCHAT_UPLOADS_STORE=s3://key:s3cret%2F@h:9/b",
	}})
	require.NoError(t, err)
	shown := map[string]string{}
	for _, k := range cfg.Keys() {
		shown[k.Name] = k.Shown()
		require.NotContains(t, k.Shown(), "s3cr", k.Name)
	}
	require.Equal(t, "postgres://user:***@db.example:5432/chat", shown["storage.url"])
	require.Equal(t, "redis://:***@a:1,b:2", shown["redis.url"])
	require.Equal(t, "s3://key:***@h:9/b", shown["uploads.store"])
	require.Equal(t, "127.0.0.1:8080", shown["http.listen"])
}

func TestDemoStaysOnLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:8080", ":8080", "192.168.1.1:8080", "[::]:8080", "example.com:8080"} {
		c := config.Default()
		c.HTTP.Listen = addr
		require.ErrorContains(t, c.RequireLoopback(), "http.listen", addr)
	}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:8080", "localhost:8080", "127.9.9.9:1"} {
		c := config.Default()
		c.HTTP.Listen = addr
		require.NoError(t, c.RequireLoopback(), addr)
	}
}
