package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// programs are the names that Chromium goes by.
var programs = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

var errNoBrowser = errors.New("no Chromium found; on Debian or Ubuntu: apt-get install chromium fonts-noto-cjk " +
	"(elsewhere install Chrome or Chromium, or name its program in UNIQCHAT_CHROMIUM)")

// Find returns the path of a Chromium, or an error that says how to get one.
func Find() (string, error) {
	if p := os.Getenv("UNIQCHAT_CHROMIUM"); p != "" {
		return p, nil
	}
	for _, name := range programs {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", errNoBrowser
}

// Browser is one Chromium process.
type Browser struct {
	ctx context.Context
}

// Start starts a browser that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	b, end, err := start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return b
}

// shared is the browser that Shared gives.
var shared struct {
	once sync.Once
	b    *Browser
	dir  string
	end  func()
	err  error
}

// Shared returns the one browser of a package's tests, started on first use and ended by End. Its pages have nothing in common but the
// process, so tests that run beside each other don't see each other; one that measures the process starts its own. Safe for concurrent use.
func Shared(t testing.TB) *Browser {
	t.Helper()
	shared.once.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "uniqchat-browser-"); shared.err == nil {
			shared.b, shared.end, shared.err = start(shared.dir)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.b
}

// End ends the shared browser, if it was started; for TestMain.
func End() {
	if shared.end != nil {
		shared.end()
	}
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
}

// start starts a browser that keeps what it keeps in dir.
func start(dir string) (*Browser, func(), error) {
	path, err := Find()
	if err != nil {
		return nil, nil, err
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.DisableGPU,
		chromedp.UserDataDir(dir),
	}
	for _, flag := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-extensions",
		"disable-dev-shm-usage", "disable-background-timer-throttling", "disable-backgrounding-occluded-windows",
		"disable-renderer-backgrounding", "hide-scrollbars", "mute-audio",
	} {
		opts = append(opts, chromedp.Flag(flag, true))
	}
	opts = append(opts, chromedp.Flag("disable-features", "PreloadTopChromeWebUI,WebUIOmniboxPopup,Translate,MediaRouter,OptimizationHints")) // the frame around pages, which nobody sees, has pages of its own
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // it refuses to start as root otherwise
	}
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	end := func() {
		cancel()
		cancelAlloc()
	}
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, nil, fmt.Errorf("start %s: %w", path, err)
	}
	return &Browser{ctx}, end, nil
}
