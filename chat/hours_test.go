package chat

import (
	"testing"
	"time"
)

func TestOpens(t *testing.T) {
	week := func(from, to string, days ...string) (out []WeeklySpan) {
		for _, d := range days {
			out = append(out, WeeklySpan{d, from, to})
		}
		return out
	}
	office := BusinessHours{
		TimeZone: "Asia/Shanghai", Weekly: week("09:00", "18:00", "mon", "tue", "wed", "thu", "fri"),
		Holidays: []Holiday{{Date: "2027-02-08"}, {Date: "2027-02-07", Open: []Span{{"10:00", "12:00"}}}},
	}
	site := func(h BusinessHours) BusinessHours { h.SiteKey = "shop"; return h }
	newYork := BusinessHours{TimeZone: "America/New_York", Weekly: append(week("01:00", "04:00", "sun"), week("22:00", "24:00", "sat")...)}
	for _, tt := range []struct {
		name  string
		hours []BusinessHours
		now   string
		open  bool
		next  string
	}{
		{"no hours at all", nil, "2027-01-05T00:00:00Z", true, ""},
		{"in hours", []BusinessHours{office}, "2027-01-05T02:00:00Z", true, ""},
		{"the first moment", []BusinessHours{office}, "2027-01-05T01:00:00Z", true, ""},
		{"the last moment is over", []BusinessHours{office}, "2027-01-05T10:00:00Z", false, "2027-01-06T01:00:00Z"},
		{"before", []BusinessHours{office}, "2027-01-05T00:59:59Z", false, "2027-01-05T01:00:00Z"},
		{"over the weekend", []BusinessHours{office}, "2027-01-08T10:00:00Z", false, "2027-01-11T01:00:00Z"},
		{"a holiday with hours of its own", []BusinessHours{office}, "2027-02-06T12:00:00Z", false, "2027-02-07T02:00:00Z"},
		{"a holiday", []BusinessHours{office}, "2027-02-08T03:00:00Z", false, "2027-02-09T01:00:00Z"},
		{"never", []BusinessHours{{TimeZone: "UTC"}}, "2027-01-05T00:00:00Z", false, ""},
		{"one of two", []BusinessHours{office, {TimeZone: "UTC", Weekly: week("00:00", "24:00", "sat")}}, "2027-01-09T12:00:00Z", true, ""},
		{"the sooner of two", []BusinessHours{office, {TimeZone: "UTC", Weekly: week("00:00", "24:00", "sun")}}, "2027-01-09T12:00:00Z", false, "2027-01-10T00:00:00Z"},
		{"of one site only, asked of none", []BusinessHours{site(office)}, "2027-01-09T12:00:00Z", false, "2027-01-11T01:00:00Z"},
		{"up to midnight", []BusinessHours{newYork}, "2027-01-10T04:59:59Z", true, ""},
		{"not beyond it", []BusinessHours{newYork}, "2027-01-10T05:00:00Z", false, "2027-01-10T06:00:00Z"},
		{"clocks are turned on meanwhile", []BusinessHours{newYork}, "2027-03-14T07:59:59Z", true, ""},
		{"which makes it shorter", []BusinessHours{newYork}, "2027-03-14T08:00:00Z", false, "2027-03-21T02:00:00Z"},
		{"next year's holiday is far away", []BusinessHours{{TimeZone: "UTC", Holidays: []Holiday{{Date: "2027-12-31", Open: []Span{{"01:00", "02:00"}}}}}}, "2027-01-01T00:00:00Z", false, "2027-12-31T01:00:00Z"},
	} {
		s := &Settings{}
		for i := range tt.hours {
			c, err := tt.hours[i].compile()
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			s.schedules = append(s.schedules, c)
		}
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		open, next := s.Opens("", now)
		got := ""
		if !next.IsZero() {
			got = next.Format(time.RFC3339)
		}
		if open != tt.open || got != tt.next {
			t.Errorf("%s: open %v, next %q; want %v, %q", tt.name, open, got, tt.open, tt.next)
		}
	}
}
