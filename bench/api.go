package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// api is a client of the HTTP API. Safe for concurrent use.
type api struct {
	bases  []string
	next   atomic.Uint32 // counts calls: each goes to the next base
	client *http.Client
	pool   *http.Transport
}

func newAPI(base string, sources []netip.Addr) *api {
	var next atomic.Uint32
	t := &http.Transport{
		MaxIdleConns: 0, MaxIdleConnsPerHost: 1024, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			d := net.Dialer{Timeout: 10 * time.Second}
			if len(sources) > 0 {
				s := sources[int(next.Add(1))%len(sources)]
				d.LocalAddr = &net.TCPAddr{IP: s.AsSlice()}
			}
			return d.DialContext(ctx, network, address)
		},
	}
	a := &api{client: &http.Client{Transport: t, Timeout: 30 * time.Second}, pool: t}
	for b := range strings.SplitSeq(base, ",") {
		a.bases = append(a.bases, strings.TrimSuffix(strings.TrimSpace(b), "/"))
	}
	return a
}

// url is where a path is, on one node after the other.
func (a *api) url(path string) string { return a.bases[int(a.next.Add(1))%len(a.bases)] + path }

func (a *api) close() { a.pool.CloseIdleConnections() }

// statusError is an answer that is no success.
type statusError struct {
	status int
	body   string
	wait   time.Duration // Retry-After
}

func (e *statusError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.status, e.body) }

// post sends JSON and decodes the answer.
func (a *api) post(ctx context.Context, path string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url(path), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return a.do(req, answer)
}

func (a *api) do(req *http.Request, answer any) error {
	res, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if res.StatusCode/100 != 2 {
		e := &statusError{status: res.StatusCode, body: string(b[:min(len(b), 300)])}
		if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
			e.wait = time.Duration(s) * time.Second
		}
		return e
	}
	return json.Unmarshal(b, answer)
}

// retrying tries again what the server was only too busy for, until ctx ends or it has been refused for good.
func (a *api) retrying(ctx context.Context, call func() error) error {
	for try := 0; ; try++ {
		err := call()
		var e *statusError
		refused := errors.As(err, &e)
		if err == nil || try >= 20 || refused && e.status != http.StatusTooManyRequests && e.status < 500 {
			return err
		}
		wait := time.Duration(min(try+1, 10)) * 100 * time.Millisecond
		if refused {
			wait = max(wait, e.wait)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// session makes a visitor.
func (a *api) session(ctx context.Context, body []byte) (*Identity, error) {
	var out struct {
		Token   string `json:"token"`
		Visitor struct {
			ID codec.UUID `json:"id"`
		} `json:"visitor"`
		Conversation *codec.UUID `json:"conversation_id"`
	}
	if err := a.post(ctx, "/api/v1/widget/session", body, &out); err != nil {
		return nil, fmt.Errorf("widget session: %w", err)
	}
	id := &Identity{Role: "visitor", Token: out.Token, User: out.Visitor.ID}
	if out.Conversation != nil {
		id.Conv = *out.Conversation
	}
	return id, nil
}

func sessionBody(siteKey string) []byte {
	b, _ := json.Marshal(map[string]string{"site_key": siteKey})
	return b
}

// login logs an agent in.
func (a *api) login(ctx context.Context, email, password string) (*Identity, error) {
	body, _ := json.Marshal(map[string]string{"email": email, "password": password})
	var out struct {
		Token string `json:"access_token"`
		Agent struct {
			ID codec.UUID `json:"id"`
		} `json:"agent"`
	}
	if err := a.post(ctx, "/api/v1/auth/login", body, &out); err != nil {
		return nil, fmt.Errorf("log in as %s: %w", email, err)
	}
	return &Identity{Role: "agent", Token: out.Token, User: out.Agent.ID}, nil
}

// version asks the server what it is; empty if it won't say.
func (a *api) version(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url("/api/openapi.json"), nil)
	if err != nil {
		return nil
	}
	var doc struct {
		Info struct {
			Title   string `json:"title"`
			Version string `json:"version"`
		} `json:"info"`
	}
	if a.do(req, &doc) != nil {
		return nil
	}
	return map[string]string{"title": doc.Info.Title, "version": doc.Info.Version}
}
