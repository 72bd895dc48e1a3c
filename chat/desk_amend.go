package chat

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"
)

// amend is change for what is no part of the state: plan sees the row as it is at the version that it is asked for, and
// says what is to be written into it. An event name of "" changes nothing.
func (d *Desk) amend(ctx context.Context, a *Actor, id ConversationID, plan func(*Conversation) (State, Change, *Fields, error)) error {
	key := Key{a.Tenant, id}
	if !mayWrite(a) {
		return errNotAllowed
	}
	for range maxRaces {
		c, err := d.rowNow(ctx, a, key)
		if err != nil {
			return err
		}
		next, change, fields, err := plan(&c)
		if err != nil || change.Event == "" {
			// As in changeAt: nothing is refused, or taken as done, because memory was behind.
			if now, herr := d.HeadNow(ctx, a, id); herr != nil || now.Version <= c.Version {
				return cmp.Or(herr, err)
			}
			continue
		}
		e := d.stateEvent(a, key, c.State, next, change)
		e.Set = fields
		receipts, err := d.log.Append(ctx, e)
		if err != nil {
			return err
		}
		if err = receipts[0].Err; err == nil {
			d.changed(&e, &receipts[0])
			return nil
		}
		if stale, err := d.wasStale(ctx, key, c.Version, err); !stale {
			return err
		}
	}
	return Errorf(Conflict, "the conversation changes too fast; try again")
}

// rowNow returns the row of a conversation that the actor may read, with everything in it that is known of the log: Busy if the
// database doesn't get there.
func (d *Desk) rowNow(ctx context.Context, a *Actor, key Key) (Conversation, error) {
	h, err := d.readable(ctx, a, key.Conversation)
	if err != nil {
		return Conversation{}, err
	}
	if err := d.settle(ctx, key, h.Last); err != nil {
		return Conversation{}, err
	}
	c, err := d.store.Conversation(ctx, key)
	switch {
	case err != nil:
		return Conversation{}, err
	case c.Version < h.Version: // the log lost what the row never had: what is in memory is about to be mended
		return Conversation{}, Errorf(Busy, "the database is behind; try again")
	case c.Version > h.Version:
		d.heads.advance(key, c.Head)
		if !mayRead(a, &c.State) {
			return Conversation{}, errNoConversation
		}
	}
	return c, nil
}

// MaxRatingComment is how long the comment of a rating may be, in bytes.
const MaxRatingComment = 4000

// Rate notes what a visitor thinks of its own conversation. It may think again: the last rating counts.
func (d *Desk) Rate(ctx context.Context, a *Actor, id ConversationID, r Rating) error {
	switch {
	case a.Role != RoleVisitor:
		return &Error{Code: Forbidden, Name: "visitor_only", Message: "only the visitor rates a conversation"}
	case r.Score < 1 || r.Score > 5:
		return Errorf(Malformed, "rating: must be 1 to 5")
	case len(r.Comment) > MaxRatingComment || !isPlain(r.Comment):
		return Errorf(Malformed, "comment: must be UTF-8 without U+0000 of at most %d bytes", MaxRatingComment)
	}
	return d.amend(ctx, a, id, func(c *Conversation) (State, Change, *Fields, error) {
		if c.Rating == r {
			return c.State, Change{}, nil, nil
		}
		return c.State, Change{Event: EventRated, Rating: r.Score, Comment: r.Comment}, &Fields{Rating: &r}, nil
	})
}

// MaxLabels is how many labels a conversation may have.
const MaxLabels = 50

// LabelChange is what becomes of a conversation's labels. Each is named by its id or its name.
type LabelChange struct {
	Set    *[]string // all there are to be; nil keeps those that are there
	Add    []string
	Remove []string
}

var errNoLabel = &Error{Code: NotFound, Name: "unknown_label", Message: "there is no such label"}

// Label changes the labels of a conversation. NotFound "unknown_label" for one that the tenant doesn't have.
func (d *Desk) Label(ctx context.Context, a *Actor, id ConversationID, l LabelChange) error {
	labels, err := d.labels(ctx, a.Tenant)
	if err != nil {
		return err
	}
	var set []RecordID
	if l.Set != nil {
		if set, err = labels.ids(*l.Set); err != nil {
			return err
		}
	}
	add, err := labels.ids(l.Add)
	if err != nil {
		return err
	}
	remove, err := labels.ids(l.Remove)
	if err != nil {
		return err
	}
	return d.amend(ctx, a, id, func(c *Conversation) (State, Change, *Fields, error) {
		base := set
		if l.Set == nil {
			base = labels.known(c.Labels)
		}
		next := []RecordID{}
		for _, id := range slices.Concat(base, add) {
			if !slices.Contains(next, id) && !slices.Contains(remove, id) {
				next = append(next, id)
			}
		}
		if len(next) > MaxLabels {
			return c.State, Change{}, nil, Errorf(Conflict, "a conversation may have at most %d labels", MaxLabels)
		}
		if slices.Equal(next, c.Labels) {
			return c.State, Change{}, nil, nil
		}
		return c.State, Change{Event: EventLabels, Labels: labels.namesOf(next)}, &Fields{Labels: next}, nil
	})
}

// labelBook is a tenant's labels.
type labelBook struct {
	names  map[RecordID]string
	byName map[string]RecordID // by Record.Name
}

// labels reads the tenant's labels from the database: a label that was just made counts.
func (d *Desk) labels(ctx context.Context, t TenantID) (labelBook, error) {
	records, err := d.store.RecordsOf(ctx, t, RecordLabel)
	return labelsOf(records), err
}

func labelsOf(records []Record) labelBook {
	b := labelBook{names: make(map[RecordID]string), byName: make(map[string]RecordID)}
	for i := range records {
		var l Label
		if r := &records[i]; r.Kind == RecordLabel && json.Unmarshal(r.Body, &l) == nil {
			b.names[r.ID], b.byName[r.Name] = l.Name, r.ID
		}
	}
	return b
}

// ids finds labels by id or name.
func (b *labelBook) ids(refs []string) ([]RecordID, error) {
	out := make([]RecordID, 0, len(refs))
	for _, ref := range refs {
		id, ok := b.byName[foldName(ref)]
		if !ok {
			parsed, err := ParseID[Record](ref)
			if _, known := b.names[parsed]; err != nil || !known {
				return nil, errNoLabel
			}
			id = parsed
		}
		out = append(out, id)
	}
	return out, nil
}

// known leaves out labels that were deleted.
func (b *labelBook) known(ids []RecordID) []RecordID {
	out := make([]RecordID, 0, len(ids))
	for _, id := range ids {
		if _, ok := b.names[id]; ok {
			out = append(out, id)
		}
	}
	return out
}

func (b *labelBook) namesOf(ids []RecordID) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if name, ok := b.names[id]; ok {
			out = append(out, name)
		}
	}
	return out
}

// Bounds of what Update takes.
const (
	MaxPriority = 100
	MaxContext  = 16 << 10 // bytes of the whole object
)

// Update is what is to be changed of a conversation's row; nil fields stay.
type Update struct {
	Version  uint64          // that the caller has seen, which must still hold; 0 asks for nothing
	Priority *int            // -MaxPriority to MaxPriority; higher is routed first
	Context  json.RawMessage // a merge patch (RFC 7396) of the context
}

// Update changes a conversation's priority and context. Conflict "stale" if the version is not the caller's any more.
func (d *Desk) Update(ctx context.Context, a *Actor, id ConversationID, u Update) error {
	if p := u.Priority; p != nil && (*p < -MaxPriority || *p > MaxPriority) {
		return Errorf(Malformed, "priority: must be %d to %d", -MaxPriority, MaxPriority)
	}
	return d.amend(ctx, a, id, func(c *Conversation) (State, Change, *Fields, error) {
		if u.Version != 0 && u.Version != c.Version {
			return c.State, Change{}, nil, &Error{Code: Conflict, Name: "stale", Message: "the conversation has changed in the meantime; read it again"}
		}
		change, fields := Change{}, &Fields{}
		if u.Priority != nil && *u.Priority != c.Priority {
			change.Event, change.Priority, fields.Priority = EventUpdated, u.Priority, u.Priority
		}
		if u.Context != nil {
			merged, changed, err := mergePatch(c.Context, u.Context)
			if err != nil {
				return c.State, Change{}, nil, err
			}
			if len(merged) > MaxContext {
				return c.State, Change{}, nil, Errorf(TooLarge, "context: would have %d bytes; the limit is %d", len(merged), MaxContext)
			}
			if changed {
				change.Event, change.Context, fields.Context = EventUpdated, true, merged
			}
		}
		return c.State, change, fields, nil
	})
}

// MaxSnooze is how long a conversation may sleep.
const MaxSnooze = 366 * 24 * time.Hour

// Snooze lets a conversation sleep until a time, or, with the zero time, until its visitor writes, which wakes it in any case.
func (d *Desk) Snooze(ctx context.Context, a *Actor, id ConversationID, until time.Time) error {
	if !until.IsZero() {
		until = until.UTC().Truncate(time.Millisecond)
		if now := d.now(); !until.After(now) || until.Sub(now) > MaxSnooze {
			return Errorf(Malformed, "until: must be in the future, and within a year")
		}
	}
	return d.change(ctx, a, id, func(s State) (State, Change, error) {
		switch {
		case s.Status == Closed:
			return s, Change{}, Errorf(Conflict, "the conversation is closed; reopen it first")
		case s.Status == Snoozed && s.Wakes.Equal(until):
			return s, Change{}, nil
		}
		s.Status, s.Wakes = Snoozed, until
		c := Change{Event: EventSnoozed}
		if !until.IsZero() {
			c.Until = &until
		}
		return s, c, nil
	})
}

// woken is what a snoozed conversation becomes: its assignee's again, or the queue's.
func woken(s State) State {
	s.Status = Open
	if s.Assignee.IsZero() {
		s.Status = Queued
	}
	return s
}

// Who a conversation can be handed to.
const (
	ToHuman = "human"
	ToBot   = "bot"
)

// Handoff gives a conversation to people, or to the bot. Who asks for a person and has one changes nothing; who waits for one
// is noted once more, because asking is what others want to hear of. What the visitor has asked and nobody has answered is asked of the bot.
func (d *Desk) Handoff(ctx context.Context, a *Actor, id ConversationID, to string) error {
	var waiting MessageID
	if to == ToBot {
		said, _, err := d.Messages(ctx, a, id, Page{Newest: true, Limit: 50})
		if err != nil {
			return err
		}
		waiting = unanswered(said)
	}
	return d.change(ctx, a, id, func(s State) (State, Change, error) {
		c := Change{Event: EventHandoff, To: to}
		switch {
		case s.Status == Closed:
			return s, Change{}, Errorf(Conflict, "the conversation is closed; reopen it first")
		case to == ToHuman && s.Status == Open, to == ToBot && s.Status == WithBot:
			return s, Change{}, nil
		case to == ToHuman && s.Status == Snoozed:
			s = woken(s)
		case to == ToHuman:
			s.Status, s.Assignee = Queued, AgentID{}
		case to == ToBot:
			s.Status, s.Assignee = WithBot, AgentID{}
			c.Question = waiting
		default:
			return s, Change{}, Errorf(Malformed, "to: must be human or bot")
		}
		return s, c, nil
	})
}

// unanswered is the newest text of the visitor's that nobody has said anything after; zero if there is none.
func unanswered(entries []Message) MessageID {
	for _, m := range slices.Backward(Context(entries)) {
		switch {
		case m.Role != RoleVisitor:
			return MessageID{}
		case m.Kind == KindText:
			return m.ID
		}
	}
	return MessageID{}
}
