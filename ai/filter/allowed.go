package filter

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/uniqchat/uniqchat/ai/model"
)

// Allowed is what an answer may contain of such things as links and ids: what stands in the texts that it was made from.
//
// It never changes. Safe for concurrent use.
type Allowed struct {
	links map[string]bool
	hosts []string
	ids   map[string]bool
}

// NewAllowed reads the links of a question's chunks, and the ids that the visitor wrote: no document has a reason to tell ids. hosts are allowed
// with all of their paths, subdomains included.
func NewAllowed(q *model.Question, hosts []string) *Allowed {
	a := &Allowed{links: map[string]bool{}, ids: map[string]bool{}}
	for _, h := range hosts {
		if h = strings.ToLower(strings.Trim(h, ". ")); h != "" {
			a.hosts = append(a.hosts, h)
		}
	}
	for _, c := range q.Chunks {
		for _, s := range []string{c.Title, c.Heading, c.Text} {
			s = markup.ReplaceAllString(s, " ") // what stands in attributes nobody was shown
			for _, m := range markdownLink.FindAllStringSubmatch(s, -1) {
				a.links[canonical(m[2])] = true
			}
			for _, l := range bareLink.FindAllString(s, -1) {
				a.links[canonical(l)] = true
			}
		}
	}
	a.learn(q.Text)
	for _, t := range q.Turns {
		if t.Visitor {
			a.learn(t.Text)
		}
	}
	return a
}

func (a *Allowed) learn(s string) {
	for _, id := range anyID.FindAllString(strings.ToLower(s), -1) {
		a.ids[bare(id)] = true
	}
}

// link reports whether a link may be shown.
func (a *Allowed) link(l string) bool {
	l = canonical(l)
	if a.links[l] {
		return true
	}
	u, err := url.Parse("https://" + strings.TrimPrefix(strings.TrimPrefix(l, "https://"), "http://"))
	if err != nil || u.User != nil || strings.Contains(l, ":") && !strings.HasPrefix(l, "http") && u.Port() == "" {
		return false
	}
	for _, h := range a.hosts {
		if host := u.Hostname(); host == h || strings.HasSuffix(host, "."+h) {
			return true
		}
	}
	return false
}

// canonical is a link in one form: no case in what has none, nothing of the sentence around it, and plain HTTP as HTTPS.
func canonical(l string) string {
	l = strings.TrimRight(strings.TrimSpace(l), ".,;:!?'\"*_~`，。；：！？、")
	head, path := l, ""
	from := strings.Index(l, "://")
	if from < 0 {
		from = -3
	}
	if i := strings.IndexAny(l[from+3:], "/?#"); i >= 0 {
		head, path = l[:from+3+i], l[from+3+i:]
	}
	head = strings.ToLower(head)
	head = strings.TrimPrefix(strings.TrimPrefix(head, "http://"), "https://")
	return head + strings.TrimRight(path, "/")
}

// What looks like an id of ours: 32 hexadecimal digits, in groups or not.
var anyID = regexp.MustCompile(`\b[0-9a-f]{8}[ -]?[0-9a-f]{4}[ -]?[0-9a-f]{4}[ -]?[0-9a-f]{4}[ -]?[0-9a-f]{12}\b`)

// bare is an id without its groups.
func bare(id string) string { return strings.NewReplacer("-", "", " ", "").Replace(id) }
