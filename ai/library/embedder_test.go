package library_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/library"
	"github.com/uniqchat/uniqchat/ai/openai"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/testkit/embedding"
)

var _ library.Embedder = (*openai.Embedder)(nil)

// by has a library work with a server's model.
func by(t *testing.T, s *embedding.Server, model string) func(*library.Options) {
	t.Helper()
	e, err := openai.NewEmbedder(openai.EmbedderConfig{BaseURL: s.URL, Key: embedding.Key, Model: model, Total: 100 * time.Millisecond, Pause: 10 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return func(o *library.Options) {
		o.Embedder = func() (library.Embedder, error) { return e, nil }
		o.VectorPatience = 300 * time.Millisecond
		o.Metrics = metrics.NewSet()
	}
}

func (d *desk) hit(l *library.Library, question string) chat.KnowledgeHit {
	d.t.Helper()
	a, err := l.Search(d.t.Context(), d.tenant, chat.KnowledgeQuery{Question: question, Limit: 3})
	require.NoError(d.t, err)
	require.NotEmpty(d.t, a.Hits)
	return a.Hits[0]
}

// A server's model: each text is sent once, whoever builds next; another model has all of them again, and until then words decide.
func TestServersModel(t *testing.T) {
	d, s := open(t), embedding.Start(t)
	l, stop := d.start(by(t, s, "one"))
	d.add("Returns", "# Help\n\n## Sending back\n\nThirty days, free of charge.\n")
	d.add("Shipping", "Two days in the whole country.")
	d.add("Payment", "By card or by invoice.")
	d.settled()
	require.Eventually(t, func() bool { return d.first(l, "sending something back") == "Returns" }, 10*time.Second, 10*time.Millisecond)
	h := d.hit(l, "sending back within thirty days")
	require.Positive(t, h.HeadingVector)
	require.Greater(t, h.TextVector, .1)
	require.Less(t, h.TextVector, 1.)
	v, err := d.kept.Store.KnowledgeVersions(t.Context(), d.tenant)
	require.NoError(t, err)
	require.Equal(t, "openai/one/64", v[0].Embedder)
	stop()

	l, stop = d.start(by(t, s, "one"))
	d.add("Warranty", "Two years.")
	d.settled()
	for text, n := range s.Texts() {
		if text != "dimensions" {
			require.Equal(t, 1, n, text)
		}
	}
	stop()

	l, stop = d.start(by(t, s, "two"))
	defer stop()
	h = d.hit(l, "by card")
	require.Equal(t, "Payment", h.Title)
	require.Zero(t, h.TextVector, "vectors of another model were compared")
	require.NoError(t, d.kept.Store.Reindex(t.Context(), d.tenant, time.Now()))
	d.settled()
	require.Eventually(t, func() bool { return d.hit(l, "by card").TextVector > 0 }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, 2, s.Texts()["By card or by invoice."])
}

// While the server says nothing, it is searched by words; and no build is put in use without vectors, nor judged without them.
func TestServerAway(t *testing.T) {
	d, s := open(t), embedding.Start(t)
	var set *metrics.Set
	l, stop := d.start(func(o *library.Options) { by(t, s, "one")(o); set = o.Metrics })
	defer stop()
	returns := d.add("Returns", "Thirty days, free of charge.")
	d.add("Shipping", "Two days in the whole country.")
	d.settled()
	require.Eventually(t, func() bool { return d.hit(l, "thirty days").TextVector > 0 }, 10*time.Second, 10*time.Millisecond)

	s.Fail(s.Hang)
	for _, q := range []string{"free of charge", "thirty days then", "charge", "days, thirty", "thirty"} {
		from := time.Now()
		h := d.hit(l, q)
		require.Equal(t, "Returns", h.Title)
		require.Zero(t, h.TextVector)
		require.Less(t, time.Since(from), 10*time.Second)
	}
	require.Positive(t, d.hit(l, "thirty days").TextVector, "what was asked before is kept")
	require.EqualValues(t, 5, set.GetOrCreateCounter("uniqchat_knowledge_searches_without_vectors_total").Get())

	require.NoError(t, d.kept.Store.AddGoldenQuestion(t.Context(), chat.GoldenQuestion{
		ID: chat.NewID[chat.GoldenQuestion](), Tenant: d.tenant, Question: "thirty days", Document: returns, Within: 1, CreatedAt: time.Now(),
	}, time.Now().Add(time.Hour)))
	asked := len(s.Seen())
	d.add("Payment", "By card or by invoice.")
	require.Eventually(t, func() bool { return len(s.Seen()) > asked }, 30*time.Second, 10*time.Millisecond)
	// Next time the chunks get through, and the golden question does not.
	s.Fail(func(w http.ResponseWriter, r *http.Request, q *embedding.Request) {
		if q.Input[0] == "thirty days" {
			embedding.Status(500, "")(w, r, q)
			return
		}
		embedding.Answer(w, embedding.Data(q))
	})
	state := func() *chat.KnowledgeState {
		st, err := d.kept.Store.KnowledgeState(t.Context(), d.tenant)
		require.NoError(t, err)
		return &st
	}
	require.Eventually(t, func() bool { return !state().Building(time.Now()) }, 30*time.Second, 10*time.Millisecond)
	require.EqualValues(t, 1, state().Active)
	require.NoError(t, d.kept.Store.Reindex(t.Context(), d.tenant, time.Now()))
	require.Eventually(t, func() bool { return s.Texts()["thirty days"] > 1 && !state().Building(time.Now()) }, 30*time.Second, 10*time.Millisecond)
	require.EqualValues(t, 1, state().Active)
	require.Nil(t, state().Failure, "the server was away, and the golden question is said to have failed")
	s.Fail(nil)
	require.NoError(t, d.kept.Store.Reindex(t.Context(), d.tenant, time.Now()))
	require.EqualValues(t, 2, d.settled().Active)
	require.Equal(t, 2, s.Texts()["By card or by invoice."], "what was embedded was not kept")
}
