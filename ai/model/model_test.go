package model

import (
	"context"
	"fmt"
	"math"
	"testing"
)

func TestKindOf(t *testing.T) {
	for want, err := range map[Kind]error{
		Limited:  fmt.Errorf("asked: %w", &Error{Kind: Limited, Engine: "a", Status: 429}),
		Canceled: fmt.Errorf("asked: %w", context.Canceled),
		Slow:     context.DeadlineExceeded,
		Failed:   fmt.Errorf("some failure"),
	} {
		if got := KindOf(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
	if got := (&Error{Kind: Failed, Engine: "a", Status: 500, Err: fmt.Errorf("ouch")}).Error(); got != "engine a: failed (HTTP 500): ouch" {
		t.Error(got)
	}
}

func TestPrice(t *testing.T) {
	if got := (Price{Prompt: 2, Completion: 8}).Of(Usage{Prompt: 1_000_000, Completion: 500_000}); math.Abs(got-6) > 1e-9 {
		t.Error(got)
	}
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abcd": 1, "abcde": 2, "退货政策": 4} {
		if got := Tokens(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	a, b := NewSecrets(), NewSecrets()
	if a == b || a.Canary == a.Fence || len(a.Canary) < 20 || len(a.Fence) < 20 {
		t.Errorf("%+v, %+v", a, b)
	}
}
