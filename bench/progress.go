package bench

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows how far a run is: a bar on a terminal, otherwise a line now and then. A nil Progress shows nothing.
type Progress struct {
	W        io.Writer
	Terminal bool
	// Every is how often plain lines come. Defaults to 5s.
	Every time.Duration
}

// phase shows one phase until the returned function is called. look says how much of total is done and what else is worth
// knowing; it is called from another goroutine.
func (p *Progress) phase(name string, total int64, look func() (done int64, note string)) (end func()) {
	if p == nil || p.W == nil {
		return func() {}
	}
	every := p.Every
	if every <= 0 {
		every = 5 * time.Second
	}
	var bar *progressbar.ProgressBar
	if p.Terminal {
		every = 200 * time.Millisecond
		bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.W), progressbar.OptionSetDescription(name),
			progressbar.OptionShowCount(), progressbar.OptionSetWidth(24), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	show := func() {
		done, note := look()
		if bar != nil {
			bar.Describe(name + " " + note)
			_ = bar.Set64(min(done, total))
			return
		}
		fmt.Fprintf(p.W, "%s %s %d/%d %s\n", time.Now().Format("15:04:05"), name, done, total, note)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				show()
			}
		}
	})
	return func() {
		close(stop)
		wg.Wait()
		if bar != nil {
			_ = bar.Finish()
			done, note := look()
			fmt.Fprintf(p.W, "%s %d/%d %s\n", name, done, total, note)
			return
		}
		show()
	}
}

// note prints a line.
func (p *Progress) note(format string, args ...any) {
	if p != nil && p.W != nil {
		fmt.Fprintf(p.W, format+"\n", args...)
	}
}
