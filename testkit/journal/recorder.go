package journal

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"
)

// Recorder keeps the journals of many readers of one test. Safe for concurrent use.
type Recorder struct {
	start time.Time

	mu     sync.Mutex
	full   [][]Entry // chunks that are never written again
	recent []Entry
	out    *json.Encoder
	err    error
}

// chunk is how many entries are kept together. One list would be copied as it grows, ever more at once, and everybody who
// writes meanwhile would wait: a test that measures waits would measure its own (3 s at two million entries).
const chunk = 1 << 14

// NewRecorder returns a Recorder that keeps entries in memory and, if w is not nil, also writes each to w as a line of JSON.
func NewRecorder(w io.Writer) *Recorder {
	r := &Recorder{start: time.Now()}
	if w != nil {
		r.out = json.NewEncoder(w)
	}
	return r
}

// Reader describes a client.
type Reader struct {
	Name     string // unique in the test
	User     UUID
	Tenant   string
	Audience Audience
	Only     []UUID // see Entry.Only
}

// Add registers a reader and returns its journal. A reader that is added again (a client that reconnected under a new
// object) goes on where it was.
func (r *Recorder) Add(who Reader) *Journal {
	j := &Journal{r, who.Name}
	j.add(Entry{Op: OpReader, User: who.User, Tenant: who.Tenant, Audience: who.Audience, Only: who.Only})
	return j
}

// Now is the time as entries have it: microseconds since the Unix epoch, of a clock that never steps back.
func (r *Recorder) Now() int64 { return r.start.UnixMicro() + time.Since(r.start).Microseconds() }

// Entries returns what was written down so far, in order.
func (r *Recorder) Entries() []Entry {
	r.mu.Lock()
	chunks := append(slices.Clip(r.full), r.recent[:len(r.recent):len(r.recent)])
	r.mu.Unlock()
	return slices.Concat(chunks...)
}

// Err returns the first error of the writer.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Journal is where one reader writes. The nil Journal drops everything. Safe for concurrent use.
type Journal struct {
	r    *Recorder
	name string
}

func (j *Journal) add(e Entry) {
	if j == nil {
		return
	}
	r := j.r
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Time = r.Now()
	e.Reader = j.name
	if len(r.recent) == cap(r.recent) {
		if r.recent != nil {
			r.full = append(r.full, r.recent)
		}
		r.recent = make([]Entry, 0, chunk)
	}
	r.recent = append(r.recent, e)
	if r.out != nil {
		if err := r.out.Encode(&e); err != nil && r.err == nil {
			r.err = err
		}
	}
}

// Follow notes that the reader must end with all of conv.
func (j *Journal) Follow(conv UUID) { j.add(Entry{Op: OpFollow, Conv: conv}) }

// Unfollow takes a Follow back, because the server refused the reader.
func (j *Journal) Unfollow(conv UUID) { j.add(Entry{Op: OpUnfollow, Conv: conv}) }

// Send notes a SEND just before it leaves; dup says that it is a retry.
func (j *Journal) Send(conv, cmid UUID, body []byte, internal, dup bool) {
	j.add(Entry{Op: OpSend, Conv: conv, CMID: cmid, Hash: HashBody(body), Internal: internal, Dup: dup})
}

// Ack notes a SENDACK just after it came.
func (j *Journal) Ack(conv, cmid, mid UUID, seq, prev uint64, dup bool) {
	j.add(Entry{Op: OpAck, Conv: conv, CMID: cmid, MID: mid, Seq: seq, Prev: prev, Dup: dup})
}

// Fail notes that a message was given up because of an ERROR.
func (j *Journal) Fail(conv, cmid UUID, code uint16) {
	j.add(Entry{Op: OpFail, Conv: conv, CMID: cmid, Code: code})
}

// Receive notes a message that came and is not (yet) shown; Op and Reader of e need not be set.
func (j *Journal) Receive(e Entry) { e.Op = OpReceive; j.add(e) }

// Apply notes a message that is shown from now on; Op and Reader of e need not be set.
func (j *Journal) Apply(e Entry) { e.Op = OpApply; j.add(e) }

// Reset notes that the reader dropped its copy of conv.
func (j *Journal) Reset(conv UUID) { j.add(Entry{Op: OpReset, Conv: conv}) }
