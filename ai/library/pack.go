package library

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
)

// packed is a chunk as the store keeps it. Vectors are base64 of a float32 scale and the values, a byte each; empty for none.
type packed struct {
	Chunk    string `json:"id"`
	Document string `json:"document"`
	Title    string `json:"title,omitempty"`
	Heading  string `json:"heading,omitempty"`
	Text     string `json:"text"`
	Question bool   `json:"question,omitempty"`
	Head     string `json:"head,omitempty"`
	Body     string `json:"body,omitempty"`
}

// keyOf names a chunk with the vectors of an embedder.
func keyOf(c *knowledge.Chunk, embedder string) (id [16]byte) {
	sum := sha256.Sum256([]byte(embedder + "\x00" + c.ID))
	copy(id[:], sum[:])
	return id
}

func pack(c *knowledge.Chunk, embedder string, v *knowledge.Vectors) (chat.KnowledgeChunk, error) {
	p := packed{Chunk: c.ID, Document: c.Document, Title: c.Title, Heading: c.Heading, Text: c.Text, Question: c.Question}
	if v != nil {
		p.Head, p.Body = packVector(v.Heading), packVector(v.Text)
	}
	b, err := json.Marshal(p)
	return chat.KnowledgeChunk{ID: keyOf(c, embedder), Body: string(b)}, err
}

func packVector(v knowledge.Vector) string {
	if v.Scale == 0 {
		return ""
	}
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(v.Data)), math.Float32bits(v.Scale))
	for _, x := range v.Data {
		b = append(b, byte(x))
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

var errVector = errors.New("a kept vector is none")

func unpack(body string) (c knowledge.Chunk, v knowledge.Vectors, err error) {
	var p packed
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		return c, v, fmt.Errorf("a kept chunk can't be read: %w", err)
	}
	c = knowledge.Chunk{ID: p.Chunk, Document: p.Document, Title: p.Title, Heading: p.Heading, Text: p.Text, Question: p.Question}
	if v.Heading, err = unpackVector(p.Head); err == nil {
		v.Text, err = unpackVector(p.Body)
	}
	return c, v, err
}

func unpackVector(s string) (v knowledge.Vector, err error) {
	if s == "" {
		return v, nil
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || len(b) < 5 {
		return v, errVector
	}
	v.Scale, v.Data = math.Float32frombits(binary.LittleEndian.Uint32(b)), make([]int8, len(b)-4)
	for i, x := range b[4:] {
		v.Data[i] = int8(x)
	}
	return v, nil
}
