package explain

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// node is a node of a plan, as EXPLAIN (FORMAT JSON) tells it.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Index    string  `json:"Index Name"`
	Cond     string  `json:"Index Cond"`
	Filter   string  `json:"Filter"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Rechecks float64 `json:"Rows Removed by Index Recheck"`
	Hit      int64   `json:"Shared Hit Blocks"`
	Read     int64   `json:"Shared Read Blocks"`
	Plans    []node  `json:"Plans"`
}

// told is one message of auto_explain.
type told struct {
	Query string `json:"Query Text"`
	Plan  node   `json:"Plan"`
}

// parse reads a message of auto_explain: how long it took, then the plan as JSON.
func parse(message string) (p told, err error) {
	_, text, ok := strings.Cut(message, "plan:\n")
	if !ok {
		return p, fmt.Errorf("not a plan: %.100q", message)
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("read a plan: %w", err)
	}
	return p, nil
}

// partition ends the names of the parts of messages and of their indexes.
var partition = regexp.MustCompile(`^messages_\d+`)

// large are the tables that grow with use.
var large = map[string]bool{"messages": true, "conversations": true, "visitors": true, "marks": true, "search": true}

// add takes a plan into account.
func (f *Finding) add(p told) {
	var removed float64
	scans := len(f.Scans)
	p.Plan.walk(func(n *node) {
		removed += (n.Removed + n.Rechecks) * n.Loops
		table := partition.ReplaceAllString(n.Relation, "messages")
		if n.Index != "" {
			f.Indexes = merge(f.Indexes, partition.ReplaceAllString(n.Index, "messages"))
		}
		if strings.HasSuffix(n.Type, "Seq Scan") {
			if large[table] {
				f.Scans = merge(f.Scans, table)
			} else {
				f.Small = merge(f.Small, table)
			}
		}
	})
	f.Removed = max(f.Removed, int64(removed))
	buffers := p.Plan.Hit + p.Plan.Read
	if len(f.Scans) > scans || len(f.Scans) == 0 && buffers > f.Buffers {
		var b strings.Builder
		p.Plan.print(&b, 0)
		f.Worst = b.String()
	}
	f.Buffers = max(f.Buffers, buffers)
}

// walk visits a node and all below it.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for i := range n.Plans {
		n.Plans[i].walk(visit)
	}
}

// print writes a plan as people read it. What was never executed is left out.
func (n *node) print(b *strings.Builder, depth int) {
	if n.Loops == 0 && !strings.HasSuffix(n.Type, "Seq Scan") {
		return
	}
	fmt.Fprintf(b, "%s%s", strings.Repeat("  ", depth), n.Type)
	if n.Index != "" {
		fmt.Fprintf(b, " using %s", n.Index)
	}
	if n.Relation != "" {
		fmt.Fprintf(b, " on %s", n.Relation)
	}
	fmt.Fprintf(b, " (rows=%.0f loops=%.0f buffers=%d)", n.Rows, n.Loops, n.Hit+n.Read)
	if n.Cond != "" {
		fmt.Fprintf(b, " cond: %s", n.Cond)
	}
	if n.Filter != "" {
		fmt.Fprintf(b, " filter: %s, removed %.0f", n.Filter, n.Removed)
	}
	b.WriteByte('\n')
	for i := range n.Plans {
		n.Plans[i].print(b, depth+1)
	}
}
