package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"mime/multipart"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/api"
)

// form is a form with a file, and pairs of other fields.
func form(t testing.TB, name string, content []byte, fields ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		require.NoError(t, w.WriteField(fields[i], fields[i+1]))
	}
	part, err := w.CreateFormFile("file", name)
	require.NoError(t, err)
	_, err = part.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

// send sends a file up.
func (n *node) send(token, name string, content []byte, fields ...string) *answer {
	n.t.Helper()
	body, kind := form(n.t, name, content, fields...)
	return n.call("POST", "/api/v1/uploads", token, body, "Content-Type", kind)
}

// uploaded sends a file up that must be taken, and returns its url.
func (n *node) uploaded(token, name string, content []byte, fields ...string) string {
	n.t.Helper()
	got := n.send(token, name, content, fields...)
	require.Equal(n.t, 201, got.status, string(got.raw))
	return got.body["url"].(string)
}

// say sends a message that names a file.
func (n *node) say(token string, conv chat.ConversationID, kind, url string, more ...string) *answer {
	n.t.Helper()
	m := map[string]any{"cmid": chat.NewID[chat.Event]().String(), "kind": kind, "body": map[string]any{"url": url, "name": "a"}}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return n.call("POST", "/api/v1/conversations/"+conv.String()+"/messages", token, m)
}

// stored lists the files that are kept.
func (n *node) stored() (names []string) {
	n.t.Helper()
	require.NoError(n.t, filepath.WalkDir(n.shelf, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	return names
}

func picture(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), uint8(x * y), 255})
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

func TestUpload(t *testing.T) {
	n := start(t, nil)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	pic := picture(t, 900, 600)
	got := n.send(token, "假日.png", pic)
	require.Equal(t, 201, got.status, string(got.raw))
	sum := sha256.Sum256(pic)
	for k, want := range map[string]any{
		"name": "假日.png", "mime": "image/png", "size": float64(len(pic)), "width": 900.0, "height": 600.0, "sha256": hex.EncodeToString(sum[:]), "conversation_id": nil,
	} {
		require.Equal(t, want, got.body[k], k)
	}
	url := got.body["url"].(string)
	require.Equal(t, "/api/v1/uploads/"+got.body["id"].(string), url)

	// The uploader reads it at once; nobody else, until a message names it.
	_, agent := n.agent(n.tenant.ID, chat.Member)
	require.Equal(t, 404, n.call("GET", url, agent, nil).status)
	mine := n.call("GET", url, token, nil)
	require.Equal(t, 200, mine.status)
	require.Equal(t, pic, mine.raw)
	sent := n.say(token, conv, "image", url)
	require.Equal(t, 201, sent.status, string(sent.raw))
	theirs := n.call("GET", url, agent, nil)
	require.Equal(t, 200, theirs.status)
	require.Equal(t, pic, theirs.raw)
	for k, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
		"Content-Disposition": `inline; filename="__.png"; filename*=UTF-8''%E5%81%87%E6%97%A5.png`, "Cross-Origin-Resource-Policy": "same-origin", "Accept-Ranges": "bytes",
	} {
		require.Equal(t, want, theirs.header.Get(k), k)
	}
	require.Contains(t, theirs.header.Get("Cache-Control"), "private")
	thumb := n.call("GET", url+"/thumbnail", agent, nil)
	require.Equal(t, 200, thumb.status)
	require.Equal(t, "image/jpeg", thumb.header.Get("Content-Type"))
	m, _, err := image.DecodeConfig(bytes.NewReader(thumb.raw))
	require.NoError(t, err)
	require.Equal(t, []int{480, 320}, []int{m.Width, m.Height})

	// Parts of it, and what has not changed.
	etag := theirs.header.Get("ETag")
	require.Equal(t, 304, n.call("GET", url, agent, nil, "If-None-Match", etag).status)
	for asked, want := range map[string][2]int{"bytes=0-9": {0, 10}, "bytes=10-": {10, len(pic)}, "bytes=-7": {len(pic) - 7, len(pic)}, "bytes=5-999999999": {5, len(pic)}} {
		part := n.call("GET", url, agent, nil, "Range", asked)
		require.Equal(t, 206, part.status, asked)
		require.Equal(t, pic[want[0]:want[1]], part.raw, asked)
		require.Equal(t, fmt.Sprintf("bytes %d-%d/%d", want[0], want[1]-1, len(pic)), part.header.Get("Content-Range"), asked)
	}
	for _, asked := range []string{"bytes=0-1,5-6", "lines=1-2", "bytes=9-3", "bytes=a-b", "bytes=-", "bytes"} {
		require.Equal(t, 200, n.call("GET", url, agent, nil, "Range", asked).status, asked)
	}
	require.Equal(t, 200, n.call("GET", url, agent, nil, "Range", "bytes=0-9", "If-Range", `"another"`).status)
	beyond := n.call("GET", url, agent, nil, "Range", fmt.Sprintf("bytes=%d-", len(pic)))
	require.Equal(t, 416, beyond.status)
	require.Equal(t, fmt.Sprintf("bytes */%d", len(pic)), beyond.header.Get("Content-Range"))

	// Anything else is an attachment.
	doc := n.uploaded(token, `a";b.pdf`, []byte("%PDF-1.7\n"))
	require.Equal(t, `attachment; filename="a_;b.pdf"; filename*=UTF-8''a_%3Bb.pdf`, n.call("GET", doc, token, nil).header.Get("Content-Disposition"))
	require.Equal(t, 404, n.call("GET", doc+"/thumbnail", token, nil).status)
	require.Equal(t, 400, n.say(token, conv, "image", doc).status, "it is no image")
	require.Equal(t, 201, n.say(token, conv, "file", doc).status)
}

// Regression of others' holes: a file is read by whoever knows its address.
func TestFilesStayInTheirConversation(t *testing.T) {
	n := start(t, nil)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	other, otherToken := n.visitor("shop")
	otherConv := n.conversation(n.tenant.ID, other, "hi")
	team := chat.Team{ID: chat.NewID[chat.Team](), Tenant: n.tenant.ID, Name: "T", CreatedAt: time.Now()}
	require.NoError(t, n.kept.Store.SaveTeam(context.Background(), team))
	_, outsider := n.agent(n.tenant.ID, chat.Member)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	_, strangeVisitor := n.visitor("other")

	url := n.uploaded(token, "a.png", picture(t, 9, 9))
	require.Equal(t, 201, n.say(token, conv, "image", url).status)
	readers := map[string]string{"another visitor": otherToken, "another tenant's owner": stranger, "another tenant's visitor": strangeVisitor}
	nobody := func(url, who, token string) {
		t.Helper()
		for _, path := range []string{url, url + "/thumbnail"} {
			got := n.call("GET", path, token, nil)
			require.Equal(t, 404, got.status, "%s reads %s", who, path)
		}
		require.Equal(t, 404, n.call("POST", url+"/link", token, nil).status, who)
		require.Equal(t, 404, n.call("DELETE", url, token, nil).status, who)
	}
	for who, token := range readers {
		nobody(url, who, token)
	}
	require.Equal(t, 200, n.call("GET", url, outsider, nil).status, "a conversation of no team")
	require.Equal(t, 200, n.call("POST", "/api/v1/conversations/"+conv.String()+"/transfer", admin, map[string]any{"team_id": team.ID.String()}).status)
	require.Equal(t, 404, n.call("GET", url, outsider, nil).status, "a team's conversation")
	require.Equal(t, 200, n.call("GET", url, admin, nil).status)

	// Nobody takes it into another conversation, nor names what is not there.
	for name, got := range map[string]*answer{
		"another visitor":        n.say(otherToken, otherConv, "image", url),
		"an agent":               n.say(admin, otherConv, "image", url),
		"its own, in another":    n.say(otherToken, otherConv, "image", n.uploaded(otherToken, "b.png", picture(t, 3, 3), "conversation_id", otherConv.String())+"0"),
		"one that was never":     n.say(token, conv, "image", "/api/v1/uploads/"+chat.NewID[chat.Upload]().String()),
		"another tenant's owner": n.say(stranger, otherConv, "image", url),
	} {
		require.Equal(t, 404, got.status, "%s: %s", name, got.raw)
	}
	mine := n.uploaded(otherToken, "b.png", picture(t, 3, 3), "conversation_id", otherConv.String())
	require.Equal(t, 404, n.say(admin, conv, "image", mine).status, "given to one conversation, named in another")
	require.Equal(t, 404, n.send(otherToken, "c.png", picture(t, 3, 3), "conversation_id", conv.String()).status)
	require.Equal(t, 404, n.send(stranger, "c.png", picture(t, 3, 3), "conversation_id", conv.String()).status)

	// What only agents see is for agents only, though it is the visitor's own conversation.
	note := n.uploaded(admin, "note.pdf", []byte("%PDF-1.7\n"), "conversation_id", conv.String())
	nobody(note, "the visitor, before it is sent", token)
	require.Equal(t, 201, n.say(admin, conv, "file", note, "visibility", "internal").status)
	nobody(note, "the visitor", token)
	require.Equal(t, 404, n.say(token, conv, "file", note).status, "nor can the visitor make it public")
	_, second := n.agent(n.tenant.ID, chat.Admin)
	require.Equal(t, 200, n.call("GET", note, second, nil).status)
	require.Equal(t, 201, n.say(second, conv, "file", note).status)
	require.Equal(t, 200, n.call("GET", note, token, nil).status, "shown by an agent")
}

// Recalled or edited away means gone for whoever it was shown to.
func TestRecalledFiles(t *testing.T) {
	n := start(t, nil)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	_, agent := n.agent(n.tenant.ID, chat.Member)
	first, second := n.uploaded(agent, "a.png", picture(t, 9, 9)), n.uploaded(agent, "b.png", picture(t, 8, 8))
	cmid := chat.NewID[chat.Event]().String()
	sent := n.say(agent, conv, "image", first, "cmid", cmid)
	require.Equal(t, 201, sent.status, string(sent.raw))
	link := n.call("POST", first+"/link", token, nil)
	require.Equal(t, 200, link.status)
	require.Equal(t, 200, n.call("GET", link.body["url"].(string), "", nil).status)
	path := "/api/v1/conversations/" + conv.String() + "/messages/" + sent.body["mid"].(string)
	edited := n.call("PATCH", path, agent, map[string]any{"body": map[string]any{"url": second}})
	require.Equal(t, 200, edited.status, string(edited.raw))
	require.Equal(t, 404, n.call("GET", first, token, nil).status)
	require.Equal(t, 404, n.call("GET", link.body["url"].(string), "", nil).status, "a link that is still valid")
	require.Equal(t, 200, n.call("GET", second, token, nil).status)
	for _, bad := range []string{"javascript:alert(1)", "/api/v1/uploads/" + chat.NewID[chat.Upload]().String()} {
		require.GreaterOrEqual(t, n.call("PATCH", path, agent, map[string]any{"body": map[string]any{"url": bad}}).status, 400, bad)
	}
	// The first send, repeated by a client that never heard of it, is a duplicate and changes nothing.
	again := n.say(agent, conv, "image", first, "cmid", cmid)
	require.Equal(t, 200, again.status, string(again.raw))
	require.Equal(t, 404, n.call("GET", first, token, nil).status)
	require.Equal(t, 204, n.call("DELETE", path, agent, nil).status)
	require.Equal(t, 404, n.call("GET", second, token, nil).status)
	require.Equal(t, 200, n.call("GET", second, agent, nil).status, "the uploader's own")
	require.Equal(t, 204, n.call("DELETE", second, agent, nil).status)
	require.Equal(t, 204, n.call("DELETE", first, agent, nil).status)
	require.Empty(t, n.stored())
	require.Equal(t, 200, n.say(agent, conv, "image", first, "cmid", cmid).status, "a duplicate for ever")
}

// A message that is refused leaves the file as it was: free for another conversation.
func TestRefusedMessageLeavesTheFile(t *testing.T) {
	n := start(t, nil)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	url := n.uploaded(token, "a.png", picture(t, 9, 9))
	refused := n.say(token, chat.NewID[chat.Conversation](), "image", url)
	require.Equal(t, 409, refused.status, "there is an open conversation")
	require.Equal(t, conv.String(), refused.body["conversation_id"])
	cmid := chat.NewID[chat.Event]().String()
	require.Equal(t, 201, n.say(token, conv, "image", url, "cmid", cmid).status)
	require.Equal(t, 409, n.say(token, conv, "file", url, "cmid", cmid).status, "the same cmid for another message")
	_, agent := n.agent(n.tenant.ID, chat.Member)
	require.Equal(t, 200, n.call("GET", url, agent, nil).status, "the first still names it")
	require.Equal(t, 409, n.call("DELETE", url, token, nil).status)
}

// Regression: links in messages that a page would run or load from where it should not.
func TestLinksInMessages(t *testing.T) {
	n := start(t, nil)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	say := func(kind, body string) int {
		m := fmt.Sprintf(`{"cmid":%q,"kind":%q,"body":%s}`, chat.NewID[chat.Event](), kind, body)
		return n.call("POST", "/api/v1/conversations/"+conv.String()+"/messages", token, m).status
	}
	for _, bad := range []string{
		`{"url":"javascript:alert(1)"}`, `{"url":"JaVaScRiPt:alert(1)"}`, `{"url":" javascript:alert(1)"}`, `{"url":"java\nscript:alert(1)"}`,
		`{"url":"data:text/html,<script>alert(1)</script>"}`, `{"url":"vbscript:x"}`, `{"url":"file:///etc/passwd"}`, `{"url":"blob:x"}`, `{"url":7}`,
		`{"url":null}`, `{}`, `{"url":"javascript:alert(1)","URL":"https://ok.example/"}`, `{"URL":"https://ok.example/"}`, `{"url":"\\\\evil.example\\x"}`,
	} {
		require.Equal(t, 400, say("image", bad), bad)
		require.Equal(t, 400, say("file", bad), bad)
	}
	require.Equal(t, 404, say("file", `{"url":"/api/v1/uploads/../conversations"}`))
	require.Equal(t, 400, say("card", `{"title":"x","image":"javascript:alert(1)"}`))
	require.Equal(t, 404, say("card", `{"title":"x","image":"/api/v1/uploads/`+chat.NewID[chat.Upload]().String()+`"}`))
	for kind, good := range map[string]string{"image": `{"url":"https://shop.example/a.png"}`, "file": `{"url":"/u/1","name":"x"}`, "card": `{"title":"x"}`} {
		require.Equal(t, 201, say(kind, good), good)
	}
}

// Regression: names with paths, line ends, and characters that turn the reading direction round.
func TestNamesOfFiles(t *testing.T) {
	n := start(t, nil)
	_, token := n.visitor("shop")
	pdf := []byte("%PDF-1.7\n")
	for given, want := range map[string]string{
		"../../../etc/cron.d/x.pdf": "x.pdf", `..\..\boot.pdf`: "boot.pdf", "/etc/passwd.pdf": "passwd.pdf",
		"invoice\u202efdp.exe.pdf": "invoicefdp.exe.pdf", "CON.pdf": "_CON.pdf", "...hidden.pdf": "hidden.pdf",
		strings.Repeat("长", 200) + ".pdf": strings.Repeat("长", 40) + ".pdf", "a<b>:c?.pdf": "a_b__c_.pdf",
	} {
		got := n.send(token, given, pdf)
		require.Equal(t, 201, got.status, "%q: %s", given, got.raw)
		require.Equal(t, want, got.body["name"], "%q", given)
		h := n.call("GET", got.body["url"].(string), token, nil).header
		require.NotContains(t, h.Get("Content-Disposition"), "..", given)
		require.Equal(t, 204, n.call("DELETE", got.body["url"].(string), token, nil).status)
	}
	// A name that would begin another header is no name.
	body, kind := form(t, "NAME.pdf", pdf)
	body = strings.Replace(body, `filename="NAME.pdf"`, `filename*=UTF-8''a%0d%0aSet-Cookie:%20x=1%0d%0a%0d%0a%3Cscript%3E.pdf`, 1)
	require.Equal(t, 400, n.call("POST", "/api/v1/uploads", token, body, "Content-Type", kind).status)
	require.Equal(t, 201, n.send(token, "a.pdf", pdf).status)
	require.Len(t, n.stored(), 1)
	for _, path := range n.stored() {
		require.Regexp(t, `^[0-9a-f-]{36}/[0-9a-f]{2}/[0-9a-f]{48}$`, strings.TrimPrefix(path, n.shelf+"/"), "a random name")
	}
}

// What is refused leaves nothing behind: no row, no bytes, nothing of the quota.
func TestRefusedUploads(t *testing.T) {
	n := start(t, func(c *server.Config) {
		c.Uploads = api.UploadLimits{Bytes: 100_000, Pixels: 10_000, Rate: 1000, Burst: 1000}
		c.FileLimits = chat.FileLimits{Quota: 150_000, Unsent: 3}
	})
	_, token := n.visitor("shop")
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)
	for name, tc := range map[string]struct {
		content []byte
		status  int
		code    string
	}{
		"a.svg":   {svg, 415, "file_type_not_allowed"},
		"a.html":  {[]byte("<html>"), 415, "file_type_not_allowed"},
		"a.png":   {svg, 415, "file_type_mismatch"},
		"b.jpg":   {picture(t, 3, 3), 415, "file_type_mismatch"},
		"c.gif":   {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00<script>alert(1)</script>"), 415, "file_broken"},
		"d.png":   {picture(t, 200, 51), 413, "image_too_large"},
		"e.txt":   {bytes.Repeat([]byte("x"), 100_001), 413, "file_too_large"},
		"big.txt": {bytes.Repeat([]byte("x"), 500_000), 413, "file_too_large"},
		"f.txt":   {nil, 415, "file_empty"},
	} {
		got := n.send(token, name, tc.content)
		require.Equal(t, tc.status, got.status, "%s: %s", name, got.raw)
		require.Equal(t, tc.code, got.code(), name)
	}
	body, kind := form(t, "a.svg", svg)
	for lang, detail := range map[string]string{"zh-CN,zh;q=0.9": "不支持此类型的文件", "en": "files of this type are not taken", "": "files of this type"} {
		got := n.call("POST", "/api/v1/uploads", token, body, "Content-Type", kind, "Accept-Language", lang)
		require.Contains(t, got.body["detail"], detail, "for people in their language, for programs in English")
	}
	body, kind = form(t, "a.txt", []byte("x"))
	for what, got := range map[string]*answer{
		"no form":       n.call("POST", "/api/v1/uploads", token, `{"a":1}`),
		"no boundary":   n.call("POST", "/api/v1/uploads", token, body, "Content-Type", "multipart/form-data"),
		"no file":       n.call("POST", "/api/v1/uploads", token, strings.Replace(body, `name="file"`, `name="other"`, 1), "Content-Type", kind),
		"cut in a part": n.call("POST", "/api/v1/uploads", token, body[:len(body)-10], "Content-Type", kind),
		"bad id":        n.send(token, "a.txt", []byte("x"), "conversation_id", "x"),
		"no body":       n.call("POST", "/api/v1/uploads", token, nil, "Content-Type", kind),
	} {
		require.Contains(t, []int{400, 415}, got.status, "%s: %s", what, got.raw)
	}
	total := func() int64 {
		n, err := n.kept.Store.UploadTotal(context.Background(), n.tenant.ID)
		require.NoError(t, err)
		return n
	}
	require.Empty(t, n.stored())
	require.Zero(t, total())

	require.Equal(t, 201, n.send(token, "a.txt", bytes.Repeat([]byte("x"), 100_000)).status)
	over := n.send(token, "b.txt", bytes.Repeat([]byte("x"), 50_001))
	require.Equal(t, 507, over.status)
	require.Equal(t, "quota_exceeded", over.code())
	require.EqualValues(t, 100_000, total())
	require.Len(t, n.stored(), 1)
	url := n.uploaded(token, "c.txt", bytes.Repeat([]byte("x"), 50_000))
	_, foreign := n.visitor("other")
	require.Equal(t, 201, n.send(foreign, "a.txt", bytes.Repeat([]byte("x"), 100_000)).status, "another tenant's quota")
	require.Equal(t, 204, n.call("DELETE", url, token, nil).status)
	for _, name := range []string{"d.txt", "e.txt"} {
		require.Equal(t, 201, n.send(token, name, []byte("x")).status)
	}
	many := n.send(token, "f.txt", []byte("x"))
	require.Equal(t, 429, many.status)
	require.Equal(t, "uploads_unsent", many.code())
	require.EqualValues(t, 100_002, total())
}

// A sender that is cut off, or sends nothing for long, leaves nothing behind and holds nobody up.
func TestCutOffUpload(t *testing.T) {
	n := start(t, func(c *server.Config) {
		c.Uploads = api.UploadLimits{Pause: 200 * time.Millisecond, AtOnce: 1}
	})
	_, token := n.visitor("shop")
	body, kind := form(t, "a.txt", bytes.Repeat([]byte("x"), 200_000))
	head := "POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Type: " + kind + "\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body))
	for what, tc := range map[string]struct {
		text   string
		close  bool
		status int
	}{
		"closed":         {head + length + body[:100_000], true, 400},
		"silent":         {head + length + body[:100_000], false, 408},
		"chunked, cut":   {head + "Transfer-Encoding: chunked\r\n\r\nffff\r\n" + body[:1000], true, 400},
		"not a chunk":    {head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + body[:1000], false, 400},
		"said too large": {head + "Content-Length: 99999999999\r\n\r\n" + body[:20_000], false, 413},
		"no credential":  {strings.Replace(head, "Bearer ", "Bearer x", 1) + length + body[:20_000], false, 401},
	} {
		t.Run(what, func(t *testing.T) {
			res, err := n.raw(tc.text, tc.close)
			require.NoError(t, err)
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Equal(t, tc.status, res.StatusCode, string(text))
			require.True(t, res.Close)
		})
	}
	require.Empty(t, n.stored())
	require.Equal(t, 201, n.send(token, "a.txt", []byte("x")).status, "the one place is free again")
	// Two requests on one connection, the first an upload: neither takes of the other's bytes.
	next := "GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"
	for what, first := range map[string]string{
		"length":  head + length + body,
		"chunked": head + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n", 100_000, body[:100_000], len(body)-100_000, body[100_000:]) + "0\r\n\r\n",
	} {
		c, err := net.Dial("tcp", n.HTTPAddr())
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = io.WriteString(c, first+next)
		require.NoError(t, err, what)
		r := bufio.NewReader(c)
		for _, want := range []int{201, 404} {
			res, err := http.ReadResponse(r, nil)
			require.NoError(t, err, what)
			_, err = io.Copy(io.Discard, res.Body)
			require.NoError(t, err, what)
			require.NoError(t, res.Body.Close())
			require.Equal(t, want, res.StatusCode, what)
		}
	}
}

// Regression: a link that never ends, that can be altered, or that opens another file.
func TestLinks(t *testing.T) {
	n := start(t, func(c *server.Config) { c.Uploads = api.UploadLimits{LinkLife: 2 * time.Second} })
	_, token := n.visitor("shop")
	pic := picture(t, 600, 600)
	got := n.send(token, "a.png", pic)
	require.Equal(t, 201, got.status)
	link := got.body["link"].(map[string]any)
	url, thumb := link["url"].(string), link["thumbnail_url"].(string)
	expires, err := time.Parse(time.RFC3339, link["expires_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(2*time.Second), expires, 2*time.Second)
	read := n.call("GET", url, "", nil, "Origin", "https://anywhere.example")
	require.Equal(t, 200, read.status)
	require.Equal(t, pic, read.raw)
	for k, want := range map[string]string{
		"Cross-Origin-Resource-Policy": "cross-origin", "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Access-Control-Allow-Origin": "",
	} {
		require.Equal(t, want, read.header.Get(k), k)
	}
	require.Equal(t, 206, n.call("GET", url, "", nil, "Range", "bytes=0-0").status)
	head := n.call("HEAD", url, "", nil)
	require.Equal(t, 200, head.status)
	require.Equal(t, fmt.Sprint(len(pic)), head.header.Get("Content-Length"))
	small := n.call("GET", thumb, "", nil)
	require.Equal(t, 200, small.status)
	require.Equal(t, "image/jpeg", small.header.Get("Content-Type"))

	secret := strings.TrimPrefix(url, "/files/")
	for i := 0; i < len(secret); i += 7 {
		altered := []byte(secret)
		altered[i] = map[bool]byte{true: 'A', false: 'B'}[altered[i] != 'A']
		require.Equal(t, 401, n.call("GET", "/files/"+string(altered), "", nil).status, "byte %d", i)
	}
	for _, bad := range []string{secret[:len(secret)-1], secret + "A", "1.", ".", "x", "1." + strings.Repeat("A", 98), "2." + secret[2:], strings.Repeat("A", 5000)} {
		require.Equal(t, 401, n.call("GET", "/files/"+bad, "", nil).status, bad)
	}
	require.Equal(t, 404, n.call("GET", "/files/", "", nil).status)
	require.Eventually(t, func() bool { return n.call("GET", url, "", nil).status == 401 }, 5*time.Second, 50*time.Millisecond)
	require.Equal(t, "link_expired", n.call("GET", url, "", nil).code())
	fresh := n.call("POST", got.body["url"].(string)+"/link", token, nil)
	require.Equal(t, 200, fresh.status)
	require.Equal(t, 200, n.call("GET", fresh.body["url"].(string), "", nil).status)
	require.Equal(t, 204, n.call("DELETE", got.body["url"].(string), token, nil).status)
	require.Equal(t, 404, n.call("GET", fresh.body["url"].(string), "", nil).status, "deleted")
}

// What no message has named for a day is deleted, and nothing else.
func TestSweep(t *testing.T) {
	n := start(t, nil)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	sent, unsent := n.uploaded(token, "a.png", picture(t, 600, 600)), n.uploaded(token, "b.png", picture(t, 600, 600))
	require.Equal(t, 201, n.say(token, conv, "image", sent).status)
	sweep := func(in time.Duration) int {
		desk := chat.NewDesk(chat.DeskConfig{
			Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker, Files: n.files, Now: func() time.Time { return time.Now().Add(in) },
		})
		removed, err := desk.Sweep(context.Background())
		require.NoError(t, err)
		return removed
	}
	require.Zero(t, sweep(23*time.Hour))
	require.Equal(t, 1, sweep(25*time.Hour))
	require.Equal(t, 404, n.call("GET", unsent, token, nil).status)
	require.Equal(t, 200, n.call("GET", sent, token, nil).status)
	require.Zero(t, sweep(1000*time.Hour))
	require.Len(t, n.stored(), 2, "a picture and its thumbnail")
}

// Not more comes into memory than a write at a time, whichever way a file goes.
func TestLargeFiles(t *testing.T) {
	n := start(t, nil)
	_, token := n.visitor("shop")
	large := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("0123456789abcdef"), 1_250_000)...)
	url := n.uploaded(token, "a.pdf", large)
	got := n.call("GET", url, token, nil)
	require.Equal(t, 200, got.status)
	require.True(t, bytes.Equal(large, got.raw))
	// Whoever goes away in the middle holds nothing.
	req, err := http.NewRequest("GET", "http://"+n.HTTPAddr()+url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := n.http.Do(req)
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, res.Body, 100_000)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 206, n.call("GET", url, token, nil, "Range", "bytes=0-1").status)
}
