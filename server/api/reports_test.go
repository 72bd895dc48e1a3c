package api

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// counter is a store that has counted one thing at these times.
type counter struct {
	chat.Store
	at []time.Time
}

func (c counter) Report(_ context.Context, _ chat.TenantID, q chat.ReportQuery) (out []chat.ReportRow, _ error) {
	for _, t := range c.at {
		if s := chat.SlotOf(t); s >= chat.SlotOf(q.Since) && s < chat.SlotOf(q.Until) {
			n := (s + int64(q.Shift/chat.ReportSlot)) / int64(q.Step/chat.ReportSlot)
			if q.Cycle > 0 {
				n %= q.Cycle
			}
			out = append(out, chat.ReportRow{Metric: chat.CountCreated, Period: n, N: 1})
		}
	}
	return out, nil
}

func (counter) Uncounted(context.Context, chat.TenantID) (bool, error) { return false, nil }

// Days and hours are those of the zone, whatever its clocks do.
func TestSeriesOfZones(t *testing.T) {
	for _, z := range []struct{ name, since, until string }{
		{"UTC", "2026-03-20T00:00:00Z", "2026-04-10T00:00:00Z"},
		{"Europe/Berlin", "2026-03-20T10:30:00Z", "2026-04-10T00:00:00Z"},
		{"Europe/Berlin", "2026-10-20T00:00:00Z", "2026-11-10T00:00:00Z"},
		{"America/Sao_Paulo", "2018-10-25T00:00:00Z", "2018-11-10T00:00:00Z"}, // put forward at midnight
		{"America/Sao_Paulo", "2019-02-10T00:00:00Z", "2019-02-20T00:00:00Z"}, // put back at midnight
		{"Asia/Kathmandu", "2026-03-20T00:00:00Z", "2026-03-25T00:00:00Z"},    // 5:45
		{"Australia/Lord_Howe", "2026-03-28T00:00:00Z", "2026-04-12T00:00:00Z"},
		{"Pacific/Apia", "2011-12-20T00:00:00Z", "2012-01-05T00:00:00Z"}, // a day that there was not
	} {
		zone, err := time.LoadLocation(z.name)
		require.NoError(t, err)
		since, _ := time.Parse(time.RFC3339, z.since)
		until, _ := time.Parse(time.RFC3339, z.until)
		var c counter
		days, hours, week := map[string]int64{}, map[string]int64{}, [7][24]int64{}
		for at := since; at.Before(until); at = at.Add(time.Duration(1+rand.IntN(3000)) * time.Second) {
			c.at = append(c.at, at)
			local := at.In(zone)
			days[local.Format(time.DateOnly)]++
			hours[local.Format("2006-01-02 15 -0700")]++
			week[(local.Weekday()+6)%7][local.Hour()]++
		}
		a := &API{cfg: Config{Store: c, Now: time.Now}}
		s := span{Span: Span{Since: since, Until: until, Timezone: z.name}, zone: zone}
		check := func(interval, layout string, want map[string]int64) {
			periods, all, err := a.series(t.Context(), &s, interval, chat.CountCreated)
			require.NoError(t, err)
			got := map[string]int64{}
			for i, p := range periods {
				if n := p.n[chat.CountCreated]; n > 0 {
					got[p.start.In(zone).Format(layout)] += n
				}
				require.True(t, i == 0 || p.start.After(periods[i-1].start))
			}
			require.Empty(t, cmp.Diff(want, got), "%s %s", z.name, interval)
			require.EqualValues(t, len(c.at), all.n[chat.CountCreated])
		}
		check("day", time.DateOnly, days)
		if z.name != "Australia/Lord_Howe" { // where an hour is half one offset's, half another's
			check("hour", "2006-01-02 15 -0700", hours)
		}
		report, err := a.reportHours(t.Context(), &call{cred: someCred()}, &ReportInput{Since: z.since, Until: z.until, Zone: z.name})
		require.NoError(t, err)
		for _, cell := range report.Data {
			require.Equal(t, week[cell.Weekday-1][cell.Hour], cell.Created, "%s: weekday %d, %d:00", z.name, cell.Weekday, cell.Hour)
		}
	}
}

// Percentiles are those of the nearest rank, within what a bucket is wide.
func TestPercentiles(t *testing.T) {
	for range 50 {
		var f figures
		var all []time.Duration
		for range 1 + rand.IntN(200) {
			d := time.Duration(rand.Int64N(1<<(10+rand.IntN(20)))) * time.Millisecond
			all = append(all, d)
			f.add(&chat.ReportRow{Metric: chat.MeasureQueue, Bucket: chat.BucketOf(d), N: 1, Total: d.Milliseconds()})
		}
		got := f.durations(chat.MeasureQueue)
		for p, seconds := range map[int]*float64{50: got.Median, 90: got.P90} {
			exact := nearestRank(all, p)
			require.InDelta(t, exact.Seconds(), *seconds, max(exact.Seconds()/16, 0.064)+1e-9)
		}
	}
	var none figures
	require.Equal(t, Durations{}, none.durations(chat.MeasureQueue))
}

func nearestRank(all []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(all)*p+99)/100-1]
}

func someCred() *auth.Credential {
	return &auth.Credential{Actor: &chat.Actor{Tenant: chat.NewID[chat.Tenant](), Role: chat.RoleAgent}}
}

func TestPrefersCSV(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/csv": true, "application/json": false, "text/csv, application/json": false, "TEXT/CSV; q=0.8, application/json;q=0.5": true,
		"text/csv;q=0": false, "text/html, text/csv;q=0.1": true, "text/csv;q=x": false,
	} {
		require.Equal(t, want, prefersCSV(accept), accept)
	}
}
