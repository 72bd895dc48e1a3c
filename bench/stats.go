package bench

// Stats counts what happened on a loop's connections.
type Stats struct {
	Connects   int64 `json:"connects"`   // CONNACKs (or, for echo, upgrades), reconnects included
	Reconnects int64 `json:"reconnects"` // of them, those after a drop
	DialErrors int64 `json:"dial_errors"`
	Drops      int64 `json:"drops"` // connections that ended without our doing
	Sends      int64 `json:"sends"` // SENDs, retries included
	Retries    int64 `json:"retries"`
	Acks       int64 `json:"acks"`
	Dups       int64 `json:"dup_acks"`
	Messages   int64 `json:"messages"` // MESSAGEs that were applied, pages included
	Known      int64 `json:"known"`    // MESSAGEs that were dropped because they were known
	Syncs      int64 `json:"syncs"`
	Gaps       int64 `json:"gaps"`
	Forks      int64 `json:"forks"` // GAPs with top 0
	Pings      int64 `json:"pings"`
	Malformed  int64 `json:"malformed"` // packets that we could not decode
	Reads      int64 `json:"reads"`     // system calls
	Writes     int64 `json:"writes"`
	BytesIn    int64 `json:"bytes_in"`
	BytesOut   int64 `json:"bytes_out"`

	Closes map[string]int64 `json:"closes,omitempty"` // how connections ended: by code, or the error
	Errors map[string]int64 `json:"errors,omitempty"` // ERROR packets by code
}

func (s *Stats) init() { s.Closes, s.Errors = map[string]int64{}, map[string]int64{} }

// add adds the counts of another loop.
func (s *Stats) add(o *Stats) {
	s.Connects += o.Connects
	s.Reconnects += o.Reconnects
	s.DialErrors += o.DialErrors
	s.Drops += o.Drops
	s.Sends += o.Sends
	s.Retries += o.Retries
	s.Acks += o.Acks
	s.Dups += o.Dups
	s.Messages += o.Messages
	s.Known += o.Known
	s.Syncs += o.Syncs
	s.Gaps += o.Gaps
	s.Forks += o.Forks
	s.Pings += o.Pings
	s.Malformed += o.Malformed
	s.Reads += o.Reads
	s.Writes += o.Writes
	s.BytesIn += o.BytesIn
	s.BytesOut += o.BytesOut
	for k, n := range o.Closes {
		s.Closes[k] += n
	}
	for k, n := range o.Errors {
		s.Errors[k] += n
	}
}
