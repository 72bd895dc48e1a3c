// Package deploy_test holds the files of this folder against the program: keys, ports, paths, metrics. Redis and PostgreSQL are
// started with the shipped configurations; images are not built, because that needs a Docker engine.
package deploy_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

// leaves adds the dotted names of a file's keys.
func leaves(prefix string, m map[string]any, to map[string]bool) {
	for name, v := range m {
		if inner, ok := v.(map[string]any); ok {
			leaves(prefix+name+".", inner, to)
			continue
		}
		to[prefix+name] = true
	}
}

// uniqchat.example.yaml has every key, each with words above it, and says the defaults.
func TestExample(t *testing.T) {
	const path = "uniqchat.example.yaml"
	text := read(t, path)
	var m map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &m))
	have := map[string]bool{}
	leaves("", m, have)
	want := map[string]bool{}
	for _, k := range config.Default().Keys() {
		want[k.Name] = true
		if !have[k.Name] {
			t.Errorf("%s lacks %s: add it with its default, %q, and a comment: %s", path, k.Name, k.String(), k.Doc)
		}
	}
	for name := range have {
		if !want[name] {
			t.Errorf("%s has %s, which is no key (any more)", path, name)
		}
	}
	fromFile, err := config.Load(config.Sources{File: path})
	require.NoError(t, err)
	defaults, err := config.Load(config.Sources{})
	require.NoError(t, err)
	if d := cmp.Diff(defaults, fromFile); d != "" {
		t.Errorf("%s must say the defaults (- default, + file):\n%s", path, d)
	}
	lines := strings.Split(text, "\n")
	leaf := regexp.MustCompile(`^\s*[a-z_]+: \S`)
	for i, line := range lines {
		if leaf.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "#") {
			t.Errorf("%s:%d: %q has no comment above it", path, i+1, strings.TrimSpace(line))
		}
	}
}

// The image's own configuration is valid, and reachable from outside the container only where it should be.
func TestContainer(t *testing.T) {
	c, err := config.Load(config.Sources{File: "container.yaml"})
	require.NoError(t, err)
	require.Equal(t, "0.0.0.0:8080", c.HTTP.Listen)
	require.Equal(t, "0.0.0.0:8081", c.WS.Listen)
	require.Equal(t, config.Off, c.TCP.Listen)
	require.Equal(t, "127.0.0.1:8083", c.Admin.Listen)
}

// The Dockerfile copies files that exist, builds with the module's Go, without cgo, and runs as nobody.
func TestDockerfile(t *testing.T) {
	text := read(t, "Dockerfile")
	instructions := regexp.MustCompile(`(?m)^([A-Z]+) (.*(?:\\\n.*)*)$`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, instructions)
	known := strings.Fields("FROM WORKDIR ENV COPY RUN ARG VOLUME EXPOSE ENTRYPOINT CMD")
	for _, in := range instructions {
		require.Contains(t, known, in[1])
		args := strings.Fields(in[2])
		if in[1] != "COPY" || strings.HasPrefix(args[0], "--from=") {
			continue
		}
		for _, src := range args[:len(args)-1] {
			_, err := os.Stat(filepath.Join("..", src))
			require.NoError(t, err, "COPY %s", in[2])
		}
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))[1]
	require.Contains(t, text, "FROM golang:"+version+"-")
	require.Contains(t, text, "CGO_ENABLED=0")
	require.Contains(t, text, ":nonroot\n")
	require.Contains(t, text, "-X main.version=", "the variable of cmd/uniqchat")
	require.Contains(t, text, `ENTRYPOINT ["/uniqchat", "-c", "/etc/uniqchat/uniqchat.yaml"]`)
	require.Contains(t, text, "COPY deploy/container.yaml /etc/uniqchat/uniqchat.yaml")
	ports := regexp.MustCompile(`(?m)^EXPOSE (.*)$`).FindStringSubmatch(text)[1]
	c := config.Default()
	for _, listen := range []string{c.HTTP.Listen, c.WS.Listen, c.TCP.Listen, c.Admin.Listen} {
		require.Contains(t, strings.Fields(ports), listen[strings.LastIndexByte(listen, ':')+1:])
	}
	// What the build needs is not ignored: everything that the program embeds.
	ignored := strings.Fields(read(t, "Dockerfile.dockerignore"))
	for _, needed := range []string{"web/dist", "storage", "go.mod", "deploy", "deploy/container.yaml"} {
		require.NotContains(t, ignored, needed)
	}
}

// Every YAML file of the folder parses, and no file but the example of the environment has an empty password.
func TestEveryFileParses(t *testing.T) {
	var seen []string
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".yml" && ext != ".yaml" {
			return err
		}
		seen = append(seen, path)
		var v map[string]any
		if err := yaml.Unmarshal([]byte(read(t, path)), &v); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return nil
	}))
	require.GreaterOrEqual(t, len(seen), 7)
	require.True(t, slices.Contains(seen, "docker-compose.yml"))
}
