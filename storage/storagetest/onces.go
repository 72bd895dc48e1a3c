package storagetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// once is a request with a key, that begins some minutes after start.
func (s *suite) once(key, body byte, minute int) chat.Once {
	at := start.Add(time.Duration(minute) * time.Minute)
	return chat.Once{
		Tenant: s.tenant, Key: [32]byte{key}, Body: [32]byte{body}, Owner: chat.NewID[chat.Once](), BegunAt: at, ExpiresAt: at.Add(24 * time.Hour),
	}
}

func testOnces(t *testing.T, s *suite) {
	begin := func(o chat.Once) chat.Once {
		held, err := s.Store.BeginOnce(ctx(), o)
		require.NoError(t, err)
		return held
	}
	first, again := s.once(1, 1, 0), s.once(1, 2, 1)
	require.Empty(t, cmp.Diff(first, begin(first)))
	require.Empty(t, cmp.Diff(first, begin(again)), "it is the first one's, with its body")
	other := again
	other.Tenant = chat.NewID[chat.Tenant]()
	require.Empty(t, cmp.Diff(other, begin(other)), "another tenant's")
	platform := again
	platform.Tenant = chat.TenantID{}
	require.Empty(t, cmp.Diff(platform, begin(platform)), "the platform's")
	platform.Owner = chat.NewID[chat.Once]()
	require.NotEqual(t, platform.Owner, begin(platform).Owner)

	// Only the owner ends it, and what was done is done.
	finish := func(o chat.Once, owner chat.OnceID, answer []byte) {
		require.NoError(t, s.Store.FinishOnce(ctx(), o.Tenant, o.Key, owner, answer))
	}
	forget := func(o chat.Once, owner chat.OnceID) {
		require.NoError(t, s.Store.ForgetOnce(ctx(), o.Tenant, o.Key, owner))
	}
	finish(first, again.Owner, []byte("theirs"))
	forget(first, again.Owner)
	require.Empty(t, cmp.Diff(first, begin(again)))
	finish(first, first.Owner, []byte{0, 1, 255})
	forget(first, first.Owner)
	first.Done, first.Answer = true, []byte{0, 1, 255}
	require.Empty(t, cmp.Diff(first, begin(again)))
	require.False(t, begin(s.once(2, 1, 0)).Done)
	none := s.once(3, 1, 0)
	begin(none)
	finish(none, none.Owner, nil)
	none.Done = true
	require.Empty(t, cmp.Diff(none, begin(s.once(3, 1, 0))), "done, and its answer is not kept")

	// One that came to nothing is free at once, any other when it expires.
	failed := s.once(4, 1, 0)
	begin(failed)
	forget(failed, failed.Owner)
	anew := s.once(4, 2, 1)
	require.Empty(t, cmp.Diff(anew, begin(anew)))
	early, late := s.once(1, 3, 24*60-1), s.once(1, 3, 24*60)
	require.Equal(t, first.Owner, begin(early).Owner)
	require.Empty(t, cmp.Diff(late, begin(late)), "nothing is left of the one before")

	s.reopen()
	require.Equal(t, late.Owner, begin(s.once(1, 3, 24*60)).Owner)
	n, err := s.Store.SweepOnces(ctx(), start.Add(24*time.Hour), 1)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = s.Store.SweepOnces(ctx(), start.Add(24*time.Hour), 100)
	require.NoError(t, err)
	require.Equal(t, 1, n, "keys 2 and 3 have expired")
	require.Equal(t, late.Owner, begin(s.once(1, 3, 24*60)).Owner)
	n, err = s.Store.SweepOnces(ctx(), start.Add(72*time.Hour), 100)
	require.NoError(t, err)
	require.Equal(t, 4, n, "of all tenants and the platform")
}

// Of many who come with one key at the same time, one takes it; and whoever takes it after that was told of nobody before.
func testOnceOfMany(t *testing.T, s *suite) {
	const callers, keys = 16, 8
	for round := range 3 {
		var taken [keys]atomic.Int32
		var wg sync.WaitGroup
		failures := make(chan error, callers*keys)
		for i := range callers * keys {
			wg.Go(func() {
				o := s.once(byte(100+i%keys), 1, 24*60*round) // as the keys of the round before expire
				held, err := s.Store.BeginOnce(ctx(), o)
				switch {
				case err != nil:
					failures <- err
				case held.Owner == o.Owner:
					taken[i%keys].Add(1)
				case held.BegunAt != o.BegunAt:
					failures <- fmt.Errorf("round %d is told of %v", round, held.BegunAt)
				}
			})
		}
		wg.Wait()
		close(failures)
		for err := range failures {
			require.NoError(t, err)
		}
		for i := range taken {
			require.EqualValues(t, 1, taken[i].Load(), "key %d", i)
		}
	}
}
