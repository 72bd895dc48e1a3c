package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// both calls two functions at once.
func both(a, b func()) {
	var wg sync.WaitGroup
	wg.Go(a)
	wg.Go(b)
	wg.Wait()
}

// Whoever changes an agent's name while somebody else locks the agent does not unlock it, nor gives a role back.
func TestHoleLockedAgentComesBack(t *testing.T) {
	n := start(t, nil)
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	for i := range 40 {
		g, _ := n.agent(n.tenant.ID, chat.Admin)
		path := "/api/v1/agents/" + g.ID.String()
		both(func() { n.call("PATCH", path, owner, map[string]any{"disabled": true, "role": "viewer"}) },
			func() { n.call("PATCH", path, owner, map[string]any{"name": fmt.Sprint("Renamed ", i)}) })
		got := n.call("GET", path, owner, nil).body
		require.Equal(t, []any{true, "viewer", fmt.Sprint("Renamed ", i)}, []any{got["disabled"], got["role"], got["name"]})
	}
}

// A site key's secret that leaked and was ended does not come back with a change of its origins, nor a deleted key.
func TestHoleEndedSecretComesBack(t *testing.T) {
	n := start(t, nil)
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	for i := range 40 {
		made := n.call("POST", "/api/v1/site-keys", owner, map[string]any{"name": "x"})
		path := "/api/v1/site-keys/" + made.body["key"].(string)
		var rotated *answer
		both(func() { rotated = n.call("POST", path+"/rotate-secret", owner, map[string]any{"end_old": true}) },
			func() {
				n.call("PATCH", path, owner, map[string]any{"origins": []string{fmt.Sprintf("https://%d.test", i)}})
			})
		k, err := n.kept.Store.SiteKey(context.Background(), made.body["key"].(string))
		require.NoError(t, err)
		require.Equal(t, []string{rotated.body["secret"].(string)}, k.Secrets)
		require.Equal(t, []string{fmt.Sprintf("https://%d.test", i)}, k.Origins)
		both(func() { n.call("DELETE", path, owner, nil) }, func() { n.call("PATCH", path, owner, map[string]any{"name": "y"}) })
		_, err = n.kept.Store.SiteKey(context.Background(), k.Key)
		require.Equal(t, chat.NotFound, chat.CodeOf(err))
	}
}

// Who opens connections and says that a large body follows takes no memory by that.
func TestHoleClaimedLength(t *testing.T) {
	n := start(t, nil)
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	const many = 60
	for range many {
		c, err := net.Dial("tcp", n.HTTPAddr())
		require.NoError(t, err)
		defer c.Close()
		_, err = fmt.Fprintf(c, "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", 1<<20, strings.Repeat(" ", 16<<10))
		require.NoError(t, err)
	}
	most := int64(0)
	for range 20 { // until all of them are being read
		time.Sleep(50 * time.Millisecond)
		most = max(most, heap()-before)
	}
	require.Less(t, most, int64(many<<20)/4)
}

// A visitor can't make a transcript that fills the memory.
func TestHoleLongTranscript(t *testing.T) {
	n := start(t, nil)
	vera, token := n.visitor("shop")
	texts := make([]string, 90)
	for i := range texts {
		texts[i] = strings.Repeat("x", 60<<10)
	}
	conv := n.conversation(n.tenant.ID, vera, texts...)
	got := n.call("GET", "/api/v1/conversations/"+conv.String()+"/transcript", token, nil, "Accept-Language", "en")
	require.Equal(t, http.StatusOK, got.status)
	require.Less(t, len(got.raw), 5<<20)
	require.Contains(t, string(got.raw), "the rest is left out")
}
