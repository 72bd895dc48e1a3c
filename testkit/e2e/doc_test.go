// Package e2e_test runs the whole product as its users do: the real program as a child process, real sockets, a real
// browser. What clients saw is judged by testkit/journal.
package e2e_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

func TestMain(m *testing.M) {
	process.Main(m, browser.End, func() {
		if shared.postgres != nil {
			_ = shared.postgres.Close()
		}
	})
}

// number reads a test's size from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 {
		t.Fatalf("%s=%q is not a positive number", name, s)
	}
	return n
}

// within is a context that ends a test which hangs.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
