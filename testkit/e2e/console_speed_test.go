package e2e_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
)

// stopwatch is asked of the page: from an act until, at a frame, something holds. Milliseconds, in window.took.
const stopwatch = `(window.time = (act, until) => {
	window.took = null;
	const began = performance.now(), look = () => { if (until()) { window.took = performance.now() - began; } else requestAnimationFrame(look); };
	act();
	requestAnimationFrame(look);
	return true;
})`

// BenchmarkConsole is how long somebody at the console waits, on a server that holds many messages: UNIQCHAT_CONSOLE is its address,
// UNIQCHAT_CONSOLE_EMAIL and UNIQCHAT_CONSOLE_PASSWORD log in. Other queues by turns, conversations one after the other, and words
// that are searched with Enter; docs/performance.md has how.
func BenchmarkConsole(b *testing.B) {
	at := os.Getenv("UNIQCHAT_CONSOLE")
	if at == "" {
		b.Fatal("UNIQCHAT_CONSOLE=http://… UNIQCHAT_CONSOLE_EMAIL=… UNIQCHAT_CONSOLE_PASSWORD=…: a server with a data set (make dataset)")
	}
	p := browser.Start(b).Page(b, "console", browser.Options{Wide: true})
	p.Go(at + "/console/")
	p.Type("email", os.Getenv("UNIQCHAT_CONSOLE_EMAIL"))
	p.Type("password", os.Getenv("UNIQCHAT_CONSOLE_PASSWORD"))
	p.Click("login")
	p.Wait(`$("link")?.dataset.state === "online"`)
	p.Wait(stopwatch)
	took := map[string][]float64{}
	timed := func(what, act, until string) {
		p.Wait(fmt.Sprintf(`time(() => { %s }, () => %s)`, act, until))
		p.Wait(`window.took !== null`)
		var ms float64
		require.NoError(b, p.Eval(`window.took`, &ms))
		took[what] = append(took[what], ms)
	}
	const settled = `document.querySelector("nav[data-stale]").dataset.stale === "false" && $$("conversation").length > 0`
	queues := []string{"queued", "open"}
	words := []string{"发票", "优惠券", "蓝牙耳机", "订单号", "拍一张照片", "refund", "颜色有色差", "补发", "invoice", "delivery"}
	for i := 0; b.Loop(); i++ {
		q := queues[i%len(queues)]
		timed("queue", fmt.Sprintf(`$("tab-%s").click()`, q), `$("tab-`+q+`").ariaSelected === "true" && `+settled)
		p.Wait(`$$("conversation").length > 3`)
		timed("conversation", fmt.Sprintf(`window.row = $$("conversation")[%d]; row.click()`, i%4),
			`row.isConnected && row.ariaCurrent === "true" && $("messages")?.dataset.joined === "true" && $$("message").length > 0`)
		p.Wait(`((box) => { box.focus(); const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set; set.call(box, ` + quoted(words[i%len(words)]) + `); box.dispatchEvent(new Event("input", { bubbles: true })); return true; })($("search"))`)
		timed("search", `$("search").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }))`, `location.search.includes("q=") && document.querySelector("nav[data-stale]").dataset.stale === "false"`)
		p.Click("search")
		p.Press("Escape")
		p.Wait(`!location.search.includes("q=") && ` + settled)
	}
	for what, all := range took {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], what+"-p50-ms")
		b.ReportMetric(all[len(all)*95/100], what+"-p95-ms")
		b.ReportMetric(all[len(all)-1], what+"-worst-ms")
	}
	b.ReportMetric(0, "ns/op")
}
