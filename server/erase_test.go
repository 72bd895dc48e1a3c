package server_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// secret is planted everywhere, needle looked for: an index may store a word without its first letters.
const (
	secret = "rumpelstilzchenqx"
	needle = "stilzchenqx"
)

// looked are the texts that are looked for.
var looked = []string{needle, hex.EncodeToString([]byte(needle))}

// places are where something of a person may be kept: each tells where the needle is in it.
type places map[string]func(t *testing.T) []string

func inDir(dir string) func(t *testing.T) []string {
	return func(t *testing.T) (found []string) {
		t.Helper()
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if bytes.Contains(bytes.ToLower(b), []byte(needle)) {
				found = append(found, d.Name())
			}
			return nil
		}))
		return found
	}
}

// inPostgres looks through every column of every row.
func inPostgres(url string) func(t *testing.T) []string {
	return func(t *testing.T) (found []string) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), url)
		require.NoError(t, err)
		defer func() { _ = c.Close(context.Background()) }()
		_, err = c.Exec(t.Context(), `SET uniqchat.system = 'on'`)
		require.NoError(t, err)
		rows, err := c.Query(t.Context(), `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace`)
		require.NoError(t, err)
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Greater(t, len(tables), 20)
		for _, table := range tables {
			var n int
			require.NoError(t, c.QueryRow(t.Context(), `SELECT count(*) FROM `+table+` AS r WHERE lower(r::text) LIKE $1 OR lower(r::text) LIKE $2`,
				"%"+looked[0]+"%", "%"+looked[1]+"%").Scan(&n))
			if n > 0 {
				found = append(found, table)
			}
		}
		return found
	}
}

// inRedis looks through every key.
func inRedis(url string) func(t *testing.T) []string {
	return func(t *testing.T) (found []string) {
		t.Helper()
		o, err := goredis.ParseURL(url)
		require.NoError(t, err)
		c := goredis.NewClient(o)
		defer c.Close()
		keys, err := c.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		require.NotEmpty(t, keys)
		for _, k := range keys {
			var all any
			switch kind := c.Type(t.Context(), k).Val(); kind {
			case "string":
				if all, err = c.Get(t.Context(), k).Result(); errors.Is(err, goredis.Nil) {
					continue // its time was over since it was named
				}
			case "hash":
				all, err = c.HGetAll(t.Context(), k).Result()
			case "stream":
				all, err = c.XRange(t.Context(), k, "-", "+").Result()
			case "none":
			default:
				t.Fatalf("what is a %s?", kind)
			}
			require.NoError(t, err)
			if strings.Contains(strings.ToLower(fmt.Sprint(all)), needle) {
				found = append(found, k)
			}
		}
		return found
	}
}

func TestEraseSQLite(t *testing.T) { testErase(t, alone) }

func TestErasePostgres(t *testing.T) { testErase(t, cluster) }

func TestEraseSealedSQLite(t *testing.T) { testErase(t, sealed(alone)) }

func TestEraseSealedPostgres(t *testing.T) { testErase(t, sealed(cluster)) }

// backEnd makes storage, and tells where something may be left in it.
type backEnd func(t *testing.T) (storage.Options, places)

// alone is storage in a file.
func alone(t *testing.T) (storage.Options, places) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	return storage.Options{URL: "sqlite:" + path}, places{"database": inSQLite(path)}
}

// cluster is storage on PostgreSQL and Redis, and where something may be left in them.
func cluster(t *testing.T) (storage.Options, places) {
	t.Helper()
	rows, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = rows.Close() })
	redis, err := services.StartRedis(t.Context(), services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = redis.Close() })
	url, err := rows.NewDatabase(t.Context())
	require.NoError(t, err)
	o := storage.Options{URL: url, Redis: redis.URL()}
	require.NoError(t, storage.Migrate(t.Context(), o))
	return o, places{"database": inPostgres(url), "redis": inRedis(redis.URL())}
}

// testErase plants a secret wherever something of a person can be, erases the person, and looks for it in every store.
func testErase(t *testing.T, on backEnd) {
	o, where := on(t)
	said := new(sayings)
	n := startOn(t, o, func(c *server.Config) {
		c.SessionsPerAddress = 0
		c.Logger = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	where["uploads"] = inDir(n.shelf)
	owner := n.owner()
	hook := n.call("POST", "/api/v1/webhooks", owner, map[string]any{"url": "https://example.com/hook", "events": []string{"*"}})
	require.Equal(t, 201, hook.status, string(hook.raw))
	open := func() *answer {
		mac := hmac.New(sha256.New, []byte("secret"))
		mac.Write([]byte(secret))
		return n.call("POST", "/api/v1/widget/session", "", map[string]any{
			"site_key": "shop", "external_id": secret, "identity_hmac": hex.EncodeToString(mac.Sum(nil)), "name": secret, "email": secret + "@x.test",
			"locale": "zh-CN", "attributes": map[string]any{"a": secret}, "fingerprint": secret,
		})
	}
	session := open()
	require.Equal(t, 201, session.status, string(session.raw))
	token, visitor := session.body["token"].(string), session.body["visitor"].(map[string]any)["id"].(string)
	first := n.plant(token, owner, visitor)
	require.Equal(t, 200, n.call("POST", "/api/v1/conversations/"+first+"/close", owner, nil).status)
	second := n.plant(token, owner, visitor)
	n.uploaded(token, secret+".txt", []byte("unsent "+secret))
	n.left(token, secret)
	n.delivered(token, second)
	kept := n.keptAnswers(owner, second, visitor)
	table := n.exported(owner, `{"kind":"messages"}`)
	require.Contains(t, string(n.call("GET", table+"/file", owner, nil).raw), secret)
	rows := where["database"]
	n.sealing(o, where)
	bystander := n.conversation(n.tenant.ID, chat.NewID[chat.Visitor](), "of somebody else")
	l := dialLine(t, n.TCPAddr(), token)
	for name, look := range where {
		require.NotEmpty(t, look(t), "nothing was planted in the %s", name)
	}
	before := n.call("GET", "/api/v1/conversations/"+first, owner, nil).body
	export := n.call("GET", visitorsPath+"/"+visitor+"/export", owner, nil)
	require.Greater(t, strings.Count(string(export.raw), secret), 20)

	_, foreign := n.agent(n.other.ID, chat.Owner)
	require.Equal(t, 404, n.call("DELETE", visitorsPath+"/"+visitor, foreign, nil).status)
	got := n.call("DELETE", visitorsPath+"/"+visitor, owner, nil)
	require.Equal(t, 204, got.status, string(got.raw))
	require.Equal(t, "being_erased", open().code(), "for some seconds")
	require.Equal(t, codec.CloseBadToken, until[*codec.Disconnect](l).Code)
	require.Equal(t, 401, n.call("GET", "/api/v1/conversations/"+second+"/messages", token, nil).status)
	require.Equal(t, 204, n.call("DELETE", visitorsPath+"/"+visitor, owner, nil).status)
	clean := func() {
		t.Helper()
		for name, look := range where {
			require.Empty(t, look(t), "left in the %s", name)
		}
	}
	clean()
	for _, again := range kept {
		require.Equal(t, "idempotency_answer_gone", again().code(), "what was answered goes, that it was done stays")
	}
	for _, d := range n.call("GET", "/api/v1/webhooks/"+hook.body["id"].(string)+"/deliveries?limit=200", owner, nil).data() {
		require.NotContains(t, fmt.Sprint(d), needle)
	}
	require.Equal(t, 404, n.call("GET", visitorsPath+"/"+visitor, owner, nil).status)

	// What is left can be counted, and belongs to one stranger.
	after := n.call("GET", "/api/v1/conversations/"+first, owner, nil).body
	for _, same := range []string{"status", "rating", "labels", "priority", "created_at", "unread", "assignee_id"} {
		require.Equal(t, before[same], after[same], same)
	}
	ghost := after["visitor_id"].(string)
	require.NotEqual(t, visitor, ghost)
	require.Equal(t, ghost, n.call("GET", "/api/v1/conversations/"+second, owner, nil).body["visitor_id"])
	require.Equal(t, "closed", n.call("GET", "/api/v1/conversations/"+second, owner, nil).body["status"])
	shown := n.call("GET", visitorsPath+"/"+ghost, owner, nil)
	require.NotNil(t, shown.body["erased_at"], string(shown.raw))
	require.EqualValues(t, 2, shown.body["conversations"])
	require.Equal(t, 204, n.call("DELETE", visitorsPath+"/"+ghost, owner, nil).status)
	require.Equal(t, "erased", n.call("PATCH", visitorsPath+"/"+ghost, owner, map[string]any{"name": "x"}).code())
	messages := n.call("GET", "/api/v1/conversations/"+first+"/messages?limit=200", owner, nil)
	require.NotContains(t, string(messages.raw), needle)
	require.NotContains(t, string(messages.raw), visitor)
	require.NotContains(t, string(n.call("GET", "/api/v1/conversations/"+second+"/transcript", owner, nil).raw), needle)
	require.Empty(t, n.call("GET", "/api/v1/conversations?q="+secret, owner, nil).data())
	require.Contains(t, string(n.call("GET", "/api/v1/conversations/"+bystander.String()+"/messages", owner, nil).raw), "of somebody else")

	// A while later everything is gone over once more; then nothing leads from the person to what is left.
	id, err := chat.ParseID[chat.Visitor](visitor)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		e, err := n.kept.Store.Erasure(context.Background(), n.tenant.ID, id)
		return err == nil && e.Done
	}, time.Minute, 100*time.Millisecond)
	clean()
	require.False(t, said.has(needle), "in the log")
	if o.Redis != "" { // rows that name the person by its id
		was := looked
		looked = []string{visitor, hex.EncodeToString(id[:])}
		require.ElementsMatch(t, []string{"audit_entries", "erasures", "webhook_events"}, rows(t), "the last says contact.deleted")
		looked = was
	}
	require.Eventually(t, func() bool {
		got := n.call("GET", table+"/file", owner, nil)
		return got.status == 200 && bytes.Contains(got.raw, []byte("of somebody else"))
	}, time.Minute, 50*time.Millisecond, "exports are made anew, without the person")
	clean()

	back := open()
	require.Equal(t, 201, back.status, string(back.raw))
	require.Nil(t, back.body["conversation_id"])
	again := back.body["token"].(string)
	require.Equal(t, 404, n.call("GET", "/api/v1/conversations/"+first+"/messages", again, nil).status, "a new person")
	n.plant(again, owner, visitor)
	require.EqualValues(t, 1, n.call("GET", visitorsPath+"/"+visitor, owner, nil).body["conversations"])
}

// plant makes a conversation of a visitor with the secret in everything that can be written of both, and returns it.
func (n *node) plant(token, owner, visitor string) string {
	n.t.Helper()
	conv := n.written(token, owner)
	n.do("PATCH", visitorsPath+"/"+visitor, owner, map[string]any{"phone": secret, "attributes": map[string]any{"b": secret}})
	n.tracked(visitor)
	return conv
}

// do is a call that must succeed.
func (n *node) do(method, path, token string, body any) *answer {
	n.t.Helper()
	got := n.call(method, path, token, body)
	require.Less(n.t, got.status, 300, "%s %s: %s", method, path, got.raw)
	return got
}

// tracked has a visitor see a page of that name.
func (n *node) tracked(visitor string) {
	n.t.Helper()
	v, err := chat.ParseID[chat.Visitor](visitor)
	require.NoError(n.t, err)
	known, err := n.kept.Store.AddSteps(context.Background(), chat.Step{
		ID: chat.NewID[chat.Step](), Tenant: n.tenant.ID, Visitor: v, Name: chat.StepPage, Data: []byte(`{"url":"https://shop.example/` + secret + `"}`), At: time.Now(),
	})
	require.NoError(n.t, err)
	require.Len(n.t, known, 1)
}

// left leaves a message while nobody is there, and has mails of it and of the transcript wait.
func (n *node) left(token, name string) {
	n.t.Helper()
	o := n.do("POST", "/api/v1/offline-messages", token, map[string]any{"email": name + "@x.test", "name": name, "text": "call " + secret})
	conv, err := chat.ParseID[chat.Conversation](o.body["conversation_id"].(string))
	require.NoError(n.t, err)
	offline, err := chat.ParseID[chat.OfflineMessage](o.body["id"].(string))
	require.NoError(n.t, err)
	for _, m := range []chat.Mail{{Kind: chat.MailTranscript, Conversation: conv}, {Kind: chat.MailOffline, Offline: offline}} {
		m.ID, m.Tenant, m.To, m.Locale, m.CreatedAt = chat.NewID[chat.Mail](), n.tenant.ID, secret+"@x.test", "zh", time.Now()
		require.NoError(n.t, n.kept.Store.AddMail(context.Background(), m))
	}
}

// keptAnswers has answers with the secret kept for Idempotency-Keys, and returns calls that ask for them again.
func (n *node) keptAnswers(owner, conv, visitor string) (again []func() *answer) {
	n.t.Helper()
	offline := n.call("GET", "/api/v1/offline-messages", owner, nil).data()[0].(map[string]any)["id"].(string)
	for i, c := range []struct {
		path string
		body any
	}{
		{"/api/v1/conversations/" + conv + "/notes", map[string]any{"text": secret}},
		{"/api/v1/conversations/" + conv + "/messages", map[string]any{"cmid": chat.NewID[chat.Event]().String(), "body": map[string]any{"text": secret}}},
		{"/api/v1/blocklist", map[string]any{"kind": "visitor", "value": visitor, "reason": secret}},
		{"/api/v1/offline-messages/" + offline + "/done", nil},
	} {
		key := fmt.Sprintf("a key of 20 letters %d", i)
		ask := func() *answer {
			return n.call("POST", c.path, owner, c.body, idempotency, strings.ReplaceAll(key, " ", "-"))
		}
		first := ask()
		require.Less(n.t, first.status, 300, "%s: %s", c.path, first.raw)
		require.Contains(n.t, string(first.raw), needle)
		require.Equal(n.t, "true", ask().header.Get("Idempotency-Replayed"))
		if c.path == "/api/v1/blocklist" {
			n.do("DELETE", c.path+"/"+first.body["id"].(string), owner, nil)
		}
		again = append(again, ask)
	}
	return again
}

// delivered has webhooks told, and answered with the secret; what came last of the conversation waits to be sent.
func (n *node) delivered(token, conv string) {
	n.t.Helper()
	ctx, data := context.Background(), n.WebhookData()
	var claimed []chat.Claimed
	require.Eventually(n.t, func() bool { claimed = append(claimed, n.claim()...); return len(claimed) > 5 }, 30*time.Second, 10*time.Millisecond)
	at := time.Now()
	var outcomes []chat.Outcome
	for i := range claimed {
		c := &claimed[i]
		body, err := data(ctx, &c.Event)
		require.NoError(n.t, err)
		_, err = n.kept.Store.KeepEventData(ctx, n.tenant.ID, c.Event.Sequence, body)
		require.NoError(n.t, err)
		outcomes = append(outcomes, chat.Outcome{Claimed: c, State: chat.DeliveryDone, Due: at, Result: chat.ResultTaken, Log: chat.DeliveryAttempt{
			Attempt: c.Attempt, At: at, URL: "https://example.com/hook", Status: 200, Answer: "thanks, " + secret,
		}})
	}
	require.NoError(n.t, n.kept.Store.FinishDeliveries(ctx, chat.Breaker{Failures: 5}, outcomes))
	n.do("POST", "/api/v1/conversations/"+conv+"/messages", token, map[string]any{"cmid": chat.NewID[chat.Event]().String(), "body": map[string]any{"text": secret}})
}

// written makes a conversation with the secret in everything that can be written in one, and returns it.
func (n *node) written(token, owner string) string {
	n.t.Helper()
	conv := chat.NewID[chat.Conversation]().String()
	path := "/api/v1/conversations/" + conv
	do := n.do
	text := map[string]any{"text": "It is " + secret + "."}
	said := do("POST", path+"/messages", token, map[string]any{"cmid": chat.NewID[chat.Event]().String(), "body": text})
	recalled := do("POST", path+"/messages", token, map[string]any{"cmid": chat.NewID[chat.Event]().String(), "body": text})
	do("PATCH", path+"/messages/"+said.body["mid"].(string), token, map[string]any{"body": map[string]any{"text": secret + " edited"}})
	do("DELETE", path+"/messages/"+recalled.body["mid"].(string), token, nil)
	do("POST", path+"/accept", owner, nil)
	do("POST", path+"/messages", owner, map[string]any{"cmid": chat.NewID[chat.Event]().String(), "body": text})
	do("POST", path+"/notes", owner, text)
	do("PATCH", path, owner, map[string]any{"context": map[string]any{"c": secret}, "priority": 3})
	do("POST", path+"/read", token, map[string]any{"seq": 3})
	file := n.uploaded(token, secret+".txt", []byte("a file of "+secret))
	id, err := chat.ParseID[chat.Conversation](conv)
	require.NoError(n.t, err)
	require.Equal(n.t, 201, n.say(token, id, "file", file).status)
	theirs := n.uploaded(owner, secret+".txt", []byte("an answer to "+secret))
	require.Equal(n.t, 201, n.say(owner, id, "file", theirs).status)
	do("POST", path+"/rating", token, map[string]any{"rating": 4, "comment": secret})
	return conv
}
