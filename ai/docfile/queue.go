package docfile

import (
	"context"
	"sync"
	"time"
)

// patience is how long reading one file may take, and how long it may wait for others. Making machine code of PDFium, for the first one,
// takes seconds and does not count.
const patience = 20 * time.Second

// queue lets one file in at a time.
type queue struct {
	once  sync.Once
	place chan struct{}
}

// wait returns when it is one's turn, which ends with done. ErrBusy if ctx ends before, or patience.
func (q *queue) wait(ctx context.Context) (done func(), err error) {
	q.once.Do(func() { q.place = make(chan struct{}, 1) })
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case q.place <- struct{}{}:
		return func() { <-q.place }, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, ErrBusy
}
