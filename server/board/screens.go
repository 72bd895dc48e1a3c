package board

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
)

// Source is where screens' rows come from: all nodes. Safe for concurrent use.
type Source interface {
	BoardSpots(ctx context.Context, t chat.TenantID, q chat.BoardQuery, n int) (chat.BoardSpots, error)
	BoardGuests(ctx context.Context, t chat.TenantID, spots []chat.BoardSpot) (map[chat.VisitorID]chat.Guest, error)
}

const (
	lookEvery = 250 * time.Millisecond // how often it is looked which screens are due
	tellEvery = time.Second            // how often one is told
	// firstEvery is how often a connection gets all rows anew: who scrolls fast sees where he ends.
	firstEvery = 250 * time.Millisecond
	// Changes cost a connection so much a second, and so much at once.
	changeRate  = 3 << 10
	changeBurst = 8 << 10

	lookCall    = 5 * time.Second
	looksAtOnce = 4
	guestsMost  = 2000 // asked for at once
)

// View is what a screen shows.
type View struct {
	Tenant        chat.TenantID
	Query         chat.BoardQuery
	Offset, Limit int
}

// Screen is one connection's view of the board.
type Screen struct {
	view View
	send func(data []byte)

	// Of whoever looks at it: never two at once.
	n     int // events sent
	rows  []shown
	total int
	whole bool // complete

	budget           // Screens.mu is over it
	due    time.Time // likewise: when it is looked at next
}

// budget is what a connection has got: one screen leaves it to the next.
type budget struct {
	first time.Time // when all rows were sent the last time
	owes  float64   // bytes
	asOf  time.Time // of owes
}

// pay notes that something was sent.
func (b *budget) pay(n int, now time.Time) {
	b.owes, b.asOf = max(b.owes-now.Sub(b.asOf).Seconds()*changeRate, -changeBurst)+float64(n), now
}

// wait is how long until nothing is owed.
func (b *budget) wait(now time.Time) time.Duration {
	return time.Duration(b.owes/changeRate*float64(time.Second)) - now.Sub(b.asOf)
}

// Screens tells screens what changes. Safe for concurrent use.
type Screens struct {
	// Paused reports whether screens are not to be told for now. Set before Run; nil: never.
	Paused func() bool

	source Source
	logger *slog.Logger

	mu  sync.Mutex
	all map[*Screen]struct{}
	new chan struct{}
}

// NewScreens returns Screens; see Run.
func NewScreens(s Source, l *slog.Logger) *Screens {
	return &Screens{source: s, logger: l, all: make(map[*Screen]struct{}), new: make(chan struct{}, 1)}
}

// Show begins to tell a screen of its rows: all of them first. before is the connection's screen until now, which ends; nil for none.
// send gets the data of each board.changed and must not wait.
func (w *Screens) Show(before *Screen, v View, send func(data []byte)) *Screen {
	s := &Screen{view: v, send: send}
	w.mu.Lock()
	if before != nil {
		delete(w.all, before)
		s.budget = before.budget
		s.due = s.first.Add(firstEvery)
	}
	w.all[s] = struct{}{}
	w.mu.Unlock()
	select {
	case w.new <- struct{}{}:
	default:
	}
	return s
}

// End ends a screen.
func (w *Screens) End(s *Screen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, s)
}

// Len returns how many screens there are.
func (w *Screens) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.all)
}

// Run tells screens until ctx ends.
func (w *Screens) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-w.new:
		}
		if w.Paused != nil && w.Paused() {
			continue
		}
		err := w.look(ctx, time.Now())
		if err != nil && !failing && ctx.Err() == nil { // once, however long it lasts
			w.logger.Warn("the live board is not told", "err", err)
		}
		failing = err != nil
	}
}

// crowd is the screens that are due and ask the same, whatever part of it they show.
type crowd struct {
	tenant  chat.TenantID
	query   chat.BoardQuery
	screens []*Screen
}

// look tells the screens that are due. Those who ask the same cost one question.
func (w *Screens) look(ctx context.Context, now time.Time) error {
	type same struct {
		tenant chat.TenantID
		query  string
	}
	crowds := make(map[same]*crowd)
	w.mu.Lock()
	for s := range w.all {
		if s.due.After(now) {
			continue
		}
		text, err := json.Marshal(&s.view.Query)
		if err != nil { // strings, numbers and times always marshal
			panic(err)
		}
		k := same{s.view.Tenant, string(text)}
		if crowds[k] == nil {
			crowds[k] = &crowd{tenant: s.view.Tenant, query: s.view.Query}
		}
		crowds[k].screens = append(crowds[k].screens, s)
	}
	w.mu.Unlock()
	if len(crowds) == 0 {
		return nil
	}
	var g errgroup.Group
	g.SetLimit(looksAtOnce)
	for _, c := range crowds {
		g.Go(func() error {
			err := w.tell(ctx, c, now)
			if err != nil {
				for _, s := range c.screens {
					w.sent(s, nil, now)
				}
			}
			return err
		})
	}
	return g.Wait()
}

// sent notes what a screen is told, which may be nothing, and when it is looked at next. It reports whether it is still there to be told.
func (w *Screens) sent(s *Screen, data []byte, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case data == nil:
	case s.n == 1:
		s.first = now
	default:
		s.pay(len(data), now)
	}
	s.due = now.Add(max(tellEvery, s.wait(now)))
	_, there := w.all[s]
	return there
}

// tell tells the screens of a crowd.
func (w *Screens) tell(ctx context.Context, c *crowd, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, lookCall)
	defer cancel()
	most := 0
	for _, s := range c.screens {
		most = max(most, s.view.Offset+s.view.Limit)
	}
	b, err := w.source.BoardSpots(ctx, c.tenant, c.query, most)
	if err != nil {
		return err
	}
	guests := make(map[chat.VisitorID]chat.Guest)
	var ask []chat.BoardSpot
	for _, s := range c.screens {
		for _, spot := range s.visible(b.Spots) {
			if _, asked := guests[spot.ID]; !asked && s.has(&spot) == nil {
				guests[spot.ID] = chat.Guest{}
				ask = append(ask, spot)
			}
		}
	}
	clear(guests)
	for len(ask) > 0 {
		n := min(len(ask), guestsMost)
		some, err := w.source.BoardGuests(ctx, c.tenant, ask[:n])
		if err != nil {
			return err
		}
		for id, g := range some {
			guests[id] = g
		}
		ask = ask[n:]
	}
	for _, s := range c.screens {
		if data := s.next(&b, guests); w.sent(s, data, now) && data != nil {
			s.send(data)
		}
	}
	return nil
}

// visible is the part of a board that the screen shows.
func (s *Screen) visible(spots []chat.BoardSpot) []chat.BoardSpot {
	from := min(s.view.Offset, len(spots))
	return spots[from:min(from+s.view.Limit, len(spots))]
}

// has returns the row at a spot, if the screen has it as it is.
func (s *Screen) has(spot *chat.BoardSpot) *shown {
	for i := range s.rows {
		if r := &s.rows[i]; r.spot.ID == spot.ID {
			if r.spot.Rev == spot.Rev && r.spot.Node == spot.Node {
				return r
			}
			return nil
		}
	}
	return nil
}

// next is the next event's data; nil if nothing has changed.
func (s *Screen) next(b *chat.BoardSpots, guests map[chat.VisitorID]chat.Guest) []byte {
	var rows []shown
	for _, spot := range s.visible(b.Spots) {
		if r := s.has(&spot); r != nil {
			rows = append(rows, shown{r.guest, spot})
		} else if g, ok := guests[spot.ID]; ok {
			rows = append(rows, shown{g, spot})
		}
	}
	d := delta{N: s.n + 1, Offset: s.view.Offset, Total: b.Total, Complete: b.Complete}
	d.compare(s.rows, rows)
	s.rows = rows
	if s.n > 0 && len(d.Rows)+len(d.Gone) == 0 && s.total == b.Total && s.whole == b.Complete {
		return nil
	}
	data, err := json.Marshal(&d)
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	s.total, s.whole = b.Total, b.Complete
	s.n++
	return data
}
