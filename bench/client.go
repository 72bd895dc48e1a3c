package bench

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Identity is who a client is.
type Identity struct {
	Role  string     `json:"role"` // visitor or agent
	Token string     `json:"token"`
	User  codec.UUID `json:"user"`
	Conv  codec.UUID `json:"conv,omitzero"` // a visitor's open conversation, if known
}

// Events is what a scenario does with a client. All methods are called on the client's loop.
type Events interface {
	// Ready follows every CONNACK, the first and those after a reconnect (again).
	Ready(c *Client, again bool)
	// Message gives each message that the client applied, in the order of its conversation, whether it came live or on a
	// page. m is borrowed.
	Message(c *Client, v *View, m *codec.Message)
	// Acked says that a Send is in the log.
	Acked(c *Client, s *Sending)
	// Refused says that a Send was refused for good.
	Refused(c *Client, s *Sending, e *codec.Error)
	// Joined follows a Join's page, after its messages.
	Joined(c *Client, v *View)
	// JoinRefused ends a Join that the server refused for good.
	JoinRefused(c *Client, v *View, e *codec.Error)
	// Gone says that the client will not come back by itself.
	Gone(c *Client, why string)
}

// NoEvents ignores everything; scenarios embed it.
type NoEvents struct{}

// Ready implements Events.
func (NoEvents) Ready(*Client, bool) {}

// Message implements Events.
func (NoEvents) Message(*Client, *View, *codec.Message) {}

// Acked implements Events.
func (NoEvents) Acked(*Client, *Sending) {}

// Refused implements Events.
func (NoEvents) Refused(*Client, *Sending, *codec.Error) {}

// Joined implements Events.
func (NoEvents) Joined(*Client, *View) {}

// JoinRefused implements Events.
func (NoEvents) JoinRefused(*Client, *View, *codec.Error) {}

// Gone implements Events.
func (NoEvents) Gone(*Client, string) {}

type clientState uint8

const (
	clientIdle clientState = iota
	clientDialing
	clientConnecting // CONNECT is on its way
	clientReady
	clientWaiting // before a reconnect
	clientGone
)

// Client is one connection's owner, by the rules of the protocol: it authenticates, answers pings, comes back after a drop
// with back-off and RESUME, resends what was not acknowledged, and applies each conversation in order. Event loop only.
type Client struct {
	conn
	Who    *Identity
	Device codec.UUID
	User   codec.UUID
	Conv   codec.UUID // a visitor's open conversation, as CONNACK or the client itself said
	Source netip.Addr

	events     Events
	goal       *Target
	view       *View // of the first conversation; most clients have no other
	views      map[codec.UUID]*View
	box        *outbox // what is on its way; nil while that is nothing
	heard      int64   // when the server was last heard
	notBefore  int64   // of the next dial
	rid        uint16
	ping, pong uint16 // seconds
	window     uint16
	attempt    uint8
	status     clientState
	pinged     bool
	was        bool // has been ready before
	stayDown   bool // no reconnect after a drop
	unlisted   bool // not watched for silence: it is short-lived
}

// connectTimeout is how long a connection may take to become ready.
const connectTimeout = 20 * time.Second

// start puts the client on a loop and dials.
func (c *Client) start(l *Loop, t *Target, events Events) {
	c.goal, c.events = t, events
	c.loop = l
	if !c.unlisted {
		l.clients = append(l.clients, c)
	}
	c.reconnect()
}

// Loop returns the loop that the client lives on.
func (c *Client) Loop() *Loop { return c.loop }

// IsReady reports whether the client is authenticated and connected.
func (c *Client) IsReady() bool { return c.status == clientReady }

// become changes the client's state and keeps the loop's count.
func (c *Client) become(s clientState) {
	if c.status == clientReady {
		c.loop.up.Add(-1)
	}
	if c.status = s; s == clientReady {
		c.loop.up.Add(1)
	}
}

func (c *Client) reconnect() {
	l := c.loop
	c.become(clientDialing)
	c.heard, c.pinged = l.now, false
	if err := c.dial(l, c, c.goal, c.Source); err != nil {
		c.loop = l
		c.lost(err)
	}
}

// Stop hangs up and stays away.
func (c *Client) Stop() {
	if c.status == clientGone {
		return
	}
	c.become(clientGone)
	c.hangUp()
}

func (c *Client) opened() {
	c.become(clientConnecting)
	p := codec.Connect{MinVersion: 1, MaxVersion: 1, Token: c.Who.Token, Device: c.Device, Locale: "en"}
	p.Resume = c.positions()
	c.send(codec.Header{RID: c.nextRID()}, &p)
}

// maxResume is how many conversations a CONNECT may list (protocol rule 1).
const maxResume = 64

// positions lists where the client's conversations stand. Those that don't fit are joined again.
func (c *Client) positions() []codec.Position {
	if c.view == nil {
		return nil
	}
	var out []codec.Position
	c.eachView(func(v *View) {
		if len(out) < maxResume && v.Last > 0 {
			out = append(out, codec.Position{Conv: v.Conv, Seq: v.Last})
		}
	})
	return out
}

// send writes one packet.
func (c *Client) send(h codec.Header, p codec.Packet) {
	if c.state != connOpen {
		return
	}
	b := c.begin()
	start := len(b)
	switch c.target.Mode {
	case ModeJSON:
		b = codec.AppendJSON(b, h, p)
		b = maskFrom(b, start, codec.OpTextFrame, uint32(c.loop.random()))
	case ModeBinary:
		b = codec.AppendBinary(b, h, p)
		b = maskFrom(b, start, codec.OpBinaryFrame, uint32(c.loop.random()))
	default:
		b = codec.AppendBinary(b, h, p)
	}
	c.out = b
}

func (c *Client) nextRID() uint16 {
	if c.rid++; c.rid == 0 {
		c.rid = 1
	}
	return c.rid
}

func (c *Client) data(op codec.Opcode, b []byte) error {
	c.heard, c.pinged = c.loop.now, false
	if op == codec.OpTextFrame {
		c.loop.current = c
		_ = c.loop.dec.JSON(b, c.loop.each) // what is wrong with it is counted there
		return nil
	}
	for len(b) > 0 {
		h, p, n, err := c.loop.dec.Binary(b)
		var fatal *codec.CloseError
		if errors.As(err, &fatal) {
			return err
		}
		c.received(h, p, err)
		if c.state != connOpen {
			return nil
		}
		b = b[n:]
	}
	return nil
}

func (c *Client) received(h codec.Header, p codec.Packet, err error) {
	if err != nil {
		c.loop.Stats.Malformed++
		return
	}
	switch p := p.(type) {
	case *codec.Message:
		c.onMessage(p)
	case *codec.Sendack:
		c.onSendack(p)
	case *codec.Ping:
		c.loop.Stats.Pings++
		c.send(codec.Header{}, &codec.Pong{Time: p.Time})
	case *codec.Connack:
		c.onConnack(p)
	case *codec.Disconnect:
		c.onDisconnect(p)
	case *codec.Error:
		c.onError(h.RID, p)
	case *codec.Joined:
		c.onJoined(h.RID, p)
	case *codec.Synced:
		c.onSynced(h.RID, p)
	case *codec.Gap:
		c.onGap(p)
	}
}

func (c *Client) onConnack(p *codec.Connack) {
	st := &c.loop.Stats
	st.Connects++
	again := c.was
	if again {
		st.Reconnects++
	}
	c.become(clientReady)
	c.was, c.attempt, c.notBefore = true, 0, 0
	c.ping, c.pong, c.window, c.User = p.Ping, p.Pong, p.Window, p.User
	if p.Conv != (codec.UUID{}) {
		c.Conv = p.Conv
	}
	c.events.Ready(c, again)
	if again && c.status == clientReady {
		c.resume()
	}
}

func (c *Client) onDisconnect(p *codec.Disconnect) {
	c.notBefore = max(c.notBefore, c.loop.now+int64(p.RetryAfter)*int64(time.Millisecond))
	if p.Soft {
		return // still served until it closes
	}
	c.fail(&closeFrame{p.Code, p.Reason})
}

// lost implements peer: it plans the way back.
func (c *Client) lost(err error) {
	st := &c.loop.Stats
	if c.status == clientGone {
		return
	}
	if c.status == clientDialing {
		st.DialErrors++
	} else {
		st.Drops++
	}
	st.Closes[closeName(err)]++
	var closed *closeFrame
	var broken *codec.CloseError
	switch {
	case errors.As(err, &closed) && !codec.Reconnect(closed.code), errors.As(err, &broken), c.stayDown:
		c.become(clientGone)
		c.events.Gone(c, err.Error())
		return
	}
	c.become(clientWaiting)
	wait := c.backoff()
	c.loop.at(max(c.loop.now+int64(wait), c.notBefore), func() {
		if c.status == clientWaiting {
			c.reconnect()
		}
	})
}

// backoff is full jitter: random(0, min(30 s, 0.5 s * 2^attempt)).
func (c *Client) backoff() time.Duration {
	most := min(500*time.Millisecond<<min(c.attempt, 6), 30*time.Second)
	if c.attempt < 250 {
		c.attempt++
	}
	return time.Duration(c.loop.random() % uint64(most))
}

// closeName is a short name for how a connection ended.
func closeName(err error) string {
	var closed *closeFrame
	var broken *codec.CloseError
	var no syscall.Errno
	switch {
	case errors.As(err, &closed):
		return strconv.Itoa(int(closed.code))
	case errors.As(err, &broken):
		return fmt.Sprintf("bad frame %d", broken.Code)
	case errors.Is(err, io.EOF):
		return "eof"
	case errors.As(err, &no):
		return no.Error()
	case errors.Is(err, errNoUpgrade):
		return "no upgrade"
	case errors.Is(err, errSilent):
		return "silent"
	}
	return "other"
}

var errSilent = errors.New("the server is silent")

// checkSilence pings a server that has not been heard for too long, and gives a connection up that stays silent (protocol
// rule 7).
func (c *Client) checkSilence() {
	quiet := time.Duration(c.loop.now - c.heard)
	switch c.status {
	case clientDialing, clientConnecting:
		if quiet > connectTimeout {
			c.fail(errSilent)
		}
	case clientReady:
		limit := time.Duration(c.ping+c.pong) * time.Second
		switch {
		case limit == 0 || quiet < limit:
		case !c.pinged:
			c.pinged = true
			c.send(codec.Header{}, &codec.Ping{Time: uint64(time.Now().UnixMilli())})
		case quiet > limit+time.Duration(c.pong)*time.Second+2*sweepEvery:
			c.fail(errSilent)
		}
		if c.box != nil {
			c.box.checkSilence(c)
		}
	}
}
