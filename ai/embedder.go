package ai

import (
	"context"

	"github.com/uniqchat/uniqchat/ai/encoder"
	"github.com/uniqchat/uniqchat/ai/lexicon"
)

// Local is an embedder that needs nothing but this binary: the encoder for English, with the gloss of lexicon before it for Chinese.
// It implements knowledge.Embedder.
//
// Safe for concurrent use.
type Local struct {
	encoder    *encoder.Encoder
	dictionary *lexicon.Dictionary
}

// NewLocal makes a local embedder. Without the dictionary (CC-CEDICT, CC BY-SA 4.0), Chinese is understood as far as the package's own
// lists of shops' words go.
func NewLocal(dictionary bool) (*Local, error) {
	e, err := encoder.Builtin()
	if err != nil {
		return nil, err
	}
	l := &Local{encoder: e}
	if dictionary {
		if l.dictionary, err = lexicon.CEDICT(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Name says which model it is; with the dictionary Chinese has other vectors than without.
func (l *Local) Name() string { return LocalName(l.dictionary != nil) }

// someChinese is the share of Chinese characters from which on a text is glossed.
const someChinese = .2

// Embed implements knowledge.Embedder.
func (l *Local) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[i] = make([]float32, encoder.Dims)
		l.One(out[i], t)
	}
	return out, nil
}

// One writes the vector of one text into dst, encoder.Dims values. A text in a script that the model cannot read is zeros.
func (l *Local) One(dst []float32, text string) {
	if lexicon.Chinese(text) > someChinese {
		text = lexicon.Gloss(l.dictionary, text)
	}
	if l.encoder.Known(text) < .5 {
		clear(dst)
		return
	}
	l.encoder.Embed(dst, text)
}

// Ready implements library.Embedder: there is nothing to wait for.
func (l *Local) Ready(context.Context) error { return nil }

// Question implements library.Embedder.
func (l *Local) Question(_ context.Context, text string) ([]float32, error) {
	v := make([]float32, encoder.Dims)
	l.One(v, text)
	return v, nil
}

// Dims is how long its vectors are.
func (l *Local) Dims() int { return encoder.Dims }

// LocalName is what NewLocal's embedder is going to be called.
func LocalName(dictionary bool) string {
	if dictionary {
		return encoder.Name + "+cedict"
	}
	return encoder.Name
}
