package chat

import (
	"encoding/json"
	"testing"
	"time"
)

// Time runs while anything is open, across nights, holidays and clock changes.
func TestDue(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	shop := SettingsOf([]Record{recordOf(t, RecordHours, &BusinessHours{
		Name: "shop", TimeZone: "Europe/Berlin", Weekly: []WeeklySpan{
			{"mon", "09:00", "17:00"}, {"tue", "09:00", "12:00"}, {"tue", "13:00", "17:00"}, {"fri", "09:00", "24:00"}, {"sat", "00:00", "02:00"}, {"sun", "00:00", "24:00"},
		},
		Holidays: []Holiday{{Date: "2026-03-09"}},
	})})
	both := SettingsOf([]Record{
		recordOf(t, RecordHours, &BusinessHours{Name: "east", TimeZone: "Asia/Shanghai", Weekly: []WeeklySpan{{"mon", "09:00", "17:00"}}}),
		recordOf(t, RecordHours, &BusinessHours{Name: "west", TimeZone: "America/New_York", Weekly: []WeeklySpan{{"mon", "09:00", "17:00"}}}),
	})
	shut := SettingsOf([]Record{recordOf(t, RecordHours, &BusinessHours{Name: "shut", TimeZone: "UTC"})})
	for name, tt := range map[string]struct {
		s     *Settings
		since string
		d     time.Duration
		want  string
	}{
		"always open":       {SettingsOf(nil), "2026-03-02T03:00:00Z", time.Hour, "2026-03-02T04:00:00Z"},
		"within a day":      {shop, "2026-03-02T10:00:00Z", time.Hour, "2026-03-02T11:00:00Z"},
		"from before it":    {shop, "2026-03-02T03:00:00Z", time.Hour, "2026-03-02T09:00:00Z"},
		"over a night":      {shop, "2026-03-02T15:30:00Z", time.Hour, "2026-03-03T08:30:00Z"},
		"over lunch":        {shop, "2026-03-03T10:30:00Z", time.Hour, "2026-03-03T12:30:00Z"},
		"past midnight":     {shop, "2026-03-06T22:00:00Z", 2 * time.Hour, "2026-03-07T00:00:00Z"},
		"over a holiday":    {shop, "2026-03-08T22:00:00Z", 2 * time.Hour, "2026-03-10T09:00:00Z"},
		"clocks go forward": {shop, "2026-03-28T23:00:00Z", 23 * time.Hour, "2026-03-29T22:00:00Z"},
		"two zones":         {both, "2026-03-02T01:00:00Z", 9 * time.Hour, "2026-03-02T15:00:00Z"},
		"to the very end":   {shop, "2026-03-02T08:00:00Z", 8 * time.Hour, "2026-03-02T16:00:00Z"},
		"never open":        {shut, "2026-03-02T08:00:00Z", time.Second, ""},
	} {
		got := tt.s.Due(at(tt.since), tt.d)
		if tt.want == "" && !got.IsZero() || tt.want != "" && !got.Equal(at(tt.want)) {
			t.Errorf("%s: %v, not %s", name, got, tt.want)
		}
	}
}

func TestStand(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
	system := func(minute int, event string) Message {
		body, err := json.Marshal(Change{Event: event})
		if err != nil {
			t.Fatal(err)
		}
		return Message{Kind: KindSystem, Time: at(minute), Body: body}
	}
	said := func(minute int, r Role, v Visibility) Message {
		return Message{Role: r, Visibility: v, Time: at(minute)}
	}
	for name, tt := range map[string]struct {
		entries       []Message
		first, settle slaStand
	}{
		"nothing":            {},
		"waits":              {[]Message{system(0, EventCreated), said(0, RoleVisitor, Public), said(1, RoleBot, Public), said(2, RoleAgent, InternalOnly)}, slaStand{since: at(0)}, slaStand{since: at(0)}},
		"answered":           {[]Message{system(0, EventCreated), said(5, RoleAgent, Public), said(9, RoleAgent, Public)}, slaStand{at(0), at(5)}, slaStand{since: at(0)}},
		"asked for a person": {[]Message{system(0, EventCreated), said(1, RoleBot, Public), system(7, EventHandoff)}, slaStand{since: at(7)}, slaStand{since: at(0)}},
		"closed":             {[]Message{system(0, EventCreated), system(3, EventClosed)}, slaStand{since: at(0)}, slaStand{at(0), at(3)}},
		"reopened":           {[]Message{system(0, EventCreated), system(3, EventClosed), system(60, EventReopened)}, slaStand{since: at(0)}, slaStand{since: at(60)}},
	} {
		if got := standOf(FirstResponse, tt.entries); got != tt.first {
			t.Errorf("%s: first response %v, not %v", name, got, tt.first)
		}
		if got := standOf(Resolution, tt.entries); got != tt.settle {
			t.Errorf("%s: resolution %v, not %v", name, got, tt.settle)
		}
	}
}

// An estimate is what was measured: none without enough, and a worse one the longer nothing happens.
func TestPace(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p := newPace(func() time.Time { return now })
	k := queueLine{NewID[Tenant](), TeamID{}}
	body, err := json.Marshal(Change{Event: EventAssigned})
	if err != nil {
		t.Fatal(err)
	}
	take := func(team TeamID, event string) {
		b := body
		if event != "" {
			b, _ = json.Marshal(Change{Event: event})
		}
		p.observe(&Event{Message: Message{Tenant: k.tenant, Time: now, Kind: KindSystem, Body: b}, Next: &State{Status: Open, Team: team}}, time.Time{})
	}
	unknown := func(what string) {
		t.Helper()
		if d, known := p.wait(k, 1); known {
			t.Errorf("%s: %v", what, d)
		}
	}
	unknown("nothing was measured")
	for range 5 {
		now = now.Add(time.Minute)
		take(NewID[Team](), "")
		take(k.team, EventUpdated)
	}
	unknown("other queues say nothing of this one")
	for i := range 5 {
		now = now.Add(time.Minute)
		take(k.team, "")
		if i == 1 {
			unknown("two are too few")
		}
	}
	want := func(place int, w time.Duration) {
		t.Helper()
		if d, known := p.wait(k, place); !known || d != w {
			t.Errorf("place %d at %v: %v %v, not %v", place, now, d, known, w)
		}
	}
	want(1, 2*time.Minute) // five in the ten minutes since it began
	want(3, 6*time.Minute)
	now = now.Add(6*time.Minute + time.Second)
	want(1, 10*time.Minute/4)
	now = now.Add(2 * time.Minute)
	unknown("nobody has been taken for long")
}

func TestSilences(t *testing.T) {
	s := newSilences()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	key := Key{NewID[Tenant](), NewID[Conversation]()}
	a, b, c := NewID[Agent](), NewID[Agent](), NewID[Agent]()
	give := func(to AgentID, why, by string) *Event {
		body, err := json.Marshal(Change{Event: EventAssigned, Why: why, ByRole: by})
		if err != nil {
			t.Fatal(err)
		}
		return &Event{Message: Message{Tenant: key.Tenant, Conversation: key.Conversation, Kind: KindSystem, Body: body}, Next: &State{Status: Open, Assignee: to}}
	}
	say := func(who UserID, r Role, v Visibility) *Event {
		return &Event{Message: Message{Tenant: key.Tenant, Conversation: key.Conversation, Sender: who, Role: r, Visibility: v}}
	}
	quiet := func() (silence, bool) {
		v, ok := s.over(key.Tenant, now.Add(time.Hour))[key]
		return v, ok
	}
	s.observe(give(a, "least loaded", "system"), now)
	if got, ok := quiet(); !ok || got.agent != a || len(got.tried) != 0 {
		t.Fatalf("%v %v", got, ok)
	}
	if len(s.over(key.Tenant, now.Add(-time.Second))) != 0 {
		t.Error("it is too early")
	}
	s.observe(say(NewID[Actor](), RoleVisitor, Public), now)
	s.observe(say(UserID(a), RoleAgent, InternalOnly), now)
	s.observe(say(UserID(b), RoleAgent, Public), now)
	s.observe(give(b, "a was silent", "system"), now.Add(time.Minute))
	if got, ok := quiet(); !ok || got.agent != b || len(got.tried) != 1 || got.tried[0] != a || !got.since.Equal(now.Add(time.Minute)) {
		t.Fatalf("%v %v", got, ok)
	}
	s.observe(say(UserID(b), RoleAgent, Public), now)
	if _, ok := quiet(); ok {
		t.Error("it was answered")
	}
	s.observe(give(c, "", "agent"), now)
	if _, ok := quiet(); ok {
		t.Error("a person gave it")
	}
	s.observe(give(a, "least loaded", "system"), now)
	s.observe(&Event{Message: Message{Tenant: key.Tenant, Conversation: key.Conversation, Kind: KindSystem}, Next: &State{Status: Closed, Assignee: a}}, now)
	if _, ok := quiet(); ok {
		t.Error("it is closed")
	}
	s.observe(give(a, "least loaded", "system"), now)
	s.forget(func(k Key) bool { return k == key })
	if _, ok := quiet(); ok {
		t.Error("it may never have been")
	}
}
