package seal_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// table is seal.Table in memory.
type table struct {
	mu      sync.Mutex
	rows    map[chat.TenantID][]seal.Row
	version int64
	away    error
}

func (m *table) Keys(_ context.Context, t chat.TenantID) ([]seal.Row, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]seal.Row(nil), m.rows[t]...), -1, m.away
}

func (m *table) AddKeys(_ context.Context, t chat.TenantID, keys ...seal.Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = make(map[chat.TenantID][]seal.Row)
	}
	m.rows[t] = append(m.rows[t], keys...)
	m.version++
	return m.away
}

func (m *table) KeyVersion(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.version, m.away
}

func masters(t testing.TB, keys string) *seal.Masters {
	m, err := seal.MastersOf(keys)
	require.NoError(t, err)
	return m
}

func ring(t testing.TB, m *seal.Masters, in *table) *seal.Keyring {
	return seal.New(m, in, seal.Options{Seals: true})
}

func ready(t testing.TB, k *seal.Keyring, id chat.TenantID) *seal.Tenant {
	keys, err := k.Ready(t.Context(), id)
	require.NoError(t, err)
	return keys
}

func TestRoundTrip(t *testing.T) {
	in := &table{}
	m := masters(t, seal.NewMasterKey())
	keys := ready(t, ring(t, m, in), chat.NewID[chat.Tenant]())
	p := seal.OfVisitor("name", chat.NewID[chat.Visitor]())
	kept := keys.Text("Иван 王", p)
	require.NotContains(t, kept, "Иван")
	require.NotEqual(t, kept, keys.Text("Иван 王", p), "the nonce is fresh")
	got, err := keys.OpenText(kept, p)
	require.NoError(t, err)
	require.Equal(t, "Иван 王", got)
	id, sealed := seal.KeyOf(kept)
	require.True(t, sealed)
	require.EqualValues(t, 1, id)

	object := keys.JSON(`{"a":1}`, p)
	require.Equal(t, byte('"'), object[0])
	plain, err := keys.OpenJSON([]byte(object), p)
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(plain))
	require.Empty(t, keys.Text("", p))
	require.Equal(t, "{}", keys.JSON("{}", p))

	got, err = keys.OpenText("was here before", p)
	require.NoError(t, err)
	require.Equal(t, "was here before", got)
	var off *seal.Tenant
	require.Equal(t, "x", off.Text("x", p))
	_, err = off.OpenText(kept, p)
	require.Error(t, err)
}

// A value opens only where it was sealed, and only as it was.
func TestTampering(t *testing.T) {
	in := &table{}
	k := ring(t, masters(t, seal.NewMasterKey()), in)
	tenant, other := chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()
	keys := ready(t, k, tenant)
	m := &chat.Message{ID: chat.NewID[chat.Message](), Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}
	p := seal.OfMessage(m)
	raw := keys.Append(nil, []byte("secret"), p)
	for i := range raw {
		for bit := range 8 {
			bad := bytes.Clone(raw)
			bad[i] ^= 1 << bit
			_, err := keys.Open(bad, p)
			require.Error(t, err, "byte %d bit %d", i, bit)
		}
	}
	for n := range raw {
		_, err := keys.Open(raw[:n], p)
		require.ErrorIs(t, err, seal.ErrUnreadable)
	}
	elsewhere := p
	elsewhere.Sub[0] ^= 1
	_, err := keys.Open(raw, elsewhere)
	require.ErrorIs(t, err, seal.ErrUnreadable)
	elsewhere = p
	elsewhere.Column = "messages.bodx"
	_, err = keys.Open(raw, elsewhere)
	require.ErrorIs(t, err, seal.ErrUnreadable)
	_, err = ready(t, k, other).Open(raw, p)
	require.ErrorIs(t, err, seal.ErrUnreadable)

	// The key's row of one tenant is no good for another.
	in.mu.Lock()
	in.rows[other] = in.rows[tenant]
	in.mu.Unlock()
	k.Refresh()
	fresh := seal.New(masters(t, seal.NewMasterKey()), in, seal.Options{Seals: true})
	_, err = fresh.Of(t.Context(), other)
	require.Equal(t, chat.Busy, chat.CodeOf(err))
}

func TestBadRowStopsNobody(t *testing.T) {
	in := &table{}
	k := ring(t, masters(t, seal.NewMasterKey()), in)
	tenant := chat.NewID[chat.Tenant]()
	keys := ready(t, k, tenant)
	list := make([]chat.Message, 3)
	for i := range list {
		m := &list[i]
		m.ID, m.Tenant, m.Conversation = chat.NewID[chat.Message](), tenant, chat.NewID[chat.Conversation]()
		m.Body = []byte(keys.Body([]byte(`{"text":"hi"}`), seal.OfMessage(m)))
	}
	list[1].Body, list[2].Body = list[2].Body, list[1].Body // swapped
	one := list[1]
	require.NoError(t, k.Messages(t.Context(), list))
	require.Equal(t, `{"text":"hi"}`, string(list[0].Body))
	require.Equal(t, string(seal.Unreadable), string(list[1].Body))
	require.Equal(t, string(seal.Unreadable), string(list[2].Body))
	err := k.Message(t.Context(), &one)
	require.ErrorIs(t, err, seal.ErrUnreadable)
	require.Equal(t, chat.Internal, chat.CodeOf(err))
}

// A new data key seals, the old one still opens; another node notices when it meets a value of a key that it does not know.
func TestRotation(t *testing.T) {
	in := &table{}
	old := seal.NewMasterKey()
	m := masters(t, old)
	a, b := ring(t, m, in), ring(t, m, in)
	tenant := chat.NewID[chat.Tenant]()
	p := seal.OfVisitor("name", chat.NewID[chat.Visitor]())
	first := ready(t, a, tenant).Text("one", p)
	ready(t, b, tenant)
	require.NoError(t, in.AddKeys(t.Context(), tenant, m.NewRow(tenant, 2)))
	a.Refresh()
	second := ready(t, a, tenant).Text("two", p)
	id, _ := seal.KeyOf(second)
	require.EqualValues(t, 2, id)
	for _, k := range []*seal.Keyring{a, b} {
		for kept, want := range map[string]string{first: "one", second: "two"} {
			got, err := k.Text(t.Context(), tenant, kept, p)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	// A new master key: rows are sealed with it, and then the old one can go.
	newest := seal.NewMasterKey()
	both := masters(t, newest+"\n# the old one\n"+old+"\n")
	in.mu.Lock()
	for i, r := range in.rows[tenant] {
		again, changed, err := both.Rewrap(tenant, r)
		require.NoError(t, err)
		require.True(t, changed)
		in.rows[tenant][i] = again
	}
	in.mu.Unlock()
	got, err := ring(t, masters(t, newest), in).Text(t.Context(), tenant, first, p)
	require.NoError(t, err)
	require.Equal(t, "one", got)
	_, err = ring(t, masters(t, old), in).Text(t.Context(), tenant, first, p)
	require.Error(t, err)
}

func TestKeyFileIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	old, newest := seal.NewMasterKey(), seal.NewMasterKey()
	require.NoError(t, os.WriteFile(path, []byte(old+"\n"), 0o600))
	m, err := seal.ReadMasters(path)
	require.NoError(t, err)
	in := &table{}
	tenant := chat.NewID[chat.Tenant]()
	require.NoError(t, in.AddKeys(t.Context(), tenant, masters(t, newest).NewRow(tenant, 0), masters(t, newest).NewRow(tenant, 1)))
	k := seal.New(m, in, seal.Options{Seals: true, Poll: time.Hour})
	_, err = k.Of(t.Context(), tenant)
	require.Error(t, err)
	require.NoError(t, os.WriteFile(path, []byte(newest+"\n"+old+"\n"), 0o600))
	_, err = k.Of(t.Context(), tenant)
	require.NoError(t, err)
}

func TestErased(t *testing.T) {
	in := &table{}
	k := ring(t, masters(t, seal.NewMasterKey()), in)
	tenant := chat.NewID[chat.Tenant]()
	p := seal.OfVisitor("name", chat.NewID[chat.Visitor]())
	kept := ready(t, k, tenant).Text("gone", p)
	in.mu.Lock()
	in.rows[tenant] = []seal.Row{{ID: seal.Erased}}
	in.mu.Unlock()
	k.Refresh()
	_, err := k.Text(t.Context(), tenant, kept, p)
	require.Equal(t, chat.NotFound, chat.CodeOf(err))
	_, err = k.Ready(t.Context(), tenant)
	require.ErrorIs(t, err, &chat.Error{Code: chat.NotFound})
	_, err = k.Live(t.Context(), tenant)
	require.ErrorIs(t, err, &chat.Error{Code: chat.NotFound})
}

// While the database is away, what is known goes on working.
func TestDatabaseAway(t *testing.T) {
	in := &table{}
	k := seal.New(masters(t, seal.NewMasterKey()), in, seal.Options{Seals: true, Most: 2})
	tenant := chat.NewID[chat.Tenant]()
	ready(t, k, tenant)
	in.mu.Lock()
	in.away = errors.New("away")
	in.mu.Unlock()
	k.Refresh()
	ready(t, k, tenant)
	_, err := k.Ready(t.Context(), chat.NewID[chat.Tenant]())
	require.Error(t, err)
}

func TestWords(t *testing.T) {
	in := &table{}
	k := ring(t, masters(t, seal.NewMasterKey()), in)
	keys, other := ready(t, k, chat.NewID[chat.Tenant]()), ready(t, k, chat.NewID[chat.Tenant]())
	var bag text.Bag
	bag.Fill("Parcel delayed 包裹在哪里")
	has := func(owner *seal.Tenant, query string) bool {
		var tokens seal.Tokens
		tokens.Fill(keys, &bag)
		set := make(map[string]bool)
		for i := range tokens.Len() {
			set[string(tokens.At(i))] = true
			require.NotContains(t, string(tokens.At(i)), "parcel")
		}
		q, err := text.Parse(query)
		require.NoError(t, err)
		for _, term := range owner.Terms(q.Terms) {
			require.False(t, term.Prefix)
			if !set[term.Text] {
				return false
			}
		}
		return true
	}
	for _, q := range []string{"parcel", "PARC", "delayed parcel ", "包裹", "包", "哪里", "里", "pa"} {
		require.True(t, has(keys, q), q)
		require.False(t, has(other, q), q)
	}
	for _, q := range []string{"parc ", "arcel", "包里"} {
		require.False(t, has(keys, q), q)
	}
	require.Equal(t, keys.Print(1, []byte("a")), keys.Print(1, []byte("a")))
	require.NotEqual(t, keys.Print(1, []byte("a")), keys.Print(2, []byte("a")))
	require.NotEqual(t, keys.Print(1, []byte("a")), other.Print(1, []byte("a")))
	require.Equal(t, keys.Blind("c", "v"), keys.Blind("c", "v"))
	require.NotEqual(t, keys.Blind("c", "v"), other.Blind("c", "v"))
}

func TestMasterKeys(t *testing.T) {
	for _, bad := range []string{"", "# only a comment", "short", "AAAA", seal.NewMasterKey() + "\nxyz"} {
		_, err := seal.MastersOf(bad)
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "xyz")
	}
}

// FuzzOpen: whatever is in a column, opening it neither panics nor makes anything up.
func FuzzOpen(f *testing.F) {
	in := &table{}
	k := ring(f, masters(f, seal.NewMasterKey()), in)
	keys := ready(f, k, chat.NewID[chat.Tenant]())
	p := seal.OfVisitor("name", chat.VisitorID{1})
	kept := keys.Text("x", p)
	f.Add([]byte(kept))
	f.Add([]byte("\x01"))
	f.Add([]byte(`""`))
	f.Add([]byte("\x01AQAAAAE"))
	f.Add([]byte(keys.JSON(`{"a":1}`, p)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = seal.KeyOf(string(b))
		_, _ = seal.KeyOfJSON(string(b))
		_, _ = keys.Open(b, p)
		if got, err := keys.OpenText(string(b), p); err == nil && got != string(b) && got != "x" {
			t.Fatalf("opened %q to %q", b, got)
		}
		_, _ = keys.OpenBody(b, p)
		_, _ = keys.OpenJSON(b, p)
	})
}

func BenchmarkSeal(b *testing.B) {
	keys := ready(b, ring(b, masters(b, seal.NewMasterKey()), &table{}), chat.NewID[chat.Tenant]())
	m := &chat.Message{ID: chat.NewID[chat.Message](), Conversation: chat.NewID[chat.Conversation]()}
	body := []byte(`{"text":"Where is my parcel? It was to arrive on Tuesday, and now it is Thursday."}`)
	b.Run("body", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			keys.Body(body, seal.OfMessage(m))
		}
	})
	b.Run("open", func(b *testing.B) {
		kept := []byte(keys.Body(body, seal.OfMessage(m)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.OpenBody(kept, seal.OfMessage(m)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("words", func(b *testing.B) {
		var bag text.Bag
		var tokens seal.Tokens
		bag.Fill("Where is my parcel? It was to arrive on Tuesday, and now it is Thursday.")
		b.ReportAllocs()
		for b.Loop() {
			tokens.Fill(keys, &bag)
		}
	})
	b.Run("print", func(b *testing.B) {
		for b.Loop() {
			keys.Print(0, body)
		}
	})
}
