// Package embedding is a server for tests that speaks like OpenAI's embeddings and can be told to fail. Its vectors follow from the texts alone: each word
// adds to some of the values, so that texts with words in common are alike.
//
// It owns its listener and its connections.
package embedding

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
)

// Dims is how long vectors are if a request doesn't say.
const Dims = 64

// Key is the one that the server takes.
const Key = "sk-secret"

// Fault is what a request runs into instead of an answer: it writes what it likes.
type Fault func(w http.ResponseWriter, r *http.Request, q *Request)

// Request is what came in.
type Request struct {
	Model    string   `json:"model"`
	Input    []string `json:"input"`
	Encoding string   `json:"encoding_format"`
	Dims     int      `json:"dimensions"`
}

// Server is a running one. Safe for concurrent use.
type Server struct {
	URL string // with /v1

	fault      atomic.Pointer[Fault]
	open, most atomic.Int64

	mu    sync.Mutex
	seen  []Request
	texts map[string]int
	done  chan struct{}
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{texts: map[string]int{}, done: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = server.URL + "/v1"
	t.Cleanup(func() {
		close(s.done)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// Fail has requests run into a fault from now on; nil: into none.
func (s *Server) Fail(f Fault) {
	if f == nil {
		s.fault.Store(nil)
		return
	}
	s.fault.Store(&f)
}

// Once has only the next requests run into faults, one into each.
func (s *Server) Once(faults ...Fault) {
	var next atomic.Int64
	s.Fail(func(w http.ResponseWriter, r *http.Request, q *Request) {
		if n := int(next.Add(1)) - 1; n < len(faults) {
			faults[n](w, r, q)
			return
		}
		Answer(w, Data(q))
	})
}

// Seen are the requests so far.
func (s *Server) Seen() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.seen...)
}

// Texts says how often each text came.
func (s *Server) Texts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.texts)
}

// Most is how many requests there were at once.
func (s *Server) Most() int { return int(s.most.Load()) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	n := s.open.Add(1)
	defer s.open.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	var q Request
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/embeddings" || json.Unmarshal(body, &q) != nil || q.Encoding != "float" || q.Model == "" {
		http.Error(w, "no request", http.StatusBadRequest)
		return
	}
	for _, t := range q.Input {
		if strings.TrimSpace(t) == "" { // as OpenAI does
			http.Error(w, "an empty text", http.StatusBadRequest)
			return
		}
	}
	s.mu.Lock()
	s.seen = append(s.seen, q)
	for _, t := range q.Input {
		s.texts[t]++
	}
	s.mu.Unlock()
	f := s.fault.Load()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Key:
		http.Error(w, "wrong key "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	case f != nil:
		(*f)(w, r, &q)
	default:
		Answer(w, Data(&q))
	}
}

// Hang says nothing until the client goes or the test ends.
func (s *Server) Hang(_ http.ResponseWriter, r *http.Request, _ *Request) {
	select {
	case <-r.Context().Done():
	case <-s.done:
	case <-time.After(time.Minute):
	}
}

// Status answers with a status and Retry-After, if that is not empty.
func Status(code int, retryAfter string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, q *Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		http.Error(w, fmt.Sprint("no, not ", q.Input), code)
	}
}

// Datum is one vector of an answer.
type Datum struct {
	Index  any `json:"index"`
	Vector any `json:"embedding"`
}

// Data is the right answer.
func Data(q *Request) []Datum {
	dims := q.Dims
	if dims == 0 {
		dims = Dims
	}
	out := make([]Datum, len(q.Input))
	for i, t := range q.Input {
		out[i] = Datum{i, Vector(t, dims)}
	}
	return out
}

// Answer writes an answer.
func Answer(w http.ResponseWriter, data []Datum) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data, "model": "m", "usage": map[string]int{"prompt_tokens": 1}})
}

// Vector is a text's: not of length 1, and like real ones with much that all texts have in common.
func Vector(text string, dims int) []float32 {
	v := make([]float32, dims)
	for i := range v {
		v[i] = .5
	}
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(w))
		for n, sum := 0, h.Sum64(); n < 4; n++ {
			v[sum%uint64(dims)] += 2
			sum /= 97
		}
	}
	return v
}
