package browser

import (
	"fmt"
	"unicode/utf8"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// shows is what a person reads on the page, and how far what scrolls is scrolled.
func (p *Page) shows() string {
	var text string
	err := p.Eval(`[document.visibilityState, document.body?.innerText,
		...all(document, "*").filter((e) => e.shadowRoot).map((e) => [...e.shadowRoot.children].map((c) => c.innerText ?? "").join(" | ")),
		...all(document, "*").filter((e) => e.scrollHeight > e.clientHeight + 1 && getComputedStyle(e).overflowY !== "visible" && shown(e)).map((e) => (e.dataset.testid ?? e.className) + " at " + e.scrollTop + " of " + e.scrollHeight + "-" + e.clientHeight),
	].join("\n").slice(0, 6000)`, &text)
	if err != nil {
		return err.Error()
	}
	return text
}

// Type clicks into a field, selects what is in it, and writes over it: the first letter with its key, where there is one, the rest at
// once, as what an input method commits. Keys presses every key.
func (p *Page) Type(id, text string) {
	p.t.Helper()
	p.Click(id)
	p.Wait(fmt.Sprintf(wholly, id))
	if text != "" && text[0] < utf8.RuneSelf {
		p.must(chromedp.Do(p.ctx, chromedp.KeyEvent(text[:1])))
		text = text[1:]
	}
	if text != "" {
		_, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text})
		p.must(err)
	}
}

// wholly selects what stands in a field, and is true once that has lasted: fields that format what is written put the caret where it belongs a
// moment after a click, and what was selected is not selected any more then.
const wholly = `((e) => {
	const all = e.selectionStart === null || e.selectionStart === 0 && e.selectionEnd === e.value.length;
	if (!e.select) return true;
	if (!e.since || !all) {
		e.select();
		e.since = performance.now();
		return false;
	}
	if (performance.now() - e.since < 60) return false;
	e.since = 0;
	return true;
})($(%q))`
