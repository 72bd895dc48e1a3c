package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// bystanders chat all the time, and must not notice what happens around them.
type bystanders struct {
	*crowd
	conv           uuid.UUID
	visitor, agent *client.Client
	said           atomic.Int64
	slowest        atomic.Int64 // nanoseconds from SEND to SENDACK
	stop           chan struct{}
	talk           sync.WaitGroup
}

func newBystanders(t *testing.T, ctx context.Context, s *process.Server) *bystanders {
	t.Helper()
	b := &bystanders{crowd: newCrowd(t, ctx, s, ""), conv: client.NewID(), stop: make(chan struct{})}
	v, err := b.api.Session(ctx, "demo")
	require.NoError(t, err)
	l, err := b.api.Login(ctx, "alice@demo.test", process.Password)
	require.NoError(t, err)
	b.visitor, b.agent = b.connect("visitor", v.Token, client.JSON, nil), b.connect("alice", l.AccessToken, client.TCP, nil)
	_, err = b.visitor.Send(ctx, codec.Send{Conv: b.conv, Body: client.TextBody("hello")})
	require.NoError(t, err)
	require.NoError(t, b.agent.Follow(ctx, b.conv))
	for name, c := range map[string]*client.Client{"visitor": b.visitor, "agent": b.agent} {
		b.talk.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-b.stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				from := time.Now()
				if _, err := c.Send(ctx, codec.Send{Conv: b.conv, Body: client.TextBody(fmt.Sprintf("%s %d", name, n))}); err != nil {
					t.Errorf("%s could not send: %v", name, err)
					return
				}
				b.said.Add(1)
				if took := int64(time.Since(from)); took > b.slowest.Load() {
					b.slowest.Store(took)
				}
			}
		})
	}
	return b
}

// unharmed ends the chat and wants that nobody was disturbed.
func (b *bystanders) unharmed() {
	b.t.Helper()
	close(b.stop)
	b.talk.Wait()
	for name, c := range map[string]*client.Client{"visitor": b.visitor, "agent": b.agent} {
		st := c.Stats()
		require.Zero(b.t, st.Disconnects, "%s was disconnected (%d)", name, st.LastClose)
		require.Equal(b.t, 1, st.Connects)
		require.Zero(b.t, st.Gaps, "%s got a GAP", name)
	}
	v := b.verdict([]uuid.UUID{b.conv})
	require.True(b.t, v.Clean(), "%v", v)
	b.t.Logf("two others exchanged %d messages meanwhile, slowest acknowledgement %s", b.said.Load(), time.Duration(b.slowest.Load()))
}

// memory watches a server's resident memory while something happens.
func memory(t *testing.T, s *process.Server) (peak func() (before, most int64)) {
	t.Helper()
	before := s.RSS()
	most := before
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				most = max(most, s.RSS())
			}
		}
	}()
	return func() (int64, int64) {
		close(stop)
		<-done
		return before, most
	}
}

// flat is how much a server's resident memory may grow while it is attacked and others chat, in bytes: their chat is in it
// too, which is kept for readers who come back (a minute's worth). What the attacks claim is gigabytes. The race
// detector takes five to ten times the memory (go.dev/doc/articles/race_detector).
func flat() int64 {
	if process.Race() {
		return 5 * 64 << 20
	}
	return 64 << 20
}

// hostile is everything that a hostile case may need.
type hostile struct {
	s     *process.Server
	ctx   context.Context
	b     *bystanders
	token string // of a visitor of its own
}

func (h *hostile) dial(t *testing.T, mode string) *raw {
	return upgraded(t, h.ctx, h.s.WSURL(), h.s.TCP, mode)
}

// TestHostile attacks every listener in every way on the list, all at once, while two others chat.
func TestHostile(t *testing.T) { onBoth(t, testHostile) }

func testHostile(t *testing.T, start func(o process.Options) *process.Server) {
	ctx := within(t, 5*time.Minute)
	s := start(process.Options{Env: []string{
		"UNIQCHAT_LIMITS_SESSIONS_PER_ADDRESS_PER_SECOND=0", "UNIQCHAT_LOG_LEVEL=error",
		"UNIQCHAT_LIMITS_VISITOR_SEND_RATE=1000", "UNIQCHAT_LIMITS_VISITOR_SEND_BURST=1000",
		"UNIQCHAT_LIMITS_AGENT_SEND_RATE=1000", "UNIQCHAT_LIMITS_AGENT_SEND_BURST=1000",
	}})
	b := newBystanders(t, ctx, s)
	peak := memory(t, s)
	t.Run("list", func(t *testing.T) {
		for _, group := range []map[string]func(*testing.T, *hostile){framing, packets, beginnings, slowness} {
			for name, attack := range group {
				v, err := b.api.Session(ctx, "demo")
				require.NoError(t, err)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					attack(t, &hostile{s, ctx, b, v.Token})
				})
			}
		}
	})
	before, most := peak()
	b.unharmed()
	t.Logf("memory of the server: %d MiB before, at most %d MiB", before>>20, most>>20)
	require.Less(t, most-before, flat(), "memory is not flat")
	require.Zero(t, s.Metric("uniqchat_engine_panics_total"))
	require.NotContains(t, s.Log(), "panic")
}

// framing breaks RFC 6455 on an accepted connection; each must end with the RFC's code.
var framing = map[string]func(*testing.T, *hostile){}

func init() {
	text := func(s string) []byte { return frame(codec.OpTextFrame, []byte(s)) }
	unmasked := append([]byte{0x81, 2}, "{}"...)
	for name, c := range map[string]struct {
		bytes []byte
		code  uint16
	}{
		"frame of 2^33 bytes":              {header(0x81, 1<<33), codec.CloseTooBig},
		"frame of 2^47 bytes":              {header(0x82, 1<<47), codec.CloseTooBig},
		"frame of 2^63 bytes":              {header(0x81, 1<<63), codec.CloseProtocol},
		"length not in its shortest form":  {header(0x81, 5), codec.CloseProtocol},
		"fragments of 2^47 bytes":          {append(frameFin(codec.OpTextFrame, "{", false), header(0x80, 1<<47)...), codec.CloseTooBig},
		"unmasked frame":                   {unmasked, codec.CloseProtocol},
		"reserved bit 1":                   {flip(text("{}"), 0x40), codec.CloseProtocol},
		"reserved bits 2 and 3":            {flip(text("{}"), 0x30), codec.CloseProtocol},
		"reserved opcode 3":                {flip(text("{}"), 0x02), codec.CloseProtocol},
		"reserved opcode 11":               {flip(text("{}"), 0x0A), codec.CloseProtocol},
		"bad UTF-8":                        {text("{\"a\":\"\xC3\x28\"}"), codec.CloseInvalidUTF8},
		"bad UTF-8 in a fragment":          {append(frameFin(codec.OpTextFrame, "\xE4\xBD", false), frameFin(codec.OpContinuation, "x", true)...), codec.CloseInvalidUTF8},
		"fragmented ping":                  {frameFin(codec.OpPingFrame, "x", false), codec.CloseProtocol},
		"ping of 126 bytes":                {frame(codec.OpPingFrame, make([]byte, 126)), codec.CloseProtocol},
		"continuation of nothing":          {frameFin(codec.OpContinuation, "x", true), codec.CloseProtocol},
		"new message inside a fragmented":  {append(frameFin(codec.OpTextFrame, "{", false), text("{}")...), codec.CloseProtocol},
		"close with one byte":              {frame(codec.OpCloseFrame, []byte{3}), codec.CloseProtocol},
		"close with a code not on wire":    {frame(codec.OpCloseFrame, []byte{0x03, 0xED}), codec.CloseProtocol},
		"close with a reason not in UTF-8": {frame(codec.OpCloseFrame, []byte{0x03, 0xE8, 0xFF}), codec.CloseInvalidUTF8},
	} {
		framing[name] = func(t *testing.T, h *hostile) {
			x := h.dial(t, "json").hello(h.token)
			x.write(c.bytes)
			x.wantsClose(c.code)
		}
	}
	framing["fragments interleaved with control frames are fine"] = func(t *testing.T, h *hostile) {
		x := h.dial(t, "json").hello(h.token)
		for _, part := range []string{`{"type":"join",`, `"rid":9,"conv":"0190`, `0000-0000-7000-8000-000000000001"}`} {
			last := strings.HasSuffix(part, "}")
			op := codec.OpContinuation
			if strings.HasPrefix(part, `{`) {
				op = codec.OpTextFrame
			}
			x.write(frameFin(op, part, last))
			x.write(frame(codec.OpPingFrame, []byte("still there?")))
		}
		x.wantsErrors(codec.ErrNotFound)
	}
	framing["a frame one byte at a time"] = func(t *testing.T, h *hostile) {
		x := h.dial(t, "bin").hello(h.token)
		for _, c := range frame(codec.OpBinaryFrame, codec.AppendBinary(nil, codec.Header{RID: 4}, &codec.Join{Conv: client.NewID()})) {
			x.write([]byte{c})
		}
		x.wantsErrors(codec.ErrNotFound)
	}
}

// flip changes bits of a frame's first byte.
func flip(f []byte, bits byte) []byte { f[0] ^= bits; return f }

// frameFin is frame with the FIN bit as told.
func frameFin(op codec.Opcode, payload string, fin bool) []byte {
	f := frame(op, []byte(payload))
	if !fin {
		f[0] &^= 0x80
	}
	return f
}

// TestDescriptors dials far more often than the server has descriptors.
func TestDescriptors(t *testing.T) {
	ctx := within(t, 3*time.Minute)
	s := process.Start(t, process.Options{NoFile: 256, Env: []string{
		"UNIQCHAT_ENGINE_MAX_CONNECTIONS=120", "UNIQCHAT_LIMITS_SESSIONS_PER_ADDRESS_PER_SECOND=0", "UNIQCHAT_LOG_LEVEL=error",
		"UNIQCHAT_LIMITS_VISITOR_SEND_RATE=1000", "UNIQCHAT_LIMITS_AGENT_SEND_RATE=1000",
	}})
	b := newBystanders(t, ctx, s)
	before := b.said.Load()
	for _, addr := range []string{s.WS, s.TCP, s.HTTP} {
		for range 400 {
			dialRaw(t, addr)
		}
	}
	t.Logf("after 1200 dials: %d descriptors open in the server", s.Files())
	require.LessOrEqual(t, s.Files(), 256)
	for b.said.Load() < before+200 {
		require.NoError(t, ctx.Err(), "the chat stopped: %d messages since the dials", b.said.Load()-before)
		<-time.After(time.Millisecond)
	}
	require.True(t, s.Running())
	// Handshakes that lead nowhere end by themselves; then there is room again for those who mean it.
	v, err := (&api.API{Base: s.BaseURL()}).Session(ctx, "demo")
	require.NoError(t, err)
	late := b.connect("late", v.Token, client.Binary, nil)
	_, err = late.WaitReady(ctx)
	require.NoError(t, err)
	b.unharmed()
}
