package openai

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
)

// Bounds of what an Embedder sends and takes.
const (
	MaxDims = 4096 // values of a vector

	maxTexts = 64      // of one request
	maxSent  = 128_000 // bytes of the texts of one request
	maxText  = 8_000   // bytes of one text; what is behind is not looked at
	calls    = 4       // requests at once of one Embed
)

// EmbedderConfig says how a server is asked for vectors.
type EmbedderConfig struct {
	BaseURL string // such as "https://api.openai.com/v1": "/embeddings" is put behind it
	Key     string // may be empty
	Model   string
	// Dims is how long vectors are to be, which the server is told. 0: as long as the model makes them; the first answer shows it.
	Dims int

	Connect time.Duration // for a connection, and again for its TLS. Defaults to 1s.
	Attempt time.Duration // for one request. Defaults to 20s.
	Total   time.Duration // for a request and all that is tried again. Defaults to 1m.
	Pause   time.Duration // before the first of those; each next one waits twice as long, to 10s. Defaults to 500ms.
}

// Validate says what is wrong, and with which of the fields.
func (c *EmbedderConfig) Validate() error {
	_, err := parse(c.BaseURL)
	switch {
	case err != nil:
		return fmt.Errorf("url: %w", err)
	case c.Model == "" || len(c.Model) > 100 || strings.ContainsFunc(c.Model, func(r rune) bool { return r < ' ' }):
		return errors.New("model: name the one that is to make vectors, in at most 100 bytes, e.g. text-embedding-3-small")
	case strings.ContainsAny(c.Key, "\r\n"):
		return errors.New("key: it has a line break")
	case c.Dims < 0 || c.Dims > MaxDims:
		return fmt.Errorf("dimensions: %d; use 1 to %d, or 0 for what the model makes", c.Dims, MaxDims)
	case c.Connect < 0 || c.Attempt < 0 || c.Total < 0 || c.Pause < 0:
		return errors.New("times must be positive")
	}
	return nil
}

// Embedder makes vectors with a model of a server. It implements library.Embedder.
//
// Safe for concurrent use.
type Embedder struct {
	c      EmbedderConfig
	url    string
	client *http.Client
	dims   atomic.Int64 // 0: not known yet
}

// NewEmbedder makes an embedder. It opens no connection yet.
func NewEmbedder(c EmbedderConfig) (*Embedder, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("openai: embedder: %w", err)
	}
	for _, d := range []struct {
		v         *time.Duration
		otherwise time.Duration
	}{{&c.Connect, time.Second}, {&c.Attempt, 20 * time.Second}, {&c.Total, time.Minute}, {&c.Pause, 500 * time.Millisecond}} {
		if *d.v == 0 {
			*d.v = d.otherwise
		}
	}
	u, err := parse(c.BaseURL)
	if err != nil {
		return nil, err
	}
	e := &Embedder{c: c, url: u.JoinPath("embeddings").String(), client: newClient(&net.Dialer{Timeout: c.Connect, KeepAlive: 30 * time.Second}, nil)}
	e.dims.Store(int64(c.Dims))
	return e, nil
}

// Close closes connections that nobody uses.
func (e *Embedder) Close() { e.client.CloseIdleConnections() }

// Ready learns from the server how long its vectors are, unless that is known. Name and vectors are to be asked for after it.
func (e *Embedder) Ready(ctx context.Context) error {
	if e.dims.Load() > 0 {
		return nil
	}
	_, err := e.persist(ctx, []string{"dimensions"})
	return err
}

// Name says which model it is and how long its vectors are; not which server: it may move.
func (e *Embedder) Name() string {
	return knowledge.Foreign + e.c.Model + "/" + strconv.FormatInt(e.dims.Load(), 10)
}

// Wide is how many texts are best given to Embed at once.
func (e *Embedder) Wide() int { return maxTexts * calls }

// Embed implements knowledge.Embedder, with several requests at once. What fails for a while is tried again. Blank texts, which servers refuse, are zeros.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if err := e.Ready(ctx); err != nil {
		return nil, err
	}
	out := make([][]float32, len(texts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(calls)
	var sent []string
	var at []int
	bytes := 0
	flush := func() {
		if len(sent) == 0 {
			return
		}
		some, places := sent, at
		sent, at, bytes = nil, nil, 0
		g.Go(func() error {
			vectors, err := e.persist(ctx, some)
			for i, v := range vectors {
				out[places[i]] = v
			}
			return err
		})
	}
	for i, t := range texts {
		if t = clean(t); t == "" {
			out[i] = make([]float32, e.dims.Load())
			continue
		}
		if len(sent) == maxTexts || bytes+len(t) > maxSent {
			flush()
		}
		sent, at, bytes = append(sent, t), append(at, i), bytes+len(t)
	}
	flush()
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

// Question makes the vector of one text. It is asked for once: somebody waits.
func (e *Embedder) Question(ctx context.Context, text string) ([]float32, error) {
	if text = clean(text); text == "" {
		return make([]float32, e.dims.Load()), nil
	}
	v, err := e.once(ctx, []string{text})
	if err != nil {
		return nil, err
	}
	return v[0], nil
}

// clean is a text as it is sent.
func clean(t string) string {
	t = strings.TrimSpace(t)
	return strings.ToValidUTF8(t[:min(len(t), maxText)], "")
}

// maxPause is the longest pause before something is tried again, unless the server asks for a longer one.
const maxPause = 10 * time.Second

// persist asks until there is an answer, a failure that stays, or no time.
func (e *Embedder) persist(ctx context.Context, texts []string) ([][]float32, error) {
	ctx, stop := context.WithTimeoutCause(ctx, e.c.Total, errTotal)
	defer stop()
	until, _ := ctx.Deadline()
	for pause := e.c.Pause; ; pause = min(2*pause, maxPause) {
		v, err := e.once(ctx, texts)
		var failed *model.Error
		if err == nil || ctx.Err() != nil || !errors.As(err, &failed) || !passing(failed.Kind) {
			return v, err
		}
		wait := max(pause, failed.RetryAfter)
		if time.Until(until) < wait {
			return nil, fmt.Errorf("given up, as there is no time to wait for %v and try again: %w", wait, err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		}
	}
}

// passing reports whether a failure may pass by itself.
func passing(k model.Kind) bool {
	switch k {
	case model.Limited, model.Failed, model.Unreachable, model.Slow, model.Cut:
		return true
	}
	return false
}
