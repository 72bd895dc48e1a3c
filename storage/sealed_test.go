package storage_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// place is a storage that is opened again and again, and looked into from outside.
type place struct {
	o     storage.Options
	db    *sql.DB
	dirs  []string
	log   bytes.Buffer
	logMu sync.Mutex
	// flush makes everything that is in memory be in files.
	flush func(t *testing.T)
	// drained waits until nothing waits anywhere that was sealed before now.
	drained func(t *testing.T)
	files   chat.Files // are brought into the form that is written; may be nil
}

func (p *place) Write(b []byte) (int, error) {
	p.logMu.Lock()
	defer p.logMu.Unlock()
	return p.log.Write(b)
}

// on opens it with some encryption, and runs it until stop.
func (p *place) on(t *testing.T, e storage.Encryption) (*storage.Storage, func()) {
	t.Helper()
	o := p.o
	o.Encryption, o.Logger = e, slog.New(slog.NewTextHandler(p, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := storage.Open(t.Context(), o)
	require.NoError(t, err)
	if p.files != nil {
		s.Reseal(p.files)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

// finds returns the files that hold a text, in plain.
func (p *place) finds(t *testing.T, text string) (found []string) {
	t.Helper()
	p.flush(t)
	for _, dir := range p.dirs {
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil //nolint:nilerr // a file that has gone
			}
			b, err := os.ReadFile(path)
			if err == nil && bytes.Contains(bytes.ToLower(b), []byte(strings.ToLower(text))) {
				found = append(found, path)
			}
			return nil
		}))
	}
	p.logMu.Lock()
	defer p.logMu.Unlock()
	if bytes.Contains(p.log.Bytes(), []byte(text)) {
		found = append(found, "the log output")
	}
	return found
}

func sqlitePlace(t *testing.T) *place {
	dir := t.TempDir()
	path := filepath.Join(dir, "chat.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return &place{o: storage.Options{URL: "sqlite:" + path}, db: db, dirs: []string{dir}, flush: func(*testing.T) {}, drained: func(*testing.T) {}}
}

func clusterPlace(t *testing.T) *place {
	rows, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = rows.Close() })
	redis, err := services.StartRedis(t.Context(), services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = redis.Close() })
	url, err := rows.NewDatabase(t.Context())
	require.NoError(t, err)
	p := &place{o: storage.Options{URL: url, Redis: redis.URL()}, dirs: []string{rows.Dir, redis.Dir}}
	require.NoError(t, storage.Migrate(t.Context(), p.o))
	p.db, err = sql.Open("pgx", url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.db.Close() })
	p.db.SetMaxOpenConns(1)
	p.flush = func(t *testing.T) {
		_, err := p.db.ExecContext(t.Context(), `CHECKPOINT`)
		require.NoError(t, err)
		_, err = redis.Do(t.Context(), "SAVE")
		require.NoError(t, err)
	}
	p.drained = func(t *testing.T) { // entries of the log are kept for a minute
		client := redis.Client()
		defer client.Close()
		require.Eventually(t, func() bool {
			left := int64(0)
			for _, name := range client.Keys(t.Context(), "*:log").Val() {
				left += client.XLen(t.Context(), name).Val()
			}
			return left == 0
		}, 10*time.Minute, time.Second) // a minute, on a machine that nobody else is busy on
	}
	_, err = p.db.ExecContext(t.Context(), `SET uniqchat.system = 'on'`)
	require.NoError(t, err)
	return p
}

// talk is a conversation with a word planted wherever people's words go.
type talk struct {
	tenant  chat.TenantID
	key     chat.Key
	visitor chat.VisitorID
	state   chat.State
	first   chat.Event
	webhook chat.WebhookID
	engine  chat.AIEngineID
	trace   chat.AITraceID
}

func (k *talk) message(text string, visibility chat.Visibility) chat.Event {
	e := chat.Event{Message: chat.Message{
		Tenant: k.tenant, Conversation: k.key.Conversation, CMID: chat.NewID[chat.Event](), Sender: chat.UserID(k.visitor), Role: chat.RoleVisitor,
		Visibility: visibility, Time: time.Now().UTC().Truncate(time.Millisecond), Body: fmt.Appendf(nil, `{"text":%q}`, text),
	}}
	e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

func send(t *testing.T, s *storage.Storage, events ...chat.Event) {
	t.Helper()
	receipts, err := s.Log.Append(t.Context(), events...)
	require.NoError(t, err)
	for _, r := range receipts {
		require.NoError(t, r.Err)
	}
}

// plant says a word everywhere.
func plant(t *testing.T, s *storage.Storage, tenant chat.TenantID, word string) *talk {
	t.Helper()
	k := &talk{tenant: tenant, key: chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, visitor: chat.NewID[chat.Visitor](), webhook: chat.NewID[chat.Webhook]()}
	require.NoError(t, s.Store.AddWebhook(t.Context(), chat.Webhook{
		ID: k.webhook, Tenant: tenant, URL: "https://example.com/", Events: []string{chat.AllEvents}, Secrets: []string{"whsec_AAAA"}, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}))
	k.first = k.message("where is "+word+" 包裹", chat.Public)
	k.state = chat.State{Visitor: k.visitor, Status: chat.Queued, Version: 1, Queued: k.first.Time}
	created := k.message("", chat.Public)
	created.Kind, created.Role, created.Body, created.Next = chat.KindSystem, chat.RoleSystem, []byte(`{"event":"conversation.created"}`), &k.state
	created.Set = &chat.Fields{Context: []byte(`{"cart":"` + word + `"}`), Rating: &chat.Rating{Score: 3, Comment: word}}
	created.Profile = &chat.Visitor{
		ID: k.visitor, Tenant: tenant, ExternalID: word + "-7", Verified: true, Name: "Li " + word, Email: word + "@example.com", Page: "https://example.com/?q=" + word,
		Attributes: []byte(`{"phone":"` + word + `"}`), CreatedAt: k.first.Time,
	}
	k.first.Joined = true
	edited := k.message("a slip "+word, chat.Public)
	change := k.message("", chat.Public)
	change.Kind, change.Role = chat.KindSystem, chat.RoleVisitor
	change.Body = fmt.Appendf(nil, `{"event":"message.updated","mid":%q,"body":{"text":"better %s"}}`, edited.ID, word)
	send(t, s, created, k.first, k.message("a note of "+word, chat.InternalOnly), edited)
	send(t, s, change)
	require.NoError(t, s.Store.ReserveUpload(t.Context(), chat.Upload{
		ID: chat.NewID[chat.Upload](), Tenant: tenant, Uploader: chat.UserID(k.visitor), Role: chat.RoleVisitor, Name: word + ".png", Mime: "image/png", Size: 3, CreatedAt: time.Now(),
	}, 0, 10))
	k.engine, k.trace = chat.NewID[chat.AIEngine](), chat.NewID[chat.AITrace]()
	require.NoError(t, s.Store.AddAIEngine(t.Context(), chat.AIEngine{
		ID: k.engine, Tenant: tenant, Name: k.engine.String(), BaseURL: "https://example.com/v1", Model: "m", Key: "sk-" + word, Enabled: true, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}))
	require.NoError(t, s.Store.AddAITrace(t.Context(), chat.AITrace{
		ID: k.trace, Tenant: tenant, Conversation: k.key.Conversation, Message: k.first.ID, At: time.Now(), Outcome: "answer", Body: []byte(`{"question":"` + word + `"}`),
	}))
	require.NoError(t, s.Store.ChangeIntents(t.Context(), tenant, time.Now(), func(all []chat.Intent) ([]chat.Intent, error) {
		return append(all, chat.Intent{Tenant: tenant, Name: k.intentName(), Action: chat.IntentReply, Reply: chat.Bilingual{EN: word}, Description: word, Examples: []string{k.sentence(word)}}), nil
	}))
	teach(t, s, k, word)
	settle(t, s)
	deliver(t, s, word)
	return k
}

// intentName is the name of the talk's intent.
func (k *talk) intentName() string { return "i-" + k.engine.String() }

// sentence is its only example.
func (k *talk) sentence(word string) string { return word + " for " + k.engine.String() }

// teach keeps what training makes.
func teach(t *testing.T, s *storage.Storage, k *talk, word string) {
	t.Helper()
	i, err := s.Store.Intent(t.Context(), k.tenant, k.intentName())
	require.NoError(t, err)
	holder := [16]byte{1}
	st, held, err := s.Store.HoldIntents(t.Context(), holder, time.Now(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.True(t, held)
	require.NoError(t, s.Store.FinishIntents(t.Context(), k.tenant, holder, chat.IntentTraining{Revision: st.Revision, Vectors: map[chat.IntentID]string{i.ID: "vectors of " + word}}))
}

// deliver takes all deliveries and gives back answers that hold a word.
func deliver(t *testing.T, s *storage.Storage, word string) {
	t.Helper()
	var claimed []chat.Claimed
	require.Eventually(t, func() bool {
		got, _, err := s.Store.ClaimDeliveries(t.Context(), chat.Claim{
			Now: time.Now().Add(time.Second), Until: time.Now().Add(time.Hour), PerWebhook: 100, Most: 100, Breaker: chat.Breaker{Failures: 9, Cooldown: func(int) time.Duration { return 0 }},
		})
		require.NoError(t, err)
		claimed = append(claimed, got...)
		return len(claimed) > 3
	}, time.Minute, 10*time.Millisecond)
	var outcomes []chat.Outcome
	for i := range claimed {
		c := &claimed[i]
		if c.Event.Message != nil && c.Event.Type == chat.EventMessageCreated {
			require.Contains(t, string(c.Event.Message.Body), "text")
		}
		_, err := s.Store.KeepEventData(t.Context(), c.Event.Tenant, c.Event.Sequence, []byte(`{"said":"`+word+`"}`))
		require.NoError(t, err)
		outcomes = append(outcomes, chat.Outcome{Claimed: c, State: chat.DeliveryDone, Result: chat.ResultTaken, Log: chat.DeliveryAttempt{
			Attempt: c.Attempt, At: time.Now(), URL: "https://example.com/" + word, Status: 200, Answer: "thanks for " + word,
		}})
	}
	require.NoError(t, s.Store.FinishDeliveries(t.Context(), chat.Breaker{Failures: 9, Cooldown: func(int) time.Duration { return 0 }}, outcomes))
}

func settle(t *testing.T, s *storage.Storage) {
	t.Helper()
	require.Eventually(t, s.Settled, time.Minute, 5*time.Millisecond)
}

// reads checks that everything of a talk is there, and found.
func reads(t *testing.T, s *storage.Storage, k *talk, word string) {
	t.Helper()
	settle(t, s)
	m, _, err := s.Log.Messages(t.Context(), k.key, chat.Page{Limit: 100})
	require.NoError(t, err)
	require.Equal(t, `{"text":"where is `+word+` 包裹"}`, string(m[1].Body))
	rows, _, err := s.Store.Messages(t.Context(), k.key, chat.Page{Limit: 100})
	require.NoError(t, err)
	require.Equal(t, m, rows)
	v, err := s.Store.Visitor(t.Context(), k.tenant, k.visitor)
	require.NoError(t, err)
	require.Equal(t, "Li "+word, v.Name)
	require.Equal(t, word+"@example.com", v.Email)
	require.Equal(t, word+"-7", v.ExternalID)
	require.JSONEq(t, `{"phone":"`+word+`"}`, string(v.Attributes))
	c, err := s.Store.Conversation(t.Context(), k.key)
	require.NoError(t, err)
	require.Equal(t, "Li "+word, c.VisitorName)
	require.Equal(t, word, c.Rating.Comment)
	require.JSONEq(t, `{"cart":"`+word+`"}`, string(c.Context))
	require.Contains(t, string(c.LastMessage.Body), "better")
	for _, q := range []string{word, word[:4], "包裹", "包", "better " + word} {
		var found []chat.Conversation
		ok := false
		for end := time.Now().Add(time.Minute); !ok && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			found, _, err = s.Store.Conversations(t.Context(), k.tenant, chat.Filter{Text: q, Limit: 50})
			require.NoError(t, err)
			for i := range found {
				ok = ok || found[i].ID == k.key.Conversation
			}
		}
		require.True(t, ok, "%q is found in %d", q, len(found))
	}
	intents, err := s.Store.TrainingIntents(t.Context(), k.tenant)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(intents, func(i chat.Intent) bool {
		return i.Name == k.intentName() && i.Description == word && i.Reply.EN == word && i.Vectors == "vectors of "+word && slices.Equal(i.Examples, []string{k.sentence(word)})
	}), "%+v", intents)
	trace, err := s.Store.AITrace(t.Context(), k.tenant, k.trace)
	require.NoError(t, err)
	require.JSONEq(t, `{"question":"`+word+`"}`, string(trace.Body))
	engines, err := s.Store.EnginesInUse(t.Context(), k.tenant)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(engines, func(e chat.AIEngine) bool { return e.ID == k.engine && e.Key == "sk-"+word }), "%v", engines)
	deliveries, _, err := s.Store.Deliveries(t.Context(), k.tenant, k.webhook, chat.DeliveryFilter{Limit: 50})
	require.NoError(t, err)
	require.NotEmpty(t, deliveries)
	for _, d := range deliveries {
		if len(d.Attempts) > 0 {
			require.Contains(t, d.Attempts[0].Answer, "thanks for planted")
		}
	}
}

// reached waits until all of a tenant's rows are in a form.
func reached(t *testing.T, s *storage.Storage, tenant chat.TenantID, target int64) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		all, err := s.Store.Sealing(t.Context())
		require.NoError(t, err)
		for _, one := range all {
			if one.Tenant == tenant && one.Reached == target {
				return
			}
		}
		require.True(t, time.Now().Before(end), "never reached %d: %+v", target, all)
	}
}

func TestSealedSQLite(t *testing.T)   { testSealed(t, sqlitePlace(t)) }
func TestSealedPostgres(t *testing.T) { testSealed(t, clusterPlace(t)) }

func testSealed(t *testing.T, p *place) {
	const poll = 100 * time.Millisecond
	masters, err := seal.MastersOf(seal.NewMasterKey())
	require.NoError(t, err)
	on := storage.Encryption{Masters: masters, Poll: poll}
	tenant, other := chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()
	sqlite := strings.HasPrefix(p.o.URL, "sqlite:")

	// A deployment that has plain rows.
	s, stop := p.on(t, storage.Encryption{})
	old := plant(t, s, tenant, "plantedold")
	reads(t, s, old, "plantedold")
	require.NotEmpty(t, p.finds(t, "plantedold"), "the scan sees what is plain")
	stop()

	// It is switched on: old rows are read and found as before, new ones are never plain anywhere.
	s, stop = p.on(t, on)
	fresh := plant(t, s, tenant, "plantednew")
	reads(t, s, old, "plantedold")
	reads(t, s, fresh, "plantednew")
	require.Empty(t, p.finds(t, "plantednew"))
	reached(t, s, tenant, 1)
	reads(t, s, old, "plantedold")
	reads(t, s, fresh, "plantednew")
	require.Empty(t, p.finds(t, "plantednew"))
	if sqlite {
		require.Empty(t, p.finds(t, "plantedold"))
	}
	var places int
	require.NoError(t, p.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM seal_progress WHERE tenant = $1 AND cursor <> $2`, tenant[:], make([]byte, 40)).Scan(&places))
	require.Zero(t, places, "whose row was the last is told nowhere: it may be erased")

	// The same message is a duplicate, another body of its id a conflict.
	again := fresh.first
	again.Joined, again.Retry = false, true
	r, err := s.Log.Append(t.Context(), again)
	require.NoError(t, err)
	require.True(t, r[0].Dup)
	again.Body = []byte(`{"text":"another"}`)
	r, err = s.Log.Append(t.Context(), again)
	require.NoError(t, err)
	require.Equal(t, chat.Conflict, chat.CodeOf(r[0].Err))

	rotated(t, p, s, masters, fresh)
	reads(t, s, old, "plantedold")
	reads(t, s, fresh, "plantednew")

	// Rows that were exchanged, or changed, are told from others, and stop nobody.
	swap := func() {
		var a, b string
		ids := []any{fresh.key.Tenant[:], fresh.key.Conversation[:]}
		require.NoError(t, p.db.QueryRowContext(t.Context(), `SELECT body FROM messages WHERE tenant = $1 AND conv = $2 ORDER BY seq LIMIT 1 OFFSET 1`, ids...).Scan(&a))
		require.NoError(t, p.db.QueryRowContext(t.Context(), `SELECT body FROM messages WHERE tenant = $1 AND conv = $2 ORDER BY seq LIMIT 1 OFFSET 2`, ids...).Scan(&b))
		res, err := p.db.ExecContext(t.Context(), `UPDATE messages SET body = CASE WHEN body = $3 THEN $4 ELSE $3 END WHERE tenant = $1 AND conv = $2 AND body IN ($3, $4)`, append(ids, a, b)...)
		require.NoError(t, err)
		n, err := res.RowsAffected()
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
	}
	swap()
	rows, _, err := s.Store.Messages(t.Context(), fresh.key, chat.Page{Limit: 4})
	require.NoError(t, err)
	require.Len(t, rows, 4)
	require.Equal(t, string(seal.Unreadable), string(rows[1].Body))
	require.Equal(t, string(seal.Unreadable), string(rows[2].Body))
	require.Contains(t, string(rows[3].Body), "a slip")
	_, err = s.Store.Message(t.Context(), fresh.key, rows[1].ID)
	require.ErrorIs(t, err, seal.ErrUnreadable)
	swap()
	_, err = s.Store.Message(t.Context(), fresh.key, rows[1].ID)
	require.NoError(t, err)

	// A trace or a key that was changed is told from others, and an engine without its key is not used.
	_, err = p.db.ExecContext(t.Context(), `UPDATE ai_engines SET api_key = (SELECT body FROM ai_traces WHERE tenant = $1 AND id = $2) WHERE tenant = $1 AND id = $3`,
		tenant[:], fresh.trace[:], old.engine[:])
	require.NoError(t, err)
	engines, err := s.Store.EnginesInUse(t.Context(), tenant)
	require.NoError(t, err)
	require.Len(t, engines, 1)
	require.Equal(t, fresh.engine, engines[0].ID)
	_, err = s.Store.ChangeAIEngine(t.Context(), tenant, old.engine, func(e *chat.AIEngine) error { e.Key = "sk-plantedold"; return nil })
	require.NoError(t, err)

	// A tenant's keys are erased: nothing of it can be read again, and nothing more is taken; others notice nothing.
	gone := plant(t, s, other, "plantedgone")
	require.NoError(t, s.Store.EraseKeys(t.Context(), other, time.Now()))
	s.Store.Keyring().Refresh()
	left, _, err := s.Store.Messages(t.Context(), gone.key, chat.Page{Limit: 100})
	require.NoError(t, err)
	for _, m := range left {
		require.Equal(t, string(seal.Unreadable), string(m.Body))
	}
	_, err = s.Store.Visitor(t.Context(), other, gone.visitor)
	require.Equal(t, chat.NotFound, chat.CodeOf(err))
	_, err = s.Log.Append(t.Context(), gone.message("more", chat.Public))
	require.Equal(t, chat.NotFound, chat.CodeOf(err))
	require.NoError(t, s.Store.AddKeys(t.Context(), other, masters.NewRow(other, 1)))
	s.Store.Keyring().Refresh()
	_, err = s.Log.Append(t.Context(), gone.message("more", chat.Public))
	require.Equal(t, chat.NotFound, chat.CodeOf(err), "it stays erased")
	reads(t, s, fresh, "plantednew")
	require.Empty(t, p.finds(t, "plantedgone"))
	stop()

	// Without keys it does not start; switched off with them, everything becomes plain again.
	_, err = storage.Open(t.Context(), p.o)
	require.ErrorContains(t, err, "encryption.key_file")
	s, stop = p.on(t, storage.Encryption{Masters: masters, Off: true, Poll: poll})
	last := plant(t, s, tenant, "plantedlast")
	reads(t, s, fresh, "plantednew")
	reads(t, s, last, "plantedlast")
	reached(t, s, tenant, 0)
	p.drained(t)
	stop()
	s, stop = p.on(t, storage.Encryption{})
	defer stop()
	for word, k := range map[string]*talk{"plantedold": old, "plantednew": fresh, "plantedlast": last} {
		reads(t, s, k, word)
	}
}

// rotated makes a new data key while messages are sent: nothing is lost, and the old key can go.
func rotated(t *testing.T, p *place, s *storage.Storage, masters *seal.Masters, k *talk) {
	t.Helper()
	var wg sync.WaitGroup
	sent := make([][]chat.Event, 4)
	stop := make(chan struct{})
	for i := range sent {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				e := k.message(fmt.Sprintf("on and on %d %d", i, n), chat.InternalOnly)
				if r, err := s.Log.Append(context.Background(), e); err != nil || r[0].Err != nil {
					t.Error(err, r)
					return
				}
				sent[i] = append(sent[i], e)
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	done, err := s.Store.RotateKeys(t.Context(), masters, k.tenant, true)
	require.NoError(t, err)
	require.Equal(t, 1, done.Added)
	reached(t, s, k.tenant, 2)
	close(stop)
	wg.Wait()
	settle(t, s)
	n, err := s.Store.RetireKeys(t.Context(), k.tenant, time.Now(), time.Hour)
	require.NoError(t, err)
	require.Zero(t, n, "something may still wait")
	p.drained(t)
	n, err = s.Store.RetireKeys(t.Context(), k.tenant, time.Now(), 0)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	s.Store.Keyring().Refresh()
	all, complete, err := s.Store.Messages(t.Context(), k.key, chat.Page{Limit: 100_000})
	require.NoError(t, err)
	require.True(t, complete)
	have := make(map[chat.MessageID]string, len(all))
	for _, m := range all {
		have[m.ID] = string(m.Body)
	}
	total := 0
	for i := range sent {
		for _, e := range sent[i] {
			require.Equal(t, string(e.Body), have[e.ID])
			total++
		}
	}
	require.NotZero(t, total)
}
