package auth

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

// ValidOrigin refuses what no browser ever sends as Origin (RFC 6454, 6.2): the list of a site key is compared byte by byte, so
// the widget would be refused everywhere, or a list that seems to be narrow would be no list.
func ValidOrigin(origin string) error {
	bad := func(what string) error {
		return &chat.Error{Code: chat.Malformed, Name: "origin_invalid", Message: "origin " + strconv.Quote(shorten(origin, 200)) + ": " + what}
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Contains(origin, "*") ||
		origin != u.Scheme+"://"+strings.ToLower(u.Host) || strings.HasSuffix(u.Host, ":") {
		return bad("is not what a browser calls a page's origin; write scheme and host in small letters and nothing more, e.g. https://shop.example.com")
	}
	for _, b := range []byte(u.Host) {
		if b >= 0x80 {
			return bad("write the host as browsers do, in ASCII (xn--…)")
		}
	}
	port := u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return bad("browsers leave the usual port out; write " + u.Scheme + "://" + strings.TrimSuffix(u.Host, ":"+port))
	}
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
		return bad("a port is 1 to 65535")
	}
	return nil
}
