package engine

import (
	"strconv"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// stats counts what the engine does. Safe for concurrent use.
type stats struct {
	set      *metrics.Set
	conns    atomic.Int64
	kinds    [Kinds]*metrics.Counter
	messages *metrics.Counter
	bytesIn  *metrics.Counter
	bytesOut *metrics.Counter
	writes   *metrics.Counter
	panics   *metrics.Counter
}

var kindLabels = [Kinds]string{"websocket_text", "websocket_binary", "tcp"}

func (s *stats) register(e *Engine) {
	set := e.cfg.Metrics
	s.set = set
	for k, name := range kindLabels {
		s.kinds[k] = set.NewCounter(`uniqchat_engine_opened_total{kind="` + name + `"}`)
	}
	s.messages = set.NewCounter("uniqchat_engine_messages_received_total")
	s.bytesIn = set.NewCounter("uniqchat_engine_read_bytes_total")
	s.bytesOut = set.NewCounter("uniqchat_engine_written_bytes_total")
	s.writes = set.NewCounter("uniqchat_engine_writes_total")
	s.panics = set.NewCounter("uniqchat_engine_panics_total")
	set.NewGauge("uniqchat_engine_connections", func() float64 { return float64(s.conns.Load()) })
	set.NewGauge("uniqchat_engine_max_connections", func() float64 { return float64(e.cfg.MaxConnections) })
	set.NewGauge("uniqchat_engine_topics", func() float64 { return float64(e.hub.Topics()) })
	for i, sh := range e.shards {
		set.NewGauge(`uniqchat_engine_shard_queue_length{shard="`+strconv.Itoa(i)+`"}`, func() float64 { return float64(sh.length()) })
	}
}

func (s *stats) opened(k Kind) { s.kinds[k].Inc() }
func (s *stats) received()     { s.messages.Inc() }
func (s *stats) read(n int)    { s.bytesIn.Add(n) }

func (s *stats) written(n int) {
	s.writes.Inc()
	s.bytesOut.Add(n)
}

func (s *stats) refused(reason string) {
	s.set.GetOrCreateCounter(`uniqchat_engine_refused_total{reason="` + reason + `"}`).Inc()
}

func (s *stats) dropped(reason string) {
	s.set.GetOrCreateCounter(`chat_dropped_messages_total{reason="` + reason + `"}`).Inc()
}

func (s *stats) closed(code uint16) {
	s.set.GetOrCreateCounter(`uniqchat_engine_closed_total{code="` + strconv.Itoa(int(code)) + `"}`).Inc()
}

// Stats is a glance at an engine.
type Stats struct {
	Connections int
	Messages    uint64 // received
	Writes      uint64 // calls of the kernel
	BytesIn     uint64
	BytesOut    uint64
	Panics      uint64
}

// Stats returns what the engine has counted so far. Safe for concurrent use.
func (e *Engine) Stats() Stats {
	s := &e.stats
	return Stats{
		Connections: int(s.conns.Load()), Messages: s.messages.Get(), Writes: s.writes.Get(), BytesIn: s.bytesIn.Get(),
		BytesOut: s.bytesOut.Get(), Panics: s.panics.Get(),
	}
}
