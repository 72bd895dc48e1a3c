package bench

import (
	"crypto/sha256"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
)

// double is a small server that keeps the protocol's rules in memory, and breaks them where a test asks for it.
type double struct {
	t    *testing.T
	ln   net.Listener
	tcp  bool
	echo bool
	wg   sync.WaitGroup

	mu     sync.Mutex
	conns  map[*doubleConn]bool
	convs  map[codec.UUID]*doubleConv
	counts map[codec.Type]int // packets received
	dups   int
	resume []codec.Position // of the last CONNECT
	// onSend is asked before a SEND is stored; it returns false if it has dealt with it.
	onSend func(c *doubleConn, h codec.Header, p *codec.Send) bool
	// onConnect is asked before CONNACK; it returns false if it has dealt with it.
	onConnect func(c *doubleConn) bool
	// deliver is asked before a MESSAGE leaves.
	deliver func(c *doubleConn, m *codec.Message) bool
	// change may alter what is stored.
	change func(m *codec.Message)
}

type doubleConv struct {
	visitor  codec.UUID
	messages []codec.Message
	joined   map[*doubleConn]bool
}

type doubleConn struct {
	s      *double
	c      net.Conn
	mode   Mode
	dec    codec.Decoder
	reader codec.MessageReader
	user   codec.UUID
	role   codec.Role
	sends  int
}

func userOf(token string) codec.UUID {
	sum := sha256.Sum256([]byte(token))
	return codec.UUID(sum[:16])
}

func identity(token string) *Identity {
	role := "visitor"
	if strings.HasPrefix(token, "a") {
		role = "agent"
	}
	return &Identity{Role: role, Token: token, User: userOf(token)}
}

func newDouble(t *testing.T, mode Mode) (*double, *Target) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &double{
		t: t, ln: ln, tcp: mode == ModeTCP, echo: mode == modeEcho, conns: map[*doubleConn]bool{}, convs: map[codec.UUID]*doubleConv{},
		counts: map[codec.Type]int{},
	}
	s.wg.Go(s.accept)
	t.Cleanup(func() {
		_ = ln.Close()
		s.drop()
		s.wg.Wait()
	})
	cfg := Config{Mode: mode, WS: "ws://" + ln.Addr().String() + "/ws", TCP: ln.Addr().String()}
	targets, err := cfg.targets()
	require.NoError(t, err)
	return s, targets[0]
}

// config points a scenario at the double.
func (s *double) config(t *Target) Config {
	return Config{Mode: t.Mode, WS: "ws://" + t.Host + "/ws", TCP: t.Host, HTTP: "http://127.0.0.1:1"}
}

func (s *double) accept() {
	for {
		c, err := s.ln.Accept()
		if err != nil {
			return
		}
		d := &doubleConn{s: s, c: c, mode: ModeTCP}
		s.mu.Lock()
		s.conns[d] = true
		s.mu.Unlock()
		s.wg.Go(d.serve)
	}
}

// drop cuts every connection.
func (s *double) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.c.Close()
	}
}

// with runs fn under the double's lock.
func (s *double) with(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

func (s *double) count(t codec.Type) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[t]
}

func (d *doubleConn) serve() {
	defer func() {
		_ = d.c.Close()
		d.s.mu.Lock()
		delete(d.s.conns, d)
		for _, v := range d.s.convs {
			delete(v.joined, d)
		}
		d.s.mu.Unlock()
	}()
	var have []byte
	buf := make([]byte, 64<<10)
	upgraded := d.s.tcp
	for {
		n, err := d.c.Read(buf)
		if err != nil {
			return
		}
		have = append(have, buf[:n]...)
		if !upgraded {
			end := codec.HandshakeEnd(have)
			if end == 0 {
				continue
			}
			u := codec.Upgrader{Protocols: []string{"uniqchat.v1.bin", "uniqchat.v1.json"}}
			answer, up, err := u.Upgrade(nil, have[:end])
			_, _ = d.c.Write(answer)
			if err != nil {
				return
			}
			d.mode = ModeBinary
			if up.Subprotocol == "uniqchat.v1.json" {
				d.mode = ModeJSON
			}
			have, upgraded = have[end:], true
		}
		used, err := d.consume(have)
		if err != nil {
			return
		}
		have = slices.Clone(have[used:])
	}
}

func (d *doubleConn) consume(b []byte) (int, error) {
	if !d.s.tcp {
		return d.reader.Read(b, 1<<20, d)
	}
	used := 0
	for {
		h, ok, err := codec.ParseHeader(b[used:])
		if err != nil || !ok || len(b)-used < codec.HeaderSize+int(h.Length) {
			return used, err
		}
		n := codec.HeaderSize + int(h.Length)
		if err := d.Frame(codec.OpBinaryFrame, b[used:used+n]); err != nil {
			return used, err
		}
		used += n
	}
}

var errGone = errors.New("gone")

// Frame implements codec.Sink.
func (d *doubleConn) Frame(op codec.Opcode, b []byte) error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	switch {
	case op.Control():
		if op == codec.OpCloseFrame {
			return errGone
		}
		return nil
	case d.s.echo:
		out := codec.AppendFrameHeader(nil, true, op, len(b))
		_, _ = d.c.Write(append(out, b...))
		return nil
	case op == codec.OpTextFrame:
		return d.dec.JSON(b, d.packet)
	}
	for len(b) > 0 {
		h, p, n, err := d.dec.Binary(b)
		if n == 0 {
			return err
		}
		d.packet(h, p, err)
		b = b[n:]
	}
	return nil
}

// send writes one packet. mu must be held.
func (d *doubleConn) send(rid uint16, p codec.Packet) {
	var out []byte
	switch d.mode {
	case ModeTCP:
		out = codec.AppendBinary(nil, codec.Header{RID: rid}, p)
	case ModeJSON:
		text := codec.AppendJSON(nil, codec.Header{RID: rid}, p)
		out = append(codec.AppendFrameHeader(nil, true, codec.OpTextFrame, len(text)), text...)
	default:
		data := codec.AppendBinary(nil, codec.Header{RID: rid}, p)
		out = append(codec.AppendFrameHeader(nil, true, codec.OpBinaryFrame, len(data)), data...)
	}
	_, _ = d.c.Write(out)
}

func (d *doubleConn) packet(h codec.Header, p codec.Packet, err error) {
	if err != nil {
		d.s.t.Errorf("the client sent what can't be decoded: %v", err)
		return
	}
	s := d.s
	s.counts[h.Type]++
	if h.Flags&codec.FlagDup != 0 {
		s.dups++
	}
	switch p := p.(type) {
	case *codec.Connect:
		d.connect(h, p)
	case *codec.Send:
		d.sends++
		if s.onSend == nil || s.onSend(d, h, p) {
			d.store(h, p)
		}
	case *codec.Join:
		v := s.convs[p.Conv]
		if v == nil {
			d.send(h.RID, &codec.Error{Code: codec.ErrNotFound, Message: "no such conversation"})
			return
		}
		v.joined[d] = true
		m, complete := v.page(p.After, int(p.Limit))
		d.send(h.RID, &codec.Joined{Conv: p.Conv, Top: v.top(), Complete: complete, Messages: m})
	case *codec.Sync:
		v := s.convs[p.Conv]
		m, complete := v.page(p.After, int(p.Limit))
		d.send(h.RID, &codec.Synced{Conv: p.Conv, Top: v.top(), Complete: complete, Messages: m})
	case *codec.Leave:
		delete(s.convs[p.Conv].joined, d)
	}
}

func (d *doubleConn) connect(h codec.Header, p *codec.Connect) {
	s := d.s
	d.user, d.role = userOf(p.Token), codec.RoleVisitor
	if strings.HasPrefix(p.Token, "a") {
		d.role = codec.RoleAgent
	}
	s.resume = slices.Clone(p.Resume)
	if s.onConnect != nil && !s.onConnect(d) {
		return
	}
	ack := &codec.Connack{Version: 1, User: d.user, Role: d.role, Ping: 20, Pong: 10, Window: 4, MaxBody: 1 << 16}
	for id, v := range s.convs {
		if v.visitor == d.user {
			ack.Conv = id
		}
	}
	d.send(h.RID, ack)
	for _, r := range p.Resume {
		v := s.convs[r.Conv]
		if v == nil {
			continue
		}
		if d.role == codec.RoleAgent {
			v.joined[d] = true
		}
		m, _ := v.page(r.Seq, 1000)
		for i := range m {
			d.send(0, &m[i])
		}
	}
}

func (v *doubleConv) top() uint64 {
	if len(v.messages) == 0 {
		return 0
	}
	return v.messages[len(v.messages)-1].Seq
}

func (v *doubleConv) page(after uint64, limit int) ([]codec.Message, bool) {
	from := slices.IndexFunc(v.messages, func(m codec.Message) bool { return m.Seq > after })
	if from < 0 {
		return nil, true
	}
	m := v.messages[from:]
	if len(m) > limit {
		return m[:limit], false
	}
	return m, true
}

// store appends a message and fans it out. mu must be held.
func (d *doubleConn) store(h codec.Header, p *codec.Send) {
	s := d.s
	v := s.convs[p.Conv]
	if v == nil {
		v = &doubleConv{visitor: d.user, joined: map[*doubleConn]bool{}}
		s.convs[p.Conv] = v
		s.append(v, nil, codec.Message{Conv: p.Conv, Kind: codec.KindSystem, Body: []byte(`{"event":"conversation.created"}`)}, 0)
	}
	for i := range v.messages {
		if m := &v.messages[i]; m.CMID == p.CMID && m.Sender == d.user {
			d.send(h.RID, &codec.Sendack{Conv: p.Conv, CMID: p.CMID, MID: m.MID, Seq: m.Seq, Prev: m.Prev, Dup: true})
			return
		}
	}
	s.append(v, d, codec.Message{Conv: p.Conv, CMID: p.CMID, Sender: d.user, Role: d.role, Kind: p.Kind, Body: slices.Clone(p.Body)}, h.RID)
}

func (s *double) append(v *doubleConv, by *doubleConn, m codec.Message, rid uint16) {
	m.Prev = v.top()
	m.Seq = m.Prev + 2
	m.MID = userOf(m.Conv.String() + m.CMID.String())
	if s.change != nil {
		s.change(&m)
	}
	v.messages = append(v.messages, m)
	for c := range s.conns {
		switch {
		case c == by:
			c.send(rid, &codec.Sendack{Conv: m.Conv, CMID: m.CMID, MID: m.MID, Seq: m.Seq, Prev: m.Prev})
		case c.user == v.visitor || v.joined[c]:
			if s.deliver == nil || s.deliver(c, &m) {
				c.send(0, &m)
			}
		}
	}
}
