package library_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/ai/library"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counting is an embedder that counts what it is asked; every letter is a value of its vectors.
type counting struct {
	texts atomic.Int64
	stop  atomic.Int64 // fails after so many texts; 0: never
	name  atomic.Value
}

func (c *counting) Name() string {
	if name, is := c.name.Load().(string); is {
		return name
	}
	return "letters"
}

func (c *counting) Ready(context.Context) error { return nil }

func (c *counting) Question(_ context.Context, text string) ([]float32, error) {
	v := make([]float32, 26)
	c.One(v, text)
	return v, nil
}

func (c *counting) One(dst []float32, text string) {
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' {
			dst[r-'a']++
		}
	}
}

func (c *counting) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		if n, most := c.texts.Add(1), c.stop.Load(); most > 0 && n > most {
			return nil, errors.New("the embedder died")
		}
		out[i] = make([]float32, 26)
		c.One(out[i], t)
	}
	return out, ctx.Err()
}

// desk is a tenant on a real store.
type desk struct {
	t      *testing.T
	kept   *storage.Storage
	tenant chat.TenantID
	model  counting
}

func open(t *testing.T) *desk {
	t.Helper()
	return openOn(t, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db")})
}

// openOn is open of a store that is named.
func openOn(t *testing.T, o storage.Options) *desk {
	t.Helper()
	kept, err := storage.Open(t.Context(), o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- kept.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		require.NoError(t, kept.Close())
	})
	return &desk{t: t, kept: kept, tenant: chat.NewID[chat.Tenant]()}
}

// start runs a library, as a node does, until the returned function ends it.
func (d *desk) start(change func(*library.Options)) (*library.Library, func()) {
	d.t.Helper()
	o := library.Options{
		Store: d.kept.Store, Broker: d.kept.Broker, Builds: true, Embedder: func() (library.Embedder, error) { return &d.model, nil },
		Poll: 20 * time.Millisecond, Judge: 20 * time.Millisecond, Hold: 300 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	l := library.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	return l, func() { cancel(); require.NoError(d.t, <-done) }
}

func (d *desk) add(title, text string) chat.DocumentID {
	d.t.Helper()
	doc, err := d.kept.Store.AddDocument(d.t.Context(), chat.Document{
		ID: chat.NewID[chat.Document](), Tenant: d.tenant, Title: title, Format: "markdown", Text: text, Hash: sha256.Sum256([]byte(text)), Bytes: len(text), Enabled: true,
	}, chat.KnowledgeLimits{}, time.Now())
	require.NoError(d.t, err)
	return doc.ID
}

func (d *desk) settled() chat.KnowledgeState {
	d.t.Helper()
	var st chat.KnowledgeState
	require.Eventually(d.t, func() bool {
		var err error
		st, err = d.kept.Store.KnowledgeState(d.t.Context(), d.tenant)
		require.NoError(d.t, err)
		return st.Built >= st.Wanted && !st.Building(time.Now())
	}, 60*time.Second, 10*time.Millisecond)
	return st
}

func (d *desk) first(l *library.Library, question string) string {
	d.t.Helper()
	a, err := l.Search(d.t.Context(), d.tenant, chat.KnowledgeQuery{Question: question, Limit: 3})
	require.NoError(d.t, err)
	if len(a.Hits) == 0 {
		return ""
	}
	return a.Hits[0].Title
}

// Only what changed is embedded, by another process too; and what nobody needs is not kept.
func TestEmbedsOnce(t *testing.T) {
	d := open(t)
	l, stop := d.start(nil)
	require.Empty(t, d.first(l, "anything"))
	id := d.add("Returns", "Thirty days.")
	d.add("Shipping", "Two days.")
	require.EqualValues(t, 1, d.settled().Active)
	require.EqualValues(t, 2, d.model.texts.Load())
	require.Eventually(t, func() bool { return d.first(l, "thirty") == "Returns" }, 10*time.Second, 10*time.Millisecond)
	stop()

	l, stop = d.start(nil)
	defer stop()
	require.Equal(t, "Shipping", d.first(l, "two"), "loaded when it is asked")
	d.add("Payment", "By card.")
	d.settled()
	require.EqualValues(t, 3, d.model.texts.Load())
	for n := range 6 {
		_, err := d.kept.Store.ChangeDocument(t.Context(), d.tenant, id, chat.KnowledgeLimits{}, time.Now(), func(doc *chat.Document) error {
			doc.Text = fmt.Sprintf("Number %d.", n)
			return nil
		})
		require.NoError(t, err)
		d.settled()
	}
	ids, err := d.kept.Store.ChunkIDs(t.Context(), d.tenant)
	require.NoError(t, err)
	require.Len(t, ids, 2+chat.KnowledgeVersions, "a chunk for each version that can be gone back to, and two for all of them")
}

// A build that is cut off goes on where it was, whoever takes it up.
func TestGoesOn(t *testing.T) {
	d := open(t)
	for n := range 100 {
		d.add(fmt.Sprintf("Document %d", n), fmt.Sprintf("It says %d.", n))
	}
	d.model.stop.Store(50)
	_, stop := d.start(nil)
	require.Eventually(t, func() bool { return d.model.texts.Load() > 50 }, 30*time.Second, 10*time.Millisecond)
	stop()
	ids, err := d.kept.Store.ChunkIDs(t.Context(), d.tenant)
	require.NoError(t, err)
	require.NotEmpty(t, ids)
	d.model.stop.Store(0)
	d.model.texts.Store(0)
	require.NoError(t, d.kept.Store.Reindex(t.Context(), d.tenant, time.Now()))
	l, stop := d.start(nil)
	defer stop()
	d.settled()
	require.EqualValues(t, 100-len(ids), d.model.texts.Load())
	require.Equal(t, "Document 77", d.first(l, "says 77"))
}

// Where nobody else builds, what a process held that has died is not waited for.
func TestAlone(t *testing.T) {
	d := open(t)
	d.add("Returns", "Thirty days.")
	now := time.Now().Add(time.Minute)
	_, held, err := d.kept.Store.HoldKnowledge(t.Context(), [16]byte{1}, now, now.Add(time.Minute))
	require.NoError(t, err)
	require.True(t, held)
	l, stop := d.start(func(o *library.Options) { o.Alone, o.Hold, o.Poll = true, 5*time.Minute, time.Hour })
	defer stop()
	d.settled()
	require.Equal(t, "Returns", d.first(l, "thirty days"))
}

// Two nodes: what one puts in use the other finds, too.
func TestOtherNode(t *testing.T) {
	d := open(t)
	_, stop := d.start(nil)
	defer stop()
	other, end := d.start(func(o *library.Options) { o.Builds = false })
	defer end()
	d.add("Returns", "Thirty days.")
	d.settled()
	require.Equal(t, "Returns", d.first(other, "thirty days"))
	d.add("Warranty", "Two years of warranty.")
	d.settled()
	require.Eventually(t, func() bool { return d.first(other, "warranty") == "Warranty" }, 10*time.Second, 5*time.Millisecond)
}

// TestTooMany: a document that makes more chunks than a tenant may have is refused when it comes; a build of documents that do so together
// says why it is not put in use.
func TestTooMany(t *testing.T) {
	d := open(t)
	l, stop := d.start(func(o *library.Options) { o.MaxChunks = 3 })
	defer stop()
	_, _, err := l.Read("markdown", strings.Repeat("# x\ny\n", 4))
	var known *chat.Error
	require.ErrorAs(t, err, &known)
	require.Equal(t, chat.Malformed, known.Code)
	require.Contains(t, known.Message, " 3 ")
	_, n, err := l.Read("markdown", strings.Repeat("# x\ny\n", 3))
	require.NoError(t, err)
	require.Equal(t, 3, n)
	d.add("one", "# x\ny\n# z\ny")
	require.EqualValues(t, 1, d.settled().Active)
	d.add("two", "# x\ny\n# z\ny")
	failure := d.settled().Failure
	require.NotNil(t, failure)
	require.Equal(t, chat.FailureTooMany, failure.Reason)
}
