package journal

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is a way to break a promise.
type Kind string

// What the checker finds.
const (
	Lost         Kind = "lost"          // acknowledged, and not in the database (I1)
	Doubled      Kind = "doubled"       // in the database twice (I1)
	Phantom      Kind = "phantom"       // in the database, or shown, and nobody sent it (I2)
	Refused      Kind = "refused"       // given up after a final ERROR, and yet in the database (I2)
	Missing      Kind = "missing"       // a reader ended without a message that it may see (I3)
	AppliedTwice Kind = "applied twice" // a reader showed a message twice (I3)
	Order        Kind = "order"         // a reader, or the database, has messages in another order than their seqs (I3)
	SenderOrder  Kind = "sender order"  // sent after an acknowledgement, and stored before what was acknowledged (I4)
	AckMismatch  Kind = "ack mismatch"  // a SENDACK says something else than the database
	Mismatch     Kind = "mismatch"      // a reader got other fields (body, sender, seq…) than the database holds
	Chain        Kind = "chain"         // prev is not the message before it that the reader may see
	Leak         Kind = "leak"          // a reader got what it may not see: conversation, tenant, or internal note
	Unknown      Kind = "unknown"       // the journals contradict themselves, so that nothing can be said
)

// Problem is one broken promise.
type Problem struct {
	Kind   Kind
	Reader string // "" if it concerns the database alone
	Conv   UUID
	MID    UUID
	Detail string
}

func (p Problem) String() string {
	s := fmt.Sprintf("%s: conv %s", p.Kind, p.Conv)
	if p.MID != (UUID{}) {
		s += " message " + p.MID.String()
	}
	if p.Reader != "" {
		s += " reader " + p.Reader
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	return s
}

// Verdict is what a check found.
type Verdict struct {
	Problems []Problem

	Readers, Conversations int
	Sent                   int // messages, however often each was sent
	Retries                int // SENDs beyond the first of a message
	Acked                  int // messages
	DupAcks                int // SENDACKs that said dup
	TakenBack              int // messages that were acknowledged before their sender heard of a fork
	Failed                 int // messages given up
	Open                   int // messages never answered: they may be in the database or not
	Stored                 int // messages in the database, without the server's own
	Applied                int // messages shown, over all readers
}

// Clean reports whether every promise was kept.
func (v *Verdict) Clean() bool { return len(v.Problems) == 0 }

// Count returns how many problems of a kind there are.
func (v *Verdict) Count(k Kind) int {
	n := 0
	for i := range v.Problems {
		if v.Problems[i].Kind == k {
			n++
		}
	}
	return n
}

// String sums the verdict up: counts, then up to ten problems of each kind.
func (v *Verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d readers, %d conversations: %d messages sent (%d retries), %d acknowledged (%d dup), %d given up, %d open; %d stored; %d shown\n",
		v.Readers, v.Conversations, v.Sent, v.Retries, v.Acked, v.DupAcks, v.Failed, v.Open, v.Stored, v.Applied)
	fmt.Fprintf(&b, "%d lost, %d doubled, %d phantom, %d missing, %d applied twice, %d out of order, %d leaks",
		v.Count(Lost), v.Count(Doubled), v.Count(Phantom), v.Count(Missing), v.Count(AppliedTwice),
		v.Count(Order)+v.Count(SenderOrder), v.Count(Leak))
	if v.Clean() {
		return b.String() + "\nclean"
	}
	shown := map[Kind]int{}
	for _, p := range v.Problems {
		if shown[p.Kind]++; shown[p.Kind] <= 10 {
			b.WriteString("\n" + p.String())
		}
	}
	for _, k := range slices.Sorted(func(yield func(Kind) bool) {
		for k := range shown {
			if !yield(k) {
				return
			}
		}
	}) {
		if shown[k] > 10 {
			fmt.Fprintf(&b, "\n… and %d more: %s", shown[k]-10, k)
		}
	}
	return b.String()
}
