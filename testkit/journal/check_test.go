package journal

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// history is what Check is given.
type history struct {
	entries []Entry
	db      []Conversation
}

func (w *world) history() *history {
	h := &history{entries: slices.Clone(w.rec.Entries()), db: w.database()}
	for i := range h.entries {
		h.entries[i].Time = int64(i) // a clock that tells every entry from the next
	}
	for i := range h.db {
		h.db[i].Messages = slices.Clone(h.db[i].Messages)
	}
	return h
}

// pick returns the index of a random entry that ok accepts, or -1.
func (h *history) pick(choose func(n int) int, ok func(*Entry) bool) int {
	var at []int
	for i := range h.entries {
		if ok(&h.entries[i]) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return -1
	}
	return at[choose(len(at))]
}

// add appends an entry as the last thing that happened.
func (h *history) add(e Entry) {
	e.Time = h.entries[len(h.entries)-1].Time + 1
	h.entries = append(h.entries, e)
}

func op(ops ...Op) func(*Entry) bool {
	return func(e *Entry) bool { return slices.Contains(ops, e.Op) }
}

func (h *history) conv(id UUID) *Conversation {
	for i := range h.db {
		if h.db[i].ID == id {
			return &h.db[i]
		}
	}
	return nil
}

func (h *history) reader(name string) Entry {
	for _, e := range h.entries {
		if e.Op == OpReader && e.Reader == name {
			return e
		}
	}
	return Entry{}
}

// busy is a world in which every mutation finds something to break.
func busy(seed uint64) *world {
	w := newWorld(seed)
	w.pair("shop")
	w.pair("shop")
	w.pair("other")
	w.run(150)
	return w
}

func TestCleanHistory(t *testing.T) {
	w := busy(1)
	v := Check(w.history().entries, w.database())
	if !v.Clean() {
		t.Fatal(v)
	}
	if v.Acked < 20 || v.Failed == 0 || v.Open == 0 || v.DupAcks == 0 || v.Applied < 100 || v.Readers != 12 || v.Conversations != 3 {
		t.Errorf("a busy history looks thin: %v", v)
	}
}

// TestCatches proves that each broken promise is found, and named for what it is.
func TestCatches(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			h := busy(2).history()
			n := 0
			for try := 0; ; try++ {
				if m.mutate(h, func(max int) int { n++; return (n*7 + try) % max }) {
					break
				}
				if try == 200 {
					t.Fatal("the history has nothing to break")
				}
			}
			v := Check(h.entries, h.db)
			if v.Count(m.want) == 0 {
				t.Errorf("did not find %q in:\n%v", m.want, v)
			}
		})
	}
}

// TestRandomHistories: whatever clients do, a server that keeps its promises passes, and one broken promise does not.
func TestRandomHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(t, "seed"))
		for range rapid.IntRange(2, 4).Draw(t, "conversations") {
			w.pair(rapid.SampledFrom([]string{"shop", "other"}).Draw(t, "tenant"))
		}
		w.run(rapid.IntRange(1, 60).Draw(t, "steps"))
		h := w.history()
		if v := Check(h.entries, h.db); !v.Clean() {
			t.Fatalf("valid history refused: %v", v)
		}
		m := rapid.SampledFrom(mutations).Draw(t, "mutation")
		if !m.mutate(h, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }) {
			return
		}
		if v := Check(h.entries, h.db); v.Count(m.want) == 0 {
			t.Fatalf("%s: not found in\n%v", m.name, v)
		}
	})
}

// TestFork: what a reader showed before it was told to start anew does not count, but what leaked does.
func TestFork(t *testing.T) {
	w := busy(3)
	h := w.history()
	i := h.pick(func(n int) int { return n - 1 }, op(OpApply))
	e := h.entries[i]
	gone := e
	gone.MID[0]++
	gone.Seq += 5000
	var again []Entry
	for _, x := range h.entries {
		if x.Op == OpApply && x.Reader == e.Reader && x.Conv == e.Conv {
			again = append(again, x)
		}
	}
	h.entries = append(h.entries, gone, Entry{Op: OpReset, Reader: e.Reader, Conv: e.Conv})
	h.entries = append(h.entries, again...)
	for i := range h.entries {
		h.entries[i].Time = int64(i)
	}
	if v := Check(h.entries, h.db); !v.Clean() {
		t.Error(v)
	}
}

func TestJournalFile(t *testing.T) {
	var file bytes.Buffer
	w := newWorld(4)
	w.rec = NewRecorder(&file)
	w.pair("shop")
	w.run(40)
	file.WriteString(`{"t":1,"op":"ap`) // killed in the middle of a line
	got, err := Read(bytes.NewReader(file.Bytes()))
	if err != nil || w.rec.Err() != nil {
		t.Fatal(err, w.rec.Err())
	}
	if d := cmp.Diff(w.rec.Entries(), got); d != "" {
		t.Error(d)
	}
	if _, err := Read(strings.NewReader("{}\nnonsense\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a bad line gives %v", err)
	}
}

func TestHashBody(t *testing.T) {
	same := []string{`{"text":"a<b","n":1.50}`, ` { "n" : 1.50, "text":"a\u003cb" } `}
	if HashBody([]byte(same[0])) != HashBody([]byte(same[1])) {
		t.Error("white space, order or escapes change the hash")
	}
	if HashBody([]byte(`{"n":1}`)) == HashBody([]byte(`{"n":2}`)) || HashBody([]byte("x")) == HashBody([]byte("y")) {
		t.Error("different bodies have one hash")
	}
	if !json.Valid([]byte(same[1])) {
		t.Error("the sample is not JSON")
	}
}
