package encoder

import (
	_ "embed" // the weights
	"errors"
	"fmt"
	"math"
	"sync"
	"unicode"

	"github.com/uniqchat/uniqchat/ai/vec"
)

// Dims is the length of a vector.
const Dims = 512

// MaxTokens is how many pieces of a text are looked at: what stands behind them does not count. It is the model's own limit.
const MaxTokens = 128

// Name says which model made a vector. Vectors of different names cannot be compared.
const Name = "use-lite-int8-1"

//go:embed model/use-lite.bin
var builtin []byte

// Builtin is the encoder of the binary. Its weights are read at the first call; all callers share them (8 MB).
//
// Safe for concurrent use.
var Builtin = sync.OnceValues(func() (*Encoder, error) {
	w, err := Parse(builtin)
	if err != nil {
		return nil, err
	}
	return New(w)
})

// Encoder makes vectors.
//
// Safe for concurrent use.
type Encoder struct {
	tokens  *Tokenizer
	emb     *Matrix
	timing  []float32 // what a place is multiplied with, half of the width
	adjust  dense
	layers  [2]layer
	top     dense
	scratch sync.Pool
}

// New makes an encoder of weights, which it keeps.
func New(w *Weights) (*Encoder, error) {
	p := picker{w: w}
	e := &Encoder{tokens: NewTokenizer(w.Pieces), emb: p.matrix("emb"), timing: p.vector("timing"), adjust: p.dense("adjust"), top: p.dense("top")}
	for i := range e.layers {
		e.layers[i] = p.layer(fmt.Sprintf("l%d.", i))
	}
	if p.missing != "" {
		return nil, fmt.Errorf("encoder: no tensor %q in the weights", p.missing)
	}
	if len(w.Pieces) > e.emb.Rows || e.top.w.Rows != Dims || 2*len(e.timing) != e.emb.Cols {
		return nil, errors.New("encoder: weights of another shape")
	}
	e.scratch.New = func() any { return new(scratch) }
	return e, nil
}

// Embed writes the vector of a text into dst, Dims values, of length 1. A text without pieces is a vector of zeros.
func (e *Encoder) Embed(dst []float32, text string) {
	s := e.scratch.Get().(*scratch)
	defer e.scratch.Put(s)
	s.ids = e.tokens.Encode(s.ids[:0], text, MaxTokens)
	e.forward(dst[:Dims], s)
}

// Tokens is how many pieces a text has, at most MaxTokens.
func (e *Encoder) Tokens(text string) int { return len(e.tokens.Encode(nil, text, MaxTokens)) }

// forward is the model: embedding and place, an attention and a feed-forward layer twice, the mean, one layer with tanh.
func (e *Encoder) forward(dst []float32, s *scratch) {
	n := len(s.ids)
	if n == 0 {
		clear(dst)
		return
	}
	width := e.emb.Cols
	x := sized(&s.x, n*width)
	for i, id := range s.ids {
		row, scale := e.emb.row(int(id)), e.emb.Scale[id]
		for j, v := range row {
			x[i*width+j] = 2 * float32(v) * scale // the model adds the embedding to its sum with the place
		}
		for j, f := range e.timing {
			sin, cos := math.Sincos(float64(float32(i) * f))
			x[i*width+j] += float32(sin)
			x[i*width+len(e.timing)+j] += float32(cos)
		}
	}
	residual := sized(&s.residual, n*Dims)
	e.adjust.apply(residual, x, n, s)
	for i := range e.layers {
		e.layers[i].apply(residual, x, n, s)
		x = sized(&s.x, n*Dims)
		copy(x, residual)
	}
	mean := sized(&s.mean, Dims)
	clear(mean)
	for i, v := range residual {
		mean[i%Dims] += v / float32(n)
	}
	e.top.apply(dst, mean, 1, s)
	for i, v := range dst {
		dst[i] = float32(math.Tanh(float64(v)))
	}
	vec.Normalise(dst)
}

// picker takes tensors by name and remembers the first that is missing.
type picker struct {
	w       *Weights
	missing string
}

func (p *picker) vector(name string) []float32 {
	v, ok := p.w.Vectors[name]
	if !ok && p.missing == "" {
		p.missing = name
	}
	return v
}

func (p *picker) matrix(name string) *Matrix {
	m, ok := p.w.Tables[name]
	if !ok {
		if p.missing == "" {
			p.missing = name
		}
		return &Matrix{}
	}
	return m
}

func (p *picker) dense(name string) dense { return dense{p.matrix(name + ".w"), p.vector(name + ".b")} }

func (p *picker) norm(name string) layerNorm {
	return layerNorm{p.vector(name + ".s"), p.vector(name + ".b")}
}

func (p *picker) layer(prefix string) layer {
	return layer{
		before: p.norm(prefix + "ln1"), qkv: p.dense(prefix + "qkv"), out: p.dense(prefix + "out"),
		middle: p.norm(prefix + "ln2"), up: p.dense(prefix + "f1"), down: p.dense(prefix + "f2"),
	}
}

// Known is the share of a text's letters that stand in pieces the model knows. Of a script that it cannot read it is near 0.
func (e *Encoder) Known(text string) float64 {
	letters, strange := 0, 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
			if r >= 0x250 { // beyond Latin: no piece of the vocabulary has it
				strange++
			}
		}
	}
	if letters == 0 {
		return 1
	}
	return 1 - float64(strange)/float64(letters)
}
