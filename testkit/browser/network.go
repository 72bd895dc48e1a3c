package browser

import (
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Network is how a page reaches its servers. The zero value is as it is.
type Network struct {
	Offline        bool
	Latency        float64 // milliseconds
	BytesPerSecond float64 // each way; 0: no limit
}

// conditions is Network.emulateNetworkConditions, which counts for fetches and WebSockets and sets navigator.onLine.
type conditions struct {
	Offline            bool    `json:"offline"`
	Latency            float64 `json:"latency"`
	DownloadThroughput float64 `json:"downloadThroughput"`
	UploadThroughput   float64 `json:"uploadThroughput"`
}

var emulateNetworkConditions = cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// Network changes the page's network from now on.
func (p *Page) Network(n Network) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	p.must(err)
	if n.BytesPerSecond == 0 {
		n.BytesPerSecond = -1
	}
	_, err = chromedp.Call(p.ctx, emulateNetworkConditions, conditions{n.Offline, n.Latency, n.BytesPerSecond, n.BytesPerSecond})
	p.must(err)
}

// Block makes requests to addresses that match fail, * standing for anything; none lets everything through again.
func (p *Page) Block(patterns ...string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	p.must(err)
	var blocked []*network.BlockPattern
	for _, s := range patterns {
		blocked = append(blocked, &network.BlockPattern{URLPattern: s, Block: true})
	}
	_, err = chromedp.Call(p.ctx, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: blocked})
	p.must(err)
}

// Slow makes the page's processor so many times slower.
func (p *Page) Slow(times float64) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: times})
	p.must(err)
}

// Keys presses keys one after the other, without a mouse: names of keys, with Shift+ or Ctrl+ before them, or text.
func (p *Page) Keys(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		var opts []chromedp.KeyOption
		for prefix, held := range map[string]chromedp.KeyOption{"Shift+": chromedp.KeyModifiers(kb.ModifierShift), "Ctrl+": chromedp.KeyModifiers(kb.ModifierCtrl)} {
			if rest, ok := strings.CutPrefix(k, prefix); ok && rest != "" {
				k, opts = rest, append(opts, held)
			}
		}
		if k == "Enter" && len(opts) == 0 {
			p.key(input.DispatchKeyEventParams{Key: k, Code: k, Text: "\r", WindowsVirtualKeyCode: 13})
			continue
		}
		if named, ok := named[k]; ok {
			k = named
		} else if len(opts) == 0 {
			for _, r := range k {
				p.key(input.DispatchKeyEventParams{Key: string(r), Text: string(r)})
			}
			continue
		}
		p.must(chromedp.Do(p.ctx, chromedp.KeyEvent(k, opts...)))
	}
}

// key presses a key that writes something, unless the page does something else with it: as for a person, either or.
func (p *Page) key(e input.DispatchKeyEventParams) {
	p.t.Helper()
	e.Type = input.DispatchKeyEventTypeKeyDown
	_, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, e)
	p.must(err)
	e.Type, e.Text = input.DispatchKeyEventTypeKeyUp, ""
	_, err = chromedp.Call(p.ctx, input.DispatchKeyEvent, e)
	p.must(err)
}

var named = map[string]string{
	"Enter": kb.Enter, "Escape": kb.Escape, "Tab": kb.Tab, "Space": " ", "ArrowRight": kb.ArrowRight, "ArrowLeft": kb.ArrowLeft, "ArrowDown": kb.ArrowDown,
	"ArrowUp": kb.ArrowUp, "Home": kb.Home, "End": kb.End,
}

// TrustAll makes the page take any certificate, as of a server that a test has for https.
func (p *Page) TrustAll() {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
	p.must(err)
}
