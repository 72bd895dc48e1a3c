package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// office is a shop with agents at their consoles; whoever waits is taken, not given.
type office struct {
	t     *testing.T
	ctx   context.Context
	s     *process.Server
	b     *browser.Browser
	api   *api.API
	admin string // a token
}

func newOffice(t *testing.T, start func(o process.Options) *process.Server) *office {
	t.Helper()
	ctx := within(t, 20*time.Minute)
	s := start(process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn", "UNIQCHAT_LIMITS_CONNECTIONS_PER_ADDRESS=100"}})
	o := &office{t: t, ctx: ctx, s: s, b: browser.Shared(t), api: &api.API{Base: s.BaseURL()}}
	l, err := o.api.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	o.admin = l.AccessToken
	o.call(http.MethodPatch, "/routing", o.admin, map[string]any{"strategy": "manual"})
	return o
}

// of is the office as a part of a test sees it.
func (o *office) of(t *testing.T) *office {
	part := *o
	part.t = t
	return &part
}

func (o *office) call(method, path, token string, in any) map[string]any {
	o.t.Helper()
	out := map[string]any{}
	require.NoError(o.t, o.api.Call(o.ctx, method, "/api/v1"+path, token, in, &out), "%s %s", method, path)
	return out
}

// agent returns an agent's id.
func (o *office) agent(name string) string {
	o.t.Helper()
	var list struct{ Data []struct{ ID, Email string } }
	require.NoError(o.t, o.api.Call(o.ctx, http.MethodGet, "/api/v1/agents?limit=100", o.admin, nil, &list))
	for _, a := range list.Data {
		if a.Email == name+"@demo.test" {
			return a.ID
		}
	}
	o.t.Fatalf("no agent %s", name)
	return ""
}

// console opens the console and logs somebody in.
func (o *office) console(name string, look browser.Options) *browser.Page {
	o.t.Helper()
	p := o.b.Page(o.t, name, look)
	p.Go(o.s.BaseURL() + "/console/")
	p.Type("email", name+"@demo.test")
	p.Type("password", process.Password)
	p.Click("login")
	p.Wait(`$("link")?.dataset.state === "online"`)
	return p
}

// shop opens the demo shop's widget.
func (o *office) shop() *browser.Page {
	o.t.Helper()
	p := o.b.Page(o.t, "shop", browser.Options{})
	p.Go(o.s.BaseURL() + "/demo/")
	p.Click("launcher")
	return p
}

// visitor is one who writes over the HTTP API.
type visitor struct {
	o           *office
	token, conv string
}

// visitor begins a conversation.
func (o *office) visitor(name, text string) *visitor {
	o.t.Helper()
	var session api.Visitor
	require.NoError(o.t, o.api.Call(o.ctx, http.MethodPost, "/api/v1/widget/session", "", map[string]any{"site_key": "demo", "name": name, "locale": "en"}, &session))
	v := &visitor{o, session.Token, client.NewID().String()}
	v.write(text)
	return v
}

func (v *visitor) write(text string) {
	v.o.t.Helper()
	v.o.call(http.MethodPost, "/conversations/"+v.conv+"/messages", v.token, map[string]any{"cmid": client.NewID().String(), "body": map[string]any{"text": text}})
}

// open opens a conversation by its address.
func (v *visitor) open(p *browser.Page) {
	v.o.t.Helper()
	p.Go(v.o.s.BaseURL() + "/console/inbox/" + v.conv)
	p.Wait(`$("messages")?.dataset.joined === "true"`)
}
