// Package screen keeps the rows of a live board from what board.changed tells, as docs/protocol.md says that a client does.
//
// It owns nothing else: where the events come from is its caller's business.
package screen

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Screen is the rows, and what was told last.
type Screen struct {
	N        int              `json:"n"`
	Offset   int              `json:"offset"`
	Total    int              `json:"total"`
	Complete bool             `json:"complete"`
	Rows     []map[string]any `json:"-"`

	Events, Bytes int // so far
}

// event is a board.changed's data beside what a Screen has.
type event struct {
	Gone []string         `json:"gone"`
	Rows []map[string]any `json:"rows"`
}

func id(row map[string]any) string {
	s, _ := row["id"].(string)
	return s
}

// Take takes in an event's data.
func (s *Screen) Take(data []byte) error {
	before := s.N
	var e event
	if err := json.Unmarshal(data, s); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	s.Events, s.Bytes = s.Events+1, s.Bytes+len(data)
	if s.N == 1 {
		s.Rows = nil
	} else if s.N != before+1 {
		return fmt.Errorf("event %d after %d", s.N, before)
	}
	known := make(map[string]map[string]any)
	for _, r := range s.Rows {
		known[id(r)] = r
	}
	out := slices.Clone(e.Gone)
	for _, r := range e.Rows {
		if _, moved := r["at"]; moved {
			out = append(out, id(r))
		}
	}
	s.Rows = slices.DeleteFunc(s.Rows, func(r map[string]any) bool { return slices.Contains(out, id(r)) })
	for _, r := range e.Rows {
		row, there := known[id(r)]
		at, moved := r["at"].(float64)
		switch {
		case !there && !moved:
			return fmt.Errorf("a change of row %s, which is not there", id(r))
		case !there:
			row = make(map[string]any)
		}
		if moved {
			if int(at) > len(s.Rows) {
				return fmt.Errorf("row %s comes to %v of %d", id(r), at, len(s.Rows))
			}
			s.Rows = slices.Insert(s.Rows, int(at), row)
			delete(r, "at")
		}
		maps.Copy(row, r)
	}
	return nil
}

// IDs returns the rows' ids.
func (s *Screen) IDs() []string {
	out := make([]string, len(s.Rows))
	for i, r := range s.Rows {
		out[i] = id(r)
	}
	return out
}
