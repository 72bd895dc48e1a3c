package chat

import (
	"slices"
	"time"
)

// SLA is what a tenant promises its visitors: how soon somebody answers, and how soon it is settled.
type SLA struct {
	Name          string `json:"name" minLength:"1" maxLength:"100"`
	TeamID        string `json:"team_id,omitempty" maxLength:"36" doc:"Whose conversations it is for; those of teams without one of their own if missing."`
	FirstResponse int    `json:"first_response_seconds,omitempty" minimum:"0" maximum:"31536000" doc:"Until an agent's first answer. 0: not promised."`
	Resolution    int    `json:"resolution_seconds,omitempty" minimum:"0" maximum:"31536000" doc:"Until it is closed, from its beginning or when it was reopened. 0: not promised."`
	AnyTime       bool   `json:"any_time,omitempty" doc:"Time counts outside of business hours, too."`
}

const maxTarget = 365 * 24 * 3600 // seconds

// Check implements RecordBody.
func (s *SLA) Check() error {
	if s.TeamID != "" {
		if _, err := ParseID[Team](s.TeamID); err != nil {
			return Errorf(Malformed, "team_id: must be a team's id")
		}
	}
	for name, n := range map[string]int{"first_response_seconds": s.FirstResponse, "resolution_seconds": s.Resolution} {
		if n < 0 || n > maxTarget {
			return Errorf(Malformed, "%s: must be 0 to %d", name, maxTarget)
		}
	}
	if s.FirstResponse == 0 && s.Resolution == 0 {
		return Errorf(Malformed, "first_response_seconds or resolution_seconds is needed")
	}
	return checkTexts(line{"name", &s.Name, 1, 100})
}

// UniqueName implements RecordBody: a team has one.
func (s *SLA) UniqueName() string { return "team:" + s.TeamID }

// SLATarget is one of the things that an SLA promises.
type SLATarget string

// The targets.
const (
	FirstResponse SLATarget = "first_response"
	Resolution    SLATarget = "resolution"
)

// within is how long a target may take; 0 if it is not promised.
func (s *SLA) within(t SLATarget) time.Duration {
	if t == FirstResponse {
		return time.Duration(s.FirstResponse) * time.Second
	}
	return time.Duration(s.Resolution) * time.Second
}

// slaStand is how a conversation stands with a target: since when the time runs, and whether it ended.
type slaStand struct{ since, ended time.Time }

// standOf reads that from a conversation's entries, oldest first. A bot's time is not counted: the time of a first answer begins
// anew when a person is asked for, and that of a resolution when the conversation is reopened.
func standOf(t SLATarget, entries []Message) (s slaStand) {
	for i := range entries {
		m := &entries[i]
		if s.since.IsZero() {
			s.since = m.Time
		}
		if m.Kind != KindSystem {
			if t == FirstResponse && m.Role == RoleAgent && m.Visibility == Public {
				s.ended = m.Time
				return s
			}
			continue
		}
		switch name := changeName(m.Body); {
		case t == FirstResponse && name == EventHandoff:
			s.since = m.Time
		case t == Resolution && name == EventReopened:
			s.since, s.ended = m.Time, time.Time{}
		case t == Resolution && name == EventClosed:
			s.ended = m.Time
		}
	}
	return s
}

// span is a part of time.
type span struct{ from, to time.Time }

// day is a schedule's open times of a date, which may reach into the next.
func (s *schedule) day(y int, m time.Month, d int) []span {
	at := time.Date(y, m, d, 12, 0, 0, 0, s.zone)
	spans, special := s.holidays[at.Format(time.DateOnly)]
	if !special {
		spans = s.week[at.Weekday()]
	}
	out := make([]span, len(spans))
	for i, p := range spans {
		out[i] = span{time.Date(y, m, d, 0, p.from, 0, 0, s.zone), time.Date(y, m, d, 0, p.to, 0, 0, s.zone)}
	}
	return out
}

// Due returns when a time that begins at since and runs only while anything of the tenant's is open has run for d. The zero time
// if it does not within a year. Without business hours it always runs.
func (s *Settings) Due(since time.Time, d time.Duration) time.Time {
	if len(s.schedules) == 0 {
		return since.Add(d)
	}
	at := since
	for ahead := -1; ahead <= lookAhead; ahead++ {
		var open []span
		for _, h := range s.schedules {
			y, m, day := since.In(h.zone).Date()
			open = append(open, h.day(y, m, day+ahead)...)
			open = append(open, h.day(y, m, day+ahead+1)...) // of another zone, it may begin earlier
		}
		slices.SortFunc(open, func(a, b span) int { return a.from.Compare(b.from) })
		for _, o := range open {
			if o.from.After(at) {
				at = o.from
			}
			if !o.to.After(at) {
				continue
			}
			left := o.to.Sub(at)
			if left >= d {
				return at.Add(d).UTC()
			}
			at, d = o.to, d-left
		}
	}
	return time.Time{}
}

// slaOf returns what is promised for a team's conversations; nil if nothing is.
func (s *Settings) slaOf(team TeamID) *SLA {
	var general *SLA
	for i := range s.slas {
		switch s.slas[i].TeamID {
		case "":
			general = &s.slas[i]
		case team.String():
			if !team.IsZero() {
				return &s.slas[i]
			}
		}
	}
	return general
}
