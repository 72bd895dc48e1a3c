package live

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/board"
	"github.com/uniqchat/uniqchat/server/load"
)

// Handler implements engine.Handler. Make it first, then the engine, then Attach the engine's hub.
type Handler struct {
	cfg     Config
	desk    *chat.Desk
	hub     *engine.Hub
	spaces  spaces
	tiers   tiers
	spread  *spread // of the tail's goroutine
	shards  []shard
	inbox   inbox
	guests  guests
	senders senders
	queues  queues
	rosters rosters
	screens *board.Screens
	stats   stats
	ready   chan struct{}
	isUp    atomic.Bool
	forks   atomic.Uint64 // how often the log's history has forked
	// tenants is what SENDs of API tokens are counted by; nil: they are not.
	tenants atomic.Pointer[chat.Bucket]
}

// shard is what one of the engine's shard goroutines works with.
type shard struct {
	h         *Handler
	ctx       context.Context
	decoder   codec.Decoder
	current   *session // whose JSON text is being decoded
	eachFn    func(codec.Header, codec.Packet, error)
	sends     []chat.SendRequest // waiting to be appended in one call
	askers    []asker
	newcomers []newcomer // whose CONNECT waits to be completed
	resuming  int        // how many positions those have
	room      int        // bytes that a RESUME may still send
	owed      []*session // sessions that are owed a DURABLE
	conns     []*engine.Conn
	ticks     uint
}

// asker is who waits for the answer to a SEND.
type asker struct {
	s   *session
	rid uint16
}

// New returns a Handler; see Attach and Run.
func New(cfg Config) *Handler {
	cfg = cfg.withDefaults()
	h := &Handler{cfg: cfg, desk: cfg.Desk, ready: make(chan struct{}), tiers: cfg.Limits.tiers()}
	h.spread = newSpread(h)
	h.screens = board.NewScreens(h.desk, cfg.Logger)
	h.screens.Paused = func() bool { return cfg.Load.LeavesOut(load.Board) }
	h.stats.register(cfg.Metrics)
	cfg.Metrics.RegisterMetricsWriter(h.writeOnline)
	h.shards = make([]shard, cfg.Shards)
	for i := range h.shards {
		sh := &h.shards[i]
		sh.h, sh.ctx = h, context.Background()
		sh.eachFn = sh.jsonPacket
	}
	return h
}

func (l *Limits) largestBody() int {
	return max(l.Visitor.MaxBody, l.Agent.MaxBody, l.API.MaxBody)
}

// Attach gives the handler the hub of the engine that it serves. Call it before the engine runs.
func (h *Handler) Attach(hub *engine.Hub) {
	h.hub = hub
	h.desk.Presence.SetHere(func(t chat.TenantID, u chat.UserID) bool {
		return hub.Count(userTopic(h.spaces.of(t), u)) > 0
	})
	h.desk.Presence.SetJoined(func(k chat.Key) bool { return hub.Count(convTopic(h.spaces.of(k.Tenant), k.Conversation)) > 0 })
	h.desk.Presence.SetTell(h.agentChanged)
	h.desk.SetBlocksChanged(h.kick)
	h.desk.SetBoard(h.board)
	h.desk.SetTracked(h.guests.tracked)
}

// Run fans out what the log and the broker bring, until ctx ends. Ready is closed once nothing can be missed any more.
func (h *Handler) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.cfg.Log.Tail(ctx, h.tail) })
	g.Go(func() error { return h.cfg.Broker.Subscribe(ctx, h.signal) })
	g.Go(func() error { return h.inbox.run(ctx, h) })
	g.Go(func() error { return h.runGuests(ctx) })
	g.Go(func() error { return h.queues.run(ctx, h) })
	g.Go(func() error { return h.screens.Run(ctx) })
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Ready is closed when the log's tail is being followed: connections may be accepted from then on.
func (h *Handler) Ready() <-chan struct{} { return h.ready }

// tail takes in events: first the Desk's picture of the world, then everybody's screen.
func (h *Handler) tail(events []chat.Event) {
	if h.isUp.CompareAndSwap(false, true) {
		close(h.ready)
	}
	for len(events) > 0 {
		n := slices.IndexFunc(events, func(e chat.Event) bool { return e.Fork != nil })
		run := events[:max(n, 0)]
		if n < 0 {
			run = events
		}
		h.desk.Observe(run)
		for i := range run {
			h.deliver(&run[i])
		}
		if n < 0 {
			return
		}
		h.fork(events[n : n+1])
		events = events[n+1:]
	}
}

// deliver fans out one event. A panic in it costs that event's live delivery, which readers mend by their chain.
func (h *Handler) deliver(e *chat.Event) {
	defer func() {
		if p := recover(); p != nil {
			h.stats.panics.Inc()
			h.cfg.Logger.Error("panic in fan-out", "panic", p, "seq", e.Seq, "stack", string(debug.Stack()))
			h.spread.release()
		}
	}()
	h.fanout(e)
}

// Open implements engine.Handler. The session gets its id here, and not when its CONNECT is served, which may be seconds later:
// of two connections of one device the one that was opened later is the newer.
func (h *Handler) Open(c *engine.Conn) engine.Session {
	return &session{conn: c, id: chat.NewID[chat.Origin]()}
}

// Serve implements engine.Handler.
func (h *Handler) Serve(n int, batch []engine.Inbound) {
	sh := &h.shards[n]
	for i := range batch {
		in := &batch[i]
		s, ok := in.Conn.Session().(*session)
		if !ok {
			continue
		}
		switch in.Op {
		case engine.OpText:
			if in.Conn.Kind() != engine.WebSocketText {
				in.Conn.Close(codec.CloseBadFrame, "this connection speaks binary packets")
				continue
			}
			sh.text(s, in.Data)
		case engine.OpBinary, engine.OpStream:
			if in.Conn.Kind() == engine.WebSocketText {
				in.Conn.Close(codec.CloseBadFrame, "this connection speaks JSON")
				continue
			}
			sh.binary(s, in.Data)
		case engine.OpClosed:
			if s.entering {
				sh.letIn()
			}
			sh.guard(s, 0, func() { sh.closed(s) })
		}
	}
	sh.letIn()
	sh.flush()
}

// text decodes one text message: a packet, or an array of them.
func (sh *shard) text(s *session, data []byte) {
	if !s.known && !s.entering && len(data) > maxConnect && !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("[")) {
		s.refuse(codec.CloseHandshake, tooLongConnect)
		return
	}
	sh.current = s
	// Errors of single packets went to jsonPacket; a text that is no JSON is one of them.
	_ = sh.decoder.JSON(data, sh.eachFn)
	sh.current = nil
	s.unnamed()
}

// unnamed sends away whose first message had no packet in it.
func (s *session) unnamed() {
	if !s.known && !s.refused {
		s.refuse(codec.CloseHandshake, "CONNECT must come first")
	}
}

func (sh *shard) jsonPacket(hd codec.Header, p codec.Packet, err error) {
	sh.packet(sh.current, hd, p, err)
}

// binary decodes one binary message: one or more packets.
func (sh *shard) binary(s *session, data []byte) {
	sh.decoder.MaxBody = sh.h.cfg.Limits.largestBody()
	if s.known {
		sh.decoder.MaxBody = sh.h.cfg.Limits.of(s.role()).MaxBody + envelope
	}
	for len(data) > 0 {
		raw, _, _ := codec.ParseHeader(data)
		if raw.Flags&codec.FlagCompressed != 0 && s.caps&codec.CapCompress == 0 && !s.refused {
			s.refuse(codec.CloseBadFrame, "compression was not granted")
			return
		}
		hd, p, n, err := sh.decoder.Binary(data)
		if err != nil && s.broke(err) {
			return
		}
		sh.packet(s, hd, p, err)
		if n <= 0 {
			return
		}
		data = data[n:]
	}
	s.unnamed()
}

// broke closes the connection if err says that its peer broke the protocol. It is apart from binary because errors.As makes
// its target escape: that would be an allocation for every message.
func (s *session) broke(err error) bool {
	var broken *codec.CloseError
	if errors.As(err, &broken) {
		s.conn.Close(broken.Code, broken.Reason)
		return true
	}
	return false
}

// guard runs f for a session; a panic in it ends that session only.
func (sh *shard) guard(s *session, rid uint16, f func()) {
	defer func() {
		if p := recover(); p != nil {
			sh.h.panicked(s, rid, p)
		}
	}()
	f()
}

func (h *Handler) panicked(s *session, rid uint16, p any) {
	h.stats.panics.Inc()
	h.cfg.Logger.Error("panic while handling a packet", "panic", p, "stack", string(debug.Stack()))
	h.sendError(s, rid, chat.Errorf(chat.Internal, "internal error"))
	s.conn.Close(codec.CloseInternal, "internal error")
}

// packet handles one decoded packet, or answers one that could not be decoded.
func (sh *shard) packet(s *session, hd codec.Header, p codec.Packet, err error) {
	defer func() {
		if r := recover(); r != nil {
			sh.h.panicked(s, hd.RID, r)
		}
	}()
	if s.entering {
		sh.letIn()
	}
	if s.refused {
		return // what came along with a CONNECT that failed
	}
	if !s.known {
		c, ok := p.(*codec.Connect)
		if err != nil || !ok {
			s.refuse(codec.CloseHandshake, "CONNECT must come first")
			return
		}
		if max(int(hd.Length), len(c.Token)+len(c.Page)+len(c.Locale)) > maxConnect { // in JSON the first is 0
			s.refuse(codec.CloseHandshake, tooLongConnect)
			return
		}
		sh.connect(s, hd, c)
		return
	}
	send, isSend := p.(*codec.Send)
	if err != nil || !isSend {
		if slow := sh.h.throttle(s); slow != nil {
			sh.h.sendError(s, hd.RID, slow)
			return
		}
	}
	if err != nil {
		var pe *codec.PacketError
		if errors.As(err, &pe) {
			sh.h.sendError(s, hd.RID, &chat.Error{Code: chat.Code(pe.Code), Message: pe.Message})
		} else {
			sh.h.sendError(s, hd.RID, chat.Errorf(chat.Malformed, "malformed packet"))
		}
		return
	}
	if lacks := mayDo(&s.actor, p); lacks != nil {
		sh.h.sendError(s, hd.RID, lacks)
		return
	}
	if isSend {
		sh.send(s, hd, send)
		return
	}
	if err := sh.dispatch(s, hd, p); err != nil {
		sh.h.sendError(s, hd.RID, err)
	}
}

// dispatch handles every packet but CONNECT and SEND.
func (sh *shard) dispatch(s *session, hd codec.Header, p codec.Packet) error {
	switch p := p.(type) { // heartbeats are most of what idle connections send: nothing is made for them
	case *codec.Ping:
		sh.h.reply(s, hd.RID, &codec.Pong{Time: p.Time})
		return nil
	case *codec.Pong:
		return nil
	}
	ctx, cancel := context.WithTimeout(sh.ctx, sh.h.cfg.CallTimeout)
	defer cancel()
	switch p := p.(type) {
	case *codec.Read:
		_, err := sh.h.desk.MarkRead(ctx, &s.actor, chat.ConversationID(p.Conv), chat.Seq(p.Seq), s.id)
		return err
	case *codec.Typing:
		if sh.h.cfg.Load.LeavesOut(load.Typing) {
			return nil
		}
		return sh.h.desk.Typing(ctx, &s.actor, chat.ConversationID(p.Conv), uint8(p.State), p.Preview, s.id)
	case *codec.Join:
		sh.flush()
		return sh.join(ctx, s, hd.RID, p)
	case *codec.Leave:
		return sh.leave(ctx, s, chat.ConversationID(p.Conv))
	case *codec.Sync:
		sh.flush()
		return sh.sync(ctx, s, hd.RID, p)
	case *codec.Status:
		return sh.h.desk.Status(ctx, &s.actor, chat.Availability(p.State))
	case *codec.Watch:
		return sh.watch(s, p)
	case *codec.Track:
		return sh.track(s, p)
	case *codec.Connect:
		s.conn.Close(codec.CloseHandshake, "CONNECT was sent twice")
		return nil
	case *codec.Disconnect:
		s.conn.Close(codec.CloseNormal, "") // its own code is its own business
		return nil
	default:
		return chat.Errorf(chat.Malformed, "a client can't send this packet")
	}
}
