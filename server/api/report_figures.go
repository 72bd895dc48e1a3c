package api

import (
	"context"
	"slices"
	"strconv"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/sheet"
)

// figures is what was counted, of one row of a report.
type figures struct {
	n       map[chat.Metric]int64
	total   map[chat.Metric]int64 // ms
	buckets map[chat.Metric]map[int]int64
}

func (f *figures) add(r *chat.ReportRow) {
	if f.n == nil {
		f.n, f.total, f.buckets = map[chat.Metric]int64{}, map[chat.Metric]int64{}, map[chat.Metric]map[int]int64{}
	}
	f.n[r.Metric] += r.N
	f.total[r.Metric] += r.Total
	if f.buckets[r.Metric] == nil {
		f.buckets[r.Metric] = map[int]int64{}
	}
	f.buckets[r.Metric][r.Bucket] += r.N
}

// Durations says how long something took, in seconds. Where nothing was measured there is no mean, median and p90.
type Durations struct {
	Count  int64    `json:"count"`
	Mean   *float64 `json:"mean_seconds" nullable:"true"`
	Median *float64 `json:"median_seconds" nullable:"true" doc:"At most 6.25 % away from the exact one, or 64 ms."`
	P90    *float64 `json:"p90_seconds" nullable:"true" doc:"The same: nine of ten were not above."`
}

func (f *figures) durations(m chat.Metric) (d Durations) {
	if d.Count = f.n[m]; d.Count <= 0 {
		d.Count = 0
		return d
	}
	mean := float64(f.total[m]/d.Count) / 1000
	d.Mean, d.Median, d.P90 = &mean, f.percentile(m, 50), f.percentile(m, 90)
	return d
}

// percentile is the middle of the bucket of the nearest rank.
func (f *figures) percentile(m chat.Metric, p int64) *float64 {
	buckets := f.buckets[m]
	order := make([]int, 0, len(buckets))
	for b := range buckets {
		order = append(order, b)
	}
	slices.Sort(order)
	rank := (f.n[m]*p + 99) / 100
	for _, b := range order {
		if rank -= buckets[b]; rank <= 0 {
			seconds := chat.BucketMiddle(b).Seconds()
			return &seconds
		}
	}
	return nil
}

func (d *Durations) cells() []any { return []any{d.Count, d.Mean, d.Median, d.P90} }

func durationHeads(name string) []any {
	return []any{name + "_count", name + "_mean_seconds", name + "_median_seconds", name + "_p90_seconds"}
}

// Scores is what visitors thought: how many gave which rating.
type Scores struct {
	Count        int64            `json:"count"`
	Mean         *float64         `json:"mean" nullable:"true"`
	Distribution map[string]int64 `json:"distribution" doc:"How many for each of 1 to 5."`
}

func (f *figures) scores() Scores {
	s := Scores{Distribution: make(map[string]int64, 5)}
	sum := int64(0)
	for score := 1; score <= 5; score++ {
		n := f.buckets[chat.MeasureRating][score]
		s.Distribution[strconv.Itoa(score)] = n
		s.Count += n
		sum += n * int64(score)
	}
	if s.Count > 0 {
		mean := float64(sum*1000/s.Count) / 1000
		s.Mean = &mean
	}
	return s
}

func (s *Scores) cells() []any {
	d := s.Distribution
	return []any{s.Count, s.Mean, d["1"], d["2"], d["3"], d["4"], d["5"]}
}

var scoreHeads = []any{"ratings_count", "ratings_mean", "ratings_1", "ratings_2", "ratings_3", "ratings_4", "ratings_5"}

// Volume is how much there was.
type Volume struct {
	Created         int64 `json:"created" doc:"Conversations that began."`
	Reopened        int64 `json:"reopened"`
	Closed          int64 `json:"closed"`
	Abandoned       int64 `json:"abandoned" doc:"Of those closed: the visitor still waited for a person's first answer."`
	VisitorMessages int64 `json:"visitor_messages"`
	AgentMessages   int64 `json:"agent_messages"`
	BotMessages     int64 `json:"bot_messages"`
	APIMessages     int64 `json:"api_messages" doc:"Of API tokens."`
}

var volumeMetrics = []chat.Metric{
	chat.CountCreated, chat.CountReopened, chat.CountClosed, chat.CountAbandoned, chat.CountVisitorMessages, chat.CountAgentMessages,
	chat.CountBotMessages, chat.CountAPIMessages,
}

func (f *figures) volume() Volume {
	return Volume{
		f.n[chat.CountCreated], f.n[chat.CountReopened], f.n[chat.CountClosed], f.n[chat.CountAbandoned], f.n[chat.CountVisitorMessages],
		f.n[chat.CountAgentMessages], f.n[chat.CountBotMessages], f.n[chat.CountAPIMessages],
	}
}

func (v *Volume) cells() []any {
	return []any{v.Created, v.Reopened, v.Closed, v.Abandoned, v.VisitorMessages, v.AgentMessages, v.BotMessages, v.APIMessages}
}

var volumeHeads = []any{"created", "reopened", "closed", "abandoned", "visitor_messages", "agent_messages", "bot_messages", "api_messages"}

// Handoffs is how often conversations changed hands.
type Handoffs struct {
	ToHuman   int64 `json:"to_human" doc:"Somebody, or the bot, asked for a person."`
	ToBot     int64 `json:"to_bot"`
	Transfers int64 `json:"transfers" doc:"To another agent, or a team's queue."`
}

var handoffMetrics = []chat.Metric{chat.CountToHuman, chat.CountToBot, chat.CountTransferred}

func (f *figures) handoffs() Handoffs {
	return Handoffs{f.n[chat.CountToHuman], f.n[chat.CountToBot], f.n[chat.CountTransferred]}
}

func (h *Handoffs) cells() []any { return []any{h.ToHuman, h.ToBot, h.Transfers} }

var handoffHeads = []any{"to_human", "to_bot", "transfers"}

// QueueWaits is how long conversations waited in the queue.
type QueueWaits struct {
	Durations
	Left int64 `json:"left" doc:"Closed while they waited."`
}

// Overview is what happened, in one look.
type Overview struct {
	Span
	Volume
	FirstResponse Durations  `json:"first_response"`
	Resolution    Durations  `json:"resolution"`
	Queue         QueueWaits `json:"queue"`
	Ratings       Scores     `json:"ratings"`
	Handoffs      Handoffs   `json:"handoffs"`
}

func (a *API) reportOverview(ctx context.Context, c *call, in *ReportInput) (*Overview, error) {
	s, err := a.spanOf(ctx, c, in, maxReport)
	if err != nil {
		return nil, err
	}
	metrics := slices.Concat(volumeMetrics, handoffMetrics, []chat.Metric{
		chat.CountLeftQueue, chat.MeasureFirstResponse, chat.MeasureResolution, chat.MeasureQueue, chat.MeasureRating,
	})
	rows, err := a.cfg.Store.Report(ctx, s.tenant, s.query(metrics...))
	if err != nil {
		return nil, err
	}
	var f figures
	for i := range rows {
		f.add(&rows[i])
	}
	return &Overview{
		s.Span, f.volume(), f.durations(chat.MeasureFirstResponse), f.durations(chat.MeasureResolution),
		QueueWaits{f.durations(chat.MeasureQueue), f.n[chat.CountLeftQueue]},
		f.scores(), f.handoffs(),
	}, nil
}

func (o *Overview) rows(w *sheet.Writer) {
	heads := slices.Concat([]any{"since", "until"}, volumeHeads, durationHeads("first_response"), durationHeads("resolution"),
		durationHeads("queue"), []any{"queue_left"}, scoreHeads, handoffHeads)
	w.Row(heads...)
	w.Row(slices.Concat([]any{o.Since, o.Until}, o.Volume.cells(), o.FirstResponse.cells(), o.Resolution.cells(), o.Queue.cells(),
		[]any{o.Queue.Left}, o.Ratings.cells(), o.Handoffs.cells())...)
}
