package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/uniqchat/uniqchat/storage/project"
)

// A feed message is the sender's node id and then either parts { partition 2, length 4, entry } of a call, or, with an id of
// zeros, places { partition 2, epoch 8, n 8, tag 8 } that are in the database.
const (
	nodeLen  = 16
	placeRec = 26
)

// A node's own batches do not come back to it while nobody else follows the feed: it has them from the answers to its calls, and where
// an answer is lost it looks into the stream.

// feed is a subscription: on a single server there is one for all partitions, on a cluster one for each.
type feed struct {
	scope   *scope
	sharded bool
}

func (l *Log) feeds() []feed {
	out := make([]feed, len(l.scopes))
	for i, s := range l.scopes {
		out[i] = feed{s, l.cluster}
	}
	return out
}

// follow takes in what a feed brings, and subscribes again when the line breaks. What is missed meanwhile is found by the look
// that follows.
func (l *Log) follow(ctx context.Context, f feed) error {
	for pause := 20 * time.Millisecond; ctx.Err() == nil; pause = min(2*pause, time.Second) {
		began := time.Now()
		err := l.listen(ctx, f)
		if ctx.Err() == nil {
			l.suspect.Store(true)
			l.stats.lastError(l.Logger, err)
			l.stats.feedBreaks.Inc()
		}
		if time.Since(began) > 5*time.Second {
			pause = 20 * time.Millisecond
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

// listen follows one subscription until it breaks.
func (l *Log) listen(ctx context.Context, f feed) error {
	var sub *goredis.PubSub
	if f.sharded {
		sub = l.Client.SSubscribe(ctx, f.scope.feed)
	} else {
		sub = l.Client.Subscribe(ctx, f.scope.feed, l.own) // both or none: the script tells from it whether anybody else listens
	}
	defer sub.Close()
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer stop()
	asked := false
	for {
		msg, err := sub.ReceiveTimeout(ctx, 3*time.Second)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() && !asked {
			asked = true
			if err := sub.Ping(ctx); err != nil {
				return fmt.Errorf("feed: %w", err)
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("feed: %w", err)
		}
		asked = false
		switch m := msg.(type) {
		case *goredis.Subscription:
			if m.Channel != f.scope.feed {
				continue
			}
			for _, p := range f.scope.parts { // what was missed before
				l.repair(p.number)
			}
		case *goredis.Message:
			l.hear(ctx, []byte(m.Payload))
		}
	}
}

// hear takes in one message of the feed.
func (l *Log) hear(ctx context.Context, b []byte) {
	if len(b) < nodeLen {
		return
	}
	from := [nodeLen]byte(b)
	b = b[nodeLen:]
	if from == ([nodeLen]byte{}) {
		l.hearPlaces(b)
		return
	}
	for len(b) >= 6 {
		number, n := int(be.Uint16(b)), be.Uint32(b[2:])
		if b = b[6:]; uint64(n) > uint64(len(b)) || number >= project.Partitions {
			l.Logger.Warn("malformed feed message")
			return
		}
		l.hearEntry(ctx, number, b[:n], from == l.node)
		b = b[n:]
	}
}

// hearEntry takes in an entry, unless it is known already: then it is not even decoded.
func (l *Log) hearEntry(ctx context.Context, number int, raw []byte, own bool) {
	h, err := readEntryHead(raw)
	if err != nil {
		l.Logger.Warn("malformed entry in the feed", "err", err)
		return
	}
	p := &l.parts[number]
	p.mu.Lock()
	known := p.filled && !p.cursor.Before(h.Cursor) && (p.cursor.N != h.N || p.cursor.Tag == h.Tag)
	p.mu.Unlock()
	if known || own && l.Ack == AckReplica {
		return
	}
	b, err := l.decode(number, raw)
	if err != nil {
		l.Logger.Warn("malformed entry in the feed", "err", err)
		return
	}
	l.offer(ctx, b)
}

func (l *Log) hearPlaces(b []byte) {
	for ; len(b) >= placeRec; b = b[placeRec:] {
		number := int(be.Uint16(b))
		if number >= project.Partitions {
			return
		}
		c := project.Cursor{Epoch: be.Uint64(b[2:]), N: be.Uint64(b[10:]), Tag: project.Tag(b[18:26])}
		p := &l.parts[number]
		p.mu.Lock()
		p.advance(c) // if what it speaks of is still on its way, the next word will do
		p.mu.Unlock()
	}
}

// report tells the other nodes, a few times a second, how far the database is.
func (l *Log) report(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		all := make([]byte, nodeLen)
		for i := range l.parts {
			p := &l.parts[i]
			p.mu.Lock()
			if p.tell {
				p.tell = false
				one := be.AppendUint16(nil, uint16(i))
				one = be.AppendUint64(one, p.projected.Epoch)
				one = be.AppendUint64(one, p.projected.N)
				one = append(one, p.projected.Tag[:]...)
				if l.cluster {
					go l.publish(ctx, func(ctx context.Context) error {
						return l.Client.SPublish(ctx, p.scope.feed, append(make([]byte, nodeLen), one...)).Err()
					})
				} else {
					all = append(all, one...)
				}
			}
			p.mu.Unlock()
		}
		if len(all) > nodeLen {
			l.publish(ctx, func(ctx context.Context) error { return l.Client.Publish(ctx, l.scopes[0].feed, all).Err() })
		}
	}
}

func (l *Log) publish(ctx context.Context, send func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := send(ctx); err != nil {
		l.stats.lastError(l.Logger, err) // the look every ten seconds tells it as well
	}
}
