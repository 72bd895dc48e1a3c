package project

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Tally is what reports must remember of a conversation to count its next event. It is part of the conversation's row.
type Tally struct {
	Opened   time.Time // when it was created or, after that, reopened; zero while it is closed
	Asked    time.Time // since when its visitor waits for a person's first answer; zero if not
	Queued   time.Time // since when it waits in the queue; zero if not
	Answered bool      // a person has given that answer since it was opened
	Bot      bool      // the bot answers
	Rated    Rated
}

// Rated is the rating that was counted last, and where: another one takes its place.
type Rated struct {
	Score int // 0: none
	At    time.Time
	Agent chat.AgentID
	Team  chat.TeamID
}

const (
	tallyVersion = 1
	tallySize    = 2 + 3*8
	ratedSize    = 1 + 8 + 16 + 16

	flagAnswered = 1
	flagBot      = 2
)

func tallyTime(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMicro())
}

func timeOf(us uint64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(us)).UTC()
}

// Bytes is the tally as a column has it: a version, flags, three times in µs since 1970, and the rating if there is one: score,
// time, agent, team. Integers are big endian.
func (t *Tally) Bytes() []byte {
	b := make([]byte, 2, tallySize+ratedSize)
	b[0] = tallyVersion
	if t.Answered {
		b[1] |= flagAnswered
	}
	if t.Bot {
		b[1] |= flagBot
	}
	for _, at := range []time.Time{t.Opened, t.Asked, t.Queued} {
		b = binary.BigEndian.AppendUint64(b, tallyTime(at))
	}
	if t.Rated.Score == 0 {
		return b
	}
	b = append(b, byte(t.Rated.Score))
	b = binary.BigEndian.AppendUint64(b, tallyTime(t.Rated.At))
	return append(append(b, t.Rated.Agent[:]...), t.Rated.Team[:]...)
}

var errBadTally = errors.New("malformed tally of a conversation")

// ParseTally is the reverse of Bytes. Nothing is no tally: the conversation was not counted yet.
func ParseTally(b []byte) (*Tally, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) != tallySize && len(b) != tallySize+ratedSize || b[0] != tallyVersion {
		return nil, errBadTally
	}
	t := &Tally{
		Answered: b[1]&flagAnswered != 0, Bot: b[1]&flagBot != 0, Opened: timeOf(binary.BigEndian.Uint64(b[2:])),
		Asked: timeOf(binary.BigEndian.Uint64(b[10:])), Queued: timeOf(binary.BigEndian.Uint64(b[18:])),
	}
	if b = b[tallySize:]; len(b) > 0 {
		t.Rated.Score, t.Rated.At = int(b[0]), timeOf(binary.BigEndian.Uint64(b[1:]))
		copy(t.Rated.Agent[:], b[9:])
		copy(t.Rated.Team[:], b[25:])
	}
	return t, nil
}

// changed is what is read of the body of a state event.
type changed struct {
	Event  string      `json:"event"`
	To     string      `json:"to"`
	By     chat.UserID `json:"by"`
	ByRole string      `json:"by_role"`
}

// Count counts one event of a conversation and moves its tally on. Events must come in order, and each once.
func (c *Counts) Count(t *Tally, e *chat.Event) {
	s := &e.State
	if e.Next != nil {
		s = e.Next
		c.state(t, e, s)
	}
	if e.Kind == chat.KindSystem || e.Visibility != chat.Public {
		return
	}
	here := place{e.Tenant, chat.SlotOf(e.Time), s.Team, s.Assignee}
	switch e.Role {
	case chat.RoleVisitor:
		c.add(here, chat.CountVisitorMessages)
		if !t.Opened.IsZero() && t.Asked.IsZero() && !t.Answered && !t.Bot {
			t.Asked = e.Time
		}
	case chat.RoleAgent:
		here.agent = chat.AgentID(e.Sender)
		c.add(here, chat.CountAgentMessages)
		if !t.Asked.IsZero() {
			c.measure(here, chat.MeasureFirstResponse, e.Time.Sub(t.Asked))
			t.Asked, t.Answered = time.Time{}, true
		}
	case chat.RoleBot:
		c.add(here, chat.CountBotMessages)
	case chat.RoleAPI:
		c.add(here, chat.CountAPIMessages)
	}
}

// state counts what a state event does.
func (c *Counts) state(t *Tally, e *chat.Event, s *chat.State) {
	var what changed
	_ = json.Unmarshal(e.Body, &what) // what it says beside the state; ours is well-formed
	here := place{e.Tenant, chat.SlotOf(e.Time), s.Team, s.Assignee}
	if t.Opened.IsZero() && s.Status != chat.Closed {
		t.Opened, t.Asked, t.Answered = e.Time, time.Time{}, false
		if s.Version == 1 {
			c.add(here, chat.CountCreated)
		} else {
			c.add(here, chat.CountReopened)
		}
	}
	t.Bot = s.Status == chat.WithBot
	c.said(t, e, s, &what, here)
	c.queue(t, e, s, here)
	if s.Status == chat.Closed && !t.Opened.IsZero() {
		c.add(here, chat.CountClosed)
		if t.Asked.IsZero() {
			c.measure(here, chat.MeasureResolution, e.Time.Sub(t.Opened))
		} else {
			c.add(here, chat.CountAbandoned)
		}
		t.Opened, t.Asked, t.Answered = time.Time{}, time.Time{}, false
	}
	if e.Set != nil && e.Set.Rating != nil {
		c.rate(t, e.Set.Rating.Score, e.Time, here)
	}
}

// said counts what is told by name.
func (c *Counts) said(t *Tally, e *chat.Event, s *chat.State, what *changed, here place) {
	switch what.Event {
	case chat.EventHandoff:
		nobody := here
		nobody.agent = chat.AgentID{}
		if what.To == chat.ToBot {
			c.add(nobody, chat.CountToBot)
			t.Asked, t.Answered = time.Time{}, false
			return
		}
		c.add(nobody, chat.CountToHuman)
		t.Answered = false
		if t.Asked.IsZero() {
			t.Asked = e.Time
		}
	case chat.EventTransferred:
		from := here
		if from.agent = (chat.AgentID{}); what.ByRole == chat.RoleAgent.String() {
			from.agent = chat.AgentID(what.By)
		}
		c.add(from, chat.CountTransferred)
		if !s.Assignee.IsZero() {
			c.add(here, chat.CountAssigned)
		}
	case chat.EventAssigned:
		if !s.Assignee.IsZero() {
			c.add(here, chat.CountAssigned)
		}
	}
}

// queue counts waits in the queue that end.
func (c *Counts) queue(t *Tally, e *chat.Event, s *chat.State, here place) {
	if s.Status == chat.Queued {
		if t.Queued = s.Queued; t.Queued.IsZero() {
			t.Queued = e.Time
		}
		return
	}
	if !t.Queued.IsZero() {
		switch s.Status {
		case chat.Open:
			c.measure(here, chat.MeasureQueue, e.Time.Sub(t.Queued))
		case chat.Closed:
			c.add(here, chat.CountLeftQueue)
		}
	}
	t.Queued = time.Time{}
}

// rate counts a rating, in the place of the one before.
func (c *Counts) rate(t *Tally, score int, at time.Time, here place) {
	if old := &t.Rated; old.Score != 0 {
		c.change(place{here.tenant, chat.SlotOf(old.At), old.Team, old.Agent}, chat.MeasureRating, old.Score, -1, 0)
	}
	c.change(here, chat.MeasureRating, score, 1, 0)
	t.Rated = Rated{Score: score, At: at, Agent: here.agent, Team: here.team}
}
