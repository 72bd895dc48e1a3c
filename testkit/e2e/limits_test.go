package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/process"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// Two processes share a tenant's bucket to 2 %, and of many requests with one Idempotency-Key that reach both, one is done.
func TestLimitsOfTwoNodes(t *testing.T) {
	const rate, burst = 50, 600
	shared.once.Do(func() {
		shared.postgres, shared.err = services.StartPostgres(context.Background(), services.PostgresOptions{})
	})
	require.NoError(t, shared.err)
	ctx := within(t, 5*time.Minute)
	database, err := shared.postgres.NewDatabase(ctx)
	require.NoError(t, err)
	redis, err := services.StartRedis(ctx, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = redis.Close() })
	env := []string{
		"UNIQCHAT_STORAGE_URL=" + database, "UNIQCHAT_REDIS_URL=" + redis.URL(),
		fmt.Sprintf("UNIQCHAT_LIMITS_TENANT_REQUEST_RATE=%d", rate), fmt.Sprintf("UNIQCHAT_LIMITS_TENANT_REQUEST_BURST=%d", burst),
	}
	nodes := []*process.Server{process.Start(t, process.Options{Env: env}), process.Start(t, process.Options{Env: env})}
	admin, err := (&api.API{Base: nodes[0].BaseURL()}).Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	call := func(node int, method, path, body, key string) (status int, answer string) {
		req, err := http.NewRequestWithContext(ctx, method, nodes[node%2].BaseURL()+path, strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		req.Header.Set("Authorization", "Bearer "+admin.AccessToken)
		req.Header.Set("Content-Type", "application/json")
		if key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Errorf("%s %s: %v", method, path, err)
			return 0, ""
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
		return res.StatusCode, string(raw)
	}

	var once sync.WaitGroup
	var made sync.Map
	for i := range 20 {
		once.Go(func() {
			if status, answer := call(i, http.MethodPost, "/api/v1/teams", `{"name":"One"}`, "two-nodes"); status != http.StatusConflict {
				made.Store(fmt.Sprint(status, answer), true)
			}
		})
	}
	once.Wait()
	answers := 0
	made.Range(func(_, _ any) bool { answers++; return true })
	require.Equal(t, 1, answers, "everybody who was answered was answered the same")
	_, list := call(1, http.MethodGet, "/api/v1/teams", "", "")
	require.Equal(t, 1, strings.Count(list, `"One"`), list)

	// The bucket is full again, then emptied, then asked for some seconds more.
	for full := false; !full; time.Sleep(2 * time.Second / rate) { // asks at half the rate that fills it
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, nodes[0].BaseURL()+"/api/v1/nothing", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+admin.AccessToken)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		left, err := strconv.Atoi(res.Header.Get("RateLimit-Remaining"))
		require.NoError(t, err)
		full = left >= burst-1 // but for the one that asked
	}
	begun := time.Now()
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for {
				status, _ := call(w, http.MethodGet, "/api/v1/nothing", "", "")
				switch {
				case status == http.StatusNotFound:
					admitted.Add(1)
				case status != http.StatusTooManyRequests:
					t.Errorf("HTTP %d", status)
					return
				case time.Since(begun) > 5*time.Second:
					return
				default:
					time.Sleep(2 * time.Millisecond) // the servers' processor time
				}
			}
		})
	}
	wg.Wait()
	allowed := burst + rate*time.Since(begun).Seconds()
	t.Logf("%d admitted, %.1f allowed (%+.2f %%)", admitted.Load(), allowed, 100*(float64(admitted.Load())/allowed-1))
	require.InEpsilon(t, allowed, admitted.Load(), 0.02)
}
