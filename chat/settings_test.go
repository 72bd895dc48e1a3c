package chat

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func recordOf(t *testing.T, kind RecordKind, b RecordBody) Record {
	t.Helper()
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return Record{ID: NewID[Record](), Kind: kind, Name: b.UniqueName(), Body: raw, Version: 1}
}

func TestBlocklist(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	ends := now.Add(time.Hour)
	vera := NewID[Visitor]()
	b := SettingsOf([]Record{
		recordOf(t, RecordBlock, &Block{Kind: BlockVisitor, Value: vera.String(), ExpiresAt: &ends}),
		recordOf(t, RecordBlock, &Block{Kind: BlockAddress, Value: "192.0.2.129/25"}),
		recordOf(t, RecordBlock, &Block{Kind: BlockAddress, Value: "::ffff:198.51.100.1"}),
		recordOf(t, RecordBlock, &Block{Kind: BlockAddress, Value: "::ffff:203.0.113.0/120"}),
		recordOf(t, RecordBlock, &Block{Kind: BlockAddress, Value: "2001:DB8::/33"}),
		recordOf(t, RecordBlock, &Block{Kind: BlockFingerprint, Value: "machine"}),
	}).blocks
	at := func(s string) Suspect { return Suspect{Visitor: NewID[Visitor](), Addr: netip.MustParseAddr(s)} }
	for _, tt := range []struct {
		who  Suspect
		when time.Time
		want bool
	}{
		{Suspect{Visitor: vera}, now, true},
		{Suspect{Visitor: vera}, ends, false},
		{Suspect{}, now, false},
		{at("192.0.2.128"), now, true},
		{at("192.0.2.127"), now, false},
		{at("::ffff:192.0.2.200"), now, true},
		{at("198.51.100.1"), now, true},
		{at("198.51.100.2"), now, false},
		{at("203.0.113.77"), now, true},
		{at("203.0.112.77"), now, false},
		{at("2001:db8:7fff::1"), now, true},
		{at("2001:db8:8000::1"), now, false},
		{at("2001:db8:1::1%eth0"), now, true},
		{Suspect{Visitor: NewID[Visitor](), Print: PrintOf("machine")}, now, true},
		{Suspect{Visitor: NewID[Visitor](), Print: PrintOf("another")}, now, false},
	} {
		if got := b.blocks(&tt.who, tt.when); got != tt.want {
			t.Errorf("%+v at %v: %v", tt.who, tt.when, got)
		}
	}
	var none *blocklist
	if none.blocks(&Suspect{Visitor: vera}, now) {
		t.Error("nobody is blocked where nothing is known")
	}
}

// As many visitors are held out as there should be, and of two triggers not the same ones.
func TestHoldOut(t *testing.T) {
	var records []Record
	for i, percent := range []int{0, 20, 20, 100} {
		records = append(records, recordOf(t, RecordTrigger, &Trigger{
			Name: fmt.Sprint(i), Conditions: TriggerConditions{SecondsOnPage: 1}, HoldOut: percent, Message: Bilingual{EN: "x"},
		}))
	}
	s := SettingsOf(records)
	var held [4]int
	both := 0
	for range 20_000 {
		v := NewID[Visitor]()
		triggers := s.Triggers("any", v)
		for i := range triggers {
			if triggers[i].HeldOut {
				held[i]++
			}
		}
		if triggers[1].HeldOut && triggers[2].HeldOut {
			both++
		}
	}
	if held[0] != 0 || held[3] != 20_000 || held[1] < 3600 || held[1] > 4400 || held[2] < 3600 || held[2] > 4400 || both < 600 || both > 1000 {
		t.Errorf("held out: %v, of both: %d", held, both)
	}
}
