package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

const (
	shippingDocument = "# Shipping\n\n## What does delivery cost?\n\nShipping is ¥12, and free from ¥299 on. It takes two to three days. Islands take a week.\n\n## Gift cards\n\nGift cards never expire."
	shippingQuestion = "how much do I pay for shipping?"
	shippingAnswer   = `{"text":"Shipping is ¥12, and free from ¥299 on. It takes two to three days. Islands take a week.","action":"answer","buttons":[],"sources":[1]}`
)

// shop gives the tenant something to know and an engine, and returns an agent's token.
func (n *node) shop(b llm.Behaviour) (fake *llm.Server, admin string) {
	n.t.Helper()
	_, admin = n.agent(n.tenant.ID, chat.Admin)
	require.Equal(n.t, 201, n.call("POST", "/api/v1/knowledge/documents", admin, map[string]any{"text": shippingDocument, "language": "en", "url": "https://shop.example/shipping"}).status)
	require.Nil(n.t, n.indexed(admin)["last_failure"])
	fake = llm.Start(n.t, b)
	made := n.call("POST", "/api/v1/ai/engines", admin, map[string]any{"name": "fake", "base_url": fake.URL, "model": "m", "key": "sk-1", "prompt_price": 1, "completion_price": 1})
	require.Equal(n.t, 201, made.status, string(made.raw))
	got := n.call("PATCH", "/api/v1/bot", admin, map[string]any{"enabled": true, "thresholds": map[string]any{"answer": 0.25, "clarify": 0.1}}) // it has hardly anything to compare with
	require.Equal(n.t, 200, got.status, string(got.raw))
	require.NoError(n.t, n.ai.Warm(context.Background()))
	return fake, admin
}

// event is one of a stream.
type event struct {
	name string
	data map[string]any
}

// ask sends a question and reads events while they come.
func (n *node) ask(ctx context.Context, token string, body map[string]any, headers ...string) (*http.Response, func() *event) {
	n.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(n.t, err)
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+n.HTTPAddr()+"/api/v1/ai/ask", bytes.NewReader(raw))
	require.NoError(n.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := n.http.Do(req)
	require.NoError(n.t, err)
	n.t.Cleanup(func() { _ = res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	return res, func() *event {
		var e event
		for lines.Scan() {
			switch line := lines.Text(); {
			case line == "" && e.name != "":
				return &e
			case strings.HasPrefix(line, "event: "):
				e.name = line[7:]
			case strings.HasPrefix(line, "data: "):
				require.NoError(n.t, json.Unmarshal([]byte(line[6:]), &e.data))
			}
		}
		return nil
	}
}

// What an engine writes is seen while it writes: the first piece comes before the last one was made.
func TestAIAskStreams(t *testing.T) { onBoth(t, testAIAskStreams) }

func testAIAskStreams(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	fake, _ := n.shop(llm.Behaviour{Text: shippingAnswer, Token: 60 * time.Millisecond})
	_, agent := n.agent(n.tenant.ID, chat.Member)
	res, next := n.ask(t.Context(), agent, map[string]any{"question": shippingQuestion})
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "text/event-stream; charset=utf-8", res.Header.Get("Content-Type"))
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	require.NotEmpty(t, res.Header.Get("RateLimit-Remaining"))
	first := next()
	require.Equal(t, "delta", first.name)
	require.Equal(t, 1, fake.Open(), "the engine is still writing")
	said := first.data["text"].(string)
	pieces := 1
	e := next()
	for ; e.name == "delta"; e = next() {
		require.EqualValues(t, 0, e.data["message"])
		said += e.data["text"].(string)
		pieces++
	}
	require.Equal(t, "done", e.name)
	require.Nil(t, next(), "that was the end")
	require.Greater(t, pieces, 1)
	require.Equal(t, said, e.data["answer"])
	require.Equal(t, "answer", e.data["step"])
	require.Equal(t, "engine", e.data["reason"])
	require.Equal(t, "fake", e.data["engine"])
	require.Equal(t, "https://shop.example/shipping", e.data["sources"].([]any)[0].(map[string]any)["url"])
	require.Greater(t, e.data["confidence"], 0.5)

	// The same in one piece. It was answered before.
	whole := n.call("POST", "/api/v1/ai/ask", agent, map[string]any{"question": shippingQuestion}, "Accept", "application/json", "Idempotency-Key", "6a1c-ask-whole-3f9d-77b2")
	require.Equal(t, 200, whole.status, string(whole.raw))
	require.Equal(t, said, whole.body["answer"])
	require.Equal(t, "cached", whole.body["reason"])
	again := n.call("POST", "/api/v1/ai/ask", agent, map[string]any{"question": shippingQuestion}, "Accept", "application/json", "Idempotency-Key", "6a1c-ask-whole-3f9d-77b2")
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, whole.raw, again.raw)
	_, next = n.ask(t.Context(), agent, map[string]any{"question": shippingQuestion}, "Idempotency-Key", "6a1c-ask-stream-3f9d-77b2")
	for e = next(); e.name == "delta"; e = next() {
	}
	require.Equal(t, "done", e.name)
	require.Eventually(t, func() bool { // its end is kept a moment after it was sent
		return n.call("POST", "/api/v1/ai/ask", agent, map[string]any{"question": shippingQuestion}, "Idempotency-Key", "6a1c-ask-stream-3f9d-77b2").code() == "idempotency_answer_gone"
	}, 10*time.Second, 20*time.Millisecond, "a stream is not kept")

	trace := n.call("GET", "/api/v1/ai/traces/"+whole.body["trace_id"].(string), agent, nil)
	require.Equal(t, 200, trace.status, string(trace.raw))
	require.Equal(t, shippingQuestion, trace.body["trace"].(map[string]any)["question"])
	require.Len(t, n.call("GET", "/api/v1/ai/traces", agent, nil).data(), 3)
	require.Empty(t, n.call("GET", "/api/v1/conversations", agent, nil).data(), "nothing is written to a conversation")
}

// Who hangs up ends the engines, whether the answer was streamed or not.
func TestAIAskEndsWithItsCaller(t *testing.T) {
	n := start(t, nil)
	fake, agent := n.shop(llm.Behaviour{Text: shippingAnswer, Token: time.Second}) // half a minute
	for _, accept := range []string{"text/event-stream", "application/json"} {
		ctx, hangUp := context.WithCancel(t.Context())
		calls := fake.Calls()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			req, err := http.NewRequestWithContext(ctx, "POST", "http://"+n.HTTPAddr()+"/api/v1/ai/ask", strings.NewReader(`{"question":"`+shippingQuestion+`"}`))
			if err != nil {
				return
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", accept)
			req.Header.Set("Authorization", "Bearer "+agent)
			if res, err := n.http.Do(req); err == nil {
				_, _ = bufio.NewReader(res.Body).ReadString('!')
				_ = res.Body.Close()
			}
		}()
		require.Eventually(t, func() bool { return fake.Calls() > calls && fake.Open() == 1 }, 10*time.Second, 10*time.Millisecond, accept)
		hangUp()
		<-gone
		require.Eventually(t, func() bool { return fake.Open() == 0 }, 3*time.Second, 10*time.Millisecond, "%s: the engine goes on for nobody", accept)
	}
	fake.Set(llm.Behaviour{Text: shippingAnswer})
	require.Equal(t, 200, n.call("POST", "/api/v1/ai/ask", agent, map[string]any{"question": shippingQuestion}, "Accept", "application/json").status)
}

// What may be asked, by whom, and about what.
func TestAIAskRefuses(t *testing.T) {
	n := start(t, nil)
	fake, admin := n.shop(llm.Behaviour{Text: shippingAnswer})
	_, stranger := n.agent(n.other.ID, chat.Owner)
	visitor, visitorToken := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello", shippingQuestion)
	nowhere := chat.NewID[chat.Conversation]().String()
	for _, path := range []string{"ask", "suggest", "summary"} {
		about := func(token, id string) *answer {
			return n.call("POST", "/api/v1/ai/"+path, token, map[string]any{"question": shippingQuestion, "conversation": id}, "Accept", "application/json")
		}
		if path != "ask" {
			about = func(token, id string) *answer {
				return n.call("POST", "/api/v1/ai/"+path, token, map[string]any{"conversation": id})
			}
		}
		require.Equal(t, 404, about(stranger, conv.String()).status, path)
		require.Equal(t, shown(about(stranger, nowhere)), shown(about(stranger, conv.String())), "%s: what is there differs from what is not", path)
		require.Equal(t, 404, about(admin, "nonsense").status, path)
		require.Equal(t, 403, about(visitorToken, conv.String()).status, path)
		require.Equal(t, 200, about(admin, conv.String()).status, path)
	}
	for _, bad := range []string{`{}`, `{"question":""}`, `{"question":"  "}`, `{"question":"x","language":"klingon!"}`, `{"question":"x","x":1}`, `{"question":"` + strings.Repeat("x", 2001) + `"}`} {
		got := n.call("POST", "/api/v1/ai/ask", admin, bad)
		require.Equal(t, 400, got.status, "%s: %s", bad, got.raw)
	}
	made := n.call("POST", "/api/v1/api-tokens", admin, map[string]any{"name": "x", "scopes": []string{"ai:ask", "ai:read", "ai:write"}})
	require.Equal(t, 201, made.status, string(made.raw))
	program := made.body["token"].(string)
	require.Equal(t, 200, n.call("POST", "/api/v1/ai/ask", program, map[string]any{"question": shippingQuestion}, "Accept", "application/json").status)
	lacking := n.call("POST", "/api/v1/ai/ask", program, map[string]any{"question": shippingQuestion, "conversation": conv})
	require.Equal(t, 403, lacking.status, "an answer would tell what is said there")
	require.Equal(t, "conversations:read", lacking.body["required_scope"])

	// Where the budget is used up, the local engine answers, and usage says so.
	require.Equal(t, 200, n.call("PATCH", "/api/v1/bot", admin, `{"budget":{"tokens_per_day":10}}`).status)
	got := n.call("POST", "/api/v1/ai/ask", admin, map[string]any{"question": "what is the price of shipping?"}, "Accept", "application/json")
	require.Equal(t, []any{"budget", "local"}, []any{got.body["reason"], got.body["engine"]}, "at once: %s", got.raw)
	calls := fake.Calls()
	require.Equal(t, "budget", n.call("POST", "/api/v1/ai/ask", admin, map[string]any{"question": shippingQuestion}, "Accept", "application/json").body["reason"])
	require.Equal(t, calls, fake.Calls())
	require.Equal(t, true, n.call("GET", "/api/v1/ai/usage", admin, nil).body["exhausted"])
}

// Suggestions and summaries are of a conversation, and what was noted about them goes with it.
func TestAISuggestAndSummary(t *testing.T) {
	n := start(t, nil)
	_, admin := n.shop(llm.Behaviour{Text: shippingAnswer})
	visitor, _ := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello, my order is #A-10017", "and "+shippingQuestion)
	got := n.call("POST", "/api/v1/ai/suggest", admin, map[string]any{"conversation": conv})
	require.Equal(t, 200, got.status, string(got.raw))
	require.NotEmpty(t, got.data())
	require.LessOrEqual(t, len(got.data()), 3)
	best := got.data()[0].(map[string]any)
	require.Contains(t, best["text"], "¥12")
	require.Equal(t, "Shipping", best["sources"].([]any)[0].(map[string]any)["title"])
	trace := n.call("GET", "/api/v1/ai/traces/"+got.body["trace_id"].(string), admin, nil)
	require.Equal(t, conv.String(), trace.body["conversation_id"])

	sum := n.call("POST", "/api/v1/ai/summary", admin, map[string]any{"conversation": conv}, "Accept-Language", "en")
	require.Equal(t, 200, sum.status, string(sum.raw))
	require.Contains(t, sum.body["orders"], "A-10017", string(sum.raw))
	require.NotEmpty(t, sum.body["wants"])
	require.NotNil(t, sum.body["tried"])
	trace = n.call("GET", "/api/v1/ai/traces/"+sum.body["trace_id"].(string), admin, nil)
	require.Equal(t, conv.String(), trace.body["conversation_id"])
	require.Equal(t, "summary", trace.body["outcome"])

	asked := n.call("POST", "/api/v1/ai/ask", admin, map[string]any{"question": "and how long does it take?", "conversation": conv}, "Accept", "application/json")
	require.Equal(t, 200, asked.status, string(asked.raw))
	require.Len(t, n.call("GET", "/api/v1/ai/traces?conversation="+conv.String(), admin, nil).data(), 3)
	require.Len(t, n.call("GET", "/api/v1/conversations/"+conv.String()+"/messages", admin, nil).data(), 3, "nothing is written to the conversation")
	erased := n.call("DELETE", "/api/v1/visitors/"+visitor.String(), admin, nil)
	require.Less(t, erased.status, 300, string(erased.raw))
	require.Eventually(t, func() bool { return len(n.call("GET", "/api/v1/ai/traces", admin, nil).data()) == 0 }, 20*time.Second, 50*time.Millisecond)
}
