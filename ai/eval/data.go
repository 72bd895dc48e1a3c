package eval

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// open opens a file, unpacked if its name ends in .gz.
func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || !strings.HasSuffix(path, packed) {
		return f, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

// rows reads a table of tabs without its first line.
func rows(path string) ([][]string, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out [][]string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		out = append(out, strings.Split(s.Text(), "\t"))
	}
	if len(out) > 0 {
		out = out[1:]
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// lines reads one JSON value a line.
func lines[T any](path string) ([]T, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []T
	for d := json.NewDecoder(f); d.More(); {
		var v T
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// match lists the files of a pattern, packed or not, in order of their names. Of a file that is there twice the packed one is left out.
func match(elem ...string) []string {
	var out []string
	for _, end := range []string{"", packed} {
		files, _ := filepath.Glob(filepath.Join(elem...) + end) // it fails for bad patterns only
		for _, f := range files {
			if plain := strings.TrimSuffix(f, packed); end == "" || !slices.Contains(out, plain) {
				out = append(out, f)
			}
		}
	}
	slices.Sort(out)
	return out
}

// packed is how the names of files end that gzip packed.
const packed = ".gz"

// find is where a file of a set is: in its folder or among the rows to train on, packed or not.
func (r *Runner) find(folder, name string) (string, error) {
	looked := []string{folder}
	if r.Train != "" {
		looked = append(looked, filepath.Join(r.Train, filepath.Base(folder)))
	}
	for _, dir := range looked {
		for _, path := range []string{filepath.Join(dir, name), filepath.Join(dir, name+packed)} {
			if _, err := os.Stat(path); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("there is no %s in %s", name, strings.Join(looked, " or "))
}

// named is the NAME of a file questions.NAME.jsonl.
func named(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), "questions."), ".")
	return name
}
