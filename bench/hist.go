package bench

import (
	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram counts latencies from 1 microsecond to 10 minutes with three significant digits. Not safe for concurrent use:
// every loop has its own, and they are merged at the end.
type Histogram struct{ h *hdrhistogram.Histogram }

const longestLatency = 600e6 // microseconds

// NewHistogram returns an empty histogram.
func NewHistogram() *Histogram { return &Histogram{hdrhistogram.New(1, longestLatency, 3)} }

// Record adds one latency in nanoseconds. What lies outside the range counts as its end.
func (h *Histogram) Record(ns int64) {
	us := min(max((ns+500)/1000, 1), longestLatency)
	_ = h.h.RecordValue(us)
}

// Merge adds the counts of another.
func (h *Histogram) Merge(o *Histogram) { h.h.Merge(o.h) }

// Reset forgets everything.
func (h *Histogram) Reset() { h.h.Reset() }

// Latency is a histogram's summary, in milliseconds.
type Latency struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p99_9_ms"`
	Max   float64 `json:"max_ms"`
}

// Summary returns the figures that are reported.
func (h *Histogram) Summary() Latency {
	at := func(q float64) float64 { return float64(h.h.ValueAtQuantile(q)) / 1000 }
	return Latency{
		Count: h.h.TotalCount(), Mean: h.h.Mean() / 1000,
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.h.Max()) / 1000,
	}
}
