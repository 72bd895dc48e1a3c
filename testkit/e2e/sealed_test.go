package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
	"github.com/uniqchat/uniqchat/testkit/smtpsink"
)

// TestSealed: what people write is nowhere in plain: not in the database, Redis, files or logs, while everybody chats, searches and
// exports as before. What was there before encryption was switched on is sealed, keys are made new while people talk, and a tenant whose
// keys are erased is gone.
func TestSealed(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *backend) {
		t.Parallel()
		testSealed(t, b)
	})
}

// sealedWorld is a deployment in which secrets are planted.
type sealedWorld struct {
	*kept
	t     *testing.T
	ctx   context.Context
	env   []string // that names its storage and keys
	admin string
	a     *api.API
	heard *atomic.Int64 // webhooks that said a secret
}

// call makes a request that must be done.
func (w *sealedWorld) call(method, path, token string, in any) (out map[string]any) {
	w.t.Helper()
	require.NoError(w.t, w.a.Call(w.ctx, method, path, token, in, &out), "%s %s", method, path)
	return out
}

// begin starts the server, once more, with more settings.
func (w *sealedWorld) begin(more ...string) {
	w.t.Helper()
	dir := w.t.TempDir()
	if w.s != nil {
		dir = w.s.Dir
	}
	w.env = more
	w.s = w.start(process.Options{Dir: dir, Env: append(append([]string(nil), fast...), append([]string{
		"UNIQCHAT_LOG_LEVEL=debug", "UNIQCHAT_WEBHOOKS_ALLOW_NETWORKS=127.0.0.0/8",
		"UNIQCHAT_LIMITS_VISITOR_REQUEST_RATE=0", "UNIQCHAT_LIMITS_TENANT_REQUEST_RATE=0", "UNIQCHAT_LIMITS_AGENT_REQUEST_RATE=0",
	}, more...)...)})
	w.a = &api.API{Base: w.s.BaseURL()}
	login, err := w.a.Login(w.ctx, "admin@demo.test", process.Password)
	require.NoError(w.t, err)
	w.admin = login.AccessToken
}

// command runs the program beside the server.
func (w *sealedWorld) command(args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.ctx, process.Binary(w.t), args...)
	cmd.Env = append(append(os.Environ(), "UNIQCHAT_DATA_DIR="+w.s.Dir), append(append([]string(nil), w.backend.env...), w.env...)...)
	out, err := cmd.Output()
	require.NoError(w.t, err, "%v", args)
	return string(out)
}

// sealed waits until everything is sealed with a key.
func (w *sealedWorld) sealed(key int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		return strings.Contains(w.command("keys", "status"), fmt.Sprintf("sealed with key %d or later", key))
	}, 3*time.Minute, time.Second)
}

// said is where a secret was planted.
type said struct {
	word, phrase string // a word, and one in Chinese
	token, conv  string
	cmid         string // of the first message
	file         string // url of a file whose content and name tell it
	visitor      string
}

func (k *said) first() map[string]any {
	return map[string]any{"cmid": k.cmid, "body": map[string]any{"text": "where is " + k.word + ", my " + k.phrase + "?"}}
}

// upload sends a file up and returns its url.
func (w *sealedWorld) upload(token, name string, content []byte) string {
	w.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	require.NoError(w.t, err)
	_, err = part.Write(content)
	require.NoError(w.t, err)
	require.NoError(w.t, form.Close())
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.s.BaseURL()+"/api/v1/uploads", &b)
	require.NoError(w.t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	var out struct{ URL string }
	w.do(req, http.StatusCreated, &out)
	return out.URL
}

// do makes a request, wants a status, and reads the answer: as JSON, or as it is into a *string.
func (w *sealedWorld) do(req *http.Request, status int, out any) {
	w.t.Helper()
	res, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	require.Equal(w.t, status, res.StatusCode, "%s: %s", req.URL.Path, b)
	if text, is := out.(*string); is {
		*text = string(b)
	} else if out != nil {
		require.NoError(w.t, json.Unmarshal(b, out))
	}
}

// get reads what is not JSON.
func (w *sealedWorld) get(path, token string, status int) (text string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.s.BaseURL()+path, nil)
	require.NoError(w.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	w.do(req, status, &text)
	return text
}

// plant says a word, and one in Chinese, wherever people's words go.
func (w *sealedWorld) plant(word, phrase string) *said {
	w.t.Helper()
	k := &said{word: word, phrase: phrase, conv: client.NewID().String(), cmid: client.NewID().String()}
	session := w.call("POST", "/api/v1/widget/session", "", map[string]any{
		"site_key": "demo", "external_id": word + "-7", "name": "Li " + word, "email": word + "@shop.test", "locale": "en", "attributes": map[string]any{"wish": word},
	})
	k.token, k.visitor = session["token"].(string), session["visitor"].(map[string]any)["id"].(string)
	path := "/api/v1/conversations/" + k.conv
	w.call("POST", path+"/messages", k.token, k.first())
	w.track(k)

	k.file = w.upload(k.token, word+".txt", []byte("a file about "+word+" and "+phrase))
	w.call("POST", path+"/messages", k.token, map[string]any{"cmid": client.NewID().String(), "kind": "file", "body": map[string]any{"url": k.file, "name": word + ".txt"}})
	var picture bytes.Buffer
	require.NoError(w.t, png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 900, 700))))
	url := w.upload(k.token, word+".png", picture.Bytes())
	w.call("POST", path+"/messages", k.token, map[string]any{"cmid": client.NewID().String(), "kind": "image", "body": map[string]any{"url": url, "name": word + ".png"}})

	slip := w.call("POST", path+"/messages", k.token, map[string]any{"cmid": client.NewID().String(), "body": map[string]any{"text": "a slip " + word}})
	w.call("PATCH", path+"/messages/"+slip["mid"].(string), k.token, map[string]any{"body": map[string]any{"text": "better " + word}})
	w.call("POST", path+"/notes", w.admin, map[string]any{"text": "a note of " + word + " " + phrase})
	require.Eventually(w.t, func() bool {
		return w.a.Call(w.ctx, "PATCH", "/api/v1/visitors/"+k.visitor, w.admin, map[string]any{"phone": "+86 " + word}, nil) == nil
	}, time.Minute, 50*time.Millisecond)
	w.call("POST", path+"/transcript", w.admin, nil)
	w.once(k, path)

	other := w.call("POST", "/api/v1/widget/session", "", map[string]any{"site_key": "demo"})
	w.call("POST", "/api/v1/offline-messages", other["token"].(string), map[string]any{"email": word + "@home.test", "name": "Wu " + word, "text": "nobody answers " + word + phrase})
	w.call("POST", path+"/rating", k.token, map[string]any{"rating": 2, "comment": "about " + word})
	return k
}

// once sends a message with an Idempotency-Key, twice: the answer is kept.
func (w *sealedWorld) once(k *said, path string) {
	w.t.Helper()
	cmid := client.NewID().String()
	for range 2 {
		body, err := json.Marshal(map[string]any{"cmid": cmid, "body": map[string]any{"text": "only once " + k.word}})
		require.NoError(w.t, err)
		req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.s.BaseURL()+path+"/messages", bytes.NewReader(body))
		require.NoError(w.t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+k.token)
		req.Header.Set("Idempotency-Key", cmid)
		w.do(req, http.StatusCreated, nil)
	}
}

// track is a page that tells what is looked at, and what is being typed.
func (w *sealedWorld) track(k *said) {
	w.t.Helper()
	x := upgraded(w.t, w.ctx, w.s.WSURL(), w.s.TCP, "json")
	x.packet(1, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: k.token, Page: "https://shop.test/?q=" + k.word, Locale: "en"})
	x.until(func(p codec.Packet) bool { _, ok := p.(*codec.Connack); return ok })
	var conv codec.UUID
	require.NoError(w.t, conv.UnmarshalText([]byte(k.conv)))
	x.packet(2, &codec.Typing{Conv: conv, State: 1, Preview: "I am typing " + k.word})
	x.packet(3, &codec.Track{Name: "cart", Data: []byte(`{"items":[{"name":"` + k.word + `"}]}`)})
	x.packet(4, &codec.Ping{})
	x.until(func(p codec.Packet) bool { _, ok := p.(*codec.Pong); return ok })
}

// finds checks that everything is read, found and exported as if nothing were sealed.
func (w *sealedWorld) finds(k *said) {
	w.t.Helper()
	path := "/api/v1/conversations/" + k.conv
	for _, q := range []string{k.word, k.word[:6], k.phrase, string([]rune(k.phrase)[:2]), "note " + k.word} {
		require.Eventually(w.t, func() bool {
			return strings.Contains(w.get("/api/v1/conversations?limit=50&q="+strings.ReplaceAll(q, " ", "+"), w.admin, 200), k.conv)
		}, time.Minute, 100*time.Millisecond, q)
	}
	require.Eventually(w.t, func() bool { return strings.Contains(w.get("/api/v1/visitors?q="+k.word, w.admin, 200), k.visitor) }, time.Minute, 100*time.Millisecond)
	require.Contains(w.t, w.get(path+"/messages", w.admin, 200), k.first()["body"].(map[string]any)["text"])
	require.Contains(w.t, w.get("/api/v1/visitors/"+k.visitor, w.admin, 200), "+86 "+k.word)
	require.Contains(w.t, w.get("/api/v1/offline-messages", w.admin, 200), "nobody answers "+k.word)
	require.Contains(w.t, w.get("/api/v1/mails", w.admin, 200), k.word+"@shop.test")
	require.Contains(w.t, w.get("/api/v1/visitors/"+k.visitor+"/export", w.admin, 200), k.word)
	link := w.call("POST", k.file+"/link", k.token, nil)
	require.Equal(w.t, "a file about "+k.word+" and "+k.phrase, w.get(strings.TrimPrefix(link["url"].(string), w.s.BaseURL()), "", 200))

	export := w.call("POST", "/api/v1/exports", w.admin, map[string]any{"kind": "messages"})["id"].(string)
	require.Eventually(w.t, func() bool { return w.call("GET", "/api/v1/exports/"+export, w.admin, nil)["state"] == "done" }, time.Minute, 50*time.Millisecond)
	require.Contains(w.t, w.get("/api/v1/exports/"+export+"/file", w.admin, 200), k.word)
}

// again sends the first message once more, which is the same one, and another one with its id, which is refused.
func (w *sealedWorld) again(k *said) {
	w.t.Helper()
	path, m := "/api/v1/conversations/"+k.conv+"/messages", k.first()
	require.Equal(w.t, true, w.call("POST", path, k.token, m)["dup"])
	m["body"] = map[string]any{"text": "another"}
	var problem *api.Problem
	require.ErrorAs(w.t, w.a.Call(w.ctx, "POST", path, k.token, m, nil), &problem)
	require.Equal(w.t, http.StatusConflict, problem.Status)
}

// files checks that every file is sealed, the small pictures and exports too.
func (w *sealedWorld) files() {
	w.t.Helper()
	n := 0
	require.NoError(w.t, filepath.WalkDir(filepath.Join(w.s.Dir, "uploads"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		require.NoError(w.t, err)
		require.True(w.t, bytes.HasPrefix(b, []byte("\x89uqseal")), path)
		n++
		return nil
	}))
	require.Greater(w.t, n, 3)
}

func testSealed(t *testing.T, b *backend) {
	w := &sealedWorld{kept: &kept{backend: b}, t: t, ctx: within(t, 9*time.Minute), heard: new(atomic.Int64)}
	sink := smtpsink.Start(t, smtpsink.Options{Refuse: func(to string, _ int) *smtp.SMTPError {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "there is no " + to}
	}})
	endpoint := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err == nil && bytes.Contains(body, []byte("zanzibar")) {
			w.heard.Add(1)
			rw.WriteHeader(http.StatusTeapot)
			_, _ = rw.Write(body) // what an endpoint answers is in the log
		}
	}))
	t.Cleanup(endpoint.Close)
	mail := []string{"UNIQCHAT_SMTP_HOST=" + sink.Host, "UNIQCHAT_SMTP_PORT=" + strconv.Itoa(sink.Port), "UNIQCHAT_SMTP_FROM=Shop <chat@shop.test>", "SSL_CERT_FILE=" + sink.CAFile}

	// In plain: the search for what was planted finds it wherever it is looked for.
	w.begin(mail...)
	w.call("POST", "/api/v1/webhooks", w.admin, map[string]any{"url": endpoint.URL, "events": []string{"*"}})
	before := w.plant("zanzibarold", "青瓷密语")
	w.finds(before)
	w.again(before)
	places := strings.Join(w.everywhere(t, before.word, before.phrase), "\n")
	for _, place := range []string{"messages", "visitors.name", "visitors.phone", "uploads.name", "mails.recipient", "offline_messages.email", "/uploads/"} {
		require.Contains(t, places, place)
	}
	w.s.Stop()

	// Sealed: what is said from now on is never anywhere, and what was said before leaves.
	key := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(key, []byte(w.command("keys", "generate")), 0o600))
	w.begin(append(mail, "UNIQCHAT_ENCRYPTION_ENABLED=true", "UNIQCHAT_ENCRYPTION_KEY_FILE="+key)...)
	after := w.plant("zanzibarnew", "墨竹暗号")
	w.finds(after)
	w.again(after)
	w.finds(before)
	require.Eventually(t, func() bool { return w.heard.Load() > 5 }, time.Minute, 50*time.Millisecond)
	secrets := []string{after.word, after.phrase, string([]rune(after.phrase)[1:3])}
	require.Empty(t, w.everywhere(t, secrets...))
	w.sealed(1)
	require.Empty(t, w.everywhere(t, secrets...))
	w.files()
	require.Empty(t, w.columns(t, before.word, before.phrase))
	require.Eventually(t, func() bool { return len(w.keys(t, before.word, before.phrase)) == 0 }, 3*time.Minute, time.Second)
	if b.postgres == nil { // PostgreSQL's old pages and WAL are its own business
		require.Empty(t, inFiles(t, w.s.Dir, before.word, needles(before.word)))
		require.Empty(t, inFiles(t, w.s.Dir, before.phrase, needles(before.phrase)))
	}
	w.finds(before)
	w.finds(after)

	w.rotate()
	w.finds(before)
	w.finds(after)
	w.again(after)
	require.Empty(t, w.everywhere(t, secrets...))
	w.erase(after)
}

// rotate makes a new data key while people talk.
func (w *sealedWorld) rotate() {
	w.t.Helper()
	var wg sync.WaitGroup
	end := make(chan struct{})
	sent := make([]map[string][]string, 3) // texts by conversation
	for i := range sent {
		token := w.call("POST", "/api/v1/widget/session", "", map[string]any{"site_key": "demo"})["token"].(string)
		conv := client.NewID().String()
		sent[i] = map[string][]string{conv: nil}
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-end:
					return
				default:
				}
				text := fmt.Sprintf("on and on %d %d", i, n)
				err := w.a.Call(w.ctx, "POST", "/api/v1/conversations/"+conv+"/messages", token, map[string]any{"cmid": client.NewID().String(), "body": map[string]any{"text": text}}, nil)
				if err != nil {
					w.t.Error(err)
					return
				}
				sent[i][conv] = append(sent[i][conv], text)
			}
		})
	}
	require.Contains(w.t, w.command("keys", "rotate"), "1 data keys are new")
	w.sealed(2)
	close(end)
	wg.Wait()
	for i := range sent {
		for conv, texts := range sent[i] {
			require.NotEmpty(w.t, texts)
			var all []string
			require.Eventually(w.t, func() bool { all = w.texts(conv); return len(all) == len(texts) }, time.Minute, 100*time.Millisecond)
			require.Equal(w.t, texts, all)
		}
	}
}

// texts are what was said in a conversation.
func (w *sealedWorld) texts(conv string) (all []string) {
	w.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Data []struct {
				Kind string
				Body struct{ Text string }
			}
			NextCursor *string `json:"next_cursor"`
		}
		require.NoError(w.t, json.Unmarshal([]byte(w.get("/api/v1/conversations/"+conv+"/messages?limit=200&cursor="+cursor, w.admin, 200)), &page))
		for _, m := range page.Data {
			if m.Kind == "text" {
				all = append(all, m.Body.Text)
			}
		}
		if page.NextCursor == nil {
			return all
		}
		cursor = *page.NextCursor
	}
}

// erase erases the tenant's keys: nothing can be read again.
func (w *sealedWorld) erase(k *said) {
	w.t.Helper()
	link := strings.TrimPrefix(w.call("POST", k.file+"/link", k.token, nil)["url"].(string), w.s.BaseURL())
	require.Contains(w.t, w.command("tenant", "erase-keys", "demo", "--yes"), "erased")
	w.s.Stop() // what is in its memory goes with it
	w.s.Restart()
	require.NotContains(w.t, w.get("/api/v1/conversations/"+k.conv+"/messages", w.admin, 200), k.word)
	require.NotContains(w.t, w.get("/api/v1/conversations?q="+k.word, w.admin, 200), k.conv)
	require.NotContains(w.t, w.get("/api/v1/visitors", w.admin, 200), k.word)
	w.get("/api/v1/visitors/"+k.visitor, w.admin, 404)
	w.get(link, "", 404)
	var problem *api.Problem
	require.ErrorAs(w.t, w.a.Call(w.ctx, "POST", "/api/v1/conversations/"+k.conv+"/messages", k.token, map[string]any{
		"cmid": client.NewID().String(), "body": map[string]any{"text": "more"},
	}, nil), &problem)
	require.Equal(w.t, "tenant_erased", problem.Code)
}
