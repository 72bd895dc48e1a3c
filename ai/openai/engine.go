package openai

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Config says how a server is asked.
type Config struct {
	Name    string // in traces and metrics
	BaseURL string // such as "https://api.openai.com/v1": "/chat/completions" is put behind it
	Key     string // may be empty
	Model   string

	MaxTokens   int      // of an answer. Defaults to 800.
	Temperature *float64 // nil: the server's own

	Connect    time.Duration // for a connection, and again for its TLS. Defaults to 1s.
	FirstToken time.Duration // from the request to the first token. Defaults to 4s.
	Silence    time.Duration // between two tokens. Defaults to FirstToken.
	Total      time.Duration // for all of it. Defaults to 20s.

	// Control, if set, sees every address before it is dialled and may refuse it: where tenants name servers, private addresses are none of
	// theirs.
	Control func(network, address string, c syscall.RawConn) error
	// Proxy as in http.Transport. Defaults to none. Control sees the proxy's address only.
	Proxy func(*http.Request) (*url.URL, error)
}

func (c *Config) defaults() {
	for _, d := range []struct {
		v         *time.Duration
		otherwise time.Duration
	}{{&c.Connect, time.Second}, {&c.FirstToken, 4 * time.Second}, {&c.Total, 20 * time.Second}} {
		if *d.v == 0 {
			*d.v = d.otherwise
		}
	}
	if c.Silence == 0 {
		c.Silence = c.FirstToken
	}
	if c.MaxTokens == 0 {
		c.MaxTokens = 800
	}
}

func (c *Config) validate() (*url.URL, error) {
	u, err := parse(c.BaseURL)
	switch {
	case c.Name == "":
		return nil, errors.New("openai: name: an engine needs one")
	case c.Model == "":
		return nil, fmt.Errorf("openai: %s: model: name the one that the server is to use", c.Name)
	case err != nil:
		return nil, fmt.Errorf(`openai: %s: base_url: %w`, c.Name, err)
	case strings.ContainsAny(c.Key, "\r\n"):
		return nil, fmt.Errorf("openai: %s: key: it has a line break", c.Name)
	case c.Connect < 0 || c.FirstToken < 0 || c.Silence < 0 || c.Total < 0 || c.MaxTokens < 0:
		return nil, fmt.Errorf("openai: %s: times and tokens must be positive", c.Name)
	}
	return u.JoinPath("chat", "completions"), nil
}

var errBase = errors.New(`it must look like "https://api.openai.com/v1"`)

// parse reads the address that paths are put behind.
func parse(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errBase // what was written may hold a password
	}
	return u, nil
}

// Engine asks one model of one server. It implements model.Engine.
//
// Safe for concurrent use.
type Engine struct {
	c      Config
	url    string
	client *http.Client
	knows  atomic.Uint32 // what the server has not refused so far, as a set of features
}

// feature is something that servers may not know. It is left out once a server has refused it.
type feature uint32

const (
	jsonSchema    feature = 1 << iota // response_format json_schema
	jsonObject                        // response_format json_object, where there is no json_schema
	streamOptions                     // usage at the end of a stream
	temperature
	maxTokens // by this name; else max_completion_tokens
)

// bounds of what is read.
const (
	maxHeader  = 32 << 10
	maxLine    = 128 << 10
	maxBody    = 1 << 20
	maxProblem = 8 << 10
)

// New makes an engine. It opens no connection yet.
func New(c Config) (*Engine, error) {
	c.defaults()
	u, err := c.validate()
	if err != nil {
		return nil, err
	}
	e := &Engine{c: c, url: u.String(), client: newClient(&net.Dialer{Timeout: c.Connect, KeepAlive: 30 * time.Second, Control: c.Control}, c.Proxy)}
	e.knows.Store(uint32(jsonSchema | jsonObject | streamOptions | temperature | maxTokens))
	return e, nil
}

// newClient makes a client that follows nobody, unpacks nothing, and gives the dialer's time to TLS, too. proxy may be nil.
func newClient(d *net.Dialer, proxy func(*http.Request) (*url.URL, error)) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSHandshakeTimeout: d.Timeout, ForceAttemptHTTP2: true, Proxy: proxy,
			MaxIdleConnsPerHost: 64, IdleConnTimeout: 60 * time.Second, MaxResponseHeaderBytes: maxHeader,
			DisableCompression: true, // what is unpacked has no bound
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key stays here
	}
}

// Name implements model.Engine.
func (e *Engine) Name() string { return e.c.Name }

// MaxTokens is how many tokens an answer has at most.
func (e *Engine) MaxTokens() int { return e.c.MaxTokens }

// Close closes connections that nobody uses.
func (e *Engine) Close() { e.client.CloseIdleConnections() }

func (e *Engine) has(f feature) bool { return feature(e.knows.Load())&f != 0 }

// forget leaves out what the text of a refusal is about, and reports whether there was such a thing.
func (e *Engine) forget(sent feature, problem string) bool {
	problem = strings.ToLower(problem)
	var gone feature
	switch {
	case strings.Contains(problem, "max_completion_tokens"):
		gone = maxTokens
	case strings.Contains(problem, "stream_options"), strings.Contains(problem, "include_usage"):
		gone = streamOptions
	case strings.Contains(problem, "temperature"):
		gone = temperature
	case strings.Contains(problem, "response_format"), strings.Contains(problem, "json_schema"), strings.Contains(problem, "json_object"), strings.Contains(problem, "grammar"):
		if gone = jsonSchema; sent&jsonSchema == 0 {
			gone = jsonObject
		}
	}
	if gone &= sent; gone == 0 {
		return false
	}
	e.knows.And(^uint32(gone))
	return true
}
