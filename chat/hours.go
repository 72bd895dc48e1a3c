package chat

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones are known on machines that have no list of them, too
)

// BusinessHours is when somebody is there. Where several hold for a site, it is open while any of them is.
type BusinessHours struct {
	Name     string       `json:"name" minLength:"1" maxLength:"100"`
	TimeZone string       `json:"time_zone" minLength:"1" maxLength:"64" doc:"IANA name, such as Asia/Shanghai."`
	SiteKey  string       `json:"site_key,omitempty" maxLength:"100" doc:"Where they hold; everywhere if missing."`
	Weekly   []WeeklySpan `json:"weekly" maxItems:"100" nullable:"false"`
	Holidays []Holiday    `json:"holidays,omitempty" maxItems:"400"`
}

// WeeklySpan is a time of every week. One that goes past midnight is two.
type WeeklySpan struct {
	Day  string `json:"day" enum:"mon,tue,wed,thu,fri,sat,sun"`
	From string `json:"from" pattern:"^[0-2][0-9]:[0-5][0-9]$" doc:"As 09:00, local time."`
	To   string `json:"to" pattern:"^[0-2][0-9]:[0-5][0-9]$" doc:"As 18:00, or 24:00 for the day's end; later than from."`
}

// Holiday is a date on which the weekly times don't hold.
type Holiday struct {
	Date string `json:"date" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" doc:"As 2027-01-01."`
	Name string `json:"name,omitempty" maxLength:"100"`
	Open []Span `json:"open,omitempty" maxItems:"10" doc:"What holds instead; closed all day if there is none."`
}

// Span is a part of one day.
type Span struct {
	From string `json:"from" pattern:"^[0-2][0-9]:[0-5][0-9]$"`
	To   string `json:"to" pattern:"^[0-2][0-9]:[0-5][0-9]$"`
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Check implements RecordBody.
func (h *BusinessHours) Check() error {
	if h.Weekly == nil {
		h.Weekly = []WeeklySpan{}
	}
	if len(h.Weekly) > 100 || len(h.Holidays) > 400 {
		return Errorf(Malformed, "weekly: at most 100, holidays: at most 400")
	}
	if _, err := h.compile(); err != nil {
		return err
	}
	texts := []line{{"name", &h.Name, 1, 100}, {"site_key", &h.SiteKey, 0, 100}}
	for i := range h.Holidays {
		texts = append(texts, line{"holidays.name", &h.Holidays[i].Name, 0, 100})
	}
	return checkTexts(texts...)
}

// UniqueName implements RecordBody.
func (h *BusinessHours) UniqueName() string { return foldName(h.Name) }

// minutes is a part of a day, in minutes after midnight by the clock on the wall.
type minutes struct{ from, to int }

// schedule is BusinessHours to compute with.
type schedule struct {
	site     string
	zone     *time.Location
	week     [7][]minutes // by time.Weekday
	holidays map[string][]minutes
}

func (h *BusinessHours) compile() (*schedule, error) {
	if h.TimeZone == "" || h.TimeZone == "Local" {
		return nil, Errorf(Malformed, "time_zone: must be the name of a time zone, such as Asia/Shanghai")
	}
	zone, err := time.LoadLocation(h.TimeZone)
	if err != nil {
		return nil, Errorf(Malformed, "time_zone: %.64q is none", h.TimeZone)
	}
	s := &schedule{site: h.SiteKey, zone: zone, holidays: make(map[string][]minutes, len(h.Holidays))}
	for i := range h.Weekly {
		w := &h.Weekly[i]
		day := slices.Index(weekdays, w.Day)
		if day < 0 {
			return nil, Errorf(Malformed, "weekly.day: must be one of mon, tue, wed, thu, fri, sat, sun")
		}
		m, err := parseSpan("weekly", w.From, w.To)
		if err != nil {
			return nil, err
		}
		s.week[day] = append(s.week[day], m)
	}
	for i := range h.Holidays {
		d := &h.Holidays[i]
		if _, err := time.Parse(time.DateOnly, d.Date); err != nil {
			return nil, Errorf(Malformed, "holidays.date: %.20q is no date such as 2027-01-01", d.Date)
		}
		open := []minutes{}
		for _, o := range d.Open {
			m, err := parseSpan("holidays.open", o.From, o.To)
			if err != nil {
				return nil, err
			}
			open = append(open, m)
		}
		s.holidays[d.Date] = open
	}
	return s, nil
}

func parseSpan(name, from, to string) (minutes, error) {
	m := minutes{parseMinutes(from), parseMinutes(to)}
	if m.from < 0 || m.to < 0 || m.from >= m.to {
		return m, Errorf(Malformed, "%s: from and to must be times such as 09:00 and 18:00, to the later one; 24:00 ends the day", name)
	}
	return m, nil
}

// parseMinutes reads 00:00 to 24:00; -1 for anything else.
func parseMinutes(s string) int {
	hours, mins, ok := strings.Cut(s, ":")
	h, err := strconv.ParseUint(hours, 10, 8)
	m, err2 := strconv.ParseUint(mins, 10, 8)
	if !ok || err != nil || err2 != nil || len(hours) != 2 || len(mins) != 2 || m > 59 || h*60+m > 24*60 {
		return -1
	}
	return int(h*60 + m)
}

// lookAhead is how many days ahead an opening is looked for.
const lookAhead = 370

// opens tells whether it is open at a time and, if not, when it opens next; the zero time if not within a year.
func (s *schedule) opens(now time.Time) (open bool, next time.Time) {
	y, m, d := now.In(s.zone).Date()
	for ahead := -1; ahead <= lookAhead; ahead++ { // a day may have its end after midnight where clocks were turned
		day := time.Date(y, m, d+ahead, 12, 0, 0, 0, s.zone)
		spans, special := s.holidays[day.Format(time.DateOnly)]
		if !special {
			spans = s.week[day.Weekday()]
		}
		for _, span := range spans {
			from := time.Date(y, m, d+ahead, 0, span.from, 0, 0, s.zone)
			to := time.Date(y, m, d+ahead, 0, span.to, 0, 0, s.zone)
			switch {
			case !now.Before(from) && now.Before(to):
				return true, time.Time{}
			case from.After(now) && (next.IsZero() || from.Before(next)):
				next = from.UTC()
			}
		}
		if !next.IsZero() && ahead > 0 {
			return false, next
		}
	}
	return false, next
}

// schedulesOf compiles a tenant's business hours. What can't be read is left out: it was checked when it was written.
func schedulesOf(records []Record) (hours []BusinessHours, out []*schedule) {
	for i := range records {
		var h BusinessHours
		if records[i].Kind != RecordHours || json.Unmarshal(records[i].Body, &h) != nil {
			continue
		}
		if s, err := h.compile(); err == nil {
			hours, out = append(hours, h), append(out, s)
		}
	}
	return hours, out
}
