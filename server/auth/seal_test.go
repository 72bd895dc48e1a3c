package auth_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/server/auth"
)

// What is sealed opens only with what it was sealed with, for what it belongs to, and unchanged.
func TestSeal(t *testing.T) {
	s := newWorld(t)
	plain := []byte("the answer")
	sealed, err := s.Seal(plain, "key", []byte("about"))
	require.NoError(t, err)
	require.False(t, bytes.Contains(sealed, plain))
	got, err := s.Unseal(t.Context(), sealed, "key", []byte("about"))
	require.NoError(t, err)
	require.Equal(t, plain, got)
	again, err := s.Seal(plain, "key", []byte("about"))
	require.NoError(t, err)
	require.NotEqual(t, sealed, again)
	bad := func(sealed []byte, with, about string) {
		_, err := s.Unseal(t.Context(), sealed, with, []byte(about))
		require.ErrorIs(t, err, auth.ErrNotSealed)
	}
	bad(sealed, "kez", "about")
	bad(sealed, "key", "abouz")
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		bad(changed, "key", "about")
		bad(sealed[:i], "key", "about")
	}
}
