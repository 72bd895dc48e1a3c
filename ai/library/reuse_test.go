package library_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// sections is a document of so many chunks, each with a heading; one of them says something else. Each is two texts to an embedder.
func sections(n int, changed int, says string) string {
	var b strings.Builder
	for i := range n {
		what := "what it says"
		if i == changed {
			what = says
		}
		fmt.Fprintf(&b, "# Heading %d\n\nNumber %d: %s.\n\n", i, i, what)
	}
	return b.String()
}

func (d *desk) change(id chat.DocumentID, with func(doc *chat.Document)) {
	d.t.Helper()
	_, err := d.kept.Store.ChangeDocument(d.t.Context(), d.tenant, id, chat.KnowledgeLimits{}, time.Now(), func(doc *chat.Document) error {
		with(doc)
		return nil
	})
	require.NoError(d.t, err)
}

// embedded is how many texts were embedded since it was asked last, once nothing is to be built any more.
func (d *desk) embedded() int {
	d.t.Helper()
	d.settled()
	return int(d.model.texts.Swap(0))
}

// openServers is a tenant on PostgreSQL and Redis.
func openServers(t *testing.T) *desk {
	t.Helper()
	rows, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = rows.Close() })
	url, err := rows.NewDatabaseLike(t.Context(), func(ctx context.Context, url string) error {
		return storage.Migrate(ctx, storage.Options{URL: url})
	})
	require.NoError(t, err)
	redis, err := services.StartRedis(t.Context(), services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = redis.Close() })
	return openOn(t, storage.Options{URL: url, Redis: redis.URL()})
}

// What has been embedded once is not embedded again: not under another title, nor in another document, nor by another process. Of an edit only the chunk
// that is another is.
func TestEmbedsTextsOnce(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T) *desk{"sqlite": open, "postgres": openServers} {
		t.Run(name, func(t *testing.T) {
			const n = 300 // more than one statement reads
			d := begin(t)
			l, stop := d.start(nil)
			defer func() { stop() }()
			first := d.add("First", sections(n, -1, ""))
			require.Equal(t, 2*n, d.embedded())
			title := func(s string) func(*chat.Document) { return func(doc *chat.Document) { doc.Title = s } }

			d.change(first, title("Renamed"))
			require.Zero(t, d.embedded(), "for a new title")
			require.Eventually(t, func() bool { return d.first(l, "heading 7 number 7") == "Renamed" }, 10*time.Second, 10*time.Millisecond)
			h := d.hit(l, "what it says")
			require.Positive(t, h.TextVector)
			require.Positive(t, h.HeadingVector)
			second := d.add("Second", sections(n, -1, ""))
			require.Zero(t, d.embedded(), "for the same text in another document")
			d.change(second, func(doc *chat.Document) { doc.Text = sections(n, 250, "something else") })
			require.Equal(t, 2, d.embedded(), "for one chunk: its heading and its text")
			d.add("Twice", "# One\n\nIs new.\n\n# Two\n\nIs new.")
			d.add("Thrice", "# One\n\nIs new.")
			require.Equal(t, 4, d.embedded(), "for what is new, in whatever documents")

			// Another process, which knows only what was kept.
			stop()
			l, stop = d.start(nil)
			d.change(first, title("Renamed again"))
			require.Zero(t, d.embedded(), "for a new title, after a restart")
			d.add("Third", sections(n, -1, ""))
			require.Zero(t, d.embedded(), "for the same text in another document, after a restart")
			d.change(second, func(doc *chat.Document) { doc.Text = sections(n, 251, "something quite different") })
			require.Equal(t, 2, d.embedded(), "for one chunk, after a restart")
			require.Eventually(t, func() bool { return d.first(l, "something quite different") == "Second" }, 10*time.Second, 10*time.Millisecond)
			require.NoError(t, d.kept.Store.DeleteDocument(t.Context(), d.tenant, second, time.Now()))
			d.settled()
			d.add("Fourth", sections(n, 251, "something quite different"))
			require.Zero(t, d.embedded(), "for what was deleted and came again: an earlier version has it")

			d.model.name.Store("digits")
			require.NoError(t, d.kept.Store.Reindex(t.Context(), d.tenant, time.Now()))
			require.Equal(t, 2*(n+1)+4, d.embedded(), "by another embedder, whose vectors are others: each text once")
		})
	}
}
