package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/embedding"
)

func (p *place) metrics() string {
	p.t.Helper()
	res, err := http.Get("http://" + p.adm + "/metrics")
	require.NoError(p.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return string(b)
}

// A server's model from the configuration to the index: a wrong key is told in the log, without the key; with the right one the demo's knowledge is embedded.
func TestEmbedderOfAServer(t *testing.T) {
	p, s := newPlace(t), embedding.Start(t)
	p.env = append(p.env, "UNIQCHAT_AI_EMBEDDER=openai", "UNIQCHAT_AI_EMBEDDER_URL="+s.URL, "UNIQCHAT_AI_EMBEDDER_MODEL=small", "UNIQCHAT_AI_EMBEDDER_DIMENSIONS=48")
	env := p.env
	p.env = append(env, "UNIQCHAT_AI_EMBEDDER_KEY=sk-wrong")
	require.NotContains(t, p.must("check-config"), "sk-wrong")
	run := p.serve("--demo")
	require.Eventually(t, func() bool {
		return strings.Contains(run.log.String(), "engine embedder: refused (HTTP 401): look at the url, the key and the model's name")
	}, 30*time.Second, 20*time.Millisecond, run.log)
	run.end(t, syscall.SIGTERM)
	require.NotContains(t, run.log.String(), "sk-wrong")

	file := filepath.Join(p.dir, "key")
	require.NoError(t, os.WriteFile(file, []byte(embedding.Key+"\n"), 0o600))
	p.env = append(env, "UNIQCHAT_AI_EMBEDDER_KEY_FILE="+file)
	run = p.serve("--demo")
	require.Eventually(t, func() bool { return strings.Contains(run.log.String(), "knowledge indexed") }, 60*time.Second, 50*time.Millisecond, run.log)
	m := p.metrics()
	require.NotContains(t, m, "uniqchat_knowledge_embedded_chunks_total 0\n")
	require.Contains(t, m, "uniqchat_knowledge_embedded_chunks_total")
	for _, q := range s.Seen() {
		require.Equal(t, "small", q.Model)
		require.Equal(t, 48, q.Dims)
	}
	run.end(t, syscall.SIGTERM)
	require.NotContains(t, run.log.String(), embedding.Key)
}
