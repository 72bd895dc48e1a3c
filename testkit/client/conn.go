package client

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/uniqchat/uniqchat/codec"
)

// maxIncoming bounds what a server may send in one message: a page is 128 KiB, and a server gone wild must not end the test
// by memory.
const maxIncoming = 8 << 20

// wire is one connection: it frames packets and writes them from its own goroutine, so that who sends never waits for a
// server that does not read.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
	mode Mode

	mu   sync.Mutex
	out  []byte
	wake chan struct{} // 1 slot
	gone bool
}

// dial opens a connection; the caller then runs write and read.
func (cfg *Config) dial(ctx context.Context) (*wire, error) {
	w := &wire{mode: cfg.Mode, wake: make(chan struct{}, 1)}
	if cfg.Mode == TCP {
		conn, err := cfg.Dial("tcp", cfg.Address)
		if err != nil {
			return nil, err
		}
		w.conn, w.r = conn, bufio.NewReaderSize(conn, 16<<10)
		return w, nil
	}
	d := ws.Dialer{Timeout: 10 * time.Second, NetDial: func(_ context.Context, network, addr string) (net.Conn, error) {
		return cfg.Dial(network, addr)
	}}
	d.Protocols = []string{"uniqchat.v1.json"}
	if cfg.Mode == Binary {
		d.Protocols = []string{"uniqchat.v1.bin"}
	}
	if cfg.Origin != "" {
		d.Header = ws.HandshakeHeaderHTTP(http.Header{"Origin": {cfg.Origin}})
	}
	conn, br, hs, err := d.Dial(ctx, cfg.Address)
	if err != nil {
		return nil, err
	}
	if hs.Protocol != d.Protocols[0] {
		conn.Close()
		return nil, fmt.Errorf("the server chose subprotocol %q of %q", hs.Protocol, d.Protocols)
	}
	w.conn, w.r = conn, br
	if br == nil {
		w.r = bufio.NewReaderSize(conn, 16<<10)
	} else {
		w.r = bufio.NewReaderSize(io.MultiReader(io.LimitReader(br, int64(br.Buffered())), conn), 16<<10)
	}
	return w, nil
}

// send queues a packet.
func (w *wire) send(h codec.Header, p codec.Packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.mode {
	case JSON:
		w.frame(codec.OpTextFrame, codec.AppendJSON(nil, h, p))
	case Binary:
		w.frame(codec.OpBinaryFrame, codec.AppendBinary(nil, h, p))
	case TCP:
		w.out = codec.AppendBinary(w.out, h, p)
	}
	w.nudge()
}

// frame queues a masked WebSocket frame. mu must be held.
func (w *wire) frame(op codec.Opcode, payload []byte) {
	var mask [4]byte
	_, _ = rand.Read(mask[:])
	w.out = codec.AppendMaskedFrame(w.out, op, mask, payload)
}

func (w *wire) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// write writes what is queued until the connection is closed.
func (w *wire) write() {
	var spare []byte
	for range w.wake {
		w.mu.Lock()
		b, gone := w.out, w.gone
		w.out = spare[:0]
		w.mu.Unlock()
		if len(b) > 0 {
			if err := w.conn.SetWriteDeadline(time.Now().Add(20 * time.Second)); err != nil {
				return
			}
			if _, err := w.conn.Write(b); err != nil {
				w.conn.Close() // wakes the reader, which tells why
				return
			}
		}
		if spare = b; gone {
			return
		}
	}
}

// close ends the connection, after a close frame if polite. Safe to call more than once.
func (w *wire) close(polite bool) {
	w.mu.Lock()
	was := w.gone
	w.gone = true
	if polite && !was && w.mode != TCP {
		w.frame(codec.OpCloseFrame, codec.AppendClose(nil, codec.CloseNormal, ""))
	}
	w.mu.Unlock()
	w.nudge()
	if !polite {
		w.conn.Close()
	}
}

// closedError is how a connection ended, if it said so.
type closedError struct {
	code   uint16
	reason string
}

func (e *closedError) Error() string { return fmt.Sprintf("closed with %d %q", e.code, e.reason) }

// read calls each with every packet until the connection ends.
func (w *wire) read(d *codec.Decoder, each func(h codec.Header, p codec.Packet, err error)) error {
	if w.mode == TCP {
		return w.readTCP(d, each)
	}
	var message []byte
	for {
		h, err := ws.ReadHeader(w.r)
		if err != nil {
			return err
		}
		if h.Masked || h.Rsv != 0 || h.Length > maxIncoming-int64(len(message)) {
			return fmt.Errorf("the server sent a bad frame: %+v", h)
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(w.r, payload); err != nil {
			return err
		}
		switch h.OpCode {
		case ws.OpPing:
			w.mu.Lock()
			w.frame(codec.OpPongFrame, payload)
			w.mu.Unlock()
			w.nudge()
		case ws.OpPong:
		case ws.OpClose:
			code, reason, err := codec.ParseClose(payload)
			if err != nil {
				return err
			}
			w.close(true)
			return &closedError{code, reason}
		default:
			message = append(message, payload...)
			if !h.Fin {
				continue
			}
			if err := w.decode(d, message, each); err != nil {
				return err
			}
			message = message[:0]
		}
	}
}

func (w *wire) decode(d *codec.Decoder, message []byte, each func(h codec.Header, p codec.Packet, err error)) error {
	if w.mode == JSON {
		return d.JSON(message, each)
	}
	for len(message) > 0 {
		h, p, n, err := d.Binary(message)
		if n == 0 {
			return err
		}
		each(h, p, err)
		message = message[n:]
	}
	return nil
}

func (w *wire) readTCP(d *codec.Decoder, each func(h codec.Header, p codec.Packet, err error)) error {
	var header [codec.HeaderSize]byte
	for {
		if _, err := io.ReadFull(w.r, header[:]); err != nil {
			return err
		}
		h, ok, err := codec.ParseHeader(header[:])
		if err != nil || !ok {
			return errors.Join(err, errors.New("the server sent a bad packet header"))
		}
		body := make([]byte, h.Length)
		if _, err := io.ReadFull(w.r, body); err != nil {
			return err
		}
		p, err := d.Body(h, body)
		each(h, p, err)
	}
}
