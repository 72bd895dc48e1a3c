package bench

import "bytes"

// stamp is what a measured message carries in its text, so that whoever receives it knows all about it.
type stamp struct {
	run  uint32 // this run of the tool
	pair uint32
	dir  uint8 // 0 visitor to agent, 1 agent to visitor
	n    uint32
	at   int64 // when it was meant to be sent, on this process's clock
}

const (
	bodyStart = `{"text":"`
	bodyEnd   = `"}`
	// stampSize is the length of a stamp: 8+8+1+8+16 hex digits.
	stampSize = 41
	// minBody is the smallest body that holds a stamp.
	minBody = len(bodyStart) + stampSize + len(bodyEnd)
)

// append appends a text body of size bytes that carries the stamp.
func (s *stamp) append(b []byte, size int) []byte {
	end := len(b) + size - len(bodyEnd)
	b = append(b, bodyStart...)
	b = appendHex8(b, s.run)
	b = appendHex8(b, s.pair)
	b = append(b, '0'+s.dir)
	b = appendHex8(b, s.n)
	b = appendHex(b, uint64(s.at))
	const filler = " how long does the delivery of my order take, please?"
	for len(b) < end {
		b = append(b, filler[:min(len(filler), end-len(b))]...)
	}
	return append(b, bodyEnd...)
}

func appendHex8(b []byte, n uint32) []byte {
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, hexDigits[n>>shift&15])
	}
	return b
}

// parseStamp reads the stamp of a body; false if it carries none.
func parseStamp(body []byte) (s stamp, ok bool) {
	b, ok := bytes.CutPrefix(body, []byte(bodyStart))
	if !ok || len(b) < stampSize {
		return s, false
	}
	run, ok1 := parseHex(b[:8])
	pair, ok2 := parseHex(b[8:16])
	n, ok3 := parseHex(b[17:25])
	at, ok4 := parseHex(b[25:41])
	if !ok1 || !ok2 || !ok3 || !ok4 || b[16] != '0' && b[16] != '1' {
		return s, false
	}
	return stamp{uint32(run), uint32(pair), b[16] - '0', uint32(n), int64(at)}, true
}

// tally knows which of the numbers 1, 2, 3, … have come.
type tally struct {
	upTo  uint32 // all up to here
	later map[uint32]struct{}
}

// add notes a number; false if it had come already.
func (t *tally) add(n uint32) bool {
	if _, had := t.later[n]; had || n <= t.upTo {
		return false
	}
	if n != t.upTo+1 {
		if t.later == nil {
			t.later = make(map[uint32]struct{})
		}
		t.later[n] = struct{}{}
		return true
	}
	for t.upTo = n; len(t.later) > 0; t.upTo++ {
		if _, had := t.later[t.upTo+1]; !had {
			break
		}
		delete(t.later, t.upTo+1)
	}
	return true
}

// count returns how many have come.
func (t *tally) count() uint32 { return t.upTo + uint32(len(t.later)) }
