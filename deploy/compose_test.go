package deploy_test

import (
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
)

// service is every field that our compose files use; another name is a mistake until it is added here.
type service struct {
	Image       string            `yaml:"image"`
	Build       *build            `yaml:"build"`
	Entrypoint  []string          `yaml:"entrypoint"`
	Command     []string          `yaml:"command"`
	MemLimit    string            `yaml:"mem_limit"`
	Environment map[string]string `yaml:"environment"`
	DependsOn   any               `yaml:"depends_on"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Networks    []string          `yaml:"networks"`
	Profiles    []string          `yaml:"profiles"`
	Ulimits     map[string]any    `yaml:"ulimits"`
	Healthcheck *struct {
		Test        any    `yaml:"test"`
		Interval    string `yaml:"interval"`
		Timeout     string `yaml:"timeout"`
		Retries     int    `yaml:"retries"`
		StartPeriod string `yaml:"start_period"`
	} `yaml:"healthcheck"`
	StopGracePeriod string         `yaml:"stop_grace_period"`
	Restart         string         `yaml:"restart"`
	ShmSize         string         `yaml:"shm_size"`
	Logging         map[string]any `yaml:"logging"`
}

type build struct {
	Context    string            `yaml:"context"`
	Dockerfile string            `yaml:"dockerfile"`
	Args       map[string]string `yaml:"args"`
}

type composition struct {
	Name     string
	Services map[string]service
	Networks map[string]any
	Volumes  map[string]any
}

// variable is a reference to the environment in a compose file: name, and what stands for it.
var variable = regexp.MustCompile(`\$\{(\w+)(?:(:[-?])([^}]*))?\}`)

// compose reads a compose file: keys that it may not have are errors, variables must be told in env.example.
func compose(t *testing.T, path string) composition {
	t.Helper()
	text := read(t, path)
	for _, v := range variable.FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`(?m)^(# )?`+v[1]+`=`).MatchString(read(t, "env.example")) && v[2] != ":-" {
			t.Errorf("%s: %s is not in env.example", path, v[1])
		}
		if strings.Contains(v[1], "PASSWORD") {
			require.Equal(t, ":?", v[2], "%s: %s must have no default", path, v[1])
		}
	}
	text = variable.ReplaceAllStringFunc(text, func(s string) string {
		if v := variable.FindStringSubmatch(s); v[2] == ":-" {
			return v[3]
		}
		return "x"
	})
	var top map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &top))
	for name := range top {
		if !slices.Contains([]string{"name", "services", "networks", "volumes"}, name) && !strings.HasPrefix(name, "x-") {
			t.Errorf("%s: %s is no key of a compose file", path, name)
		}
		if strings.HasPrefix(name, "x-") {
			delete(top, name)
		}
	}
	plain, err := yaml.Marshal(top)
	require.NoError(t, err)
	var c composition
	require.NoError(t, yaml.UnmarshalWithOptions(plain, &c, yaml.Strict()), "%s", path)
	require.NotEmpty(t, c.Services)
	for name, s := range c.Services {
		c.checkService(t, path+": "+name, &s)
	}
	return c
}

// checkService holds what every service keeps to: names lead somewhere, mounted files exist, images are pinned.
func (c *composition) checkService(t *testing.T, at string, s *service) {
	t.Helper()
	require.Regexp(t, `^[a-z0-9./_-]+:[a-z0-9.]+$`, s.Image, at)
	require.NotContains(t, s.Image, ":latest", at)
	if s.Build != nil {
		require.Equal(t, build{Context: "..", Dockerfile: "deploy/Dockerfile", Args: map[string]string{"VERSION": "dev"}}, *s.Build, at)
	}
	for _, name := range namesOf(s.DependsOn) {
		require.Contains(t, c.Services, name, at)
		if m, ok := s.DependsOn.(map[string]any); ok {
			condition := m[name].(map[string]any)["condition"]
			require.Contains(t, []any{"service_healthy", "service_completed_successfully"}, condition, at)
			require.False(t, condition == "service_healthy" && c.Services[name].Healthcheck == nil, "%s: %s has no health check", at, name)
		}
	}
	for _, name := range s.Networks {
		require.Contains(t, c.Networks, name, at)
	}
	for _, v := range s.Volumes {
		from, to, ok := strings.Cut(v, ":")
		require.True(t, ok && strings.HasPrefix(to, "/"), "%s: %s", at, v)
		if !strings.HasPrefix(from, "./") {
			require.Contains(t, c.Volumes, from, at)
			continue
		}
		_, err := os.Stat(from)
		require.NoError(t, err, at)
		require.True(t, strings.HasSuffix(to, ":ro"), "%s: %s can be written", at, v)
	}
	for _, p := range s.Ports {
		require.NotRegexp(t, `:8083(/|$)`, p, "%s publishes the admin listener", at)
		require.NotRegexp(t, `:(6379|5432|9090)(/|$)`, p, "%s publishes a database", at)
	}
	if s.Healthcheck != nil {
		for _, d := range []string{s.Healthcheck.Interval, s.Healthcheck.Timeout} {
			_, err := time.ParseDuration(d)
			require.NoError(t, err, at)
		}
		require.Positive(t, s.Healthcheck.Retries, at)
	}
	require.Equal(t, "json-file", s.Logging["driver"], "%s: without a bound its log fills the disk", at)
	if strings.HasPrefix(s.Image, "uniqchat:") {
		checkNode(t, at, s)
	}
}

// namesOf lists the services that depends_on names, in either form.
func namesOf(dependsOn any) (names []string) {
	switch v := dependsOn.(type) {
	case []any:
		for _, name := range v {
			names = append(names, name.(string))
		}
	case map[string]any:
		for name := range v {
			names = append(names, name)
		}
	}
	return names
}

// checkNode loads the configuration that a container of ours would find.
func checkNode(t *testing.T, at string, s *service) *config.Config {
	t.Helper()
	var env []string
	for name, value := range s.Environment {
		if strings.HasPrefix(name, "UNIQCHAT_") {
			env = append(env, name+"="+value)
		}
	}
	file := "/etc/uniqchat/uniqchat.yaml" // of the image
	if s.Entrypoint != nil {
		file = "/app/config.yaml"
		require.Equal(t, []string{"/uniqchat", "-c", file}, s.Entrypoint, at)
		require.Contains(t, s.Volumes, "./container.yaml:"+file+":ro", at)
	}
	c, err := config.Load(config.Sources{File: "container.yaml", Env: env})
	require.NoError(t, err, at)
	require.Equal(t, "fsync", c.Storage.Ack, at)
	if s.StopGracePeriod != "" {
		grace, err := time.ParseDuration(s.StopGracePeriod)
		require.NoError(t, err, at)
		require.Greater(t, grace, time.Duration(c.Drain.Window)+10*time.Second, "%s would be killed in its drain", at)
	}
	if s.Healthcheck != nil {
		require.Equal(t, []any{"CMD", "/uniqchat", "-c", file, "ready"}, s.Healthcheck.Test, at)
		require.NotEqual(t, config.Off, c.Admin.Listen, at)
	}
	return c
}

// One node on loopback with its services; the schema is migrated first.
func TestCompose(t *testing.T) {
	c := compose(t, "docker-compose.yml")
	require.ElementsMatch(t, []string{"node", "migrate", "redis", "postgres"}, keysOf(c.Services))
	node := c.Services["node"]
	for _, p := range node.Ports {
		require.True(t, strings.HasPrefix(p, "127.0.0.1:"), "%s is open to everybody", p)
	}
	cfg := checkNode(t, "node", &node)
	require.Equal(t, "ws://127.0.0.1:8081/ws", cfg.WS.PublicURL)
	require.Contains(t, node.Ports, "127.0.0.1:8081:"+port(t, cfg.WS.Listen))
	require.Contains(t, node.Ports, "127.0.0.1:8080:"+port(t, cfg.HTTP.Listen))
	require.Equal(t, "service_completed_successfully", node.DependsOn.(map[string]any)["migrate"].(map[string]any)["condition"])
	require.Equal(t, []string{"migrate"}, c.Services["migrate"].Command)
	require.Equal(t, node.Environment, c.Services["migrate"].Environment)
	checkServers(t, &c)
}

// Three nodes that are the same in everything, behind Caddy, which is all that the internet sees.
func TestComposeProd(t *testing.T) {
	c := compose(t, "docker-compose.prod.yml")
	node := c.Services["node1"]
	for _, name := range []string{"node2", "node3"} {
		if d := cmp.Diff(node, c.Services[name]); d != "" {
			t.Errorf("%s is not as node1:\n%s", name, d)
		}
	}
	for name, s := range c.Services {
		if name != "caddy" {
			for _, p := range s.Ports {
				require.True(t, strings.HasPrefix(p, "127.0.0.1:"), "%s: %s", name, p)
			}
		}
	}
	require.Empty(t, node.Ports)
	cfg := checkNode(t, "node1", &node)
	require.Equal(t, "wss://x/ws", cfg.WS.PublicURL)
	require.Equal(t, "https://x", cfg.HTTP.PublicURL)
	require.Equal(t, "2g", node.MemLimit)
	require.Equal(t, "1700MiB", node.Environment["GOMEMLIMIT"])
	for _, name := range []string{"prometheus", "grafana"} {
		require.Empty(t, c.Services[name].Profiles, name)
	}
	require.Equal(t, "json", cfg.Log.Format)
	proxies, err := cfg.TrustedProxies()
	require.NoError(t, err)
	subnet := c.Networks["front"].(map[string]any)["ipam"].(map[string]any)["config"].([]any)[0].(map[string]any)["subnet"]
	require.Equal(t, subnet, proxies[0].String(), "Caddy's network is the one that is trusted")
	require.NotContains(t, c.Services["redis"].Networks, "front")
	require.NotContains(t, c.Services["postgres"].Networks, "front")
	checkServers(t, &c)

	// Caddy knows the nodes and their ports, as the program listens.
	caddy := read(t, "caddy/Caddyfile")
	targets := func(listen string) string {
		p := port(t, listen)
		return "node1:" + p + " node2:" + p + " node3:" + p
	}
	require.Regexp(t, `handle /ws \{\s+reverse_proxy \{\$WS_NODES:`+targets(cfg.WS.Listen)+`\}`, caddy)
	require.Regexp(t, `handle \{\s+reverse_proxy \{\$HTTP_NODES:`+targets(cfg.HTTP.Listen)+`\}`, caddy)
	require.Contains(t, caddy, "health_port {$ADMIN_PORT:"+port(t, cfg.Admin.Listen)+"}")
	require.Contains(t, caddy, "health_uri /readyz")
	for _, v := range regexp.MustCompile(`\{\$(\w+)\}`).FindAllStringSubmatch(caddy, -1) {
		require.Contains(t, c.Services["caddy"].Environment, v[1], "a variable of the Caddyfile without a default")
	}
	// And Prometheus scrapes what there is.
	for _, target := range regexp.MustCompile(`[a-z0-9-]+:\d{4}`).FindAllString(strings.SplitN(read(t, "prometheus.yml"), "scrape_configs", 2)[1], -1) {
		host, p, err := net.SplitHostPort(target)
		require.NoError(t, err)
		require.Contains(t, c.Services, host)
		if strings.HasPrefix(host, "node") {
			require.Equal(t, port(t, cfg.Admin.Listen), p)
		}
	}
}

// checkServers holds how Redis and PostgreSQL are started: with our configurations, and behind a password.
func checkServers(t *testing.T, c *composition) {
	t.Helper()
	redis := c.Services["redis"]
	require.Equal(t, []string{"redis-server", "/etc/redis/redis.conf"}, redis.Command[:2])
	require.Contains(t, redis.Volumes, "./redis/redis.conf:/etc/redis/redis.conf:ro")
	require.Contains(t, redis.Volumes, "redis:/data")
	require.Contains(t, strings.Join(redis.Command, " "), "--dir /data --bind 0.0.0.0 --requirepass x")
	postgres := c.Services["postgres"]
	require.Equal(t, []string{"postgres", "-c", "config_file=/etc/postgresql/postgresql.conf"}, postgres.Command)
	require.Contains(t, postgres.Volumes, "./postgres/postgresql.conf:/etc/postgresql/postgresql.conf:ro")
	require.Contains(t, postgres.Volumes, "postgres:/var/lib/postgresql/data")
}

func keysOf[V any](m map[string]V) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	return names
}

func port(t *testing.T, listen string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(listen)
	require.NoError(t, err)
	return p
}
