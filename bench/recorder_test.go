package bench

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
)

// startLoop runs a loop for the test's time.
func startLoop(t *testing.T) *Loop {
	t.Helper()
	l, err := NewLoop()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return l
}

// on runs fn on the loop and waits.
func on(t *testing.T, l *Loop, fn func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, l.Call(ctx, fn))
}

// recorder is a client that keeps what it is told.
type recorder struct {
	Client
	mu      sync.Mutex
	ready   int
	texts   []string
	seqs    []uint64
	acks    []uint64 // tags
	refused []uint16
	joined  int
	gone    string
}

func (r *recorder) note(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fn()
}

func (r *recorder) Ready(*Client, bool) { r.note(func() { r.ready++ }) }
func (r *recorder) Message(_ *Client, _ *View, m *codec.Message) {
	r.note(func() { r.texts = append(r.texts, string(m.Body)); r.seqs = append(r.seqs, m.Seq) })
}

func (r *recorder) Acked(_ *Client, s *Sending) { r.note(func() { r.acks = append(r.acks, s.Tag) }) }

func (r *recorder) Refused(_ *Client, _ *Sending, e *codec.Error) {
	r.note(func() { r.refused = append(r.refused, e.Code) })
}
func (r *recorder) Joined(*Client, *View) { r.note(func() { r.joined++ }) }
func (r *recorder) JoinRefused(_ *Client, _ *View, e *codec.Error) {
	r.note(func() { r.refused = append(r.refused, e.Code) })
}
func (r *recorder) Gone(_ *Client, why string) { r.note(func() { r.gone = why }) }

// until waits for a condition on what was recorded.
func (r *recorder) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return ok()
	}, 10*time.Second, time.Millisecond, what)
}

// dialled starts a recorder and waits until it is ready.
func dialled(t *testing.T, l *Loop, target *Target, token string) *recorder {
	t.Helper()
	r := &recorder{}
	r.Who = identity(token)
	on(t, l, func() { r.start(l, target, r) })
	r.until(t, "ready", func() bool { return r.ready > 0 })
	return r
}
