package server_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// Bytes that are no UTF-8 were kept as U+FFFD and answered 201: what is no JSON (RFC 8259, 8.1) is refused.
func TestHoleBytesThatAreNoText(t *testing.T) {
	n := start(t, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	for _, text := range []string{"\xff\xfe", "caf\xe9", "\xed\xa0\x80", "\xc0\xaf", "a\xf0\x9f"} {
		got := n.call("POST", "/api/v1/labels", boss, `{"name":"`+text+`"}`)
		require.Equal(t, 400, got.status, "%q", text)
		require.Equal(t, "malformed", got.code())
	}
	require.Equal(t, 400, n.call("POST", session, "", "{\"site_key\":\"shop\",\"name\":\"\xff\"}").status)
	require.Empty(t, n.call("GET", "/api/v1/labels", boss, nil).data())
	require.Equal(t, 201, n.call("POST", "/api/v1/labels", boss, `{"name":"咖啡 ☕ é"}`).status)
}

// A mark of what was read that no program can count to was taken.
func TestHoleReadBeyondNumbers(t *testing.T) {
	n := start(t, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	vera, _ := n.visitor("shop")
	read := "/api/v1/conversations/" + n.conversation(n.tenant.ID, vera, "hi").String() + "/read"
	for _, seq := range []string{"9007199254740992", "9007199254740993", "18446744073709551615", "-1", "1.5"} {
		require.Equal(t, 400, n.call("POST", read, boss, `{"seq":`+seq+`}`).status, seq)
	}
	require.Equal(t, 200, n.call("POST", read, boss, `{"seq":9007199254740991}`).status)
}

// The API refused a scope that there is: every scope can be given to a token, and the document names it.
func TestHoleScopeThatCanNotBeGiven(t *testing.T) {
	n := start(t, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	for s := chat.ConversationsRead; s <= chat.AuditRead; s <<= 1 {
		got := n.call("POST", "/api/v1/api-tokens", boss, map[string]any{"name": "all", "scopes": s.Names()})
		require.Equal(t, 201, got.status, "%s: %s", s, got.raw)
	}
	token := n.call("POST", "/api/v1/api-tokens", boss, `{"name":"auditor","scopes":["audit:read"],"expires_at":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)
	require.Equal(t, 200, n.call("GET", "/api/v1/audit-log", token.body["token"].(string), nil).status)

	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct {
					Schema struct {
						Ref        string `json:"$ref"`
						Properties map[string]struct{ Items struct{ Enum []string } }
					}
				}
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Items struct{ Enum []string }
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(n.call("GET", "/api/openapi.json", "", nil).raw, &doc))
	body := doc.Paths["/api/v1/api-tokens"]["post"].RequestBody.Content["application/json"].Schema
	named := body.Properties["scopes"].Items.Enum
	if body.Ref != "" {
		named = doc.Components.Schemas[body.Ref[len("#/components/schemas/"):]].Properties["scopes"].Items.Enum
	}
	all := chat.AllScopes | chat.AIAsk | (chat.AIAsk - 1)
	require.ElementsMatch(t, all.Names(), named)
}

// Nobody's conversations could not be asked for: none was no assignee.
func TestHoleConversationsOfNobody(t *testing.T) {
	n := start(t, nil)
	_, boss := n.agent(n.tenant.ID, chat.Owner)
	vera, _ := n.visitor("shop")
	adam, _ := n.visitor("shop")
	waits, taken := n.conversation(n.tenant.ID, vera, "hi").String(), n.conversation(n.tenant.ID, adam, "hi").String()
	accepted := n.call("POST", "/api/v1/conversations/"+taken+"/accept", boss, nil)
	require.Equal(t, 200, accepted.status, string(accepted.raw))
	for query, want := range map[string]string{"none": waits, "me": taken} {
		require.Eventually(t, func() bool {
			got := n.call("GET", "/api/v1/conversations?assignee="+query, boss, nil)
			return got.status == 200 && len(got.data()) == 1 && got.data()[0].(map[string]any)["id"] == want
		}, 5*time.Second, 20*time.Millisecond, query)
	}
}
