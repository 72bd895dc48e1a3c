package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/local"
)

// Broker implements chat.Broker over Redis pub/sub. Signals reach this node's own subscribers at once and without Redis;
// the others get them in the order in which they were published here, many in one message. What Redis does not take soon
// enough is dropped and counted. Run must be running for signals to travel. Safe for concurrent use.
type Broker struct {
	client  goredis.UniversalClient
	channel string
	logger  *slog.Logger
	node    [16]byte // tells our own messages from others'
	near    *local.Broker
	queue   chan chat.Signal
	dropped atomic.Uint64
	away    atomic.Bool // Redis did not take the last message
}

const (
	brokerQueue    = 8192            // signals that may wait for Redis
	brokerBatch    = 64 << 10        // bytes of one message, about
	brokerCall     = 2 * time.Second // one PUBLISH at most
	brokerPause    = time.Second     // after one that failed
	brokerPing     = 3 * time.Second // between looks whether the subscription lives
	brokerFarewell = time.Second     // for what waits when Run ends
	brokerFormat   = 1
)

// NewBroker returns a broker on a channel below prefix. The client is the caller's.
func NewBroker(client goredis.UniversalClient, prefix string, logger *slog.Logger) *Broker {
	if logger == nil {
		logger = slog.Default()
	}
	return &Broker{
		client: client, channel: prefix + "signals", logger: logger, node: chat.NewID[chat.Presence](), near: local.NewBroker(),
		queue: make(chan chat.Signal, brokerQueue),
	}
}

// Publish implements chat.Broker. It never blocks and never fails: a signal may be lost.
func (b *Broker) Publish(ctx context.Context, s chat.Signal) error {
	err := b.near.Publish(ctx, s)
	select {
	case b.queue <- s:
	default:
		b.dropped.Add(1)
	}
	return err
}

// Subscribe implements chat.Broker.
func (b *Broker) Subscribe(ctx context.Context, fn func(chat.Signal)) error {
	return b.near.Subscribe(ctx, fn)
}

// Dropped returns how many signals did not reach Redis, or a slow subscriber here.
func (b *Broker) Dropped() uint64 { return b.dropped.Load() + b.near.Dropped() }

// Run carries signals to Redis and back until ctx ends. It outlives every failure of Redis; what waits at the end is still
// sent if Redis is there.
func (b *Broker) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.write(ctx) })
	g.Go(func() error { return b.read(ctx) })
	if err := g.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// write publishes what is queued.
func (b *Broker) write(ctx context.Context) error {
	for {
		select {
		case s := <-b.queue:
			b.send(ctx, &s)
		case <-ctx.Done():
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), brokerFarewell)
			defer cancel()
			for len(b.queue) > 0 && bye.Err() == nil && !b.away.Load() {
				s := <-b.queue
				b.send(bye, &s)
			}
			return ctx.Err()
		}
	}
}

// send publishes first and whatever waits behind it, in one message.
func (b *Broker) send(ctx context.Context, first *chat.Signal) {
	msg := appendSignal(append([]byte{brokerFormat}, b.node[:]...), first)
	n := uint64(1)
	for more := true; more && len(msg) < brokerBatch; {
		select {
		case s := <-b.queue:
			msg = appendSignal(msg, &s)
			n++
		default:
			more = false
		}
	}
	// It is not bound to ctx: a PUBLISH that ends half-way is lost for nothing.
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), brokerCall)
	defer cancel()
	err := b.client.Publish(call, b.channel, msg).Err()
	if err == nil {
		if b.away.Swap(false) {
			b.logger.Info("signals travel again")
		}
		return
	}
	b.dropped.Add(n)
	if !b.away.Swap(true) {
		b.logger.Warn("signals don't travel", "err", err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(brokerPause):
	}
}

// read hands other nodes' signals to this node's subscribers. The driver connects again when a connection breaks, and finds
// out by itself about one that is silent.
func (b *Broker) read(ctx context.Context) error {
	sub := b.client.Subscribe(ctx, b.channel)
	defer func() { _ = sub.Close() }()
	in := sub.Channel(goredis.WithChannelSize(1024), goredis.WithChannelHealthCheckInterval(brokerPing))
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m, ok := <-in:
			if !ok {
				return errors.New("redis: the subscription was closed")
			}
			b.heard([]byte(m.Payload))
		}
	}
}

// heard takes in one message.
func (b *Broker) heard(msg []byte) {
	if len(msg) < 17 || msg[0] != brokerFormat { // a node of another version may say what it likes
		return
	}
	if [16]byte(msg[1:17]) == b.node {
		return
	}
	for msg = msg[17:]; len(msg) > 0; {
		s, rest, err := readSignal(msg)
		if err != nil {
			b.logger.Warn("a signal can't be read", "err", err)
			return
		}
		// It never fails: the context is not looked at.
		_ = b.near.Publish(context.Background(), s)
		msg = rest
	}
}

// Flags of a signal: which of its fields are there.
const (
	hasTenant = 1 << iota
	hasConversation
	hasUser
	hasOrigin
	hasMarks
)

// maxSignal bounds one signal: its text and data are small.
const maxSignal = 1 << 20

var errBadSignal = errors.New("malformed signal")

// appendSignal writes a signal: length (uvarint), kind, flags, role, state, the ids and marks that are not zero, the text
// with its length (uvarint), and the data to the end.
func appendSignal(dst []byte, s *chat.Signal) []byte {
	b := make([]byte, 4, 4+4*16+16+binary.MaxVarintLen64+len(s.Text)+len(s.Data))
	flags := byte(0)
	id := func(flag byte, v [16]byte) {
		if v != ([16]byte{}) {
			flags |= flag
			b = append(b, v[:]...)
		}
	}
	id(hasTenant, s.Tenant)
	id(hasConversation, s.Conversation)
	id(hasUser, s.User)
	id(hasOrigin, s.Origin)
	if s.Delivered != 0 || s.Read != 0 {
		flags |= hasMarks
		b = be.AppendUint64(be.AppendUint64(b, uint64(s.Delivered)), uint64(s.Read))
	}
	b = append(binary.AppendUvarint(b, uint64(len(s.Text))), s.Text...)
	b = append(b, s.Data...)
	b[0], b[1], b[2], b[3] = byte(s.Kind), flags, byte(s.Role), s.State
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// readSignal is the reverse of appendSignal, and returns what follows the signal.
func readSignal(b []byte) (s chat.Signal, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > maxSignal || uint64(len(b)-n) < size || size < 4 {
		return s, nil, errBadSignal
	}
	b, rest = b[n:n+int(size)], b[n+int(size):]
	s.Kind, s.Role, s.State = chat.SignalKind(b[0]), chat.Role(b[2]), b[3]
	flags := b[1]
	b = b[4:]
	id := func(flag byte, v *[16]byte) {
		if flags&flag == 0 || err != nil {
			return
		}
		if len(b) < 16 {
			err = errBadSignal
			return
		}
		copy(v[:], b)
		b = b[16:]
	}
	id(hasTenant, (*[16]byte)(&s.Tenant))
	id(hasConversation, (*[16]byte)(&s.Conversation))
	id(hasUser, (*[16]byte)(&s.User))
	id(hasOrigin, (*[16]byte)(&s.Origin))
	var marks [16]byte
	id(hasMarks, &marks)
	s.Delivered, s.Read = chat.Seq(be.Uint64(marks[:])), chat.Seq(be.Uint64(marks[8:]))
	text, n := binary.Uvarint(b)
	if err != nil || n <= 0 || uint64(len(b)-n) < text {
		return chat.Signal{}, nil, errBadSignal
	}
	s.Text = string(b[n : n+int(text)])
	if b = b[n+int(text):]; len(b) > 0 {
		s.Data = b
	}
	return s, rest, nil
}
