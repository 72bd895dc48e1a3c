package storagetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
)

// search asks for a list by words, page by page, and returns what was found, each with the text of its match.
func (s *suite) search(t require.TestingT, tenant chat.TenantID, f chat.Filter) (convs []chat.ConversationID, matches []string) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	for pages := 0; ; pages++ {
		page, next, err := s.Store.Conversations(ctx(), tenant, f)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), f.Limit)
		for i := range page {
			require.NotNil(t, page[i].Match, "what was found in %s", page[i].ID)
			require.Equal(t, page[i].ID, page[i].Match.Conversation)
			require.Equal(t, tenant, page[i].Match.Tenant)
			convs = append(convs, page[i].ID)
			matches = append(matches, string(page[i].Match.Body))
		}
		if f.Cursor = next; next == "" {
			return convs, matches
		}
		require.Less(t, pages, 200, "pages without end")
	}
}

func testSearch(t *testing.T, s *suite) {
	th, other := s.thread(), s.thread()
	other.clock = 1000 // later
	th.create()
	other.create()
	s.append(th.message("Where is my Refund for order 2012345?"), th.message("你好,退款什么时候到账?"), other.message("退货可以吗"))
	note := th.message("重要客户 be quick")
	note.Visibility, note.Role, note.Sender = chat.InternalOnly, chat.RoleAgent, chat.NewID[chat.Actor]()
	note.ID = chat.DeriveMessageID(note.Conversation, note.Sender, note.CMID)
	card := other.message("")
	card.Kind, card.Body = chat.KindCard, []byte(`{"title":"Thermos 保温杯","text":"keeps warm","url":"https://example.com/secret"}`)
	s.append(note, card)
	both := []chat.ConversationID{other.key.Conversation, th.key.Conversation}
	for _, test := range []struct {
		text string
		want []chat.ConversationID
	}{
		{"refund", both[1:]},
		{"REFUND order", both[1:]},
		{"order refund", both[1:]},
		{"2012345", both[1:]},
		{"refu", both[1:]}, // the beginning of the last word
		{"refu order", nil},
		{"refund 退款", nil}, // of one message
		{"退款", both[1:]},
		{"退货", both[:1]},
		{"退", both},
		{"款什么时", both[1:]},
		{"什么款", nil},
		{"重要客户", both[1:]}, // a note
		{"thermos 保温杯 warm", both[:1]},
		{"secret", nil},
		{"first", both},
		{"changed", nil}, // a system message
		{"conversation", nil},
		{"ｒｅｆｕｎｄ", both[1:]},
		{"it's nowhere", nil},
	} {
		got, _ := s.search(t, s.tenant, chat.Filter{Text: test.text})
		require.Empty(t, gocmp.Diff(test.want, got), test.text)
		got, _ = s.search(t, chat.NewID[chat.Tenant](), chat.Filter{Text: test.text})
		require.Empty(t, got, "another tenant's %s", test.text)
	}
	s.reopen()
	_, matches := s.search(t, s.tenant, chat.Filter{Text: "退"})
	require.Equal(t, []string{`{"text":"退货可以吗"}`, `{"text":"你好,退款什么时候到账?"}`}, matches)
	for text, what := range map[string]string{" ?! ": "nothing", "👍": "nothing", string(make([]byte, 300)): "long"} {
		_, _, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Text: text, Limit: 10})
		code(t, err, chat.Malformed)
		require.ErrorContains(t, err, "q: ", what)
	}
	_, _, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Text: "refund", Limit: 10, Cursor: "?"})
	code(t, err, chat.Malformed)
}

// What somebody writes is text and never a part of a query.
func testSearchHostile(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	texts := []string{
		`" OR "`, `' | '`, `a:* & b`, `x NOT y`, `NEAR(a b)`, `words:secret`, `\'`, `%_`, `退*款`, "tab\tnew\nline", `{"text":"nested"}`, `$1`, `<script>`, "e\u0301\u0301",
	}
	for _, q := range texts {
		s.append(th.message(q))
	}
	long := make([]rune, 20_000)
	for i := range long {
		long[i] = rune(0x4E00 + i%5000)
	}
	s.append(th.message(string(long)), th.message(fmt.Sprintf("%0500d", 7)))
	for _, q := range append(texts, string(long[:100]), fmt.Sprintf("%0190d", 7)) {
		parsed, err := text.Parse(q)
		if err != nil {
			continue
		}
		want := 0
		for _, m := range th.all(chat.AudienceAll) {
			if m.Kind != chat.KindSystem && parsed.Matches(chat.Said(nil, m.Kind, m.Body)...) {
				want = 1
			}
		}
		got, _ := s.search(t, s.tenant, chat.Filter{Text: q})
		require.Len(t, got, want, "%q", q)
	}
}

// spoken is a message as the model of a search knows it.
type spoken struct {
	of   *listed
	at   time.Time
	text string
}

// testSearchModel searches with any filter and page size, and compares with looking at every message.
func testSearchModel(t *testing.T, s *suite) {
	words := []string{"refund", "order", "parcel", "late", "退款", "发货", "快递没有动", "ok", "re"}
	agents := []chat.AgentID{{}, chat.NewID[chat.Agent](), chat.NewID[chat.Agent]()}
	visitor := chat.NewID[chat.Visitor]()
	var convs []listed
	var all []spoken
	clock := 0
	var threads []*thread
	for i := range 30 {
		th := s.thread()
		th.clock = clock
		if i%6 == 0 {
			th.visitor = visitor
		}
		th.create()
		status := chat.Status(i % 5)
		if i%6 == 0 {
			status = chat.Closed
		}
		th.move(status, agents[i%3])
		clock = th.clock
		convs = append(convs, listed{id: th.key.Conversation, visitor: th.visitor, state: th.state, created: start.Add(time.Duration(clock-2) * time.Millisecond)})
		convs[i].created = th.all(chat.AudienceAll)[0].Time
		threads = append(threads, th)
	}
	for i := range 400 { // in the order of time, each moment once
		n := (i * i * 7) % 30
		th := threads[n]
		clock += 1 + i%3
		th.clock = clock
		said := words[i%9] + " " + words[(i*5+i/9)%9]
		m := th.message(said)
		s.append(m)
		clock = th.clock
		all = append(all, spoken{&convs[n], m.Time, said})
	}
	slices.Reverse(all)
	rapid.Check(t, func(rt *rapid.T) {
		f := chat.Filter{Limit: rapid.IntRange(1, 40).Draw(rt, "limit")}
		f.Text = rapid.SampledFrom([]string{
			"refund", "refund order", "退款", "快递没有", "退", "order 发货", "ord", "re", "re ", "parcel late", "nothing of it", "没", "first",
		}).Draw(rt, "text")
		if rapid.Bool().Draw(rt, "filtered") {
			f.Statuses = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) chat.Status { return chat.Status(rapid.IntRange(0, 4).Draw(rt, "status")) }), 0, 3).Draw(rt, "statuses")
			f.Assignee = rapid.SampledFrom(agents).Draw(rt, "assignee")
			f.Visitor = rapid.SampledFrom([]chat.VisitorID{{}, {}, visitor, chat.NewID[chat.Visitor]()}).Draw(rt, "visitor")
			if rapid.Bool().Draw(rt, "since") {
				f.Since = rapid.SampledFrom(convs).Draw(rt, "since").created
			}
			if rapid.Bool().Draw(rt, "until") {
				f.Until = rapid.SampledFrom(convs).Draw(rt, "until").created
			}
		}
		query, err := text.Parse(f.Text)
		if err != nil {
			rt.Fatal(err)
		}
		var want []chat.ConversationID
		for _, m := range all {
			if query.Matches(m.text) && matches(m.of, &f) && !slices.Contains(want, m.of.id) {
				want = append(want, m.of.id)
			}
		}
		if f.Text == "first" { // each conversation's first message, said when it began
			for i := len(convs) - 1; i >= 0; i-- {
				if matches(&convs[i], &f) {
					want = append(want, convs[i].id)
				}
			}
		}
		got, _ := s.search(rt, s.tenant, f)
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Fatalf("%+v (-want +got):\n%s", f, diff)
		}
	})
}
