package server_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/web"
)

// frames counts the frames that a page draws for some seconds: how many a second, and the interval between two, in ms, that 95 in 100
// and all of them keep within. Each frame scrolls an element by so many pixels. Of events of the board it counts the bytes.
const frames = `(() => {
  window.watching ??= (() => {
    const take = (e) => { window.received = (window.received ?? 0) + (typeof e.data === "string" ? e.data.length : e.data.byteLength); window.packets = (window.packets ?? 0) + 1; };
    const plain = window.WebSocket;
    window.WebSocket = class extends plain { constructor(...a) { super(...a); this.addEventListener("message", take); } };
    return true;
  })();
  window.measure = (seconds, pixels) => {
    const gaps = [], box = pixels > 0 ? document.querySelector("[data-testid=board]") : null;
    let last = 0, begun = 0, drawn = 0, blank = 0;
    const bytes = window.received ?? 0, packets = window.packets ?? 0;
    window.figures = null;
    const frame = (now) => {
      if (begun === 0) begun = now;
      else gaps.push(now - last);
      last = now;
      drawn++;
      if (box !== null) {
        box.scrollTop += pixels;
        if (box.querySelectorAll("[data-testid=online]").length === 0) blank++;
      }
      if (now - begun < seconds * 1000) { requestAnimationFrame(frame); return; }
      gaps.sort((a, b) => a - b);
      const took = (now - begun) / 1000;
      window.figures = { rate: drawn / took, p95: gaps[Math.floor(gaps.length * .95)], worst: gaps.at(-1), bytes: ((window.received ?? 0) - bytes) / took, packets: ((window.packets ?? 0) - packets) / took, blank: blank / drawn };
    };
    requestAnimationFrame(frame);
    return true;
  };
  return true;
})()`

type figures struct{ Rate, P95, Worst, Bytes, Packets, Blank float64 }

// BenchmarkBoardBrowser is BenchmarkBoardWatch where one of the 20 agents is a person with the console in a browser: how many frames a
// second it draws while rows change, and while it scrolls over them.
func BenchmarkBoardBrowser(b *testing.B) {
	const visitors, agents, perSecond = 100_000, 20, 1000
	n := start(b, func(c *server.Config) { c.Pages = web.Files() })
	s := simulate(b, n, visitors)
	var watchers sync.WaitGroup
	for range agents - 1 {
		_, token := n.agent(n.tenant.ID, chat.Member)
		w := n.watcher(n.TCPAddr(), token)
		require.NoError(b, w.c.SetDeadline(time.Time{}))
		w.watch(`{}`, 0, 50)
		b.Cleanup(func() { _ = w.c.Close() })
		watchers.Go(func() {
			for {
				if _, err := w.changed(); err != nil {
					return
				}
			}
		})
	}
	person, _ := n.agent(n.tenant.ID, chat.Member)
	p := browser.Start(b).Page(b, "board", browser.Options{Wide: true})
	p.Go("http://" + n.HTTPAddr() + "/console/visitors/live")
	p.Wait(`$("email")`)
	p.Wait(frames)
	p.Type("email", person.Email)
	p.Type("password", password)
	p.Click("login")
	p.Wait(`$$("online").length > 10`)
	var total string
	require.NoError(b, p.Eval(`$("total").innerText`, &total))
	require.Contains(b, total, "100,000")

	done := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.change(perSecond / 10)
			case <-done:
				return
			}
		}
	})
	b.Cleanup(func() {
		close(done)
		changing.Wait()
	})
	const seconds = 15
	for b.Loop() {
		for _, m := range []struct {
			name   string
			pixels int
		}{{"changing", 0}, {"scrolling", 20}, {"far", 400}} {
			var f *figures
			p.Wait(fmt.Sprintf("measure(%d, %d)", seconds, m.pixels))
			time.Sleep(seconds * time.Second)
			p.Wait(`window.figures !== null`)
			require.NoError(b, p.Eval(`{ Rate: figures.rate, P95: figures.p95, Worst: figures.worst, Bytes: figures.bytes, Packets: figures.packets, Blank: figures.blank }`, &f))
			b.ReportMetric(f.Rate, m.name+"-frames/s")
			b.ReportMetric(f.P95, m.name+"-p95-ms")
			b.ReportMetric(f.Worst, m.name+"-worst-ms")
			b.ReportMetric(f.Bytes, m.name+"-B/s")
			b.ReportMetric(f.Packets, m.name+"-packets/s")
			b.ReportMetric(f.Blank*100, m.name+"-%blank")
		}
		p.Screenshot("after")
	}
	require.Empty(b, p.Problems())
}
