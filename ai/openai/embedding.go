package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/prompt"
	"github.com/uniqchat/uniqchat/ai/vec"
)

var errAttempt = errors.New("no vectors in time")

type embeddingRequest struct {
	Model    string   `json:"model"`
	Input    []string `json:"input"`
	Encoding string   `json:"encoding_format"`
	Dims     int      `json:"dimensions,omitempty"`
}

// once makes one request. Errors are *model.Error, or the caller's, whose context ended.
func (e *Embedder) once(ctx context.Context, texts []string) ([][]float32, error) {
	body, err := json.Marshal(embeddingRequest{e.c.Model, texts, "float", e.c.Dims})
	if err != nil {
		return nil, err
	}
	within, stop := context.WithTimeoutCause(ctx, e.c.Attempt, errAttempt)
	defer stop()
	v, err := e.post(within, body, len(texts))
	if err == nil {
		return v, nil
	}
	var failed *model.Error
	switch cause := context.Cause(within); {
	case errors.Is(cause, errAttempt), errors.Is(cause, errTotal):
		failed = &model.Error{Kind: model.Slow, Err: cause}
	case cause != nil:
		return nil, cause
	case !errors.As(err, &failed):
		failed = &model.Error{Kind: model.Garbled, Err: err}
	}
	failed.Engine = "embedder"
	return nil, failed
}

func (e *Embedder) post(ctx context.Context, body []byte, n int) ([][]float32, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if e.c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+e.c.Key)
	}
	res, err := e.client.Do(req)
	if err != nil {
		return nil, &model.Error{Kind: model.Unreachable, Err: noConnection{unreached(err), err}}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		failed := refusal(res)
		switch failed.Kind {
		case model.Refused:
			failed.Err = errors.New("look at the url, the key and the model's name")
		case model.Declined:
			failed.Err = errors.New("the server does not take such a request: dimensions, or the length of texts, may not be the model's")
		}
		return nil, failed
	}
	dims := int(e.dims.Load())
	if dims == 0 {
		dims = MaxDims
	}
	const perValue, around = 32, 64 << 10 // bytes
	raw, err := io.ReadAll(&bounded{r: res.Body, left: n*dims*perValue + around})
	switch {
	case errors.Is(err, prompt.ErrLong):
		return nil, &model.Error{Kind: model.TooLong, Err: fmt.Errorf("the answer is larger than %d vectors of %d values may be", n, dims)}
	case err != nil:
		return nil, &model.Error{Kind: model.Cut, Err: errors.New("the answer ended in its middle")}
	}
	v, err := readVectors(raw, n)
	if err != nil {
		return nil, err
	}
	if e.dims.CompareAndSwap(0, int64(len(v[0]))) {
		return v, nil
	}
	if have, want := len(v[0]), int(e.dims.Load()); have != want {
		from := "those before had"
		if e.c.Dims > 0 {
			from = "dimensions says"
		}
		return nil, fmt.Errorf("its vectors have %d values, and %s %d", have, from, want)
	}
	return v, nil
}

// readVectors reads an answer to n texts: the vectors in the order of the texts, each of length 1 or zeros. Nothing of the answer is in its errors but numbers.
func readVectors(raw []byte, n int) ([][]float32, error) {
	var a struct {
		Data []struct {
			Index  *int            `json:"index"`
			Vector json.RawMessage `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, errors.New("the answer is no JSON with data of index and embedding")
	}
	if len(a.Data) != n {
		return nil, fmt.Errorf("the answer has %d vectors for %d texts", len(a.Data), n)
	}
	out := make([][]float32, n)
	dims := 0
	for i := range a.Data {
		d := &a.Data[i]
		if d.Index == nil || *d.Index < 0 || *d.Index >= n {
			return nil, fmt.Errorf("vector %d of the answer has no index from 0 to %d", i, n-1)
		}
		at := *d.Index
		if out[at] != nil {
			return nil, fmt.Errorf("the answer has two vectors with the index %d", at)
		}
		var v []float32 // a null in it would be a 0
		if bytes.IndexByte(d.Vector, 'n') >= 0 || json.Unmarshal(d.Vector, &v) != nil {
			return nil, fmt.Errorf("the vector with the index %d is no list of finite numbers", at)
		}
		if len(v) == 0 || len(v) > MaxDims {
			return nil, fmt.Errorf("the vector with the index %d has %d values; 1 to %d can be used", at, len(v), MaxDims)
		}
		if dims == 0 {
			dims = len(v)
		}
		if len(v) != dims {
			return nil, fmt.Errorf("the answer has vectors of %d and of %d values", dims, len(v))
		}
		unit(v)
		out[at] = v
	}
	return out, nil
}

// unit scales to length 1; zeros stay. The largest value comes first, so that no square is too large or too small.
func unit(v []float32) {
	var top float64
	for _, x := range v {
		top = max(top, math.Abs(float64(x)))
	}
	if top == 0 {
		return
	}
	for i, x := range v {
		v[i] = float32(float64(x) / top)
	}
	vec.Normalise(v)
}
