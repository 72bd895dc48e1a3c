package llm

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// parts cuts a text into tokens of some characters.
func parts(text string) []string {
	const size = 6
	var out []string
	r := []rune(text)
	for len(r) > 0 {
		n := min(size, len(r))
		out = append(out, string(r[:n]))
		r = r[n:]
	}
	return out
}

func event(w io.Writer, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it is made of maps and strings
	}
	_, _ = fmt.Fprintf(w, "data: %s\n\n", b)
}

func chunk(delta map[string]string, finish any) map[string]any {
	return map[string]any{"object": "chat.completion.chunk", "choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}}}
}

func usage(b *Behaviour) map[string]int {
	n := len(parts(b.Text))
	return map[string]int{"prompt_tokens": 100, "completion_tokens": n, "total_tokens": 100 + n}
}

func whole(w http.ResponseWriter, b *Behaviour) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"object": "chat.completion", "usage": usage(b),
		"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]string{"role": "assistant", "content": b.Text}}},
	})
}

// stream writes an answer as events, up to where it is to break.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, b *Behaviour) {
	out := http.NewResponseController(w)
	event(w, chunk(map[string]string{"role": "assistant", "content": ""}, nil))
	_, _ = io.WriteString(w, ": keep-alive\n\n")
	tokens := parts(b.Text)
	half := (len(tokens) + 1) / 2
	for i, t := range tokens {
		if i > 0 && !s.wait(r, b.Token) {
			return
		}
		if i == half && s.breaks(w, r, b.Fault, out) {
			return
		}
		event(w, chunk(map[string]string{"content": t}, nil))
		if b.Token > 0 || i == half-1 || i == 0 {
			_ = out.Flush()
		}
	}
	event(w, chunk(map[string]string{}, "stop"))
	if !b.NoUsage {
		event(w, map[string]any{"choices": []any{}, "usage": usage(b)})
	}
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}

// breaks does what a fault does in the middle of an answer, and reports whether that ended it.
func (s *Server) breaks(w http.ResponseWriter, r *http.Request, f Fault, out *http.ResponseController) bool {
	switch f {
	case Stall:
		_ = out.Flush()
		s.wait(r, forever)
	case Cut:
		_ = out.Flush()
		panic(http.ErrAbortHandler) // resets the connection
	case Ended:
	case BadJSON:
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":\n\n")
	case BadShape:
		_, _ = io.WriteString(w, "data: {\"choices\":\"none\"}\n\n")
	case InStream:
		event(w, map[string]any{"error": map[string]string{"message": "the model crashed"}})
	case Huge:
		for r.Context().Err() == nil {
			event(w, chunk(map[string]string{"content": strings.Repeat("more and more ", 50)}, nil))
			if out.Flush() != nil {
				return true
			}
		}
	case HugeLine:
		_, _ = io.WriteString(w, "data: ")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 8<<10)); err != nil {
				return true
			}
		}
	default:
		return false
	}
	return true
}
