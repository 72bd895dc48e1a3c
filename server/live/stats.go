package live

import (
	"io"
	"strconv"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/engine"
)

// stats counts what happens, in a metrics set. Safe for concurrent use.
type stats struct {
	set     *metrics.Set
	sends   *metrics.Counter
	acks    *metrics.Counter
	dups    *metrics.Counter
	events  *metrics.Counter
	panics  *metrics.Counter
	process *metrics.PrometheusHistogram
	byCode  map[chat.Code]*metrics.Counter
}

func (s *stats) register(set *metrics.Set) {
	s.set = set
	s.sends = set.NewCounter("uniqchat_live_sends_accepted_total")
	s.acks = set.NewCounter("uniqchat_live_acks_total")
	s.dups = set.NewCounter("uniqchat_live_duplicate_sends_total")
	s.events = set.NewCounter("uniqchat_live_events_total")
	s.panics = set.NewCounter("uniqchat_live_panics_total")
	s.process = set.NewPrometheusHistogram("message_process_seconds")
	s.byCode = make(map[chat.Code]*metrics.Counter)
	for _, c := range []chat.Code{
		chat.Malformed, chat.Unauthenticated, chat.Forbidden, chat.NotFound, chat.Conflict, chat.TooLarge, chat.TooMany,
		chat.Internal, chat.Busy, chat.Unknown, chat.Full,
	} {
		s.byCode[c] = set.NewCounter(`uniqchat_live_errors_total{code="` + strconv.Itoa(int(c)) + `"}`)
	}
}

func (s *stats) errors(c chat.Code) {
	if n := s.byCode[c]; n != nil {
		n.Inc()
	}
}

// writeOnline writes how many visitors of each tenant are connected to this node. They are counted when somebody asks:
// nothing is kept for it while they come and go.
func (h *Handler) writeOnline(w io.Writer) {
	if h.hub == nil {
		return
	}
	online := make(map[chat.TenantID]int)
	h.hub.Each(func(t engine.Topic, followers []*engine.Conn) {
		if t.Space%purposes != purposeUser {
			return
		}
		if s, ok := followers[0].Session().(*session); ok && s.agent == nil && s.actor.Role == chat.RoleVisitor {
			online[s.actor.Tenant]++
		}
	})
	metrics.WriteMetadataIfNeeded(w, "chat_online_visitors", "gauge")
	for t, n := range online {
		metrics.WriteGaugeUint64(w, `chat_online_visitors{tenant_id="`+t.String()+`"}`, uint64(n))
	}
}
