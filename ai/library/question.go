package library

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/ai/knowledge"
)

const (
	keptQuestions = 256             // vectors of questions that are asked again
	inARow        = 3               // failures after which an embedder is left alone
	leftAlone     = 5 * time.Second // for so long; then one question tries it
)

// questions makes the vectors of questions. An embedder that is slow or fails costs nobody more than patience, and after some failures nobody anything.
//
// Safe for concurrent use.
type questions struct {
	embedder func(ctx context.Context) (Embedder, error)
	patience time.Duration
	logger   *slog.Logger
	without  *metrics.Counter

	mu      sync.Mutex
	row     int       // failures, one after the other
	until   time.Time // it is left alone
	probing bool      // a question tries it
	kept    map[[sha256.Size]byte][]float32
	order   [keptQuestions][sha256.Size]byte // of kept, a ring
	next    int
}

var (
	errAside = errors.New("the embedder is left alone for a moment")
	errLate  = errors.New("no vector in time")
)

// of returns the vector of a question, made by the embedder of that name. Nil: there is none, or none in time, and words decide.
func (q *questions) of(ctx context.Context, name, text string) []float32 {
	v, err := q.ask(ctx, name, text)
	if err != nil {
		q.without.Inc()
	}
	return v
}

func (q *questions) ask(ctx context.Context, name, text string) ([]float32, error) {
	key := sha256.Sum256([]byte(name + "\x00" + text))
	q.mu.Lock()
	v, known := q.kept[key]
	probe := q.row >= inARow
	if !known && probe && (q.probing || time.Now().Before(q.until)) {
		q.mu.Unlock()
		return nil, errAside
	}
	q.probing = q.probing || probe && !known
	q.mu.Unlock()
	if known {
		return v, nil
	}
	within, stop := context.WithTimeoutCause(ctx, q.patience, errLate)
	defer stop()
	v, err := q.make(within, name, text)
	q.mu.Lock()
	defer q.mu.Unlock()
	if probe {
		q.probing = false
	}
	switch {
	case err == nil:
		q.row = 0
		if v != nil {
			q.keep(key, v)
		}
	case ctx.Err() == nil: // else nobody waits any more, which says nothing
		if q.row++; q.row >= inARow {
			q.until = time.Now().Add(leftAlone)
		}
		if q.row == inARow {
			q.logger.Warn("questions can't be embedded: it is searched by words until they can", "err", err)
		}
	}
	return v, err
}

// make returns nil without an error if the embedder is of another name: vectors of others are not compared.
func (q *questions) make(ctx context.Context, name, text string) ([]float32, error) {
	e, err := q.embedder(ctx)
	if err != nil || e == nil || e.Name() != name {
		return nil, err
	}
	return e.Question(ctx, text)
}

// keep holds on to a vector in place of the oldest. mu must be held.
func (q *questions) keep(key [sha256.Size]byte, v []float32) {
	if q.kept == nil {
		q.kept = make(map[[sha256.Size]byte][]float32, keptQuestions)
	}
	if _, there := q.kept[key]; there {
		return
	}
	delete(q.kept, q.order[q.next])
	q.order[q.next], q.kept[key] = key, v
	q.next = (q.next + 1) % keptQuestions
}

// vectorsOf makes the vectors of questions that an index is judged by: with patience, and not at all without.
func (b *build) vectorsOf(ctx context.Context, index *knowledge.Index, texts []string) ([][]float32, error) {
	if index.Embedder() == "" {
		return make([][]float32, len(texts)), nil
	}
	return b.model.Embed(ctx, texts)
}
