package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/codec"
)

const (
	readBuffer   = 256 << 10 // bytes read at once, shared by all connections of a loop
	eventsAtOnce = 512
)

// epoch is where the clock of this process starts; times on a loop are nanoseconds since then.
var epoch = time.Now()

func nanotime() int64 { return int64(time.Since(epoch)) }

// Loop owns connections: all their callbacks run on the goroutine of its Run, one after the other, so that nothing of a
// connection needs a lock. It waits through Go's own poller (the epoll set is itself polled), so a loop that has nothing
// to do holds no thread.
type Loop struct {
	epoll  *os.File
	raw    syscall.RawConn
	epfd   int
	wakefd int
	tickfd int

	conns   []*conn // by descriptor
	gen     int32
	events  []unix.EpollEvent
	buf     []byte
	dirty   []*conn
	free    [][]byte // buffers of output that has left
	now     int64    // when this round began
	timers  timers
	armed   int64 // when tickfd fires; 0 = not set
	dec     codec.Decoder
	rnd     uint64
	clients []*Client
	lean    bool         // give memory back rather than keep it for the next message
	Stats   Stats        // event loop only
	up      atomic.Int64 // clients that are ready

	sendings   []*Sending // to be used again
	sendPacket codec.Send
	each       func(codec.Header, codec.Packet, error) // what JSON packets go to: those of current
	current    *Client

	mu    sync.Mutex
	queue []func()
	ran   []func()
}

// NewLoop makes a loop; Run must be called for it to do anything, and releases what NewLoop took.
func NewLoop() (*Loop, error) {
	l := &Loop{events: make([]unix.EpollEvent, eventsAtOnce), buf: make([]byte, readBuffer), now: nanotime()}
	l.rnd = uint64(time.Now().UnixNano()) | 1
	l.Stats.init()
	l.each = func(h codec.Header, p codec.Packet, err error) {
		if c := l.current; c.state == connOpen {
			c.received(h, p, err)
		}
	}
	var err error
	if l.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(l.epfd, true); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if l.wakefd, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	if l.tickfd, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	for _, fd := range []int{l.wakefd, l.tickfd} {
		ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
			return nil, fmt.Errorf("epoll: %w", err)
		}
	}
	l.epoll = os.NewFile(uintptr(l.epfd), "epoll")
	if l.raw, err = l.epoll.SyscallConn(); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return l, nil
}

// Run serves the loop's connections until ctx ends, then closes them all.
func (l *Loop) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, l.wake)()
	defer l.close()
	l.sweep()
	for ctx.Err() == nil {
		n, err := l.wait()
		if err != nil {
			return fmt.Errorf("wait for connections: %w", err)
		}
		l.now = nanotime()
		for i := range l.events[:n] {
			l.dispatch(&l.events[i])
		}
		l.runQueue()
		l.runTimers()
		l.flush()
		l.arm()
	}
	return nil
}

// Do runs fn on the loop's goroutine, soon. Safe for concurrent use.
func (l *Loop) Do(fn func()) {
	l.mu.Lock()
	l.queue = append(l.queue, fn)
	first := len(l.queue) == 1
	l.mu.Unlock()
	if first {
		l.wake()
	}
}

// Call runs fn on the loop's goroutine and waits until it has run or ctx ends. Safe for concurrent use, but not on the loop.
func (l *Loop) Call(ctx context.Context, fn func()) error {
	done := make(chan struct{})
	l.Do(func() { fn(); close(done) })
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Loop) wake() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(l.wakefd, one[:]) // full means that it is awake already
}

func (l *Loop) wait() (n int, err error) {
	rerr := l.raw.Read(func(fd uintptr) bool {
		n, err = unix.EpollWait(int(fd), l.events, 0)
		return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
	})
	if err == nil {
		err = rerr
	}
	return max(n, 0), err
}

func (l *Loop) dispatch(ev *unix.EpollEvent) {
	fd := int(ev.Fd)
	if fd == l.wakefd || fd == l.tickfd {
		var b [8]byte
		_, _ = unix.Read(fd, b[:])
		if fd == l.tickfd {
			l.armed = 0
		}
		return
	}
	if fd >= len(l.conns) || l.conns[fd] == nil || l.conns[fd].gen != ev.Pad {
		return // closed earlier in this round
	}
	l.conns[fd].ready(ev.Events)
}

func (l *Loop) runQueue() {
	l.mu.Lock()
	l.queue, l.ran = l.ran[:0], l.queue
	l.mu.Unlock()
	for i, fn := range l.ran {
		fn()
		l.ran[i] = nil
	}
}

// at runs fn on the loop at a time. Event loop only.
func (l *Loop) at(when int64, fn func()) { l.timers.push(timer{when, fn}) }

// after runs fn on the loop after a while. Event loop only.
func (l *Loop) after(d time.Duration, fn func()) { l.at(l.now+int64(d), fn) }

func (l *Loop) runTimers() {
	for len(l.timers) > 0 && l.timers[0].when <= l.now {
		l.timers.pop().fn()
	}
}

// arm sets the kernel's timer to the next of ours.
func (l *Loop) arm() {
	if len(l.timers) == 0 || l.armed == l.timers[0].when {
		return
	}
	l.armed = l.timers[0].when
	wait := max(l.armed-nanotime(), 1)
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(wait)}
	_ = unix.TimerfdSettime(l.tickfd, 0, &spec, nil)
}

// flush writes what the round has produced: one write for each connection, however many packets it got.
func (l *Loop) flush() {
	for i := 0; i < len(l.dirty); i++ {
		l.dirty[i].isDirty = false
		l.dirty[i].flush()
		l.dirty[i] = nil
	}
	l.dirty = l.dirty[:0]
}

func (l *Loop) takeBuffer() []byte {
	if n := len(l.free); n > 0 {
		b := l.free[n-1]
		l.free = l.free[:n-1]
		return b
	}
	return make([]byte, 0, 512)
}

func (l *Loop) giveBuffer(b []byte) {
	if cap(b) > 0 && cap(b) <= 64<<10 && len(l.free) < 1024 {
		l.free = append(l.free, b[:0])
	}
}

// random is xorshift64*: masks and jitter need no more.
func (l *Loop) random() uint64 {
	l.rnd ^= l.rnd >> 12
	l.rnd ^= l.rnd << 25
	l.rnd ^= l.rnd >> 27
	return l.rnd * 0x2545F4914F6CDD1D
}

// sweepEvery is how often connections are looked at that might have gone silent.
const sweepEvery = 5 * time.Second

func (l *Loop) sweep() {
	for _, c := range l.clients {
		c.checkSilence()
	}
	l.after(sweepEvery, l.sweep)
}

func (l *Loop) close() {
	for _, c := range l.conns {
		if c != nil {
			c.abandon()
		}
	}
	_ = l.epoll.Close()
	_ = unix.Close(l.wakefd)
	_ = unix.Close(l.tickfd)
}

// timer is something to do at a time.
type timer struct {
	when int64
	fn   func()
}

// timers is a binary heap, the earliest on top.
type timers []timer

func (h *timers) push(t timer) {
	s := append(*h, t)
	i := len(s) - 1
	for i > 0 {
		up := (i - 1) / 2
		if s[up].when <= s[i].when {
			break
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
	*h = s
}

func (h *timers) pop() timer {
	s := *h
	top := s[0]
	n := len(s) - 1
	s[0] = s[n]
	s[n] = timer{}
	s = s[:n]
	for i := 0; ; {
		least := i
		for _, k := range [2]int{2*i + 1, 2*i + 2} {
			if k < n && s[k].when < s[least].when {
				least = k
			}
		}
		if least == i {
			break
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
	*h = s
	return top
}
