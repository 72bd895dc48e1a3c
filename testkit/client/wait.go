package client

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Wait waits until cond holds; cond is called with the client's lock held, after everything that happened.
func (c *Client) Wait(ctx context.Context, cond func() bool) error {
	for {
		c.mu.Lock()
		ok, changed, final := cond(), c.changed, c.final
		c.mu.Unlock()
		switch {
		case ok:
			return nil
		case final != nil:
			return final
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), c.describe())
		}
	}
}

// describe says where the client stands, for messages of failed tests.
func (c *Client) describe() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := fmt.Sprintf("%s connected=%t outbox=%d %+v", c.cfg.Name, c.ready, len(c.outbox), c.stats)
	for id, v := range c.convs {
		s += fmt.Sprintf("; %s last=%d target=%d held=%d joined=%t refused=%d", id, v.last, v.target, len(v.held), v.joined, v.refused)
	}
	return s
}

// WaitReady waits until CONNACK came and returns it.
func (c *Client) WaitReady(ctx context.Context) (codec.Connack, error) {
	err := c.Wait(ctx, func() bool { return c.ready })
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hello, err
}

// WaitSeq waits until everything of conv up to seq was applied.
func (c *Client) WaitSeq(ctx context.Context, conv codec.UUID, seq uint64) error {
	return c.Wait(ctx, func() bool { v := c.convs[conv]; return v != nil && v.joined && v.last >= seq })
}

// WaitIdle waits until nothing is in the outbox and no conversation lacks anything that the client knows of.
func (c *Client) WaitIdle(ctx context.Context) error {
	return c.Wait(ctx, func() bool {
		if !c.ready || len(c.outbox) > 0 {
			return false
		}
		for _, v := range c.convs {
			if v.refused == 0 && (!v.joined || v.asking || v.lacking || v.last < v.target) {
				return false
			}
		}
		return true
	})
}

// Follow makes the client a reader of conv with all its history, over every connection to come, and waits for it.
func (c *Client) Follow(ctx context.Context, conv codec.UUID) error {
	c.mu.Lock()
	if c.convs[conv] == nil {
		c.journal.Follow(conv)
	}
	v := c.conversation(conv)
	if v.joined && len(v.messages) == 0 && v.last == 0 {
		v.joined = false // it heard of it, without having its history
	}
	c.advance(v, time.Now())
	c.mu.Unlock()
	if err := c.Wait(ctx, func() bool { return v.refused != 0 || v.joined && !v.asking && !v.lacking }); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v.refused != 0 {
		return &Refused{Code: v.refused, Message: "JOIN was refused", Conv: conv}
	}
	return nil
}

// Refresh asks for what may be missing in every conversation, as a person who pulls down a list does.
func (c *Client) Refresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.convs {
		v.lacking = true
		c.advance(v, time.Now())
	}
}

// Messages returns what the client shows of conv, in order.
func (c *Client) Messages(conv codec.UUID) []codec.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.convs[conv]; v != nil {
		return slices.Clone(v.messages)
	}
	return nil
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Errors = maps.Clone(s.Errors)
	return s
}

// Fire sends a packet that nobody answers (but for an ERROR, which Stats counts). False if there is no connection.
func (c *Client) Fire(p codec.Packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.w == nil || !c.ready {
		return false
	}
	c.w.send(codec.Header{}, p)
	return true
}

// Do sends a packet of the caller's and waits for its answer, which is an own copy. An ERROR is a *Refused.
func (c *Client) Do(ctx context.Context, p codec.Packet) (codec.Packet, error) {
	type result struct {
		p   codec.Packet
		err error
	}
	answer := make(chan result, 1)
	c.mu.Lock()
	if c.w == nil || !c.ready {
		c.mu.Unlock()
		return nil, fmt.Errorf("%s is not connected", c.cfg.Name)
	}
	c.ask(p, 0, &request{answer: func(p codec.Packet, err error) { answer <- result{p, err} }})
	c.mu.Unlock()
	select {
	case r := <-answer:
		return r.p, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Drop cuts the connection without a word, as a lost network does; the client comes back by itself.
func (c *Client) Drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.w != nil {
		c.w.conn.Close()
	}
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return b
}
