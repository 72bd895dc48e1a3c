package bot

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/uniqchat/uniqchat/ai"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/library"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

var (
	_ Knowledge = (*library.Library)(nil)
	_ Router    = (*router.Router)(nil)
	_ Embedder  = (*ai.Local)(nil)
)

// shop is the demo shop's knowledge, in both languages, as ai/library has it.
type shop struct {
	index     *knowledge.Index
	local     *ai.Local
	documents map[string]chat.DocumentID
	err       error
}

const demo = "../../cmd/uniqchat/demo/"

var demoTitles = [][2]string{
	{"orders-en.md", "Orders, delivery and returns"}, {"goods-en.csv", "About our things"}, {"orders-zh.md", "订单、配送与退换"}, {"goods-zh.csv", "商品问答"},
}

// newShop reads the demo's texts; more are chunks beside them.
func newShop(local *ai.Local, more ...knowledge.Chunk) (*shop, error) {
	s := &shop{local: local, documents: map[string]chat.DocumentID{}}
	var chunks []knowledge.Chunk
	for _, d := range demoTitles {
		b, err := os.ReadFile(demo + d[0])
		if err != nil {
			return nil, err
		}
		format, _ := knowledge.FormatOf(d[0])
		_, sections, err := knowledge.Read(format, b)
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, knowledge.Split(d[0], d[1], sections)...)
	}
	chunks = append(chunks, more...)
	for _, c := range chunks {
		if _, is := s.documents[c.Document]; !is {
			s.documents[c.Document] = chat.NewID[chat.Document]()
		}
	}
	vectors, err := knowledge.Embed(context.Background(), local, chunks, nil)
	if err != nil {
		return nil, err
	}
	s.index, err = knowledge.NewIndex(chunks, local.Name(), vectors)
	return s, err
}

// Search implements Knowledge as library.Search does.
func (s *shop) Search(_ context.Context, _ chat.TenantID, q chat.KnowledgeQuery) (chat.KnowledgeAnswer, error) {
	if s.err != nil {
		return chat.KnowledgeAnswer{}, s.err
	}
	out := chat.KnowledgeAnswer{Version: 1}
	for _, h := range s.index.Search(knowledge.Query{Text: q.Question, Vector: VectorOf(s.local, q.Question)}, q.Limit) {
		if c := s.index.Chunk(h.Chunk); h.Score > 0 {
			out.Hits = append(out.Hits, chat.KnowledgeHit{
				Chunk: c.ID, Document: s.documents[c.Document], Title: c.Title, Heading: c.Heading, Text: c.Text, Question: c.Question, Score: float64(h.Score),
				Words: float64(h.Words), Parts: float64(h.Grams), Concepts: float64(h.Concepts), HeadingVector: float64(h.Heading), TextVector: float64(h.Body),
			})
		}
	}
	return out, nil
}

// parts is what takes long to make, once for all tests.
var parts = sync.OnceValue(func() (p struct {
	local   *ai.Local
	shop    *shop
	builtin *intent.Model
	err     error
},
) {
	if p.local, p.err = ai.NewLocal(true); p.err != nil {
		return p
	}
	if p.shop, p.err = newShop(p.local); p.err != nil {
		return p
	}
	p.builtin, p.err = BuiltinIntents(context.Background(), p.local)
	return p
})

// newBot is a bot of the demo shop, or of other knowledge, with a router. A nil router is a real one without engines.
func newBot(t testing.TB, k Knowledge, r Router) *Bot {
	t.Helper()
	p := parts()
	if p.err != nil {
		t.Fatal(p.err)
	}
	if k == nil {
		k = p.shop
	}
	if r == nil {
		r = realRouter(t)
	}
	b, err := New(Config{
		Knowledge: k, Router: func(chat.TenantID) Router { return r }, Builtin: p.builtin, Embedder: p.local,
		URL: func(_ context.Context, _ chat.TenantID, d chat.DocumentID) string {
			return "https://shop.test/help/" + d.String()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func realRouter(t testing.TB, engines ...model.Engine) *router.Router {
	t.Helper()
	var c router.Config
	for _, e := range engines {
		c.Engines = append(c.Engines, router.Member{Engine: e, Price: model.Price{Prompt: 1, Completion: 1}})
	}
	r, err := router.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// input makes an input: the turns before ("visitor: …", "bot: …", "agent: …"), and the message.
func input(message string, turns ...string) Input {
	in := Input{Tenant: chat.NewID[chat.Tenant](), Text: message, Open: true}
	for _, t := range turns {
		who, text, _ := strings.Cut(t, ": ")
		text, buttons, _ := strings.Cut(text, " | ")
		turn := Turn{Who: Who(who), Text: text}
		if buttons != "" {
			turn.Buttons = strings.Split(buttons, " | ")
		}
		in.Turns = append(in.Turns, turn)
	}
	return in
}
