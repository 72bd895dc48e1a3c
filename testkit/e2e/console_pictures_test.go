package e2e_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestConsolePictures: a logo from elsewhere shows in the settings' preview and in the demo shop; one that is not there is told of; a
// card's picture from elsewhere is fetched by the console only for an agent who wants it.
func TestConsolePictures(t *testing.T) {
	t.Parallel()
	within(t, 3*time.Minute)
	square := image.NewRGBA(image.Rect(0, 0, 64, 64))
	draw.Draw(square, square.Bounds(), &image.Uniform{color.RGBA{220, 120, 20, 255}}, image.Point{}, draw.Src)
	var body bytes.Buffer
	require.NoError(t, png.Encode(&body, square))
	var cards atomic.Int32
	elsewhere := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone.png" {
			http.NotFound(w, r)
			return
		}
		if r.URL.Path == "/card.png" {
			cards.Add(1)
		}
		_, _ = w.Write(body.Bytes())
	}))
	elsewhere.Config.ErrorLog = log.New(io.Discard, "", 0) // browsers that try whether its certificate is any good
	elsewhere.StartTLS()
	defer elsewhere.Close()
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	b := browser.Shared(t)
	u := settingsOf(t, b, s, "admin@demo.test", browser.Options{Wide: true})
	u.TrustAll()
	const shown = `$("foreign")?.contentDocument?.querySelector("img")?.naturalWidth === 64`

	u.open("widget/demo")
	u.Type("field-logo", elsewhere.URL+"/gone.png")
	u.Wait(`$("logo-lost") && $("preview-logo").dataset.letter === "true"`)
	u.Screenshot("lost")
	u.Type("field-logo", elsewhere.URL+"/logo.png")
	u.Wait(shown + ` && !$("logo-lost")`)
	u.Screenshot("preview")
	u.Click("save")
	u.Wait(`$("save").disabled && !$("save").dataset.loading`)
	u.Look(browser.Options{Phone: true, Dark: true, Language: "zh-CN"})
	u.Wait(`($("preview").scrollIntoView(), true)`)
	u.Screenshot("preview-phone")
	u.Look(browser.Options{})

	shop := b.Page(t, "shop", browser.Options{})
	shop.TrustAll()
	shop.Go(s.BaseURL() + "/demo/")
	shop.Click("launcher")
	shop.Wait(`all(document, "img.logo")[0]?.naturalWidth === 64`)
	shop.Screenshot("logo")
	shop.Type("input", "Which lamp was it?")
	shop.Press("Enter")
	shop.See("message", "Which lamp")

	u.Go(s.BaseURL() + "/console/inbox?view=all")
	u.ClickOn(`$$("conversation").find((e) => e.innerText.includes("Which lamp"))`)
	u.Wait(`$("messages")?.dataset.joined === "true"`)
	u.Click("card-open")
	u.Type("card-title", "Desk lamp")
	u.Type("card-image", elsewhere.URL+"/card.png")
	u.Click("card-go")
	u.Wait(`!$("card-title") && $("show-picture")`)
	shop.Wait(`all(document, ".card img")[0]?.naturalWidth === 64`)
	u.Screenshot("card-asks")
	n := cards.Load() // the shop's
	u.Click("show-picture")
	u.Wait(shown)
	require.Greater(t, cards.Load(), n, "nothing was fetched before it was wanted")
	u.Screenshot("card")
	u.Look(browser.Options{Phone: true, Dark: true})
	u.Screenshot("card-phone")
	for _, p := range []*browser.Page{u.Page, shop} {
		for _, x := range p.Problems() {
			require.Contains(t, x, "404", "only the logo that is not there")
		}
	}
}
