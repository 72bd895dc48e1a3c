package api

import (
	"context"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/sheet"
)

// stretch is a part of a span in which clocks are not put forward or back.
type stretch struct {
	since, until time.Time
	shift        time.Duration // ahead of UTC
}

// stretches cuts a span where the zone's clocks change.
func (s *span) stretches() (out []stretch) {
	for at := s.Since; at.Before(s.Until); {
		_, end := at.In(s.zone).ZoneBounds()
		_, offset := at.In(s.zone).Zone()
		if end.IsZero() || end.After(s.Until) {
			end = s.Until
		}
		end = end.UTC().Truncate(chat.ReportSlot)
		if !end.After(at) {
			end = at.Add(chat.ReportSlot)
		}
		out = append(out, stretch{at, end, (time.Duration(offset) * time.Second).Truncate(chat.ReportSlot)})
		at = end
	}
	return out
}

// period is a row's time of a report over time.
type period struct {
	start time.Time
	figures
}

// series returns what was counted in each hour or day of a span, those without anything, too, and in all of it.
func (a *API) series(ctx context.Context, s *span, interval string, metrics ...chat.Metric) (out []period, all figures, err error) {
	step := 24 * time.Hour
	if interval == "hour" {
		step = time.Hour
	}
	at := map[int64]int{} // by when it starts
	for _, st := range s.stretches() {
		q := s.query(metrics...)
		q.Since, q.Until, q.By, q.Shift, q.Step = st.since, st.until, chat.ByPeriod, st.shift, step
		rows, err := a.cfg.Store.Report(ctx, s.tenant, q)
		if err != nil {
			return nil, all, err
		}
		place := func(n int64) int {
			start := s.start(n, step, st.shift)
			i, there := at[start.Unix()]
			if !there {
				i = len(out)
				at[start.Unix()] = i
				out = append(out, period{start: start})
			}
			return i
		}
		for t := st.since; t.Before(st.until); t = t.Add(chat.ReportSlot) {
			place(int64(t.Add(st.shift).Sub(time.Unix(0, 0)) / step))
		}
		for i := range rows {
			out[place(rows[i].Period)].add(&rows[i])
			all.add(&rows[i])
		}
	}
	slices.SortFunc(out, func(a, b period) int { return a.start.Compare(b.start) })
	return out, all, nil
}

// start is when a period begins that a clock numbers which is shift ahead of UTC: a day when its date does, in the zone.
func (s *span) start(n int64, step, shift time.Duration) time.Time {
	clock := time.Unix(n*int64(step/time.Second), 0).UTC()
	if step == time.Hour {
		return clock.Add(-shift)
	}
	return midnight(clock.Year(), clock.Month(), clock.Day(), s.zone).UTC()
}

// Series is a report over time.
type Series[Row, Total any] struct {
	Span
	Interval string `json:"interval" enum:"hour,day"`
	Total    Total  `json:"total" doc:"Of all of it."`
	Data     []Row  `json:"data" nullable:"false" doc:"Oldest first. The first and the last one may be cut off."`
}

// At is when a row's time begins.
type At struct {
	Start time.Time `json:"start"`
}

// seriesOf makes a report over time.
func seriesOf[Row, Total any](ctx context.Context, a *API, c *call, in *seriesInput, metrics []chat.Metric, show func(*figures) Total,
	row func(At, Total) Row,
) (out Series[Row, Total], err error) {
	most := maxReport
	if in.Interval == "hour" {
		most = maxHourlyReport
	}
	s, err := a.spanOf(ctx, c, &in.ReportInput, most)
	if err != nil {
		return out, err
	}
	periods, all, err := a.series(ctx, &s, in.Interval, metrics...)
	if err != nil {
		return out, err
	}
	out = Series[Row, Total]{s.Span, in.Interval, show(&all), make([]Row, len(periods))}
	for i := range periods {
		out.Data[i] = row(At{periods[i].start}, show(&periods[i].figures))
	}
	return out, nil
}

// VolumeAt, and its like, are rows of reports over time.
type VolumeAt struct {
	At
	Volume
}

// DurationsAt is a row of a report over time.
type DurationsAt struct {
	At
	Durations
}

// ScoresAt is a row of a report over time.
type ScoresAt struct {
	At
	Scores
}

// HandoffsAt is a row of a report over time.
type HandoffsAt struct {
	At
	Handoffs
}

// The reports over time.
type (
	VolumeReport    struct{ Series[VolumeAt, Volume] }
	DurationsReport struct {
		Series[DurationsAt, Durations]
	}
	RatingsReport  struct{ Series[ScoresAt, Scores] }
	HandoffsReport struct{ Series[HandoffsAt, Handoffs] }
)

func (a *API) reportVolume(ctx context.Context, c *call, in *seriesInput) (*VolumeReport, error) {
	s, err := seriesOf(ctx, a, c, in, volumeMetrics, (*figures).volume, func(at At, v Volume) VolumeAt { return VolumeAt{at, v} })
	return &VolumeReport{s}, err
}

func (r *VolumeReport) rows(w *sheet.Writer) {
	w.Row(append([]any{"start"}, volumeHeads...)...)
	for i := range r.Data {
		w.Row(append([]any{r.Data[i].Start}, r.Data[i].cells()...)...)
	}
}

func (a *API) reportDurations(ctx context.Context, c *call, in *seriesInput, m chat.Metric) (*DurationsReport, error) {
	s, err := seriesOf(ctx, a, c, in, []chat.Metric{m}, func(f *figures) Durations { return f.durations(m) },
		func(at At, d Durations) DurationsAt { return DurationsAt{at, d} })
	return &DurationsReport{s}, err
}

func (a *API) reportFirstResponse(ctx context.Context, c *call, in *seriesInput) (*DurationsReport, error) {
	return a.reportDurations(ctx, c, in, chat.MeasureFirstResponse)
}

func (a *API) reportResolution(ctx context.Context, c *call, in *seriesInput) (*DurationsReport, error) {
	return a.reportDurations(ctx, c, in, chat.MeasureResolution)
}

func (r *DurationsReport) rows(w *sheet.Writer) {
	w.Row("start", "count", "mean_seconds", "median_seconds", "p90_seconds")
	for i := range r.Data {
		w.Row(append([]any{r.Data[i].Start}, r.Data[i].cells()...)...)
	}
}

func (a *API) reportRatings(ctx context.Context, c *call, in *seriesInput) (*RatingsReport, error) {
	s, err := seriesOf(ctx, a, c, in, []chat.Metric{chat.MeasureRating}, (*figures).scores, func(at At, v Scores) ScoresAt { return ScoresAt{at, v} })
	return &RatingsReport{s}, err
}

func (r *RatingsReport) rows(w *sheet.Writer) {
	w.Row(append([]any{"start"}, scoreHeads...)...)
	for i := range r.Data {
		w.Row(append([]any{r.Data[i].Start}, r.Data[i].cells()...)...)
	}
}

func (a *API) reportHandoffs(ctx context.Context, c *call, in *seriesInput) (*HandoffsReport, error) {
	s, err := seriesOf(ctx, a, c, in, handoffMetrics, (*figures).handoffs, func(at At, v Handoffs) HandoffsAt { return HandoffsAt{at, v} })
	return &HandoffsReport{s}, err
}

func (r *HandoffsReport) rows(w *sheet.Writer) {
	w.Row(append([]any{"start"}, handoffHeads...)...)
	for i := range r.Data {
		w.Row(append([]any{r.Data[i].Start}, r.Data[i].cells()...)...)
	}
}
