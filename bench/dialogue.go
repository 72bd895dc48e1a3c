package bench

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Turn is one thing that somebody said.
type Turn struct {
	Agent bool
	Text  string
}

// Dialogue is a conversation to be replayed. It begins with a visitor's turn.
type Dialogue struct {
	ID    string
	Turns []Turn
}

// Format is how a file of dialogues is written.
type Format string

// The formats that ReadDialogues knows.
const (
	FormatLines     Format = "jsonl"     // {"id","turns":[{"role":"visitor|agent|usr|sys","text"}]} on every line
	FormatCrossWOZ  Format = "crosswoz"  // the same, with roles usr and sys and more fields beside
	FormatMultiDoGO Format = "multidogo" // tab-separated with the columns conv, turn, text, label; customers' turns only
)

// ParseFormat checks a format's name; empty means jsonl.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case "":
		return FormatLines, nil
	case FormatLines, FormatCrossWOZ, FormatMultiDoGO:
		return f, nil
	}
	return "", fmt.Errorf("format %q is unknown; use jsonl, crosswoz or multidogo", s)
}

// Corpus is what was read.
type Corpus struct {
	Dialogues []Dialogue
	Turns     int
	Skipped   int // dialogues that don't begin with a visitor, or are empty
}

// Limits bound what is read; 0 means everything.
type Limits struct {
	Dialogues int
	Turns     int // the last dialogue is cut
}

// ReadDialogues reads files, plain or compressed with gzip (told by their content), until a limit is reached.
func ReadDialogues(paths []string, f Format, limits Limits) (*Corpus, error) {
	c := new(Corpus)
	for _, path := range paths {
		if err := c.file(path, f, limits); err != nil {
			return nil, err
		}
		if c.full(limits) {
			break
		}
	}
	if len(c.Dialogues) == 0 {
		return nil, fmt.Errorf("no dialogue found in %s", strings.Join(paths, ", "))
	}
	return c, nil
}

func (c *Corpus) full(l Limits) bool {
	return l.Dialogues > 0 && len(c.Dialogues) >= l.Dialogues || l.Turns > 0 && c.Turns >= l.Turns
}

func (c *Corpus) file(path string, f Format, limits Limits) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read dialogues: %w", err)
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 64<<10)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		defer z.Close()
		in = bufio.NewReaderSize(z, 64<<10)
	}
	add := func(d Dialogue) bool { c.add(d, limits); return !c.full(limits) }
	if f == FormatMultiDoGO {
		err = readMultiDoGO(in, add)
	} else {
		err = readLines(in, add)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// add keeps a dialogue, cut to the limit of turns.
func (c *Corpus) add(d Dialogue, l Limits) {
	if len(d.Turns) == 0 || d.Turns[0].Agent {
		c.Skipped++
		return
	}
	if l.Turns > 0 {
		d.Turns = d.Turns[:min(len(d.Turns), l.Turns-c.Turns)]
	}
	c.Turns += len(d.Turns)
	c.Dialogues = append(c.Dialogues, d)
}

// readLines reads JSON lines. add returns false when it has enough.
func readLines(in io.Reader, add func(Dialogue) bool) error {
	dec := json.NewDecoder(in)
	for n := 1; ; n++ {
		var line struct {
			ID    any `json:"id"`
			Turns []struct {
				Role string `json:"role"`
				Text string `json:"text"`
			} `json:"turns"`
		}
		if err := dec.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("dialogue %d: %w", n, err)
		}
		d := Dialogue{ID: fmt.Sprint(line.ID)}
		for i, t := range line.Turns {
			turn := Turn{Text: t.Text}
			switch t.Role {
			case "usr", "user", "visitor", "customer":
			case "sys", "system", "agent":
				turn.Agent = true
			default:
				return fmt.Errorf("dialogue %d, turn %d: role %q is unknown; use visitor or agent", n, i+1, t.Role)
			}
			d.Turns = append(d.Turns, turn)
		}
		if !add(d) {
			return nil
		}
	}
}

// readMultiDoGO reads the tab-separated turns of customers; the lines of a conversation follow each other.
func readMultiDoGO(in io.Reader, add func(Dialogue) bool) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var d Dialogue
	last := -1
	for n := 1; lines.Scan(); n++ {
		f := strings.Split(lines.Text(), "\t")
		if n == 1 && f[0] == "conv" {
			continue
		}
		if len(f) < 3 {
			return fmt.Errorf("line %d has %d columns; conv, turn and text are needed", n, len(f))
		}
		turn, err := strconv.Atoi(f[1])
		if err != nil {
			return fmt.Errorf("line %d: turn %q is not a number", n, f[1])
		}
		if f[0] != d.ID {
			if d.ID != "" && !add(d) {
				return nil
			}
			d, last = Dialogue{ID: f[0]}, -1
		}
		if turn < last {
			return fmt.Errorf("line %d: turn %d follows turn %d", n, turn, last)
		}
		last = turn
		d.Turns = append(d.Turns, Turn{Text: f[2]})
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if d.ID != "" {
		add(d)
	}
	return nil
}
