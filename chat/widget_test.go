package chat

import (
	"strings"
	"testing"
	"time"
)

// What is wrong in a widget is named, and what is right is left as it is but for blanks and defaults.
func TestWidgetCheck(t *testing.T) {
	title := func(s string) Bilingual { return Bilingual{EN: s} }
	field := func(f WidgetField) Widget { return Widget{PreChat: PreChat{Fields: []WidgetField{f}}} }
	for name, w := range map[string]Widget{
		"widget.title.en":                   {Title: title(strings.Repeat("x", 61))},
		"widget.launcher.zh":                {Launcher: Bilingual{ZH: strings.Repeat("好", 41)}},
		"widget.color:":                     {Color: "red"},
		"widget.color_on:":                  {ColorOn: "#12345"},
		"widget.theme":                      {Theme: "pink"},
		"widget.position":                   {Position: "top"},
		"widget.logo":                       {Logo: "http://shop.example/logo.png"},
		"widget.avatar":                     {Avatar: "javascript:alert(1)"},
		"widget.offline_form":               {OfflineForm: "always"},
		"widget.starters: at most":          {Starters: make([]Bilingual, 5)},
		"widget.starters: a text":           {Starters: []Bilingual{{}}},
		"widget.pre_chat.fields.0.name":     field(WidgetField{Name: "Full Name", Label: title("x")}),
		"widget.pre_chat.fields.0.type":     field(WidgetField{Name: "x", Type: "password", Label: title("x")}),
		"widget.pre_chat.fields.0.options":  field(WidgetField{Name: "x", Type: "select", Label: title("x")}),
		"widget.pre_chat.fields.0.label: a": field(WidgetField{Name: "x"}),
		"widget.pre_chat.fields.1.name":     {PreChat: PreChat{Fields: []WidgetField{{Name: "name"}, {Name: "name"}}}},
		"widget.pre_chat.fields: at most":   {PreChat: PreChat{Fields: make([]WidgetField, 11)}},
		"bytes in all":                      large(),
	} {
		err := w.Check()
		if CodeOf(err) != Malformed || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := Widget{
		Title: title("  Mei's shop "), Color: "#0F766E", Logo: "https://shop.example/logo.png", Theme: "dark",
		PreChat: PreChat{Fields: []WidgetField{{Name: "email", Required: true}, {Name: "order", Label: title("Order")}, {
			Name: "about", Label: title("About"), Type: "select", Options: []WidgetOption{{Value: "order"}},
		}}},
	}
	if err := w.Check(); err != nil {
		t.Fatal(err)
	}
	f := w.PreChat.Fields
	if w.Title.EN != "Mei's shop" || w.Color != "#0f766e" || f[0].Type != "email" || f[1].Type != "text" || !w.FiresTriggers() {
		t.Errorf("%+v", w)
	}
	if err := new(Widget).Check(); err != nil {
		t.Error(err)
	}
}

// large is a widget whose every part is right.
func large() Widget {
	w := Widget{PreChat: PreChat{Fields: make([]WidgetField, 2)}}
	for i := range w.PreChat.Fields {
		f := WidgetField{Name: string(rune('a' + i)), Type: "select", Label: Bilingual{EN: "x"}}
		for range 50 {
			f.Options = append(f.Options, WidgetOption{Value: strings.Repeat("v", 200)})
		}
		w.PreChat.Fields[i] = f
	}
	return w
}

// What is usual is what was measured in the last hour: nothing of others, nothing old, and half waited no longer.
func TestUsualWait(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p := newPace(func() time.Time { return now })
	tenant := NewID[Tenant]()
	take := func(tenant TenantID, waited time.Duration) {
		p.observe(&Event{
			Message: Message{Tenant: tenant, Time: now, Kind: KindSystem, Body: []byte(`{"event":"conversation.assigned"}`)}, Next: &State{Status: Open},
		}, now.Add(-waited))
	}
	for range 5 {
		take(NewID[Tenant](), time.Hour)
	}
	take(tenant, 20*time.Second)
	take(tenant, time.Hour)
	if _, known := p.usual(tenant); known {
		t.Error("two are too few")
	}
	take(tenant, 40*time.Second)
	if d, known := p.usual(tenant); !known || d != 40*time.Second {
		t.Error(d, known)
	}
	now = now.Add(59 * time.Minute)
	for range 3 {
		take(tenant, 5*time.Second)
	}
	if d, _ := p.usual(tenant); d != 5*time.Second {
		t.Error(d)
	}
	now = now.Add(2 * time.Minute)
	if d, known := p.usual(tenant); !known || d != 5*time.Second {
		t.Error("the old ones are gone", d, known)
	}
	now = now.Add(time.Hour)
	if _, known := p.usual(tenant); known {
		t.Error("nothing of the last hour")
	}
}
