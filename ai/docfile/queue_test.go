package docfile

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// TestQueue: one is in at a time, and who waits does so for as long as patience lasts.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q queue
		done, err := q.wait(t.Context())
		require.NoError(t, err)
		_, err = q.wait(t.Context())
		require.ErrorIs(t, err, ErrBusy)
		in := make(chan error)
		go func() {
			after, err := q.wait(t.Context())
			if err == nil {
				after()
			}
			in <- err
		}()
		synctest.Wait()
		done()
		require.NoError(t, <-in)
	})
}
