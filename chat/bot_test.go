package chat

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The golden values: another build, and another language, must come to the same, or an answer is there twice after an update.
func TestAnswerCMID(t *testing.T) {
	mid, err := ParseID[Message]("00112233-4455-8677-8899-aabbccddeeff")
	require.NoError(t, err)
	tenant, err := ParseID[Tenant]("01890a5d-ac96-774b-bcce-b302099a8057")
	require.NoError(t, err)
	require.Equal(t, "0d444c50-b676-8569-ab49-4c9d9dff6b0e", AnswerCMID(mid, 0).String())
	require.Equal(t, "0ea0da6a-ac35-8005-a40b-e7cd4601babb", AnswerCMID(mid, 1).String())
	require.Equal(t, "6c5910f8-113c-8c3e-8cf3-270d8d9bea79", BotID(tenant).String())
	id := AnswerCMID(mid, 0)
	require.Equal(t, byte(8), id[6]>>4)
	require.Equal(t, byte(2), id[8]>>6)
	// The same answer, from whichever worker, is the same message.
	conv := NewID[Conversation]()
	require.Equal(t, DeriveMessageID(conv, BotID(tenant), AnswerCMID(mid, 0)), DeriveMessageID(conv, BotID(tenant), AnswerCMID(mid, 0)))
}

func TestBotSettings(t *testing.T) {
	for body, want := range map[string]string{
		`{}`:                              "",
		`{"enabled":true,"name":" Ada "}`: "",
		`{"languages":["en"],"topics":["returns"],"hours":"closed","tone":"formal","greeting":{"zh":"你好","en":"Hi"}}`: "",
		`{"budget":{"tokens_per_day":100000,"money_per_day":2.5}}`:                                                    "",
		`{"avoid":["refund"],"clarify":0,"thresholds":{"answer":0.9,"clarify":0.4}}`:                                  "",
		`{"clarify":3}`:                               "clarify: must be 0 to 2",
		`{"avoid":[""]}`:                              "avoid: must be 1 to 100 characters",
		`{"thresholds":{"answer":1.1}}`:               "thresholds.answer: must be 0 to 1",
		`{"thresholds":{"answer":0.5,"clarify":0.6}}`: "thresholds.clarify: must be 0 to 1, and at most thresholds.answer",
		`{"tone":"rude"}`:                             "tone: must be friendly, neutral or formal",
		`{"engines":"parallel"}`:                      "",
		`{"engines":"all"}`:                           "engines: must be cheapest or parallel",
		`{"hours":"never"}`:                           "hours: must be always, open or closed",
		`{"languages":["fr"]}`:                        "languages: must be zh, en or both, each once",
		`{"languages":["en","en"]}`:                   "languages: must be zh, en or both, each once",
		`{"topics":[" "]}`:                            "topics: must be 1 to 100 characters",
		`{"name":"` + strings.Repeat("x", 101) + `"}`: "name: must be 1 to 100 characters",
		`{"budget":{"tokens_per_day":-1}}`:            "budget.tokens_per_day: must be 0 to 1e12",
		`{"budget":{"money_per_day":1e10}}`:           "budget.money_per_day: must be 0 to 1e9",
	} {
		b, err := BotSettingsOf(&Record{Body: []byte(body)})
		if want == "" {
			require.NoError(t, err, body)
			require.NotEmpty(t, b.Name)
			require.NotEmpty(t, b.Languages)
			again := b
			require.NoError(t, again.Check())
			require.Equal(t, b, again, "what was checked stays")
			continue
		}
		require.EqualError(t, err, want, body)
		require.Equal(t, Malformed, CodeOf(err))
	}
	nan := AIBudget{Money: math.NaN()}
	require.Error(t, nan.check())
	s := SettingsOf(nil)
	require.False(t, s.Bot().Enabled)
	s = SettingsOf([]Record{{Kind: RecordBot, Body: []byte(`{"enabled":true}`)}})
	require.True(t, s.Bot().Enabled)
	require.Equal(t, BotAlways, s.Bot().Hours)
	require.Equal(t, EnginesCheapest, s.Bot().Engines)
	s = SettingsOf([]Record{{Kind: RecordBot, Body: []byte(`{"enabled":true,"tone":"rude"}`)}})
	require.False(t, s.Bot().Enabled, "what can't be read is off")
}

func TestAIEngineCheck(t *testing.T) {
	good := AIEngine{Name: " one ", BaseURL: "http://127.0.0.1:8080/v1/", Model: "m", Key: "sk-1", FirstToken: time.Second, Total: 20 * time.Second}
	for name, spoil := range map[string]func(*AIEngine){
		"":                             func(*AIEngine) {},
		"name: must be":                func(e *AIEngine) { e.Name = "" },
		"model: must be":               func(e *AIEngine) { e.Model = " " },
		"base_url: must look like":     func(e *AIEngine) { e.BaseURL = "ftp://x/" },
		"base_url: must look like h":   func(e *AIEngine) { e.BaseURL = "https://u:p@x/v1" },
		"base_url: must look like ht":  func(e *AIEngine) { e.BaseURL = "https://x/v1?a=1" },
		"key: must be printable":       func(e *AIEngine) { e.Key = "sk\r\nX: y" },
		"position:":                    func(e *AIEngine) { e.Position = -1 },
		"prompt_price:":                func(e *AIEngine) { e.PromptPrice = math.NaN() },
		"completion_price:":            func(e *AIEngine) { e.CompletionPrice = -1 },
		"total_ms: must be 0 to 20000": func(e *AIEngine) { e.Total = 20*time.Second + time.Millisecond },
		"first_token_ms: must be":      func(e *AIEngine) { e.FirstToken = 1 },
		"first_token_ms: must not":     func(e *AIEngine) { e.FirstToken, e.Total = 20*time.Second, 19*time.Second },
		"first_token_ms: must be 0 t":  func(e *AIEngine) { e.FirstToken, e.Total = 21*time.Second, 0 },
	} {
		e := good
		spoil(&e)
		err := e.Check()
		if name == "" {
			require.NoError(t, err)
			require.Equal(t, "http://127.0.0.1:8080/v1", e.BaseURL)
			require.Equal(t, "one", e.Name)
			continue
		}
		require.ErrorContains(t, err, name)
		require.Equal(t, Malformed, CodeOf(err), name)
	}
}

func TestAITraceCheck(t *testing.T) {
	good := AITrace{Outcome: "hand_off", Body: json.RawMessage(`{"a":1}`)}
	require.NoError(t, good.Check())
	for _, outcome := range []string{"", "Answer", "a b", strings.Repeat("a", 41)} {
		bad := good
		bad.Outcome = outcome
		require.Equal(t, Malformed, CodeOf(bad.Check()), outcome)
	}
	for _, body := range []string{"", "[]", "null", "{", `"x"`} {
		bad := good
		bad.Body = json.RawMessage(body)
		require.Equal(t, Malformed, CodeOf(bad.Check()), body)
	}
	bad := good
	bad.Body = json.RawMessage(`{"a":"` + strings.Repeat("x", MaxAITrace) + `"}`)
	require.Equal(t, TooLarge, CodeOf(bad.Check()))
}
