package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// What the tables of the permission matrix say of the knowledge base.
func init() {
	for ids, rights := range map[string]string{
		"listDocuments getDocument searchKnowledge getKnowledgeIndex listGoldenQuestions getGoldenQuestion listUnanswered":                                                                                            "-oasmv",
		"createDocument updateDocument deleteDocument reindexKnowledge rollBackKnowledge planKnowledgeCanary promoteKnowledgeCanary createGoldenQuestion updateGoldenQuestion deleteGoldenQuestion dismissUnanswered": "-oas--",
		"noteUnanswered": "-oasm-",
	} {
		for id := range strings.FieldsSeq(ids) {
			allowed[id], scoped[id] = rights, chat.KnowledgeWrite
		}
	}
	maps.Copy(bodies, map[string]any{
		"createDocument":       map[string]any{"title": "Returns", "text": "# Returns\n\nSeven days."},
		"updateDocument":       map[string]any{"language": "en"},
		"createGoldenQuestion": map[string]any{"question": "May I return it?", "document_id": expectedDocument},
		"updateGoldenQuestion": map[string]any{"within": 2},
		"noteUnanswered":       map[string]any{"question": "Do you ship to the moon?"},
		"planKnowledgeCanary":  map[string]any{"percent": 0, "minutes": 0},
	})
}

// expectedDocument is the id of a document that tests of golden questions make.
const expectedDocument = "0192f000-0000-7000-8000-0000000000d0"

// freshKnowledge makes what an operation on a path of the knowledge base is about.
func (n *node) freshKnowledge(path string) string {
	ctx, store, now := context.Background(), n.kept.Store, time.Now()
	id, err := chat.ParseID[chat.Document](expectedDocument)
	require.NoError(n.t, err)
	d := chat.Document{ID: id, Tenant: n.tenant.ID, Title: "Returns", Format: "markdown", Text: "Seven days.", Bytes: 11, Chunks: 1, Enabled: true, CreatedAt: now, UpdatedAt: now}
	if _, err := store.AddDocument(ctx, d, chat.KnowledgeLimits{}, now.Add(time.Hour)); err != nil {
		require.Contains(n.t, strings.ToLower(err.Error()), "unique") // it is there already
	}
	switch {
	case strings.Contains(path, "/golden/"):
		g := chat.GoldenQuestion{ID: chat.NewID[chat.GoldenQuestion](), Tenant: n.tenant.ID, Question: "May I?", Document: id, Within: 3, CreatedAt: now, UpdatedAt: now}
		require.NoError(n.t, store.AddGoldenQuestion(ctx, g, now.Add(time.Hour)))
		return g.ID.String()
	case strings.Contains(path, "/unanswered/"):
		question := chat.NewID[chat.Unanswered]().String()
		require.NoError(n.t, store.NoteUnanswered(ctx, n.tenant.ID, chat.ConversationID{}, question, now))
		page, _, err := store.Unanswered(ctx, n.tenant.ID, "", 1)
		require.NoError(n.t, err)
		return page[0].ID.String()
	case strings.Contains(path, "/documents/"):
		d.ID = chat.NewID[chat.Document]()
		_, err = store.AddDocument(ctx, d, chat.KnowledgeLimits{}, now.Add(time.Hour))
		require.NoError(n.t, err)
		return d.ID.String()
	}
	return ""
}

// indexed waits until nothing is built any more, and returns how the index stands.
func (n *node) indexed(token string) map[string]any {
	n.t.Helper()
	var got *answer
	require.Eventually(n.t, func() bool {
		got = n.call("GET", "/api/v1/knowledge/reindex", token, nil)
		return got.status == 200 && got.body["state"] == "idle"
	}, 60*time.Second, 50*time.Millisecond)
	return got.body
}

// finds returns the titles of what a search finds.
func (n *node) finds(token, question string) (titles []string) {
	n.t.Helper()
	got := n.call("GET", "/api/v1/knowledge/search?q="+strings.ReplaceAll(question, " ", "+"), token, nil)
	require.Equal(n.t, 200, got.status, string(got.raw))
	for _, h := range got.data() {
		titles = append(titles, h.(map[string]any)["document"].(map[string]any)["title"].(string))
	}
	return titles
}

func documentForm(t *testing.T, name string, file []byte, fields ...string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		require.NoError(t, w.WriteField(fields[i], fields[i+1]))
	}
	p, err := w.CreateFormFile("file", name)
	require.NoError(t, err)
	_, err = p.Write(file)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

// makeDOCX is a file as Word writes it, of one paragraph.
func makeDOCX(t *testing.T, text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("word/document.xml")
	require.NoError(t, err)
	_, err = w.Write([]byte(`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>` + text + `</w:t></w:r></w:p></w:body></w:document>`))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

// From a document to what is found, what stops an index, and back again.
func TestKnowledge(t *testing.T) { onBoth(t, testKnowledge) }

func testKnowledge(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, token := n.agent(n.tenant.ID, chat.Supervisor)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	const documents = "/api/v1/knowledge/documents"
	require.Empty(t, n.finds(token, "returns"))
	returns := n.call("POST", documents, token, map[string]any{"text": "# Returns\n\nYou may send anything back within seven days.", "language": "en"})
	require.Equal(t, 201, returns.status, string(returns.raw))
	require.Equal(t, "Returns", returns.body["title"])
	require.Equal(t, "pending", returns.body["state"])
	body, kind := documentForm(t, "配送.csv", []byte("问题,答案\n多久能到货？,下单后两天内送达。\n"), "language", "zh", "url", "https://shop.example/shipping")
	shipping := n.call("POST", documents, token, body, "Content-Type", kind)
	require.Equal(t, 201, shipping.status, string(shipping.raw))
	require.Equal(t, "csv", shipping.body["format"])
	require.Equal(t, "配送", shipping.body["title"])
	body, kind = documentForm(t, "Gift wrapping.docx", makeDOCX(t, "We wrap presents in paper for two euro."))
	gifts := n.call("POST", documents, token, body, "Content-Type", kind)
	require.Equal(t, 201, gifts.status, string(gifts.raw))
	require.Equal(t, "markdown", gifts.body["format"])
	require.Equal(t, "Gift wrapping", gifts.body["title"])
	first := n.indexed(token)
	require.Nil(t, first["last_failure"])
	require.EqualValues(t, 3, first["documents"])
	require.Equal(t, "Gift wrapping", n.finds(token, "can you wrap a present")[0])
	require.Equal(t, "Returns", n.finds(token, "can I send it back")[0])
	require.Equal(t, "配送", n.finds(token, "多久到货")[0])
	require.Empty(t, n.finds(stranger, "can I send it back"), "another tenant's")
	list := n.call("GET", documents, token, nil)
	require.Equal(t, "indexed", list.data()[0].(map[string]any)["state"])
	require.Nil(t, list.data()[0].(map[string]any)["text"])
	whole := n.call("GET", documents+"/"+returns.body["id"].(string), token, nil)
	require.Contains(t, whole.body["text"], "seven days")

	// A golden question that fails keeps the index that is in use.
	golden := n.call("POST", "/api/v1/knowledge/golden", token, map[string]any{"question": "can I send it back", "document_id": returns.body["id"], "within": 1})
	require.Equal(t, 201, golden.status, string(golden.raw))
	require.Nil(t, n.indexed(token)["last_failure"])
	changed := n.call("PATCH", documents+"/"+returns.body["id"].(string), token, map[string]any{"text": "Gift cards are never sold.", "title": "Gifts"})
	require.Equal(t, 200, changed.status, string(changed.raw))
	other := n.call("POST", documents, token, map[string]any{"title": "Elsewhere", "format": "text", "text": "Whether you can send it back we do not know."})
	require.Equal(t, 201, other.status)
	failed := n.indexed(token)
	require.NotNil(t, failed["last_failure"], "%v", failed)
	miss := failed["last_failure"].(map[string]any)["golden"].([]any)[0].(map[string]any)
	require.Equal(t, "can I send it back", miss["question"])
	require.Equal(t, other.body["id"], miss["found_document_id"])
	require.Equal(t, first["version"], failed["version"])
	require.Equal(t, "Returns", n.finds(token, "can I send it back")[0])
	require.Equal(t, "failed", n.call("GET", documents+"/"+other.body["id"].(string), token, nil).body["state"])

	// Without it the index is built, and can be taken back.
	require.Equal(t, 204, n.call("DELETE", "/api/v1/knowledge/golden/"+golden.body["id"].(string), token, nil).status)
	second := n.indexed(token)
	require.Nil(t, second["last_failure"])
	require.Greater(t, second["version"], first["version"])
	require.Eventually(t, func() bool { return n.finds(token, "can I send it back")[0] == "Elsewhere" }, 10*time.Second, 20*time.Millisecond)
	back := n.call("POST", "/api/v1/knowledge/rollback", token, nil)
	require.Equal(t, 200, back.status, string(back.raw))
	require.Equal(t, first["version"], back.body["version"])
	require.Equal(t, true, back.body["rolled_back"])
	require.Eventually(t, func() bool { return n.finds(token, "can I send it back")[0] == "Returns" }, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, "no_such_version", n.call("POST", "/api/v1/knowledge/rollback", token, map[string]any{"version": 77}).code())
	again := n.call("POST", "/api/v1/knowledge/reindex", token, nil, "Idempotency-Key", "once")
	require.Equal(t, 202, again.status)
	require.Equal(t, "true", n.call("POST", "/api/v1/knowledge/reindex", token, nil, "Idempotency-Key", "once").header.Get("Idempotency-Replayed"))
	require.Equal(t, false, n.indexed(token)["rolled_back"])
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	told := map[string]int{}
	for _, e := range n.acts(admin, "") {
		told[e["action"].(string)]++
	}
	require.Equal(t, 1, told["knowledge.rolled_back"])
	require.Equal(t, 1, told["knowledge.reindexed"])
	require.Equal(t, 4, told["knowledge_document.created"])
}

// Whoever switches a document off sees whether the index in use still has it.
func TestKnowledgeLeaving(t *testing.T) { onBoth(t, testKnowledgeLeaving) }

func testKnowledgeLeaving(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, token := n.agent(n.tenant.ID, chat.Supervisor)
	const documents = "/api/v1/knowledge/documents"
	add := func(text string, enabled bool) string {
		made := n.call("POST", documents, token, map[string]any{"text": text, "enabled": enabled})
		require.Equal(t, 201, made.status, string(made.raw))
		if !enabled {
			require.Equal(t, "disabled", made.body["state"], "there is no index that could have it")
		}
		return documents + "/" + made.body["id"].(string)
	}
	off, wraps := add("# Nothing\n\nNobody finds it.", false), add("# Gift wrapping\n\nWe wrap presents in paper for two euro.", true)
	stands := func(path, state string, found bool) {
		t.Helper()
		n.indexed(token)
		require.Equal(t, state, n.call("GET", path, token, nil).body["state"])
		require.Eventually(t, func() bool {
			return slices.Contains(n.finds(token, "can you wrap a present"), "Gift wrapping") == found
		}, 10*time.Second, 20*time.Millisecond)
	}
	stands(off, "disabled", true)
	stands(wraps, "indexed", true)
	golden := n.call("POST", "/api/v1/knowledge/golden", token, map[string]any{
		"question": "can you wrap a present", "document_id": strings.TrimPrefix(wraps, documents+"/"),
	})
	require.Equal(t, 201, golden.status, string(golden.raw))
	n.indexed(token)
	changed := n.call("PATCH", wraps, token, map[string]any{"enabled": false})
	require.Equal(t, "leaving", changed.body["state"])
	stands(wraps, "leaving", true) // the golden question wants it
	require.Equal(t, 204, n.call("DELETE", "/api/v1/knowledge/golden/"+golden.body["id"].(string), token, nil).status)
	stands(wraps, "disabled", false)
	require.Equal(t, 200, n.call("POST", "/api/v1/knowledge/rollback", token, nil).status)
	stands(wraps, "leaving", true)
}

// A text is judged by its own size, however its JSON is written, and whoever sends too much hears so.
func TestKnowledgeLarge(t *testing.T) {
	n := start(t, func(c *server.Config) { c.KnowledgeLimits = chat.KnowledgeLimits{DocumentBytes: 1_000_000} })
	_, token := n.agent(n.tenant.ID, chat.Owner)
	text := strings.Repeat(`\u9000\u6b3e`, 150_000) // 900,000 bytes in UTF-8
	made := n.call("POST", "/api/v1/knowledge/documents", token, `{"title":"Much","text":"`+text+`"}`)
	require.Equal(t, 201, made.status, "%.300s", made.raw)
	require.EqualValues(t, 900_000, made.body["bytes"])
	id := made.body["id"].(string)
	require.Equal(t, 200, n.call("PATCH", "/api/v1/knowledge/documents/"+id, token, `{"text":"`+text+`\u6b3e"}`).status)
	require.Equal(t, 413, n.call("PATCH", "/api/v1/knowledge/documents/"+id, token, `{"text":"`+text+text[:600_000]+`"}`).status)
	require.Equal(t, 413, n.call("PATCH", "/api/v1/knowledge/documents/"+id, token, `{"text":"`+strings.Repeat("x", 12<<20)+`"}`).status)
	require.Equal(t, 413, n.call("POST", "/api/v1/labels", token, `{"name":"`+strings.Repeat("x", 12<<20)+`"}`).status)
}

// What is no document is refused, and what is too large before it is read.
func TestKnowledgeRefuses(t *testing.T) {
	n := start(t, func(c *server.Config) {
		c.KnowledgeLimits = chat.KnowledgeLimits{Documents: 2, DocumentBytes: 1000, Bytes: 1500}
	})
	_, token := n.agent(n.tenant.ID, chat.Owner)
	send := func(name string, file []byte) *answer {
		body, kind := documentForm(t, name, file)
		return n.call("POST", "/api/v1/knowledge/documents", token, body, "Content-Type", kind)
	}
	for name, want := range map[string]struct {
		file   []byte
		status int
		code   string
	}{
		"a.doc":  {[]byte("Shipping"), 400, "format_unknown"},
		"a.pdf":  {[]byte("%PDF-1.7"), 400, "file_unreadable"},
		"a.docx": {[]byte("PK"), 400, "file_unreadable"},
		"b.pdf":  {bytes.Repeat([]byte("x"), 11<<20), 413, "document_too_large"},
		"b.docx": {makeDOCX(t, strings.Repeat("word ", 300)), 413, "document_too_large"},
		"c.docx": {makeDOCX(t, " "), 400, "file_without_text"},
		"a.txt":  {bytes.Repeat([]byte{0, 1, 2, 3, 0x80, 0xff}, 100), 400, "not_text"},
		"b.txt":  {bytes.Repeat([]byte("x"), 1001), 413, "document_too_large"},
		"c.txt":  {bytes.Repeat([]byte("x"), 3<<20), 413, "document_too_large"},
		"d.csv":  {[]byte("only one column\n"), 400, ""},
		"e.txt":  {[]byte("  \n"), 400, ""},
	} {
		got := send(name, want.file)
		require.Equal(t, want.status, got.status, "%s: %s", name, got.raw)
		if want.code != "" {
			require.Equal(t, want.code, got.code(), name)
		}
	}
	for _, bad := range []map[string]any{
		{"text": "x", "title": "t", "url": "javascript:alert(1)"},
		{"text": "x", "title": "t", "language": "not a tag"},
		{"text": "x"},
		{"text": "a\x00b", "title": "t"},
		{"title": "t"},
		{"text": "x", "title": "t", "format": "pdf"},
	} {
		got := n.call("POST", "/api/v1/knowledge/documents", token, bad)
		require.Contains(t, []int{400, 422}, got.status, "%v: %s", bad, got.raw)
	}
	require.Equal(t, 201, send("one.txt", bytes.Repeat([]byte("x "), 450)).status)
	require.Equal(t, "knowledge_full", send("two.txt", bytes.Repeat([]byte("x "), 450)).code())
	gbk := send("三.txt", []byte{0xcd, 0xcb, 0xbb, 0xf5}) // 退货
	require.Equal(t, 201, gbk.status, string(gbk.raw))
	require.Equal(t, "退货", n.call("GET", "/api/v1/knowledge/documents/"+gbk.body["id"].(string), token, nil).body["text"])
	require.Equal(t, "too_many", send("four.txt", []byte("x")).code())
	require.Equal(t, http.StatusUnauthorized, n.call("POST", "/api/v1/knowledge/documents", "", "x", "Content-Type", "multipart/form-data; boundary=x").status)
	raw, err := json.Marshal(map[string]any{"question": "  do you sell tea? "})
	require.NoError(t, err)
	for range 2 {
		require.Equal(t, 204, n.call("POST", "/api/v1/knowledge/unanswered", token, string(raw)).status)
	}
	open := n.call("GET", "/api/v1/knowledge/unanswered", token, nil).data()
	require.Len(t, open, 1)
	require.EqualValues(t, 2, open[0].(map[string]any)["count"])
	require.Equal(t, 204, n.call("POST", "/api/v1/knowledge/unanswered/"+open[0].(map[string]any)["id"].(string)+"/dismiss", token, nil).status)
	require.Empty(t, n.call("GET", "/api/v1/knowledge/unanswered", token, nil).data())
}
