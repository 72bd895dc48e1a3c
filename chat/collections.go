package chat

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
)

// The bodies of a tenant's records, as the API takes and shows them. The tags besides json describe them to the API's document.

// Label is what conversations are marked with. Names are unique, whatever their case.
type Label struct {
	Name        string `json:"name" minLength:"1" maxLength:"50"`
	Color       string `json:"color,omitempty" pattern:"^#[0-9a-fA-F]{6}$" doc:"As #rrggbb. Defaults to #64748b."`
	Description string `json:"description,omitempty" maxLength:"500"`
}

// Check implements RecordBody.
func (l *Label) Check() error {
	if l.Color == "" {
		l.Color = "#64748b"
	}
	l.Color = strings.ToLower(l.Color)
	if _, err := hex.DecodeString(strings.TrimPrefix(l.Color, "#")); err != nil || len(l.Color) != 7 || l.Color[0] != '#' {
		return Errorf(Malformed, "color: must be #rrggbb")
	}
	return checkTexts(line{"name", &l.Name, 1, 50}, line{"description", &l.Description, 0, 500})
}

// UniqueName implements RecordBody.
func (l *Label) UniqueName() string { return foldName(l.Name) }

// CannedResponse is an answer that agents have ready.
type CannedResponse struct {
	Shortcut string `json:"shortcut" minLength:"1" maxLength:"50" doc:"What an agent writes behind a /: unique, whatever its case, without blanks."`
	Title    string `json:"title,omitempty" maxLength:"100"`
	Text     string `json:"text" minLength:"1" maxLength:"20000" doc:"The console fills in {{visitor.name}}, {{visitor.email}} and {{agent.name}}; {{visitor.name|there}} says what stands for it where it is not known."`
	TeamID   string `json:"team_id,omitempty" maxLength:"36" doc:"Whose answer it is; everybody's if missing."`
}

// Check implements RecordBody.
func (c *CannedResponse) Check() error {
	c.Shortcut = strings.TrimPrefix(c.Shortcut, "/")
	if strings.ContainsFunc(strings.TrimSpace(c.Shortcut), unicode.IsSpace) {
		return Errorf(Malformed, "shortcut: must have no blanks")
	}
	if c.TeamID != "" {
		if _, err := ParseID[Team](c.TeamID); err != nil {
			return Errorf(Malformed, "team_id: must be a team's id")
		}
	}
	if strings.TrimSpace(c.Text) == "" || len(c.Text) > 80_000 || !isPlain(c.Text) {
		return Errorf(Malformed, "text: must be 1 to 20000 characters")
	}
	return checkTexts(line{"shortcut", &c.Shortcut, 1, 50}, line{"title", &c.Title, 0, 100})
}

// UniqueName implements RecordBody.
func (c *CannedResponse) UniqueName() string { return foldName(c.Shortcut) }

// Trigger is a message that the widget shows by itself, when all of its conditions hold.
type Trigger struct {
	Name       string            `json:"name" minLength:"1" maxLength:"100"`
	Enabled    *bool             `json:"enabled,omitempty" doc:"Defaults to true."`
	SiteKey    string            `json:"site_key,omitempty" maxLength:"100" doc:"Where it holds; everywhere if missing."`
	Conditions TriggerConditions `json:"conditions"`
	HoldOut    int               `json:"hold_out_percent,omitempty" minimum:"0" maximum:"100" doc:"How many of a hundred visitors never get it, so that its effect can be measured."`
	Message    Bilingual         `json:"message"`
}

// TriggerConditions is what must be so before a trigger fires. At least one is needed.
type TriggerConditions struct {
	SecondsOnPage int      `json:"seconds_on_page,omitempty" minimum:"0" maximum:"86400"`
	URL           []string `json:"url,omitempty" maxItems:"50" doc:"One of these is the page's address; * stands for anything."`
	CartValueMin  float64  `json:"cart_value_min,omitempty" minimum:"0" maximum:"1000000000000" doc:"What is in the cart is worth this much at least."`
}

// Bilingual is a text for people in the languages that there are; one of them at least.
type Bilingual struct {
	ZH string `json:"zh,omitempty" maxLength:"2000"`
	EN string `json:"en,omitempty" maxLength:"2000"`
}

// Check implements RecordBody.
func (t *Trigger) Check() error {
	if t.Enabled == nil {
		yes := true
		t.Enabled = &yes
	}
	c := &t.Conditions
	switch {
	case c.SecondsOnPage < 0 || c.SecondsOnPage > 86_400:
		return Errorf(Malformed, "conditions.seconds_on_page: must be 0 to 86400")
	case !(c.CartValueMin >= 0 && c.CartValueMin <= 1e12):
		return Errorf(Malformed, "conditions.cart_value_min: must be 0 to 1e12")
	case len(c.URL) > 50:
		return Errorf(Malformed, "conditions.url: at most 50")
	case c.SecondsOnPage == 0 && len(c.URL) == 0 && c.CartValueMin == 0:
		return Errorf(Malformed, "conditions: at least one of seconds_on_page, url, cart_value_min is needed")
	case t.HoldOut < 0 || t.HoldOut > 100:
		return Errorf(Malformed, "hold_out_percent: must be 0 to 100")
	case strings.TrimSpace(t.Message.ZH) == "" && strings.TrimSpace(t.Message.EN) == "":
		return Errorf(Malformed, "message: a text in zh or en is needed")
	}
	texts := []line{{"name", &t.Name, 1, 100}, {"site_key", &t.SiteKey, 0, 100}, {"message.zh", &t.Message.ZH, 0, 2000}, {"message.en", &t.Message.EN, 0, 2000}}
	for i := range c.URL {
		texts = append(texts, line{"conditions.url", &c.URL[i], 1, 2000})
	}
	return checkTexts(texts...)
}

// UniqueName implements RecordBody.
func (t *Trigger) UniqueName() string { return foldName(t.Name) }

// Block keeps a visitor away.
type Block struct {
	Kind      string     `json:"kind" enum:"visitor,address,fingerprint"`
	Value     string     `json:"value" minLength:"1" maxLength:"128" doc:"A visitor's id; an address or a range of them, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32; or what the page named as fingerprint."`
	Reason    string     `json:"reason,omitempty" maxLength:"500"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Until when it holds; for ever if missing."`
}

// What a Block can be about.
const (
	BlockVisitor     = "visitor"
	BlockAddress     = "address"
	BlockFingerprint = "fingerprint"
)

// Check implements RecordBody. An IPv4 address in IPv6's clothes is taken for what it is.
func (b *Block) Check() error {
	b.Value = strings.TrimSpace(b.Value)
	switch b.Kind {
	case BlockVisitor:
		id, err := ParseID[Visitor](b.Value)
		if err != nil || id.IsZero() {
			return Errorf(Malformed, "value: must be a visitor's id")
		}
		b.Value = id.String()
	case BlockAddress:
		p, err := parseRange(b.Value)
		if err != nil {
			return Errorf(Malformed, "value: must be an address or a range such as 192.0.2.0/24")
		}
		b.Value = p.String()
	case BlockFingerprint:
	default:
		return Errorf(Malformed, "kind: must be visitor, address or fingerprint")
	}
	if b.ExpiresAt != nil {
		at := b.ExpiresAt.UTC().Truncate(time.Millisecond)
		if at.Year() < 2000 || at.Year() > 9999 {
			return Errorf(Malformed, "expires_at: is out of range")
		}
		b.ExpiresAt = &at
	}
	return checkTexts(line{"value", &b.Value, 1, 128}, line{"reason", &b.Reason, 0, 500})
}

// UniqueName implements RecordBody.
func (b *Block) UniqueName() string { return b.Kind + ":" + b.Value }

func parseRange(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, Errorf(Malformed, "no address")
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, err
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// Routing is how a tenant's conversations find their agents.
type Routing struct {
	Strategy string `json:"strategy,omitempty" enum:"least_loaded,round_robin,manual" doc:"Who gets the next one: whoever has the fewest, each in turn, or whoever takes it. Defaults to least_loaded."`
	Sticky   *bool  `json:"sticky,omitempty" doc:"Whoever answered a visitor last comes first. Defaults to true."`
	Reoffer  int    `json:"reoffer_seconds,omitempty" minimum:"0" maximum:"86400" doc:"Whoever was given a conversation and has not answered for so long loses it to somebody else with room, if there is one. 0: nobody does."`
}

// minReoffer is the least that Routing.Reoffer may be, in seconds: people need to read.
const minReoffer = 5

// The strategies of Routing.
const (
	LeastLoaded = "least_loaded"
	RoundRobin  = "round_robin"
	ByHand      = "manual"
)

// Check implements RecordBody.
func (r *Routing) Check() error {
	if r.Strategy == "" {
		r.Strategy = LeastLoaded
	}
	if r.Sticky == nil {
		yes := true
		r.Sticky = &yes
	}
	if r.Reoffer != 0 && (r.Reoffer < minReoffer || r.Reoffer > 86_400) {
		return Errorf(Malformed, "reoffer_seconds: must be 0, or %d to 86400", minReoffer)
	}
	if !slices.Contains([]string{LeastLoaded, RoundRobin, ByHand}, r.Strategy) {
		return Errorf(Malformed, "strategy: must be least_loaded, round_robin or manual")
	}
	return nil
}

// UniqueName implements RecordBody: there is one.
func (r *Routing) UniqueName() string { return "routing" }

// line is a text of a body with its bounds in characters.
type line struct {
	name        string
	text        *string
	least, most int
}

// checkTexts trims texts and judges their lengths.
func checkTexts(lines ...line) error {
	for _, l := range lines {
		*l.text = strings.TrimSpace(*l.text)
		if n := len([]rune(*l.text)); n < l.least || n > l.most || !isPlain(*l.text) {
			return Errorf(Malformed, "%s: must be %d to %d characters", l.name, l.least, l.most)
		}
	}
	return nil
}

// foldName is a name as it is compared.
func foldName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
