package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/outbound/webhook"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

// What the tables of the permission matrix say of the AI.
func init() {
	for _, r := range []struct {
		ids, rights string
		scope       chat.Scopes
	}{
		{"getBot", "-oasmv", chat.SettingsRead},
		{"updateBot resetBot", "-oa---", chat.SettingsWrite},
		{"listAIEngines getAIEngine getAIUsage", "-oas--", chat.AIRead},
		{"createAIEngine updateAIEngine deleteAIEngine testAIEngine", "-oa---", chat.AIWrite},
		{"listAITraces getAITrace", "-oasmv", chat.AIRead | chat.ConversationsRead},
		{"askAI", "-oasm-", chat.AIAsk},
		{"suggestAnswers summarizeConversation", "-oasm-", chat.AIAsk | chat.ConversationsRead},
	} {
		for id := range strings.FieldsSeq(r.ids) {
			allowed[id], scoped[id] = r.rights, r.scope
		}
	}
	maps.Copy(bodies, map[string]any{
		"updateBot":      map[string]any{"name": "Ada"},
		"createAIEngine": map[string]any{"name": "one", "base_url": "https://llm.example/v1", "model": "m", "key": "sk-1", "enabled": false},
		"updateAIEngine": map[string]any{"model": "m2"},
		"askAI":          map[string]any{"question": "Do you ship to the moon?"},
	})
}

// freshAI makes what an operation on a path of the AI is about.
func (n *node) freshAI(path string) string {
	ctx, store, now := context.Background(), n.kept.Store, time.Now()
	switch {
	case strings.Contains(path, "/engines/"):
		all, err := store.AIEngines(ctx, n.tenant.ID)
		require.NoError(n.t, err)
		for i := range all {
			require.NoError(n.t, store.DeleteAIEngine(ctx, n.tenant.ID, all[i].ID))
		}
		e := chat.AIEngine{ID: chat.NewID[chat.AIEngine](), Tenant: n.tenant.ID, Name: "fresh", BaseURL: "http://127.0.0.1:1/v1", Model: "m", CreatedAt: now, UpdatedAt: now}
		require.NoError(n.t, store.AddAIEngine(ctx, e))
		return e.ID.String()
	case strings.HasSuffix(path, "/intents/{name}"):
		return n.freshIntent()
	case strings.Contains(path, "/traces/"):
		return n.trace(n.tenant.ID, chat.ConversationID{}).String()
	}
	return ""
}

// trace keeps one.
func (n *node) trace(tenant chat.TenantID, conv chat.ConversationID) chat.AITraceID {
	n.t.Helper()
	t := chat.AITrace{
		ID: chat.NewID[chat.AITrace](), Tenant: tenant, Conversation: conv, At: time.Now(), Outcome: "answer", Body: json.RawMessage(`{"question":"do you ship?","steps":[{"name":"guard","took_ns":5}]}`),
	}
	require.NoError(n.t, n.kept.Store.AddAITrace(context.Background(), t))
	return t.ID
}

// The bot's settings are one document, off by default, and told to whoever answers.
func TestBotSettings(t *testing.T) { onBoth(t, testBotSettings) }

func testBotSettings(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, stranger := n.agent(n.other.ID, chat.Admin)
	const path = "/api/v1/bot"
	got := n.call("GET", path, admin, nil)
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, false, got.body["enabled"])
	require.Equal(t, "Bot", got.body["name"])
	require.EqualValues(t, 0, got.body["version"])
	require.Nil(t, got.body["updated_at"])
	got = n.call("PATCH", path, admin, map[string]any{"enabled": true, "greeting": map[string]any{"en": "Hi"}, "budget": map[string]any{"tokens_per_day": 5000}})
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, true, got.body["enabled"])
	require.EqualValues(t, 1, got.body["version"])
	got = n.call("PATCH", path, admin, map[string]any{"name": "Ada", "version": 1})
	require.Equal(t, "Ada", got.body["name"])
	require.Equal(t, map[string]any{"en": "Hi"}, got.body["greeting"], "the rest stays")
	require.Equal(t, "cheapest", got.body["engines"])
	require.Equal(t, 200, n.call("PATCH", path, admin, map[string]any{"engines": "parallel"}).status)
	require.Equal(t, "parallel", n.call("GET", path, admin, nil).body["engines"])
	require.Equal(t, "stale", n.call("PATCH", path, admin, map[string]any{"name": "Eve", "version": 1}).code())
	for _, bad := range []string{`{"tone":"rude"}`, `{"engines":"all"}`, `{"hours":"never"}`, `{"x":1}`, `{"budget":{"tokens_per_day":-1}}`} {
		require.Equal(t, 400, n.call("PATCH", path, admin, bad).status, bad)
	}
	require.Equal(t, false, n.call("GET", path, stranger, nil).body["enabled"], "another tenant's is its own")
	require.Equal(t, 204, n.call("DELETE", path, admin, nil).status)
	require.Equal(t, false, n.call("GET", path, admin, nil).body["enabled"])
	require.Equal(t, 204, n.call("DELETE", path, admin, nil).status)
	told := map[string]int{}
	for _, e := range n.acts(admin, "action=bot.") {
		told[e["action"].(string)]++
	}
	require.Equal(t, map[string]int{"bot.created": 1, "bot.updated": 2, "bot.deleted": 1}, told)
}

// Engines come and go; their key is taken, kept, and shown nowhere, not in the audit log either.
func TestAIEngines(t *testing.T) { onBoth(t, testAIEngines) }

func testAIEngines(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, stranger := n.agent(n.other.ID, chat.Admin)
	const path, key = "/api/v1/ai/engines", "sk-very-secret-word"
	made := n.call("POST", path, admin, map[string]any{
		"name": " fast ", "base_url": "https://llm.example/v1/", "model": "small", "key": key, "position": 2, "prompt_price": 0.15, "completion_price": 0.6, "first_token_ms": 2500,
	}, "Idempotency-Key", "5c0c3a2e-engine-one")
	require.Equal(t, 201, made.status, string(made.raw))
	require.Equal(t, "fast", made.body["name"])
	require.Equal(t, "https://llm.example/v1", made.body["base_url"])
	require.Equal(t, true, made.body["key_set"])
	require.Equal(t, true, made.body["enabled"])
	require.EqualValues(t, 2500, made.body["first_token_ms"])
	again := n.call("POST", path, admin, map[string]any{
		"name": " fast ", "base_url": "https://llm.example/v1/", "model": "small", "key": key, "position": 2, "prompt_price": 0.15, "completion_price": 0.6, "first_token_ms": 2500,
	}, "Idempotency-Key", "5c0c3a2e-engine-one")
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, "name_taken", n.call("POST", path, admin, map[string]any{"name": "fast", "base_url": "https://x.example/v1", "model": "m"}).code())
	first := n.call("POST", path, admin, map[string]any{"name": "slow", "base_url": "https://x.example/v1", "model": "m", "position": 1, "enabled": false})
	require.Equal(t, 201, first.status)
	require.Equal(t, false, first.body["key_set"])

	list := n.call("GET", path+"?limit=1", admin, nil)
	require.Equal(t, "slow", list.data()[0].(map[string]any)["name"])
	require.Nil(t, list.data()[0].(map[string]any)["health"], "it is not in use")
	list = n.call("GET", path+"?limit=1&cursor="+list.body["next_cursor"].(string), admin, nil)
	require.Equal(t, "fast", list.data()[0].(map[string]any)["name"])
	require.Equal(t, "closed", list.data()[0].(map[string]any)["health"])
	require.Nil(t, list.body["next_cursor"])
	require.Empty(t, n.call("GET", path, stranger, nil).data())

	one := path + "/" + made.body["id"].(string)
	got := n.call("PATCH", one, admin, map[string]any{"model": "large", "first_token_ms": 0})
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, "large", got.body["model"])
	require.Equal(t, true, got.body["key_set"], "it stays")
	require.EqualValues(t, 0, got.body["first_token_ms"])
	got = n.call("PATCH", one, admin, map[string]any{"total_ms": 20_001})
	require.Equal(t, 400, got.status)
	require.Contains(t, string(got.raw), "total_ms")
	require.Contains(t, string(got.raw), "20000", "nobody waits longer for all engines together")
	require.Equal(t, 200, n.call("PATCH", one, admin, map[string]any{"total_ms": 20_000}).status)
	kept := func() string {
		id, err := chat.ParseID[chat.AIEngine](made.body["id"].(string))
		require.NoError(t, err)
		e, err := n.kept.Store.AIEngineWithKey(context.Background(), n.tenant.ID, id)
		require.NoError(t, err)
		return e.Key
	}
	require.Equal(t, key, kept())
	require.Equal(t, 200, n.call("PATCH", one, admin, map[string]any{"base_url": "https://LLM.example/v2"}).status, "the same server")
	for _, elsewhere := range []string{"https://evil.example/v1", "https://llm.example:8443/v1", "http://127.0.0.1:9/v1"} {
		require.Equal(t, "key_needed", n.call("PATCH", one, admin, map[string]any{"base_url": elsewhere}).code(), "a key that was given for one server goes to no other: %s", elsewhere)
	}
	require.Equal(t, 200, n.call("PATCH", one, admin, map[string]any{"base_url": "https://other.example/v1", "key": "sk-another"}).status)
	require.Equal(t, "sk-another", kept())
	require.Equal(t, false, n.call("PATCH", one, admin, map[string]any{"key": ""}).body["key_set"])
	require.Empty(t, kept())

	require.Equal(t, 204, n.call("DELETE", one, admin, nil).status)
	require.Equal(t, 404, n.call("GET", one, admin, nil).status)
	told := map[string]int{}
	for _, e := range n.acts(admin, "action=ai_engine.") {
		raw, err := json.Marshal(e)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "sk-")
		told[e["action"].(string)]++
	}
	require.Equal(t, map[string]int{"ai_engine.created": 2, "ai_engine.updated": 5, "ai_engine.deleted": 1}, told)
}

// Addresses that are not public are refused before anything is kept, and so is what would send a key in the clear.
func TestAIEngineAddresses(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	add := func(n *node, admin, address string) *answer {
		return n.call("POST", "/api/v1/ai/engines", admin, map[string]any{"name": address, "base_url": address, "model": "m"})
	}
	for address, code := range map[string]string{
		"https://llm.example/v1":              "",
		"https://8.8.8.8/v1":                  "",
		"http://127.0.0.1:11434/v1":           "", // the operator allows it here
		"https://127.0.0.1:11434/v1":          "",
		"http://localhost:11434/v1":           "", // judged when it is dialled
		"http://8.8.8.8/v1":                   "base_url_not_allowed",
		"http://169.254.169.254/latest":       "base_url_not_allowed",
		"https://169.254.169.254/latest":      "base_url_not_allowed",
		"https://[::ffff:169.254.169.254]/v1": "base_url_not_allowed",
		"https://10.0.0.1/v1":                 "base_url_not_allowed",
		"https://[::1]/v1":                    "base_url_not_allowed",
		"https://[fd00:ec2::254]/v1":          "base_url_not_allowed",
		"ftp://llm.example/v1":                "malformed",
		"file:///etc/passwd":                  "malformed",
		"https://u:p@llm.example/v1":          "malformed",
		"https://llm.example/v1?key=x":        "malformed",
		"https://llm.example/v1#x":            "malformed",
		"llm.example/v1":                      "malformed",
	} {
		got := add(n, admin, address)
		require.Equal(t, code, got.code(), "%s: %s", address, got.raw)
		if code != "" {
			require.Equal(t, 400, got.status)
		}
	}
	strict := start(t, func(c *server.Config) { c.EngineAddresses = webhook.NewGuard().Allows })
	_, admin = strict.agent(strict.tenant.ID, chat.Admin)
	require.Equal(t, "base_url_not_allowed", add(strict, admin, "http://llm.example/v1").code(), "http is for networks that the operator allows, and there is none")
	require.Equal(t, 201, add(strict, admin, "https://llm.example/v1").status)
}

// try makes an engine and tests it.
func (n *node) try(admin, address, language string, more map[string]any) *answer {
	n.t.Helper()
	e := map[string]any{"name": chat.NewID[chat.AIEngine]().String(), "base_url": address, "model": "small", "key": "sk-1", "enabled": false}
	maps.Copy(e, more)
	made := n.call("POST", "/api/v1/ai/engines", admin, e)
	require.Equal(n.t, 201, made.status, string(made.raw))
	path := "/api/v1/ai/engines/" + made.body["id"].(string)
	got := n.call("POST", path+"/test", admin, nil, "Accept-Language", language)
	require.Equal(n.t, 200, got.status, string(got.raw))
	require.NotContains(n.t, string(got.raw), "sk-1")
	require.Equal(n.t, 204, n.call("DELETE", path, admin, nil).status)
	return got
}

// serve runs a server that ends with the test, and returns its address.
func (n *node) serve(h http.Handler) string {
	s := httptest.NewServer(h)
	n.t.Cleanup(s.Close)
	return s.URL
}

const opening = `{"text":"We open at nine.","action":"answer","buttons":[],"sources":[1]}`

// A test says what is wrong, for programs and for people, and what it used counts.
func TestAIEngineTest(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	fake := llm.Start(t, llm.Behaviour{Text: opening})
	good := n.try(admin, fake.URL, "en", map[string]any{"prompt_price": 1000, "completion_price": 1000})
	require.Equal(t, true, good.body["ok"], string(good.raw))
	require.Nil(t, good.body["problem"])
	require.Equal(t, true, good.body["structured"])
	require.Contains(t, good.body["message"], "It works")
	require.Positive(t, good.body["first_token_ms"])
	require.Positive(t, good.body["tokens"])
	require.Positive(t, good.body["money"])
	require.Contains(t, fake.Last().Key, "sk-1", "one that is off is tested with its key")
	usage := n.call("GET", "/api/v1/ai/usage", admin, nil)
	require.Equal(t, good.body["tokens"], usage.body["tokens"])
	require.Equal(t, good.body["money"], usage.body["money"])

	for name, c := range map[string]struct {
		b       llm.Behaviour
		more    map[string]any
		problem string
		says    string
	}{
		"no key":       {llm.Behaviour{Fault: llm.Denied}, nil, chat.EngineUnauthorized, "HTTP 401"},
		"busy":         {llm.Behaviour{Fault: llm.Limited}, nil, chat.EngineLimited, "HTTP 429"},
		"broken":       {llm.Behaviour{Fault: llm.Failing}, nil, chat.EngineFailed, "HTTP 500"},
		"bad JSON":     {llm.Behaviour{Fault: llm.BadJSON, Text: opening}, nil, chat.EngineGarbled, "no chat completion"},
		"a web page":   {llm.Behaviour{Fault: llm.WrongType}, nil, chat.EngineGarbled, "web page"},
		"redirect":     {llm.Behaviour{Fault: llm.Redirect}, nil, chat.EngineRedirects, "HTTP 307"},
		"cut":          {llm.Behaviour{Fault: llm.Cut, Text: opening}, nil, chat.EngineCut, "broke off"},
		"late":         {llm.Behaviour{First: 300 * time.Millisecond, Text: opening}, map[string]any{"first_token_ms": 50}, chat.EngineSlowFirst, "0.05 s is waited"},
		"plain":        {llm.Behaviour{Text: "We open at nine."}, nil, "", "does not keep to the structure"},
		"strange name": {llm.Behaviour{Unknown: []string{"model"}}, nil, chat.EngineDeclined, "HTTP 400"},
	} {
		fake.Set(c.b)
		got := n.try(admin, fake.URL, "en", c.more)
		problem, _ := got.body["problem"].(string)
		require.Equal(t, c.problem, problem, "%s: %s", name, got.raw)
		require.Equal(t, c.problem == "", got.body["ok"], name)
		require.Contains(t, got.body["message"], c.says, name)
	}
	said := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		_, _ = w.Write([]byte(`{"error":{"message":"The model 'small' does not exist or you do not have access to it.","code":"model_not_found"}}`))
	})
	got := n.try(admin, n.serve(said)+"/v1", "en", nil)
	require.Equal(t, chat.EngineNoModel, got.body["problem"], string(got.raw))
	require.Contains(t, got.body["message"], "small")
	require.Contains(t, n.try(admin, n.serve(said)+"/v1", "zh", nil).body["message"], "不认识模型 small")
	require.Equal(t, chat.EngineNoPath, n.try(admin, n.serve(http.NotFoundHandler())+"/v1", "en", nil).body["problem"])
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	require.Equal(t, chat.EngineUnreachable, n.try(admin, fmt.Sprintf("http://%s/v1", closed.Addr()), "en", nil).body["problem"])
	require.Equal(t, chat.EngineUnresolved, n.try(admin, "http://no-such-host.invalid/v1", "en", nil).body["problem"])
	require.Equal(t, chat.EngineTLS, n.try(admin, strings.Replace(fake.URL, "http:", "https:", 1), "en", nil).body["problem"])
}

// What is forbidden to dial is not dialled, whatever was kept before: names may be anything, and rows may be older than the rules.
func TestAIEngineNobodyInside(t *testing.T) {
	n := start(t, func(c *server.Config) {
		anything := func(netip.Addr) bool { return true }
		c.EngineAddresses, c.EnginesPlain = anything, anything
	})
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	for _, address := range []string{
		"http://[::1]:80/v1", "http://169.254.169.254/latest/meta-data", "http://[::ffff:169.254.169.254]/v1", "http://10.0.0.1/v1", "https://192.168.0.1/v1", "http://0.0.0.0:80/v1", "http://2852039166/v1", "http://8.8.8.8/v1",
	} {
		got := n.try(admin, address, "en", nil)
		require.Contains(t, []any{chat.EngineNotAllowed, chat.EngineUnresolved}, got.body["problem"], "%s: %s", address, got.raw)
		require.Nil(t, got.body["http_status"], address)
	}
}

// Usage says how today's budget stands, and why the local engine answers.
func TestAIUsage(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	ctx, now := context.Background(), time.Now()
	use := func(tokens int64, at time.Time) {
		require.NoError(t, n.kept.Store.SettleAI(ctx, n.tenant.ID, chat.AIAmount{}, chat.AIAmount{Tokens: tokens, Money: float64(tokens) / 1e6}, at))
	}
	use(70_000, now.AddDate(0, 0, -40))
	use(500, now.AddDate(0, 0, -1))
	use(3_000, now)
	got := n.call("GET", "/api/v1/ai/usage", admin, nil)
	require.Equal(t, 200, got.status)
	require.Len(t, got.data(), 2, "thirty days")
	require.EqualValues(t, 3000, got.body["tokens"])
	require.Nil(t, got.body["max_tokens"])
	require.Equal(t, false, got.body["exhausted"])
	require.Equal(t, now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Format(time.RFC3339), got.body["resets_at"])
	require.EqualValues(t, 0, got.body["refused"])
	require.Len(t, n.call("GET", "/api/v1/ai/usage?days=1", admin, nil).data(), 1)
	require.Len(t, n.call("GET", "/api/v1/ai/usage?days=41", admin, nil).data(), 3)
	for budget, exhausted := range map[string]bool{
		`{"tokens_per_day":5000}`: false, `{"tokens_per_day":3500}`: true, `{"tokens_per_day":3000}`: true, `{"money_per_day":1}`: false, `{"money_per_day":0.003}`: true, `{}`: false,
	} {
		require.Equal(t, 200, n.call("PATCH", "/api/v1/bot", admin, `{"budget":`+budget+`}`).status)
		require.Equal(t, exhausted, n.call("GET", "/api/v1/ai/usage", admin, nil).body["exhausted"], budget)
	}

	// What is left, and is too little for the questions that are asked, is told as that.
	require.Equal(t, 200, n.call("PATCH", "/api/v1/bot", admin, `{"budget":{"tokens_per_day":5000}}`).status)
	room, err := n.kept.Store.ReserveAI(ctx, n.tenant.ID, chat.AIBudget{Tokens: 5000}, chat.AIAmount{Tokens: 2500}, now)
	require.NoError(t, err)
	require.False(t, room)
	got = n.call("GET", "/api/v1/ai/usage", admin, nil)
	require.Equal(t, false, got.body["exhausted"], "a shorter question has room")
	require.EqualValues(t, 1, got.body["refused"])
	days := got.data()
	require.EqualValues(t, 1, days[len(days)-1].(map[string]any)["refused"])

	// Money that is left, and is too little for a call of any engine that is on, is none.
	require.Equal(t, 200, n.call("PATCH", "/api/v1/bot", admin, `{"budget":{"money_per_day":0.0031}}`).status)
	for _, e := range []struct {
		name               string
		price              float64
		enabled, exhausted bool
	}{{"off", 10, false, false}, {"dear", 10, true, true}, {"cheap", .01, true, false}} {
		require.Equal(t, 201, n.call("POST", "/api/v1/ai/engines", admin, map[string]any{
			"name": e.name, "base_url": "https://api.example.com/v1", "model": "m", "enabled": e.enabled, "prompt_price": e.price, "completion_price": e.price,
		}).status)
		require.Equal(t, e.exhausted, n.call("GET", "/api/v1/ai/usage", admin, nil).body["exhausted"], e.name)
	}
}

// Traces are for those who may read their conversation, and go with it.
func TestAITraces(t *testing.T) { onBoth(t, testAITraces) }

func testAITraces(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, viewer := n.agent(n.tenant.ID, chat.Viewer)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	visitor, _ := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "do you ship?")
	var ids []string
	for range 3 {
		ids = append(ids, n.trace(n.tenant.ID, conv).String())
	}
	loose := n.trace(n.tenant.ID, chat.ConversationID{}).String()
	const path = "/api/v1/ai/traces"
	require.Len(t, n.call("GET", path, viewer, nil).data(), 4)
	require.Empty(t, n.call("GET", path, stranger, nil).data())
	first := n.call("GET", path+"?limit=2&conversation="+conv.String(), viewer, nil)
	require.Len(t, first.data(), 2)
	require.Equal(t, ids[2], first.data()[0].(map[string]any)["id"], "the newest first")
	require.Nil(t, first.data()[0].(map[string]any)["trace"], "lists are short")
	rest := n.call("GET", path+"?limit=2&conversation="+conv.String()+"&cursor="+first.body["next_cursor"].(string), viewer, nil)
	require.Equal(t, ids[0], rest.data()[0].(map[string]any)["id"])
	require.Nil(t, rest.body["next_cursor"])
	require.Empty(t, n.call("GET", path+"?outcome=silence", viewer, nil).data())
	whole := n.call("GET", path+"/"+ids[0], viewer, nil)
	require.Equal(t, "do you ship?", whole.body["trace"].(map[string]any)["question"])
	require.Equal(t, conv.String(), whole.body["conversation_id"])
	require.Nil(t, whole.body["message_id"])
	require.Nil(t, n.call("GET", path+"/"+loose, viewer, nil).body["conversation_id"])

	nowhere := chat.NewID[chat.Conversation]().String()
	require.Equal(t, shown(n.call("GET", path+"/"+nowhere, stranger, nil)), shown(n.call("GET", path+"/"+ids[0], stranger, nil)))
	require.Equal(t, shown(n.call("GET", path+"?conversation="+nowhere, stranger, nil)), shown(n.call("GET", path+"?conversation="+conv.String(), stranger, nil)))
	require.Equal(t, 404, n.call("GET", path+"?conversation="+nowhere, viewer, nil).status)
	for _, bad := range []string{"conversation=x", "limit=0", "cursor=%21", "outcome=" + strings.Repeat("x", 41)} {
		require.Equal(t, 400, n.call("GET", path+"?"+bad, viewer, nil).status, bad)
	}

	// A member sees what became of questions in conversations that it may read.
	_, member := n.agent(n.tenant.ID, chat.Member)
	require.Len(t, n.call("GET", path, member, nil).data(), 4)
	team := n.call("POST", "/api/v1/teams", admin, map[string]any{"name": "Sales"})
	require.Equal(t, 201, team.status)
	moved := n.call("POST", "/api/v1/conversations/"+conv.String()+"/transfer", admin, map[string]any{"team_id": team.body["id"]})
	require.Equal(t, 200, moved.status, string(moved.raw))
	require.Len(t, n.call("GET", path, member, nil).data(), 1, "it is another team's now")
	require.Len(t, n.call("GET", path, viewer, nil).data(), 4)

	export := n.call("GET", "/api/v1/visitors/"+visitor.String()+"/export", admin, nil)
	require.Equal(t, 200, export.status)
	require.Contains(t, string(export.raw), ids[0], "a person gets what was noted about its questions")
	require.NotContains(t, string(export.raw), loose)
	require.Equal(t, 204, n.call("DELETE", "/api/v1/visitors/"+visitor.String(), admin, nil).status)
	require.Eventually(t, func() bool { return n.call("GET", path+"/"+ids[0], admin, nil).status == 404 }, 20*time.Second, 50*time.Millisecond)
	require.Len(t, n.call("GET", path, admin, nil).data(), 1, "what is about nobody stays")
}
