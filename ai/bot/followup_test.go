package bot

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/uniqchat/uniqchat/chat"
)

// follow is a row of testdata: turns, a message, and the heading of the chunk that answers it. Rules were looked for on the half named tune alone.
type follow struct {
	Half, Lang, Text, Want string
	Turns                  []struct {
		Who  Who
		Text string
	}
}

func follows(t testing.TB, file string) (out []follow) {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var v follow
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// ranks are where the wanted chunk stands, among the first five, with the turns before and without; 0 if it doesn't.
func (v follow) ranks(t testing.TB, b *Bot) (with, without int, trace *Trace) {
	t.Helper()
	rank := func(in Input) (int, *Trace) {
		withDefaults(&in.Settings)
		f := b.newFlow(&in, nil)
		f.asked = withoutHello(f.text)
		if err := f.context(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, h := range f.found.hits {
			if h.Heading == v.Want {
				return i + 1, f.trace
			}
		}
		return 0, f.trace
	}
	in := Input{Tenant: chat.NewID[chat.Tenant](), Text: v.Text, Locale: v.Lang}
	without, _ = rank(in)
	for _, turn := range v.Turns {
		in.Turns = append(in.Turns, Turn{Who: turn.Who, Text: turn.Text})
	}
	with, trace = rank(in)
	return with, without, trace
}

// tally counts ranks.
type tally struct{ n, first, five int }

func (c *tally) add(rank int) {
	c.n++
	if rank == 1 {
		c.first++
	}
	if rank > 0 {
		c.five++
	}
}

// measure counts over the rows of a file, by half and language.
func measure(t testing.TB, b *Bot, file string, log func(string, ...any)) map[string][2]tally {
	out := map[string][2]tally{}
	for _, v := range follows(t, file) {
		with, without, trace := v.ranks(t, b)
		c := trace.Context
		log("%s %s with %d without %d: %s (%s, used %v: %.2f alone, %.2f with)", v.Half, v.Lang, with, without, v.Text, c.Mark, c.Used, c.Alone, c.With)
		for _, key := range []string{v.Half, v.Lang, "all"} {
			two := out[key]
			two[0].add(with)
			two[1].add(without)
			out[key] = two
		}
	}
	return out
}

// TestFollowUps prints how often the right chunk is found, and holds what was reached.
func TestFollowUps(t *testing.T) {
	b := newBot(t, nil, nil)
	for file, least := range map[string]int{"followups.jsonl": 24, "standalone.jsonl": 9} {
		counts := measure(t, b, file, t.Logf)
		for _, key := range []string{"tune", "kept", "en", "zh", "all"} {
			c := counts[key]
			fmt.Printf("%s %s: with the turns before %d first, %d in five; without %d, %d; of %d\n",
				file, key, c[0].first, c[0].five, c[1].first, c[1].five, c[0].n)
		}
		if counts["all"][0].first < least {
			t.Errorf("%s: %+v", file, counts)
		}
	}
}

// BenchmarkFollowUps reports the shares as metrics: go test ./ai/bot -run '^$' -bench FollowUps -benchtime 1x.
func BenchmarkFollowUps(b *testing.B) {
	bot := newBot(b, nil, nil)
	rows := follows(b, "followups.jsonl")
	var kept [2]tally
	for b.Loop() {
		kept = [2]tally{}
		for _, v := range rows {
			if v.Half == "kept" {
				with, without, _ := v.ranks(b, bot)
				kept[0].add(with)
				kept[1].add(without)
			}
		}
	}
	for i, name := range []string{"with", "without"} {
		b.ReportMetric(100*float64(kept[i].first)/float64(kept[i].n), "%R@1-"+name)
		b.ReportMetric(100*float64(kept[i].five)/float64(kept[i].n), "%R@5-"+name)
	}
}
