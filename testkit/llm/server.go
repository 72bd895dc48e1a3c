// Package llm is a server for tests that speaks like OpenAI's chat completions and can be told to fail: to hang, to be late, to refuse, to
// end in the middle, to send what nobody asked for.
//
// It owns its listener and its connections. It knows nothing: what it says is given to it.
package llm

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Fault is a way to fail.
type Fault string

// The faults. None answers as it should.
const (
	None      Fault = ""
	Hang      Fault = "hang"       // takes the request and says nothing
	SlowFirst Fault = "slow first" // the first token comes after Behaviour.Late
	Stall     Fault = "stall"      // some tokens, then nothing
	Limited   Fault = "429"        // with Retry-After
	Failing   Fault = "500"
	Down      Fault = "503"
	Denied    Fault = "401"
	Cut       Fault = "cut"      // half of the answer, then the connection is reset
	Ended     Fault = "ended"    // half of the answer, then a clean end
	BadJSON   Fault = "bad json" // events that are no JSON
	BadShape  Fault = "bad shape"
	Huge      Fault = "huge"      // text without an end
	HugeLine  Fault = "huge line" // one event without an end
	HugeHead  Fault = "huge head" // headers without an end
	WrongType Fault = "wrong type"
	InStream  Fault = "in stream" // an error object in the stream
	Redirect  Fault = "redirect"
)

// Faults are all of them, without None.
var Faults = []Fault{
	Hang, SlowFirst, Stall, Limited, Failing, Down, Denied, Cut, Ended, BadJSON, BadShape, Huge, HugeLine, HugeHead, WrongType, InStream, Redirect,
}

// Behaviour says what the server does.
type Behaviour struct {
	Fault      Fault
	Text       string        // what the model writes
	First      time.Duration // until the first token of an answer
	Token      time.Duration // between two
	Late       time.Duration // of SlowFirst. Defaults to 3s.
	RetryAfter string        // of Limited. Defaults to "1".
	Whole      bool          // one object instead of a stream
	Unknown    []string      // parameters that are refused with 400
	NoUsage    bool
	// Say, if set, makes Text of a request.
	Say func(r *Request) string
}

// Request is what came in.
type Request struct {
	Key      string `json:"-"`
	Model    string `json:"model"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
	Raw map[string]json.RawMessage `json:"-"`
}

// Server is a running one. Safe for concurrent use.
type Server struct {
	URL string // with /v1

	behaviour atomic.Pointer[Behaviour]
	calls     atomic.Int64
	open      atomic.Int64
	server    *httptest.Server
	done      chan struct{}

	mu   sync.Mutex
	last *Request
}

// Start starts a server that ends with the test.
func Start(t testing.TB, b Behaviour) *Server {
	t.Helper()
	s := New(b)
	t.Cleanup(s.Close)
	return s
}

// New starts a server. Close ends it.
func New(b Behaviour) *Server {
	s := &Server{done: make(chan struct{})}
	s.Set(b)
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.server.URL + "/v1"
	return s
}

// Close ends the server and what it is asked at the moment. It must be called once.
func (s *Server) Close() {
	close(s.done)
	s.server.CloseClientConnections()
	s.server.Close()
}

// Set changes what the server does with the next request.
func (s *Server) Set(b Behaviour) {
	if b.Late == 0 {
		b.Late = 3 * time.Second
	}
	if b.RetryAfter == "" {
		b.RetryAfter = "1"
	}
	s.behaviour.Store(&b)
}

// Calls is how many requests have come.
func (s *Server) Calls() int { return int(s.calls.Load()) }

// Open is how many requests are under way.
func (s *Server) Open() int { return int(s.open.Load()) }

// Last is the newest request, or nil.
func (s *Server) Last() *Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	s.open.Add(1)
	defer s.open.Add(-1)
	b := *s.behaviour.Load()
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	req := &Request{Key: r.Header.Get("Authorization")}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" || json.Unmarshal(body, req) != nil || json.Unmarshal(body, &req.Raw) != nil {
		problem(w, http.StatusBadRequest, "not a request")
		return
	}
	s.mu.Lock()
	s.last = req
	s.mu.Unlock()
	for _, name := range b.Unknown {
		if v, ok := req.Raw[name]; ok || strings.Contains(string(req.Raw["response_format"]), `"`+name+`"`) {
			problem(w, http.StatusBadRequest, fmt.Sprintf("Unsupported parameter: '%s' (%d bytes)", name, len(v)))
			return
		}
	}
	if b.Say != nil {
		b.Text = b.Say(req)
	}
	s.answer(w, r, &b)
}

func problem(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"message": text}})
}

// wait waits unless the client goes first, or the test ends.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.done:
	}
	return false
}

const forever = time.Hour

// answer does what is asked before the first token is due.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, b *Behaviour) {
	switch b.Fault {
	case Hang:
		s.wait(r, forever)
		return
	case SlowFirst:
		if !s.wait(r, b.Late) {
			return
		}
	case Limited:
		w.Header().Set("Retry-After", b.RetryAfter)
		problem(w, http.StatusTooManyRequests, "slow down")
		return
	case Failing:
		problem(w, http.StatusInternalServerError, "ouch")
		return
	case Down:
		problem(w, http.StatusServiceUnavailable, "overloaded")
		return
	case Denied:
		problem(w, http.StatusUnauthorized, "wrong key")
		return
	case Redirect:
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		return
	case WrongType:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>Log in to continue</html>")
		return
	case HugeHead:
		w.Header().Set("X-Huge", strings.Repeat("x", 1<<20))
	}
	if !s.wait(r, b.First) {
		return
	}
	if b.Whole {
		whole(w, b)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	s.stream(w, r, b)
}
