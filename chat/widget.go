package chat

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Widget is how a site wants its widget: the look, the words and what it does by itself. Everybody may read it, so nothing secret
// belongs here. What is missing is as the widget has it by default, and what the page itself says goes before.
type Widget struct {
	Title        Bilingual   `json:"title,omitzero" doc:"The name at the top, at most 60 characters."`
	Greeting     Bilingual   `json:"greeting,omitzero" doc:"Above the first message, at most 500 characters."`
	Launcher     Bilingual   `json:"launcher,omitzero" doc:"Words beside the sign on the button, at most 40 characters; a round button if missing."`
	Starters     []Bilingual `json:"starters,omitempty" maxItems:"4" doc:"Questions to begin with, each at most 200 characters."`
	Color        string      `json:"color,omitempty" pattern:"^#[0-9a-fA-F]{6}$" doc:"As #rrggbb: the button, the head, the visitor's own messages."`
	ColorTo      string      `json:"color_to,omitempty" pattern:"^#[0-9a-fA-F]{6}$" doc:"Where color's gradient goes."`
	ColorOn      string      `json:"color_on,omitempty" pattern:"^#[0-9a-fA-F]{6}$" doc:"What is written on color. White or nearly black if missing, whichever reads better."`
	Theme        string      `json:"theme,omitempty" enum:"auto,light,dark" doc:"Defaults to auto, the visitor's own."`
	Position     string      `json:"position,omitempty" enum:"right,left" doc:"Defaults to right; the other side where the language is written from the right."`
	Logo         string      `json:"logo,omitempty" maxLength:"1000" doc:"An https address: the picture at the top."`
	Avatar       string      `json:"avatar,omitempty" maxLength:"1000" doc:"An https address: a picture of who answers, shown while an agent is online."`
	Sound        *bool       `json:"sound,omitempty" doc:"Whether messages make a sound before the visitor says. Defaults to true."`
	HideLauncher bool        `json:"hide_launcher,omitempty" doc:"No button: the page opens the chat itself."`
	Triggers     *bool       `json:"triggers,omitempty" doc:"Whether triggers may fire here. Defaults to true."`
	PageViews    *bool       `json:"page_views,omitempty" doc:"Whether agents see the pages that a visitor looks at. Defaults to true."`
	PreChat      PreChat     `json:"pre_chat,omitzero" doc:"What is asked before the first message."`
	OfflineForm  string      `json:"offline_form,omitempty" enum:"closed,away,never" doc:"When a form for a message and an e-mail address stands in place of the chat: outside the business hours (closed, the default), then and while no agent is online (away), or never."`
	OfflineText  Bilingual   `json:"offline_text,omitzero" doc:"Above that form, at most 500 characters."`
}

// maxWidget is how large a Widget may be as JSON, in bytes: every visitor's browser gets it.
const maxWidget = 16 << 10

// PreChat is what a visitor is asked before the first message. Nothing is asked without fields.
type PreChat struct {
	Text   Bilingual     `json:"text,omitzero" doc:"Above the fields, at most 500 characters."`
	Fields []WidgetField `json:"fields,omitempty" maxItems:"10"`
}

// WidgetField is one thing that is asked. name and email become the visitor's; any other one an attribute of its name.
type WidgetField struct {
	Name     string         `json:"name" pattern:"^[a-z][a-z0-9_]{0,39}$" doc:"name, email, or the name of an attribute."`
	Label    Bilingual      `json:"label,omitzero" doc:"At most 80 characters; name and email have their own."`
	Type     string         `json:"type,omitempty" enum:"text,email,tel,number,textarea,select,checkbox" doc:"Defaults to text; email's is email."`
	Options  []WidgetOption `json:"options,omitempty" maxItems:"50" doc:"Of a select."`
	Required bool           `json:"required,omitempty"`
}

// WidgetOption is one answer of a select.
type WidgetOption struct {
	Value string    `json:"value" minLength:"1" maxLength:"200"`
	Label Bilingual `json:"label,omitzero" doc:"At most 80 characters; the value itself if missing."`
}

// FiresTriggers reports whether triggers may fire.
func (w *Widget) FiresTriggers() bool { return w.Triggers == nil || *w.Triggers }

// Check trims the texts and judges everything. Errors name the member.
func (w *Widget) Check() error {
	choices := []struct {
		name, value string
		among       []string
	}{{"theme", w.Theme, []string{"", "auto", "light", "dark"}}, {"position", w.Position, []string{"", "right", "left"}}, {"offline_form", w.OfflineForm, []string{"", "closed", "away", "never"}}}
	for _, c := range choices {
		if !slices.Contains(c.among, c.value) {
			return Errorf(Malformed, "widget.%s: must be one of %s", c.name, strings.Join(c.among[1:], ", "))
		}
	}
	for name, c := range map[string]*string{"color": &w.Color, "color_to": &w.ColorTo, "color_on": &w.ColorOn} {
		*c = strings.ToLower(*c)
		if _, err := hex.DecodeString(strings.TrimPrefix(*c, "#")); *c != "" && (err != nil || len(*c) != 7 || (*c)[0] != '#') {
			return Errorf(Malformed, "widget.%s: must be #rrggbb", name)
		}
	}
	for name, address := range map[string]string{"logo": w.Logo, "avatar": w.Avatar} {
		if u, err := url.Parse(address); address != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(address) > 1000 || !isPlain(address)) {
			return Errorf(Malformed, "widget.%s: must be an https address of at most 1000 characters", name)
		}
	}
	if len(w.Starters) > 4 {
		return Errorf(Malformed, "widget.starters: at most 4")
	}
	texts := slices.Concat(w.Title.lines("title", 60), w.Greeting.lines("greeting", 500), w.Launcher.lines("launcher", 40),
		w.OfflineText.lines("offline_text", 500), w.PreChat.Text.lines("pre_chat.text", 500))
	for i := range w.Starters {
		texts = append(texts, w.Starters[i].lines("starters", 200)...)
	}
	if err := checkTexts(texts...); err != nil {
		return err
	}
	for i := range w.Starters {
		if w.Starters[i] == (Bilingual{}) {
			return Errorf(Malformed, "widget.starters: a text in zh or en is needed")
		}
	}
	if err := w.PreChat.check(); err != nil {
		return err
	}
	if raw, err := json.Marshal(w); err != nil || len(raw) > maxWidget {
		return Errorf(Malformed, "widget: at most %d bytes in all", maxWidget)
	}
	return nil
}

// lines are the texts of b to be checked.
func (b *Bilingual) lines(name string, most int) []line {
	return []line{{"widget." + name + ".zh", &b.ZH, 0, most}, {"widget." + name + ".en", &b.EN, 0, most}}
}

var fieldTypes = []string{"text", "email", "tel", "number", "textarea", "select", "checkbox"}

func (p *PreChat) check() error {
	if len(p.Fields) > 10 {
		return Errorf(Malformed, "widget.pre_chat.fields: at most 10")
	}
	seen := map[string]bool{}
	for i := range p.Fields {
		f := &p.Fields[i]
		at := "pre_chat.fields." + strconv.Itoa(i)
		if !isFieldName(f.Name) || seen[f.Name] {
			return Errorf(Malformed, "widget.%s.name: must be small letters, digits and _, and another one for each field", at)
		}
		seen[f.Name] = true
		if f.Type == "" {
			f.Type = "text"
		}
		switch f.Name {
		case "name":
			f.Type = "text"
		case "email":
			f.Type = "email"
		}
		if err := f.check(at); err != nil {
			return err
		}
	}
	return nil
}

func (f *WidgetField) check(at string) error {
	if !slices.Contains(fieldTypes, f.Type) {
		return Errorf(Malformed, "widget.%s.type: must be one of %s", at, strings.Join(fieldTypes, ", "))
	}
	if (f.Type == "select") != (len(f.Options) > 0) || len(f.Options) > 50 {
		return Errorf(Malformed, "widget.%s.options: a select needs 1 to 50, nothing else has any", at)
	}
	texts := f.Label.lines(at+".label", 80)
	for i := range f.Options {
		o := &f.Options[i]
		texts = append(texts, line{"widget." + at + ".options.value", &o.Value, 1, 200})
		texts = append(texts, o.Label.lines(at+".options.label", 80)...)
	}
	if err := checkTexts(texts...); err != nil {
		return err
	}
	if f.Label == (Bilingual{}) && f.Name != "name" && f.Name != "email" {
		return Errorf(Malformed, "widget.%s.label: a text in zh or en is needed", at)
	}
	return nil
}

func isFieldName(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 40
}
