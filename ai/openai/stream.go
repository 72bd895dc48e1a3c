package openai

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"

	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/prompt"
)

// completion is what servers send: all of it, or a part of a stream.
type completion struct {
	Choices []struct {
		Delta        message `json:"delta"`
		Message      message `json:"message"`
		FinishReason string  `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type message struct {
	Content string `json:"content"`
	Refusal string `json:"refusal"`
	// What a model thinks before it answers, as DeepSeek and llama.cpp call it, and as Ollama, OpenRouter and vLLM do; some send both. It is a sign of life, and
	// nobody sees it.
	ReasoningContent thought `json:"reasoning_content"`
	Reasoning        thought `json:"reasoning"`
}

// thought is a text, or whatever else a server has there.
type thought string

// UnmarshalJSON implements json.Unmarshaler. It takes everything: what only shows that a model thinks must not end its answer.
func (t *thought) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	*t = thought(s)
	return nil
}

// thinks is what is thought in a piece of an answer.
func (m *message) thinks() string { return string(cmp.Or(m.ReasoningContent, m.Reasoning)) }

// stream reads server-sent events (HTML standard, 9.2), of which only data counts.
func (a *answering) stream(body io.Reader) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 4<<10), maxLine)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		data = bytes.TrimSpace(data)
		if !ok || len(data) == 0 {
			continue // comments keep connections open, and are no sign of a token
		}
		if string(data) == "[DONE]" {
			return a.ended()
		}
		var c completion
		if err := json.Unmarshal(data, &c); err != nil {
			return &model.Error{Kind: model.Garbled, Err: errors.New("an event is not JSON")}
		}
		if err := a.take(&c, false); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return broken(err)
	}
	if a.finish == "" {
		return broken(io.ErrUnexpectedEOF)
	}
	return a.ended()
}

// whole reads an answer in one object.
func (a *answering) whole(body io.Reader) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return broken(err)
	}
	var c completion
	if json.Unmarshal(b, &c) != nil || len(c.Choices) == 0 && len(c.Error) == 0 {
		return &model.Error{Kind: model.Garbled, Err: errors.New("it is no completion")}
	}
	if err := a.take(&c, true); err != nil {
		return err
	}
	return a.ended()
}

// ended says whether an answer that has come to its end is one.
func (a *answering) ended() error {
	if a.finish == "content_filter" {
		return &model.Error{Kind: model.Declined, Err: errors.New("the server's own filter")}
	}
	return nil
}

func (a *answering) take(c *completion, whole bool) error {
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return &model.Error{Kind: model.Failed, Err: errors.New("it ended with an error")}
	}
	if u := c.Usage; u != nil && u.Prompt >= 0 && u.Completion >= 0 && u.Prompt+u.Completion < 10_000_000 {
		a.usage = &model.Usage{Prompt: u.Prompt, Completion: u.Completion}
	}
	if len(c.Choices) == 0 {
		return nil
	}
	m := c.Choices[0].Delta
	if whole {
		m = c.Choices[0].Message
	}
	if f := c.Choices[0].FinishReason; f != "" {
		a.finish = f
	}
	if m.Refusal != "" {
		return &model.Error{Kind: model.Declined, Err: errors.New("the model refuses")}
	}
	if thought := m.thinks(); m.Content != "" || thought != "" {
		a.alive()
		a.written += max(1, model.Tokens(m.Content)+model.Tokens(thought))
	}
	if m.Content == "" {
		return nil
	}
	if err := a.reader.Write(m.Content); errors.Is(err, prompt.ErrLong) {
		return &model.Error{Kind: model.TooLong, Err: err}
	} else if err != nil {
		return err
	}
	return nil
}

// broken is a body that could not be read to its end.
func broken(err error) error {
	if errors.Is(err, bufio.ErrTooLong) || errors.Is(err, prompt.ErrLong) {
		return &model.Error{Kind: model.TooLong, Err: prompt.ErrLong}
	}
	return &model.Error{Kind: model.Cut, Err: errors.New("the stream ended before the answer did")}
}
