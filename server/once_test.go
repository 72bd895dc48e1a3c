package server_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

const idempotency = "Idempotency-Key"

// The same key with the same body is done once, and answered again.
func TestIdempotencyKey(t *testing.T) {
	n := start(t, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, foreign := n.agent(n.other.ID, chat.Owner)
	team := func(token, name, key string) *answer {
		return n.call("POST", "/api/v1/teams", token, `{"name":"`+name+`"}`, idempotency, key)
	}
	teams := func() int { return len(n.call("GET", "/api/v1/teams", boss, nil).data()) }
	first := team(boss, "One", "k-1")
	require.Equal(t, 201, first.status, string(first.raw))
	require.Empty(t, first.header.Get("Idempotency-Replayed"))
	for range 2 {
		again := team(boss, "One", "k-1")
		require.Equal(t, 201, again.status)
		require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		require.Equal(t, string(first.raw), string(again.raw))
		require.Equal(t, first.header.Get("Content-Type"), again.header.Get("Content-Type"))
		require.NotEqual(t, first.header.Get("X-Request-Id"), again.header.Get("X-Request-Id"))
	}
	require.Equal(t, 1, teams())
	other := team(boss, "Two", "k-1")
	require.Equal(t, 409, other.status)
	require.Equal(t, "idempotency_key_reused", other.code())
	require.Equal(t, 409, n.call("POST", "/api/v1/teams?x=1", boss, `{"name":"One"}`, idempotency, "k-1").status, "what is asked is more than the body")
	require.Equal(t, 1, teams())

	// It is the caller's, the tenant's and the route's.
	require.NotEqual(t, first.body["id"], team(admin, "One", "k-1").body["id"])
	require.Equal(t, 201, team(foreign, "One", "k-1").status)
	label := n.call("POST", "/api/v1/labels", boss, `{"name":"One"}`, idempotency, "k-1")
	require.Equal(t, 201, label.status, string(label.raw))
	require.Empty(t, label.header.Get("Idempotency-Replayed"))
	require.Equal(t, 2, teams())

	// A refusal changes nothing, so it frees the key; no key, no promise.
	refused := n.call("POST", "/api/v1/labels", boss, `{"name":"One"}`, idempotency, "k-2")
	require.Equal(t, 409, refused.status)
	require.Equal(t, 400, n.call("POST", "/api/v1/labels", boss, `{}`, idempotency, "k-2").status)
	require.Equal(t, 201, n.call("POST", "/api/v1/labels", boss, `{"name":"Two"}`, idempotency, "k-2").status)
	_, viewer := n.agent(n.tenant.ID, chat.Viewer)
	require.Equal(t, 403, team(viewer, "No", "k-1").status)
	require.Equal(t, 201, n.call("POST", "/api/v1/teams", boss, `{"name":"One"}`).status)
	require.Equal(t, 3, teams())

	// An answer without a body.
	vera, veraToken := n.visitor("shop")
	conv := "/api/v1/conversations/" + n.conversation(n.tenant.ID, vera, "hi").String()
	closed := n.call("POST", conv+"/close", boss, nil, idempotency, "k-3")
	require.Equal(t, 200, closed.status)
	require.Equal(t, 200, n.call("POST", conv+"/reopen", boss, nil, idempotency, "k-3").status, "another route")
	again := n.call("POST", conv+"/close", boss, nil, idempotency, "k-3")
	require.Equal(t, string(closed.raw), string(again.raw))
	require.NotEqual(t, "closed", n.call("GET", conv, boss, nil).body["status"], "it was not closed again")
	require.Equal(t, 200, n.call("POST", conv+"/rating", veraToken, `{"rating":5}`, idempotency, "k-3").status, "visitors have keys too")
}

func TestIdempotencyKeysAreChecked(t *testing.T) {
	n := start(t, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	for _, key := range []string{"a b", "schlüssel", strings.Repeat("k", 256)} {
		got := n.call("POST", "/api/v1/teams", boss, `{"name":"x"}`, idempotency, key)
		require.Equal(t, 400, got.status, key)
		require.Equal(t, "idempotency_key_invalid", got.code())
	}
	require.Equal(t, 201, n.call("POST", "/api/v1/teams", boss, `{"name":"x"}`, idempotency, strings.Repeat("k", 255)).status)
	require.Equal(t, 200, n.call("GET", "/api/v1/teams", boss, nil, idempotency, "a b").status, "only POST has keys")
	require.Equal(t, 201, n.call("POST", session, "", `{"site_key":"shop"}`, idempotency, "a b").status, "nobody is known there")
}

// Many at once, with one key, on two servers: it is done once, and nobody gets another answer.
func TestIdempotencyKeyOfMany(t *testing.T) {
	n := start(t, nil)
	second := n.beside(server.Config{}, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	const keys, each = 5, 12
	answers := make([][]string, keys)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range keys * each {
		wg.Go(func() {
			k := i % keys
			addr := []string{n.HTTPAddr(), second.HTTPAddr()}[i/keys%2]
			for {
				req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+addr+"/api/v1/teams", strings.NewReader(fmt.Sprintf(`{"name":"T%d"}`, k)))
				if err != nil {
					panic(err)
				}
				req.Header.Set("Authorization", "Bearer "+boss)
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set(idempotency, fmt.Sprint("many-", k))
				res, err := n.http.Do(req)
				if err != nil {
					panic(err)
				}
				raw, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil {
					panic(err)
				}
				if res.StatusCode == 409 && bytes.Contains(raw, []byte("idempotency_in_progress")) && res.Header.Get("Retry-After") != "" {
					continue
				}
				mu.Lock()
				answers[k] = append(answers[k], fmt.Sprint(res.StatusCode, string(raw)))
				mu.Unlock()
				return
			}
		})
	}
	wg.Wait()
	require.Len(t, n.call("GET", "/api/v1/teams", boss, nil).data(), keys)
	for k := range answers {
		require.Len(t, answers[k], each)
		for _, a := range answers[k] {
			require.Equal(t, answers[k][0], a)
			require.True(t, strings.HasPrefix(a, "201"), a)
		}
	}
}

// What is shown once is shown again to whoever has the key, and is nowhere in the database.
func TestIdempotencyKeepsSecrets(t *testing.T) {
	n := start(t, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	create := func(key string) *answer {
		return n.call("POST", "/api/v1/api-tokens", boss, `{"name":"crm","scopes":["conversations:read"]}`, idempotency, key)
	}
	key := uuid.NewString()
	first := create(key)
	require.Equal(t, 201, first.status, string(first.raw))
	token := first.body["token"].(string)
	require.Equal(t, token, create(key).body["token"])
	require.Equal(t, 201, create("crm").status)
	gone := create("crm")
	require.Equal(t, 409, gone.status)
	require.Equal(t, "idempotency_answer_gone", gone.code())
	require.Len(t, n.call("GET", "/api/v1/api-tokens", boss, nil).data(), 2)

	for _, file := range []string{n.database, n.database + "-wal"} {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, secret := range []string{token, key, `"token"`} {
			require.False(t, bytes.Contains(raw, []byte(secret)), "%s has %s", file, secret)
		}
	}
}

// A request whose server died is not done again: nobody knows what became of it.
func TestIdempotencyAfterACrash(t *testing.T) {
	n := start(t, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	ask := func() *answer { return n.call("POST", "/api/v1/teams", boss, `{"name":"One"}`, idempotency, "k") }
	require.Equal(t, 201, ask().status)
	db, err := sql.Open("sqlite", "file:"+n.database+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer db.Close()
	// The row as a crash leaves it: begun, never done.
	undone := func(begun time.Time) {
		_, err := db.Exec(`UPDATE onces SET done = 0, answer = NULL, begun_at = $1`, begun.UnixMicro())
		require.NoError(t, err)
	}
	undone(time.Now())
	require.Equal(t, "idempotency_in_progress", ask().code())
	undone(time.Now().Add(-2 * time.Minute))
	got := ask()
	require.Equal(t, 409, got.status)
	require.Equal(t, "idempotency_outcome_unknown", got.code())
	_, err = db.Exec(`UPDATE onces SET expires_at = $1`, time.Now().UnixMicro())
	require.NoError(t, err)
	require.Equal(t, 201, ask().status, "after a day the key is free")
}

// A file that is sent up again with its key is the same file; its name, its conversation and its bytes are what counts.
func TestIdempotencyKeyOfFiles(t *testing.T) {
	n := start(t, nil)
	vera, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, vera, "hi").String()
	send := func(key, name string, content []byte, fields ...string) *answer {
		body, kind := form(t, name, content, fields...) // its boundary is another one each time
		return n.call("POST", "/api/v1/uploads", token, body, "Content-Type", kind, idempotency, key)
	}
	for key, f := range map[string]struct {
		name    string
		content []byte
		fields  []string
	}{"text": {"a.txt", []byte("some words"), nil}, "picture": {"a.png", picture(t, 30, 20), []string{"conversation_id", conv}}} {
		before := len(n.stored())
		first := send(key, f.name, f.content, f.fields...)
		require.Equal(t, 201, first.status, string(first.raw))
		kept := len(n.stored())
		require.Greater(t, kept, before)
		again := send(key, f.name, f.content, f.fields...)
		require.Equal(t, 201, again.status, string(again.raw))
		require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		require.Equal(t, string(first.raw), string(again.raw))
		for _, other := range []*answer{
			send(key, "b"+f.name, f.content, f.fields...),
			send(key, f.name, append([]byte(nil), f.content[:len(f.content)-1]...), f.fields...),
			send(key, f.name, f.content, "conversation_id", chat.NewID[chat.Conversation]().String()),
		} {
			require.Equal(t, 409, other.status, string(other.raw))
			require.Equal(t, "idempotency_key_reused", other.code())
		}
		require.Len(t, n.stored(), kept)
	}
	require.Equal(t, 415, send("refused", "a.svg", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")).status)
	require.Equal(t, 201, send("refused", "a.txt", []byte("words")).status, "a refusal frees the key")
}
