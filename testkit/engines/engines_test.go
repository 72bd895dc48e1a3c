package engines_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/ai/eval"
	"github.com/uniqchat/uniqchat/testkit/engines"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestMeasure: each set has its rows, and what nothing but the code decides is as it must be.
func TestMeasure(t *testing.T) {
	m := engines.Measure{Rate: 20, Peace: 500 * time.Millisecond, Fault: time.Second, Faults: []llm.Fault{llm.Cut, llm.Huge}, Log: t.Logf}
	rows := map[string]eval.Metric{}
	for _, s := range m.Sets() {
		all, err := s.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range all {
			if rows[row.Name] = row; row.Set != s.Name || row.N == 0 {
				t.Errorf("%+v", row)
			}
			for _, sure := range []string{"answered or handed off", "messages that changed engine", "errors", "tokens over it", "sees why", "calls after that"} {
				if strings.HasSuffix(row.Name, sure) && (row.Goal == "" || !row.Met()) {
					t.Errorf("%+v", row)
				}
			}
		}
	}
	if len(rows) != 3*7+3+4 || rows["worst of all: by a remote engine"].Value >= 100 || rows["worst of all: by a remote engine"].Note == "" {
		t.Errorf("%d rows: %+v", len(rows), rows)
	}
	over, stop := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	stop(why)
	for _, s := range m.Sets() {
		if _, err := s.Run(over); !errors.Is(err, why) {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}
