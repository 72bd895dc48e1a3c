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
	links  map[string]bool
	hosts  []string
	ids    map[string]bool // without their groups
	linked map[string]bool // ids that only links may have
}

// NewAllowed reads the links of a question's chunks, and ids: those that the visitor wrote, and those of the chunks that are none of ours (a product's, a
// file's). One of ours may be shown only in a link that has it: no document has a reason to tell it. hosts are allowed with all of their paths, subdomains
// included.
func NewAllowed(q *model.Question, hosts []string) *Allowed {
	a := &Allowed{links: map[string]bool{}, ids: map[string]bool{}, linked: map[string]bool{}}
	for _, h := range hosts {
		if h = strings.ToLower(strings.Trim(h, ". ")); h != "" {
			a.hosts = append(a.hosts, h)
		}
	}
	for _, c := range q.Chunks {
		for _, s := range []string{c.Title, c.Heading, c.Text} {
			s = markup.ReplaceAllString(s, " ") // what stands in attributes nobody was shown
			for _, m := range markdownLink.FindAllStringSubmatch(s, -1) {
				a.learnLink(m[2])
			}
			for _, l := range bareLink.FindAllString(s, -1) {
				a.learnLink(l)
			}
			for _, id := range idsIn(s) {
				if !ours(id) {
					a.ids[id] = true
				}
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
	for _, id := range idsIn(s) {
		a.ids[id] = true
	}
}

func (a *Allowed) learnLink(l string) {
	if c := canonical(l); c != "" {
		a.links[c] = true
	}
	for _, id := range idsIn(l) {
		a.linked[id] = true
	}
}

// foreign reports whether a text has an id that it must not have.
func (a *Allowed) foreign(s string) bool {
	for _, id := range idsIn(s) {
		if !a.ids[id] {
			return true
		}
	}
	return false
}

// unlinked is a text without the links that may be shown with the ids that they have: a link to one of the tenant's hosts may have no other ids than the
// texts do.
func (a *Allowed) unlinked(s string) string {
	if len(idsIn(s)) == 0 {
		return s // nearly all words
	}
	shown := func(l string) bool {
		ids := idsIn(l)
		if len(ids) == 0 || !a.link(l) { // without one it needs no leave, and must not stand between the parts of one
			return false
		}
		for _, id := range ids {
			if !a.linked[id] && !a.ids[id] {
				return false
			}
		}
		return true
	}
	s = replace(markdownLink, s, func(m []string) string {
		if shown(m[2]) {
			return strings.ReplaceAll(m[0], m[2], " ")
		}
		return m[0]
	})
	return replace(bareLink, s, func(m []string) string {
		if shown(m[0]) {
			return " "
		}
		return m[0]
	})
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

// What looks like an id: 32 hexadecimal digits, in groups or not.
var anyID = regexp.MustCompile(`\b[0-9a-f]{8}[ -]?[0-9a-f]{4}[ -]?[0-9a-f]{4}[ -]?[0-9a-f]{4}[ -]?[0-9a-f]{12}\b`)

// idsIn are the ids in a text, without their groups.
func idsIn(s string) []string {
	ids := anyID.FindAllString(strings.ToLower(s), -1)
	for i := range ids {
		ids[i] = strings.NewReplacer("-", "", " ", "").Replace(ids[i])
	}
	return ids
}

// ours reports whether an id may be one of this server's: they are of the versions 7 and 8 (RFC 9562).
func ours(id string) bool {
	return (id[12] == '7' || id[12] == '8') && strings.IndexByte("89ab", id[16]) >= 0
}
