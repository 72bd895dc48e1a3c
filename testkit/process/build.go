package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is the program of this test run.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// Main runs a package's tests, then what is to be closed, and removes the program that they built. TestMain calls it.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, f := range after {
		f()
	}
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// Race reports whether the program is built with the race detector.
func Race() bool { return os.Getenv("UNIQCHAT_RACE") == "1" }

// Binary returns the path of the program, built on first use; UNIQCHAT_BIN names one that is built already. With
// UNIQCHAT_RACE=1 it is built with the race detector, and a race makes it exit with code 66.
func Binary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		if built.path = os.Getenv("UNIQCHAT_BIN"); built.path != "" {
			return
		}
		if built.dir, built.err = os.MkdirTemp("", "uniqchat-test-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, "uniqchat")
		args := []string{"build", "-o", built.path}
		if Race() {
			args = append(args, "-race")
		}
		cmd := exec.Command("go", append(args, "github.com/uniqchat/uniqchat/cmd/uniqchat")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build uniqchat: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}
