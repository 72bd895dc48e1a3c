package client

import (
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// Mode is a transport with its encoding.
type Mode int

// The three ways to speak the protocol.
const (
	JSON   Mode = iota // text messages on WebSocket
	Binary             // binary messages on WebSocket
	TCP                // packets on a TCP connection
)

func (m Mode) String() string { return [...]string{"json", "binary", "tcp"}[m] }

// Config says who connects to where. The zero value of everything but Address and Token is usable.
type Config struct {
	// Address is a WebSocket URL, or host:port for TCP.
	Address string
	Mode    Mode
	// Token goes into CONNECT.
	Token string
	// Device names the client over its connections. Defaults to a fresh one.
	Device codec.UUID
	Page   string
	Locale string
	// Origin is sent with the WebSocket upgrade if not empty.
	Origin string

	// Recorder gets the journal under Name; nil keeps none. Tenant and Only describe the reader to the checker.
	Recorder *journal.Recorder
	Name     string
	Tenant   string
	Only     []codec.UUID

	// BackoffMin and BackoffMax bound the pause before a reconnect, and before a request that was refused for now is made again:
	// random(0, min(BackoffMax, BackoffMin·2^attempt)). They default to the protocol's 500 ms and 30 s.
	BackoffMin, BackoffMax time.Duration
	// AnswerTimeout is how long a request may stay unanswered before the connection is given up. Defaults to 15 s.
	AnswerTimeout time.Duration
	// Window bounds SENDs that wait for their answer, below what CONNACK allows; 0 leaves it at that.
	Window int
	// PageSize is the limit in JOIN and SYNC. Defaults to 200.
	PageSize uint16

	// AutoFollow makes the client follow every conversation of which a MESSAGE reaches it, as a console does with those
	// that are assigned to its agent.
	AutoFollow bool

	// OnPacket is called with every packet that arrives, on the reading goroutine; p is valid until it returns.
	OnPacket func(h codec.Header, p codec.Packet)
	// OnMessage is called with every message that was applied, in order, on the reading goroutine.
	OnMessage func(m codec.Message)
	// Dial opens the connection below the WebSocket. Defaults to a net.Dialer.
	Dial func(network, address string) (net.Conn, error)
}

// backoff is the pause before an attempt, counted from 0.
func (cfg *Config) backoff(attempt int) time.Duration {
	wait := min(cfg.BackoffMax, cfg.BackoffMin<<min(attempt, 16))
	return time.Duration(rand.Int64N(int64(wait) + 1))
}

func (cfg *Config) defaults() error {
	if cfg.Address == "" {
		return errors.New("client: Address is empty")
	}
	if cfg.Device == (codec.UUID{}) {
		cfg.Device = uuid.Must(uuid.NewV7())
	}
	if cfg.BackoffMin == 0 {
		cfg.BackoffMin = 500 * time.Millisecond
	}
	if cfg.BackoffMax == 0 {
		cfg.BackoffMax = 30 * time.Second
	}
	if cfg.AnswerTimeout == 0 {
		cfg.AnswerTimeout = 15 * time.Second
	}
	if cfg.PageSize == 0 {
		cfg.PageSize = 200
	}
	if cfg.Dial == nil {
		d := net.Dialer{Timeout: 10 * time.Second}
		cfg.Dial = d.Dial
	}
	return nil
}
