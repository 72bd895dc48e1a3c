package library

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func TestWorse(t *testing.T) {
	of := func(asked, open int64) chat.CanaryTally { return chat.CanaryTally{Asked: asked, Open: open} }
	for _, c := range []struct {
		name        string
		old, tried  chat.CanaryTally
		early, late bool
	}{
		{"nothing was asked", of(0, 0), of(0, 0), false, false},
		{"too few, and all open", of(1000, 100), of(19, 19), false, false},
		{"nothing to compare with", of(19, 0), of(1000, 1000), false, false},
		{"the same", of(1000, 100), of(100, 10), false, false},
		{"better", of(1000, 500), of(100, 10), false, false},
		{"all open of both", of(100, 100), of(100, 100), false, false},
		{"by chance, as it looks early", of(1000, 100), of(50, 9), false, true}, // z = 1.80
		{"clearly", of(1000, 100), of(100, 30), true, true},
		{"as few as are enough, of the one that is tried", of(1000, 100), of(20, 20), true, true},
		{"one fewer", of(1000, 100), of(19, 19), false, false},
		{"as few as are enough, of the one in use", of(20, 0), of(1000, 1000), true, true},
		{"at the end: just not certain enough", of(1000, 100), of(60, 10), false, false}, // z = 1.6447
		{"at the end: just certain enough", of(1000, 100), of(90, 14), false, true},      // z = 1.6496
		{"early: just not certain enough", of(1000, 100), of(260, 45), false, true},      // z = 3.2895
		{"early: just certain enough", of(1000, 100), of(133, 26), true, true},           // z = 3.2907
		{"just by less than is noticed", of(1_000_000, 100_000), of(100_000, 14_980), false, false},
		{"just by more", of(1_000_000, 100_000), of(100_000, 15_020), true, true},
		{"clearly, but by little", of(1_000_000, 100_000), of(100_000, 14_000), false, false},
	} {
		require.Equal(t, c.early, worse(c.old, c.tried, false), c.name)
		require.Equal(t, c.late, worse(c.old, c.tried, true), c.name)
	}
}
