package chat

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// retaining is a store whose retention can be watched. Other methods are nobody's business here.
type retaining struct {
	Store
	records []Record

	mu      sync.Mutex
	held    bool // by another node
	looks   []time.Time
	batches int // of closed conversations that are left
	purged  map[TenantID]Cutoffs
	audited []AuditNote
	fails   error
	traces  []time.Time // before which traces were forgotten
}

func (r *retaining) HoldRetention(_ context.Context, _ NodeID, now, _ time.Time) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks = append(r.looks, now)
	return !r.held, nil
}

func (r *retaining) RecordsOfAll(context.Context, RecordKind) ([]Record, error) {
	return r.records, nil
}

func (r *retaining) PurgeConversations(_ context.Context, t TenantID, before time.Time, _ int) (Removed, []Upload, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.purged[t]
	l.Conversations = before
	r.purged[t] = l
	if r.batches--; r.batches < 0 {
		return Removed{}, nil, false, r.fails
	}
	return Removed{Conversations: 2, Messages: 10}, nil, true, nil
}

func (r *retaining) ForgetAITraces(_ context.Context, before time.Time, _ int) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.traces = append(r.traces, before)
	return 0, nil
}

func (r *retaining) PurgeMails(_ context.Context, t TenantID, before time.Time, _ int) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.purged[t]
	l.Mails = before
	r.purged[t] = l
	return 0, nil
}

func (r *retaining) Audit(_ context.Context, _ TenantID, notes ...AuditNote) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.audited = append(r.audited, notes...)
	return nil
}

// set changes what it does next.
func (r *retaining) set(held bool, batches int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held, r.batches = held, batches
}

func retentionDesk(r *retaining) *Desk {
	r.purged = map[TenantID]Cutoffs{}
	return NewDesk(DeskConfig{Store: r, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

func keeping(body string) Record {
	return Record{Tenant: NewID[Tenant](), Kind: RecordRetention, Body: []byte(body)}
}

// The job begins soon after the start, comes again every hour, and leaves what is another node's.
func TestRetentionComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &retaining{records: []Record{keeping(`{"conversations_days":30}`)}, batches: 3}
		d := retentionDesk(store)
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		done := make(chan struct{})
		go func() { d.runRetention(ctx); close(done) }()
		time.Sleep(retainFirst + time.Second)
		synctest.Wait()
		require.Equal(t, began.Add(retainFirst), store.looks[0])
		require.Equal(t, began.Add(retainFirst).AddDate(0, 0, -30), store.purged[store.records[0].Tenant].Conversations)
		require.Equal(t, Removed{Conversations: 6, Messages: 30}, d.Retained())
		require.Len(t, store.looks, 6, "one to begin with, one for old traces, one for each batch")
		require.Equal(t, began.Add(retainFirst).Add(-AITraceLife), store.traces[0])
		require.Len(t, store.audited, 1)
		require.Equal(t, "retention.applied", store.audited[0].Action)

		store.set(true, 1)
		time.Sleep(retainEvery)
		synctest.Wait()
		require.Len(t, store.looks, 7)
		store.set(false, 1)
		time.Sleep(retainEvery)
		synctest.Wait()
		require.Equal(t, 8, d.Retained().Conversations)
		cancel()
		<-done
	})
}

// What one tenant's rows refuse holds up no other's, and a record that is wrong removes nothing.
func TestRetentionGoesOn(t *testing.T) {
	store := &retaining{records: []Record{
		keeping(`{"conversations_days":-3}`), keeping(`{"conversations_days":1}`), keeping(`{"mails_days":2}`), keeping(`{}`),
	}, fails: errors.New("no")}
	d := retentionDesk(store)
	_, err := d.Retain(t.Context())
	require.ErrorIs(t, err, store.fails)
	require.Equal(t, Malformed, CodeOf(err))
	require.NotContains(t, store.purged, store.records[0].Tenant)
	require.Contains(t, store.purged, store.records[1].Tenant)
	require.WithinDuration(t, time.Now().AddDate(0, 0, -2), store.purged[store.records[2].Tenant].Mails, time.Minute)
	require.NotContains(t, store.purged, store.records[3].Tenant, "0 is for ever")
	require.Empty(t, store.audited)
}

// shelved notes what becomes of exports and their files.
type shelved struct {
	retaining
	exports []Export
	done    []string
}

func (s *shelved) OldExports(context.Context, TenantID, time.Time) ([]Export, error) {
	return s.exports, nil
}

func (s *shelved) DeleteExport(_ context.Context, _ TenantID, id ExportID) error {
	s.done = append(s.done, "row")
	return nil
}

type shelf struct {
	Files
	of *shelved
}

func (f shelf) Delete(_ context.Context, name string) error {
	f.of.done = append(f.of.done, name)
	return nil
}

// Who brings files into another form may write an export's again while it is deleted: it goes once more when no row names it any more.
func TestRetentionDeletesExports(t *testing.T) {
	store := &shelved{exports: []Export{{Object: "table"}, {}}}
	store.purged, store.records = map[TenantID]Cutoffs{}, []Record{keeping(`{"conversations_days":1}`)}
	d := NewDesk(DeskConfig{Store: store, Files: shelf{of: store}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	removed, err := d.Retain(t.Context())
	require.NoError(t, err)
	require.Equal(t, Removed{Exports: 2}, removed)
	require.Equal(t, []string{"table", "row", "table", "row"}, store.done)
}

func TestRetentionChecks(t *testing.T) {
	for body, ok := range map[string]bool{
		`{}`: true, `{"conversations_days":1,"uploads_days":36500}`: true, `{"audit_days":30}`: true, `{"audit_days":29}`: false, `{"mails_days":-1}`: false,
		`{"events_days":36501}`: false, `{"deliveries_days":-1}`: false, `{"uploads_days":-1}`: false,
	} {
		r := keeping(body)
		_, err := RetentionOf(&r)
		require.Equal(t, ok, err == nil, body)
	}
}
