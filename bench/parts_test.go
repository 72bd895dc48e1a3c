package bench

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/uniqchat/uniqchat/codec"
)

func TestTimersAreAHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.Int64()).Draw(t, "times")
		var h timers
		for _, w := range want {
			h.push(timer{when: w})
		}
		slices.Sort(want)
		for _, w := range want {
			if got := h.pop().when; got != w {
				t.Fatalf("popped %d, want %d", got, w)
			}
		}
	})
}

func TestTally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOf(rapid.Uint32Range(1, 20)).Draw(t, "numbers")
		seen := map[uint32]bool{}
		var x tally
		for _, n := range numbers {
			if x.add(n) == seen[n] {
				t.Fatalf("add(%d) said new although it was %v", n, seen[n])
			}
			seen[n] = true
			if int(x.count()) != len(seen) {
				t.Fatalf("count %d, want %d", x.count(), len(seen))
			}
		}
	})
}

func TestStamp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := stamp{
			rapid.Uint32().Draw(t, "run"), rapid.Uint32().Draw(t, "pair"), rapid.Uint8Range(0, 1).Draw(t, "dir"),
			rapid.Uint32().Draw(t, "n"), rapid.Int64Min(0).Draw(t, "at"),
		}
		size := rapid.IntRange(minBody, 4096).Draw(t, "size")
		b := want.append(nil, size)
		if len(b) != size || !json.Valid(b) {
			t.Fatalf("%d bytes: %s", len(b), b)
		}
		got, ok := parseStamp(b)
		if !ok || got != want {
			t.Fatalf("got %v %v, want %v", got, ok, want)
		}
	})
	for _, b := range []string{"", `{"text":"hello"}`, `{"text":"`, string(hello)} {
		_, ok := parseStamp([]byte(b))
		require.False(t, ok, b)
	}
}

func TestUUIDv7(t *testing.T) {
	u := uuidv7(1700000000123, ^uint64(0), ^uint64(0))
	require.EqualValues(t, 7, u.Version())
	require.Equal(t, "RFC4122", u.Variant().String())
	sec, nsec := u.Time().UnixTime()
	require.Equal(t, int64(1700000000123), sec*1000+nsec/1e6)
}

type sinkFunc func(codec.Opcode, []byte) error

func (f sinkFunc) Frame(op codec.Opcode, b []byte) error { return f(op, b) }

func TestMaskFrom(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536} {
		payload := bytes.Repeat([]byte{'x'}, n)
		b := append([]byte("before"), payload...)
		b = maskFrom(b, 6, codec.OpTextFrame, 0xDEADBEEF)
		require.Equal(t, "before", string(b[:6]))
		var r codec.MessageReader
		got := -1
		used, err := r.Read(b[6:], 1<<20, sinkFunc(func(op codec.Opcode, p []byte) error {
			require.Equal(t, codec.OpTextFrame, op)
			require.Equal(t, payload, bytes.Clone(p))
			got = len(p)
			return nil
		}))
		require.NoError(t, err)
		require.Equal(t, len(b)-6, used)
		require.Equal(t, n, got)
	}
}

func TestHistogram(t *testing.T) {
	a, b := NewHistogram(), NewHistogram()
	for i := range int64(1000) {
		a.Record((i + 1) * 1e6)
	}
	b.Record(0)
	b.Record(1 << 62)
	a.Merge(b)
	s := a.Summary()
	require.EqualValues(t, 1002, s.Count)
	require.InEpsilon(t, 500, s.P50, .003)
	require.InEpsilon(t, 990, s.P99, .003)
	require.InDelta(t, 600e3, s.Max, 1e3)
	a.Reset()
	require.Zero(t, a.Summary().Count)
}

// fakeProc is a /proc with what the tests need.
type fakeProc struct {
	t    *testing.T
	root string
}

func (p fakeProc) write(path, text string) {
	path = filepath.Join(p.root, path)
	require.NoError(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(p.t, os.WriteFile(path, []byte(text), 0o644))
}

func (p fakeProc) process(pid, parent, user, system, pss int, name string) {
	dir := strconv.Itoa(pid)
	p.write(dir+"/stat", fmt.Sprintf("%d (%s) S %d 1 1 0 -1 0 0 0 0 0 %d %d 0 0 20 0 1 0 0 0 0", pid, "a ) b", parent, user, system))
	p.write(dir+"/comm", name+"\n")
	p.write(dir+"/smaps_rollup", fmt.Sprintf("0-1 ---p 0 0:0 0 [rollup]\nRss:   %d kB\nPss:     %d kB\n", 2*pss, pss))
}

func TestProcs(t *testing.T) {
	p := fakeProc{t, t.TempDir()}
	p.write("stat", "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3\n")
	p.process(100, 1, 200, 100, 1000, "uniqchat")
	p.process(101, 100, 10, 0, 50, "child")
	p.process(102, 101, 10, 0, 50, "grandchild")
	p.process(200, 1, 5000, 0, 9000, "other")
	p.write("net/tcp", "  sl  local_address rem_address   st\n"+
		"   0: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1\n"+
		"   1: 0100007F:1F92 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4243 1\n")
	for pid, inode := range map[string]string{"100": "4242", "200": "4243"} {
		require.NoError(t, os.MkdirAll(filepath.Join(p.root, pid, "fd"), 0o755))
		require.NoError(t, os.Symlink("socket:["+inode+"]", filepath.Join(p.root, pid, "fd", "7")))
	}
	ways := map[string]ServerFinder{
		"pid": {PIDs: []int{100}}, "name": {Name: "uniqchat"},
		"port": {Listening: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:8081")}},
	}
	for name, f := range ways {
		t.Run(name, func(t *testing.T) {
			procs := NewProcs(f)
			procs.root = p.root
			p.process(100, 1, 200, 100, 1000, "uniqchat")
			p.write("stat", "cpu  100 0 50 800 50 0 0 0 0 0\n")
			a := procs.Look()
			require.Equal(t, []int{100, 101, 102}, a.PIDs)
			require.EqualValues(t, 1100, a.PSS)
			require.EqualValues(t, 2200, a.RSS)
			require.Zero(t, a.CPU)
			p.process(100, 1, 250, 150, 1500, "uniqchat")
			p.write("stat", "cpu  150 0 50 830 50 0 0 20 0 0\n")
			b := procs.Look()
			require.InDelta(t, 1.0, b.CPU, 1e-9)
			s := Between(a, b, 0)
			require.InDelta(t, 20, s.Steal, 1e-9)
			require.InDelta(t, 70, s.Busy, 1e-9)
			require.EqualValues(t, 1600, s.PSS)
		})
	}
}

// TestProcsRestart: the CPU time of a server that was killed and came back adds up.
func TestProcsRestart(t *testing.T) {
	p := fakeProc{t, t.TempDir()}
	p.write("stat", "cpu  1 1 1 1 1 1 1 1 1 1\n")
	p.process(100, 1, 300, 0, 1, "uniqchat")
	procs := NewProcs(ServerFinder{Name: "uniqchat"})
	procs.root = p.root
	procs.Look()
	p.process(100, 1, 400, 0, 1, "uniqchat")
	require.InDelta(t, 1, procs.Look().CPU, 1e-9)
	require.NoError(t, os.RemoveAll(filepath.Join(p.root, "100")))
	require.InDelta(t, 1, procs.Look().CPU, 1e-9)
	p.process(101, 1, 50, 0, 1, "uniqchat")
	require.InDelta(t, 1.5, procs.Look().CPU, 1e-9)
}

func TestProcsReal(t *testing.T) {
	procs := NewProcs(ServerFinder{})
	require.Greater(t, readTicks("/proc").total, 0.0)
	rss, pss := procs.memory(os.Getpid())
	require.Greater(t, rss, int64(1000))
	require.Greater(t, pss, int64(1000))
	m := ThisMachine()
	require.Positive(t, m.Cores)
	require.NotEmpty(t, m.Kernel)
}

func write(t *testing.T, name, text string, zip bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	b := []byte(text)
	if zip {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write(b)
		require.NoError(t, w.Close())
		b = z.Bytes()
	}
	require.NoError(t, os.WriteFile(path, b, 0o644))
	return path
}

func TestReadDialogues(t *testing.T) {
	const lines = `{"id":"1","turns":[{"role":"usr","text":"你好","acts":[["x","y"]]},{"role":"sys","text":"您好"}]}
{"id":2,"turns":[{"role":"agent","text":"nobody asked"}]}
{"id":3,"turns":[{"role":"visitor","text":"a"},{"role":"visitor","text":"b"},{"role":"agent","text":"c"}]}
`
	const table = "conv\tturn\ttext\tlabel\nc1\t0\thi there\tgreeting\nc1\t2\ti want \"this\"\torder<div>x\nc2\t0\tbye\t\n"
	first := Dialogue{"1", []Turn{{false, "你好"}, {true, "您好"}}}
	third := Dialogue{"3", []Turn{{false, "a"}, {false, "b"}, {true, "c"}}}
	c1, c2 := Dialogue{"c1", []Turn{{false, "hi there"}, {false, `i want "this"`}}}, Dialogue{"c2", []Turn{{false, "bye"}}}
	cases := []struct {
		name   string
		format Format
		text   string
		zip    bool
		limits Limits
		want   Corpus
		err    string
	}{
		{name: "lines", format: FormatLines, text: lines, want: Corpus{[]Dialogue{first, third}, 5, 1}},
		{name: "crosswoz in gzip", format: FormatCrossWOZ, text: lines, zip: true, want: Corpus{[]Dialogue{first, third}, 5, 1}},
		{name: "limit of dialogues", format: FormatLines, text: lines, limits: Limits{Dialogues: 1}, want: Corpus{[]Dialogue{first}, 2, 0}},
		{name: "limit of turns", format: FormatLines, text: lines, limits: Limits{Turns: 3}, want: Corpus{[]Dialogue{first, {"3", third.Turns[:1]}}, 3, 1}},
		{name: "multidogo in gzip", format: FormatMultiDoGO, text: table, zip: true, want: Corpus{[]Dialogue{c1, c2}, 3, 0}},
		{name: "multidogo, limit of turns", format: FormatMultiDoGO, text: table, limits: Limits{Turns: 2}, want: Corpus{[]Dialogue{c1}, 2, 0}},
		{name: "multidogo, limit of dialogues", format: FormatMultiDoGO, text: table, limits: Limits{Dialogues: 1}, want: Corpus{[]Dialogue{c1}, 2, 0}},
		{name: "bad role", format: FormatLines, text: `{"turns":[{"role":"boss","text":"x"}]}`, err: `turn 1: role "boss" is unknown`},
		{name: "not JSON", format: FormatLines, text: "conv\tturn", err: "dialogue 1"},
		{name: "nothing", format: FormatLines, err: "no dialogue found"},
		{name: "columns", format: FormatMultiDoGO, text: "c1\t0\n", err: "line 1 has 2 columns"},
		{name: "turn", format: FormatMultiDoGO, text: "c1\tx\ty\n", err: `turn "x" is not a number`},
		{name: "order", format: FormatMultiDoGO, text: "c1\t2\ty\nc1\t1\ty\n", err: "turn 1 follows turn 2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadDialogues([]string{write(t, "d", c.text, c.zip)}, c.format, c.limits)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(&c.want, got))
		})
	}
	two, err := ReadDialogues([]string{write(t, "a", table, true), write(t, "b", table, false)}, FormatMultiDoGO, Limits{Turns: 4})
	require.NoError(t, err)
	require.Equal(t, 4, two.Turns)
	require.Len(t, two.Dialogues, 3)
	_, err = ParseFormat("csv")
	require.ErrorContains(t, err, "crosswoz")
}

func TestTokens(t *testing.T) {
	p, err := readTokens(tokens(t, 3, 2).Tokens)
	require.NoError(t, err)
	require.Len(t, p.visitors, 3)
	require.Len(t, p.agents, 2)
	require.Equal(t, userOf("v1"), p.visitors[1].User)
	_, err = readTokens(write(t, "t", `{"role":"boss"}`, false))
	require.ErrorContains(t, err, "entry 1")
}

func TestAnnotate(t *testing.T) {
	cases := map[string]struct {
		r    Result
		want []string
	}{
		"all well":    {Result{Spans: map[string]Span{"measure": {RSS: 1, Steal: 1}}}, nil},
		"late":        {Result{Latencies: map[string]Latency{"client_lag": {P99: 40}}}, []string{"late (p99 40.0 ms)"}},
		"not at rest": {Result{Figures: map[string]float64{"pss_before_kib": 10, "pss_after_kib": 5}}, []string{"not at rest"}},
		"steal":       {Result{Spans: map[string]Span{"hold": {RSS: 1, Steal: 30}}}, []string{"hold: the host took 30 %"}},
		"not found":   {Result{Spans: map[string]Span{"hold": {}}}, []string{"--pid"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.r.annotate()
			require.Len(t, c.r.Notes, len(c.want))
			for i, want := range c.want {
				require.Contains(t, c.r.Notes[i], want)
			}
		})
	}
}

func TestResultAndReport(t *testing.T) {
	r := &Result{
		Tool: "uniqbench", Version: "v1", Scenario: "chat", OK: false, Params: map[string]any{"pairs": 5.0}, Machine: ThisMachine(),
		Figures:   map[string]float64{"lost": 0, "messages_per_second": 4000.1234, "server_cpu_us_per_message": 75.125},
		Latencies: map[string]Latency{"deliver": {Count: 10, P50: 1, P99: 9.5, Max: 12}},
		Spans:     map[string]Span{"measure": {Seconds: 20, CPUPercent: 50, Steal: 3}},
	}
	for range maxProblems + 10 {
		r.problem("lost %d", 1)
	}
	require.Len(t, r.Problems, maxProblems+1)
	path := filepath.Join(t.TempDir(), "r.json")
	require.NoError(t, r.Write(path, nil))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(b, b...), 0o644))
	back, err := ReadResults(path)
	require.NoError(t, err)
	require.Len(t, back, 2)
	require.Empty(t, cmp.Diff(r, back[1]))
	var out bytes.Buffer
	require.NoError(t, Report(&out, back))
	for _, want := range []string{"PROBLEMS", "pairs=5", "messages per second", "4000", "75.12", "deliver", "9.50", "!"} {
		require.Contains(t, out.String(), want)
	}
	require.NoError(t, r.Write("-", &out))
}

func TestSearch(t *testing.T) {
	for _, limit := range []float64{30, 100, 149, 151, 4321, 1e9} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			tried := map[float64]bool{}
			var best float64
			err := search(100, func(rate float64) (bool, error) {
				require.False(t, tried[rate], "%v again", rate)
				tried[rate] = true
				if rate <= limit {
					best = max(best, rate)
				}
				return rate <= limit, nil
			})
			require.NoError(t, err)
			require.LessOrEqual(t, len(tried), maxSearch)
			if limit < 1e9 {
				require.InEpsilon(t, limit, best, .06)
			}
		})
	}
	require.ErrorIs(t, search(1, func(float64) (bool, error) { return false, errGone }), errGone)
}

// TestEncodeAllocates: a packet on its way out costs no memory.
func TestEncodeAllocates(t *testing.T) {
	l, err := NewLoop()
	require.NoError(t, err)
	defer l.close()
	c := &Client{}
	c.loop, c.target, c.state = l, &Target{Mode: ModeBinary}, connOpen
	p := &codec.Send{Body: hello}
	n := testing.AllocsPerRun(100, func() {
		c.send(codec.Header{RID: 1}, p)
		l.giveBuffer(c.out)
		c.out, c.isDirty = nil, false
		l.dirty = l.dirty[:0]
	})
	require.Zero(t, n)
}
